//! How calls ended, for those who ask a little later, and for Prometheus.

use super::call::Finished;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// As many are remembered.
const KEPT: usize = 1000;

#[derive(Debug, Default)]
struct Inner {
    finished: VecDeque<Finished>,
    processed: BTreeMap<String, u64>,
    running: HashMap<i64, CancellationToken>,
}

/// Shared by the worker and those who ask.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcomes(Arc<Mutex<Inner>>);

impl Outcomes {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call is being sent: it ends early when the token is cancelled.
    pub(super) fn begin(&self, id: i64) -> CancellationToken {
        let token = CancellationToken::new();
        self.lock().running.insert(id, token.clone());
        token
    }

    /// It is not sent any more.
    pub(super) fn end(&self, id: i64) {
        self.lock().running.remove(&id);
    }

    /// Those that are being sent.
    pub(super) fn running(&self) -> Vec<i64> {
        self.lock().running.keys().copied().collect()
    }

    /// Ends the sending of these.
    pub(super) fn cancel(&self, ids: &[i64]) {
        let inner = self.lock();
        ids.iter().filter_map(|id| inner.running.get(id)).for_each(CancellationToken::cancel);
    }

    /// A call has ended for good.
    pub(super) fn finished(&self, one: Finished) {
        let mut inner = self.lock();
        *inner.processed.entry(one.function.clone()).or_default() += 1;
        if inner.finished.len() == KEPT {
            inner.finished.pop_front();
        }
        inner.finished.push_back(one);
    }

    /// The latest `n` that have ended, the latest first.
    pub(super) fn latest(&self, n: usize) -> Vec<Finished> {
        self.lock().finished.iter().rev().take(n).cloned().collect()
    }

    /// How the call of this id ended, if that is remembered.
    pub(super) fn of(&self, call_id: &str) -> Option<Finished> {
        self.lock().finished.iter().rev().find(|one| one.call_id == call_id).cloned()
    }

    /// Goes on counting only those functions.
    pub(super) fn keep_counts(&self, of: impl Fn(&str) -> bool) {
        self.lock().processed.retain(|function, _| of(function));
    }

    /// Calls that have ended since the start, by function.
    pub(super) fn processed(&self) -> BTreeMap<String, u64> {
        self.lock().processed.clone()
    }
}
