//! What one watchdog knows about itself; shared by its requests, its holders and its end.

use super::config::Options;
use super::hold::{ExitReport, Report, unix_nanos};
use super::lease::Holds;
use super::lockfile::LockFile;
use super::log::Log;
use super::metrics::Metrics;
use super::usage::Usage;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::{Notify, watch};

/// One pod, from the inside.
#[derive(Debug)]
pub(super) struct Pod {
    pub(super) options: Options,
    pub(super) log: Log,
    pub(super) holds: Holds,
    pub(super) lock: LockFile,
    pub(super) metrics: Option<Metrics>,
    usage: Mutex<Usage>,
    // A std mutex: it is never held across an await, and there is one thread.
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    idle: Notify,
}

#[derive(Debug, Default)]
struct State {
    accepting: bool,
    draining: bool,
    ending: bool,
    started: u64,
    in_flight: BTreeMap<u64, Option<String>>,
    completed: u64,
    exit: Option<ExitReport>,
    awaited: BTreeSet<i32>,
}

impl Pod {
    pub(super) fn new(options: Options, log: Log, lock: LockFile, metrics: Option<Metrics>) -> Pod {
        Pod {
            options,
            log,
            holds: Holds::new(),
            lock,
            metrics,
            usage: Mutex::default(),
            state: Mutex::default(),
            changed: watch::Sender::new(0),
            idle: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.send_modify(|n| *n += 1);
    }

    /// Told at each change of readiness, draining or exit.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The function takes requests from now on.
    pub(super) fn set_accepting(&self) {
        self.change(|s| s.accepting = true);
    }

    /// No new requests are wanted.
    pub(super) fn set_draining(&self) {
        self.change(|s| s.draining = true);
    }

    /// The last report may be sent; streams end.
    pub(super) fn set_ending(&self) {
        self.change(|s| s.ending = true);
    }

    /// The server process has ended.
    pub(super) fn set_exit(&self, status: std::process::ExitStatus) {
        use std::os::unix::process::ExitStatusExt;
        let exit = ExitReport { at: unix_nanos(), code: status.code(), signal: status.signal() };
        self.change(|s| (s.exit, s.accepting) = (Some(exit), false));
    }

    pub(super) fn is_draining(&self) -> bool {
        self.state().draining
    }

    pub(super) fn is_ending(&self) -> bool {
        self.state().ending
    }

    /// What health checks see.
    pub(super) fn is_healthy(&self) -> bool {
        !self.is_draining() && self.lock.is_there()
    }

    /// Whether one more request would be over the limit.
    pub(super) fn is_full(&self) -> bool {
        let limit = self.options.max_inflight as usize;
        limit > 0 && self.state().in_flight.len() >= limit
    }

    /// A request begins; `None` when there are too many already.
    pub(super) fn begin(self: &Arc<Self>, call_id: Option<String>) -> Option<InFlight> {
        if self.is_full() {
            return None;
        }
        let mut state = self.state();
        state.started += 1;
        let number = state.started;
        state.in_flight.insert(number, call_id);
        Some(InFlight { pod: Arc::clone(self), number })
    }

    /// Number of requests in flight.
    pub(super) fn in_flight(&self) -> usize {
        self.state().in_flight.len()
    }

    /// Requests that have begun so far.
    pub(super) fn started(&self) -> u64 {
        self.state().started
    }

    /// Ends when nothing is in flight.
    pub(super) async fn idle(&self) {
        loop {
            let woken = self.idle.notified();
            if self.in_flight() == 0 {
                return;
            }
            woken.await;
        }
    }

    /// This child is waited for by a task.
    pub(super) fn await_child(&self, pid: i32) {
        self.state().awaited.insert(pid);
    }

    /// This child has been waited for.
    pub(super) fn forget_child(&self, pid: i32) {
        self.state().awaited.remove(&pid);
    }

    /// Children that tasks wait for.
    pub(super) fn awaited(&self) -> BTreeSet<i32> {
        self.state().awaited.clone()
    }

    /// A line of the hold stream.
    pub(super) fn report(&self) -> Report {
        let sample = self.usage.lock().unwrap_or_else(|e| e.into_inner()).sample();
        let state = self.state();
        Report {
            at: unix_nanos(),
            ready: state.accepting && !state.draining,
            draining: state.draining,
            cpu_ns: sample.cpu_ns,
            memory: sample.memory,
            in_flight: state.in_flight.values().flatten().cloned().collect(),
            names_calls: true,
            in_flight_count: u32::try_from(state.in_flight.len()).unwrap_or(u32::MAX),
            requests: state.completed,
            function_exit: state.exit,
        }
    }
}

/// A request in flight, until dropped.
#[derive(Debug)]
pub(super) struct InFlight {
    pod: Arc<Pod>,
    number: u64,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.pod.state();
        state.in_flight.remove(&self.number);
        state.completed += 1;
        if state.in_flight.is_empty() {
            self.pod.idle.notify_waiters();
        }
    }
}
