//! Reads the logs of a function's pods as one: what there is, then what comes. A gigabyte of it is never in memory.

use super::Asked;
use super::merge::Merge;
use crate::cluster::function::FunctionId;
use crate::cluster::pod::PodUid;
use crate::cluster::time::Time;
use crate::live::handle::Handle;
use crate::live::provider::{LogLine, LogQuery, ProviderError};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::mpsc;

/// How often pods that are new are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Of which pod, and what.
type Said = (PodUid, Option<Result<LogLine, ProviderError>>);

pub(super) struct Reader {
    pub(super) handle: Handle,
    pub(super) asked: Asked,
    pub(super) function: FunctionId,
    pub(super) send: mpsc::Sender<LogLine>,
}

impl Reader {
    fn pods(&self) -> Vec<PodUid> {
        let wanted = |name: &str| self.asked.instance.as_deref().is_none_or(|i| i == name);
        let view = self.handle.view();
        view.snapshot.pods_of(self.function).filter(|p| wanted(&p.name)).map(|p| p.uid).collect()
    }

    fn gone(&self) -> bool {
        !self.handle.view().snapshot.functions.contains_key(&self.function)
    }

    /// First what there is, in order of time and cut to `tail` over all pods; then what comes.
    pub(super) async fn run(&self) {
        let known: BTreeSet<PodUid> = self.pods().into_iter().collect();
        // Read twice, so that the lines before the last ones need not be kept.
        let (skip, most) = match self.asked.tail {
            Some(tail) => (self.count(&known).await.saturating_sub(tail), tail),
            None => (0, usize::MAX),
        };
        let mut seen: BTreeMap<PodUid, Time> = BTreeMap::new();
        let mut merge = self.history(&known).await;
        // What was written since the count comes after these; who follows gets it below.
        for index in 0..skip.saturating_add(most) {
            let Some((uid, line)) = merge.next().await else { break };
            seen.insert(uid, line.at);
            if index >= skip && !self.tell(line).await {
                return;
            }
        }
        if self.asked.follow {
            self.follow(known, seen).await;
        }
    }

    async fn count(&self, pods: &BTreeSet<PodUid>) -> usize {
        let mut merge = self.history(pods).await;
        let mut count = 0;
        while merge.next().await.is_some() {
            count += 1;
        }
        count
    }

    async fn history(&self, pods: &BTreeSet<PodUid>) -> Merge {
        let query = LogQuery { tail: self.asked.tail, since: self.asked.since, follow: false };
        let mut streams = Vec::new();
        for uid in pods {
            streams.push((*uid, self.handle.provider().logs(*uid, query.clone())));
        }
        Merge::of(streams).await
    }

    /// Goes on with every pod, those too that are started meanwhile, until the function is gone.
    async fn follow(&self, known: BTreeSet<PodUid>, mut seen: BTreeMap<PodUid, Time>) {
        let mut all = futures_util::stream::SelectAll::new();
        known.iter().for_each(|uid| all.push(self.open(*uid, &seen)));
        let mut open = known;
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                Some((uid, line)) = all.next(), if !all.is_empty() => match line {
                    Some(Ok(line)) => {
                        seen.insert(uid, line.at);
                        if !self.tell(line).await {
                            return;
                        }
                    }
                    Some(Err(_)) => {}
                    // An engine's log ends with the container; its pod may be started again.
                    None => _ = open.remove(&uid),
                },
                _ = look.tick() => {
                    for uid in self.pods() {
                        if open.insert(uid) {
                            all.push(self.open(uid, &seen));
                        }
                    }
                    if all.is_empty() && self.gone() {
                        return;
                    }
                }
            }
        }
    }

    /// What a pod writes after what was seen of it, and `None` when that ends.
    fn open(&self, uid: PodUid, seen: &BTreeMap<PodUid, Time>) -> BoxStream<'static, Said> {
        let since = seen.get(&uid).map(|at| *at + Duration::from_nanos(1)).or(self.asked.since);
        let lines = self.handle.provider().logs(uid, LogQuery { tail: None, since, follow: true });
        let end = futures_util::stream::once(std::future::ready(None));
        lines.map(Some).chain(end).map(move |line| (uid, line)).boxed()
    }

    /// Whether the reader is still there.
    async fn tell(&self, said: LogLine) -> bool {
        self.send.send(said).await.is_ok()
    }
}
