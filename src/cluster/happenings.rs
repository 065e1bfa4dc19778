//! What `get events` lists.

use super::Cluster;
use super::function::FunctionId;
use super::pod::PodUid;
use super::snapshot::Happening;
use super::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// News or a warning.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    Warning,
}

/// The latest things that happened, oldest first, each once. (A list when written down: the rest follows from it.)
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "VecDeque<Arc<Happening>>", into = "VecDeque<Arc<Happening>>")]
pub(super) struct Happenings {
    by_age: BTreeMap<u64, Arc<Happening>>,
    /// Where each function's are, so that another function's are never searched.
    of: BTreeMap<FunctionId, Vec<u64>>,
    next: u64,
}

impl Happenings {
    /// Adds one, in the place of an earlier one that says the same; at most `most` are kept.
    fn note(&mut self, mut new: Happening, most: usize) {
        if let Some(at) = self.same(&new)
            && let Some(old) = self.take(at)
        {
            (new.first, new.count) = (old.first, old.count + new.count);
        }
        self.push(Arc::new(new));
        while self.by_age.len() > most
            && let Some((&oldest, _)) = self.by_age.first_key_value()
        {
            self.take(oldest);
        }
    }

    fn same(&self, new: &Happening) -> Option<u64> {
        let same =
            |h: &Happening| h.object == new.object && h.reason == new.reason && h.message == new.message;
        let mine = self.of.get(&new.function)?;
        mine.iter().rev().copied().find(|at| self.by_age.get(at).is_some_and(|h| same(h)))
    }

    fn push(&mut self, happening: Arc<Happening>) {
        self.of.entry(happening.function).or_default().push(self.next);
        self.by_age.insert(self.next, happening);
        self.next += 1;
    }

    fn take(&mut self, at: u64) -> Option<Arc<Happening>> {
        let taken = self.by_age.remove(&at)?;
        if let Some(mine) = self.of.get_mut(&taken.function) {
            mine.retain(|other| *other != at);
            if mine.is_empty() {
                self.of.remove(&taken.function);
            }
        }
        Some(taken)
    }

    /// All of them, oldest first.
    pub fn list(&self) -> VecDeque<Arc<Happening>> {
        self.by_age.values().cloned().collect()
    }
}

impl From<VecDeque<Arc<Happening>>> for Happenings {
    fn from(list: VecDeque<Arc<Happening>>) -> Self {
        let mut happenings = Happenings::default();
        list.into_iter().for_each(|h| happenings.push(h));
        happenings
    }
}

impl From<Happenings> for VecDeque<Arc<Happening>> {
    fn from(happenings: Happenings) -> Self {
        happenings.by_age.into_values().collect()
    }
}

impl Cluster {
    /// Notes something about a pod, in Kubernetes' words.
    pub(super) fn note_pod(&mut self, now: Time, uid: PodUid, kind: Kind, reason: &str, message: String) {
        if let Some(pod) = self.pods.get(&uid) {
            let (function, object) = (pod.function, format!("pod/{}", pod.name));
            self.note(now, function, object, kind, reason, message);
        }
    }

    /// Notes something about a function's deployment.
    pub(super) fn note_deployment(&mut self, now: Time, id: FunctionId, reason: &str, message: String) {
        if let Some(f) = self.functions.get(&id) {
            let object = format!("deployment/{}", f.spec.name);
            self.note(now, id, object, Kind::Normal, reason, message);
        }
    }

    /// Notes something; the same thing again only counts up.
    pub(super) fn note(
        &mut self,
        now: Time,
        function: FunctionId,
        object: String,
        kind: Kind,
        reason: &str,
        message: String,
    ) {
        let warning = kind == Kind::Warning;
        let new = Happening {
            first: now,
            last: now,
            count: 1,
            warning,
            reason: reason.into(),
            object,
            function,
            message,
        };
        self.happenings.note(new, self.settings.history.saturating_mul(4).max(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn happening(second: u64, function: u32, message: &str) -> Happening {
        let at = Time::from_secs(second);
        Happening {
            first: at,
            last: at,
            count: 1,
            warning: false,
            reason: "Scheduled".into(),
            object: "pod/a".into(),
            function: FunctionId(function),
            message: message.into(),
        }
    }

    #[test]
    fn the_same_again_counts_up_and_the_oldest_go_also_after_reading_back() {
        let mut all = Happenings::default();
        for (second, function, message) in [(1, 1, "x"), (2, 2, "x"), (3, 1, "y"), (4, 1, "x"), (5, 3, "x")] {
            all.note(happening(second, function, message), 3);
            let written = serde_json::to_string(&all).unwrap();
            all = serde_json::from_str(&written).unwrap();
        }
        let seen: Vec<_> = all
            .list()
            .iter()
            .map(|h| (h.function.0, h.message.clone(), h.first.as_nanos() / 1_000_000_000, h.count))
            .collect();
        assert_eq!(seen, [(1, "y".into(), 3, 1), (1, "x".into(), 1, 2), (3, "x".into(), 5, 1)]);
        assert_eq!(all.of.values().map(Vec::len).sum::<usize>(), all.by_age.len());
    }
}
