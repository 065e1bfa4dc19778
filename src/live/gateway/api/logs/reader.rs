//! Reads the logs of a function's pods as one: what there is, then what comes. A gigabyte of it is never in memory.

use super::Asked;
use super::merge::{Lines, Merge};
use crate::cluster::function::FunctionId;
use crate::cluster::pod::PodUid;
use crate::cluster::time::Time;
use crate::live::handle::Handle;
use crate::live::provider::{LogLine, LogQuery};
use futures_util::StreamExt;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::mpsc;

/// How often pods that are new are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(500);

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
    async fn follow(&self, known: BTreeSet<PodUid>, seen: BTreeMap<PodUid, Time>) {
        let mut known = known;
        let mut all = futures_util::stream::SelectAll::new();
        for uid in &known {
            let since = seen.get(uid).map(|at| *at + Duration::from_nanos(1)).or(self.asked.since);
            all.push(self.open(*uid, since));
        }
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                Some(line) = all.next(), if !all.is_empty() => {
                    if let Ok(line) = line && !self.tell(line).await {
                        return;
                    }
                }
                _ = look.tick() => {
                    for uid in self.pods() {
                        if known.insert(uid) {
                            all.push(self.open(uid, self.asked.since));
                        }
                    }
                    if all.is_empty() && self.gone() {
                        return;
                    }
                }
            }
        }
    }

    fn open(&self, uid: PodUid, since: Option<Time>) -> Lines {
        self.handle.provider().logs(uid, LogQuery { tail: None, since, follow: true })
    }

    /// Whether the reader is still there.
    async fn tell(&self, said: LogLine) -> bool {
        self.send.send(said).await.is_ok()
    }
}
