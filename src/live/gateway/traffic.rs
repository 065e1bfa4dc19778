//! What the gateway saw: counts by status, latencies, cold starts.
//!
//! Each gateway thread writes to a shard of its own, so the lock it takes is never contended but while somebody
//! reads; a reader adds the shards up.

mod api;
mod latency;
mod window;

use crate::cluster::function::FunctionId;
use crate::cluster::time::Time;
use crate::dashboard::view::{Answered, RECENT};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use api::ApiTotals;
pub use api::Asked;
use latency::LogHistogram;
use window::Window;

/// Upper bounds of the Prometheus histograms, in seconds; `+Inf` comes after.
pub const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// What is kept for [`Traffic::read`] reaches this far back.
pub const LONGEST_WINDOW: Duration = Duration::from_secs(60);

/// Everything that was recorded since the start, for all functions.
pub struct Traffic {
    started: Instant,
    /// Requests that have ended, of all threads.
    numbers: Arc<AtomicU64>,
    shards: Mutex<Vec<Arc<Mutex<Functions>>>>,
    api: ApiTotals,
}

/// What a screen counts as an error: the server's fault, or its limits'.
fn is_error(status: u16) -> bool {
    status >= 500 || status == 429
}

type Functions = HashMap<FunctionId, Recorded>;

/// One function in one shard.
struct Recorded {
    name: Arc<str>,
    started: u64,
    cold_starts: u64,
    codes: Vec<(u16, CodeTotals)>,
    window: Window,
    recent: VecDeque<Recent>,
}

/// A request that has ended, and where its time went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recent {
    /// When.
    pub ended: Instant,
    /// The rest of it, but for when it came.
    pub answered: Answered,
}

/// Requests that ended with one status.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CodeTotals {
    /// How many.
    pub count: u64,
    /// The sum of their durations, in seconds.
    pub seconds: f64,
    /// How many took no longer than each bound of [`BUCKETS`] and longer than the one before (not cumulative).
    pub buckets: [u64; BUCKETS.len()],
}

impl CodeTotals {
    /// One more, which took so long.
    fn add(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        self.count += 1;
        self.seconds += seconds;
        if let Some(bucket) = BUCKETS.iter().position(|&bound| seconds <= bound) {
            self.buckets[bucket] += 1;
        }
    }
}

/// Totals of one function since the start, as Prometheus wants them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FunctionTotals {
    /// `mltest.openfaas-fn`.
    pub name: Arc<str>,
    /// Requests begun.
    pub started: u64,
    /// Requests that waited because no pod was ready.
    pub cold_starts: u64,
    /// Ended requests by status code.
    pub codes: BTreeMap<u16, CodeTotals>,
}

impl FunctionTotals {
    /// Requests ended with any status.
    pub fn completed(&self) -> u64 {
        self.codes.values().map(|c| c.count).sum()
    }
}

/// What a screen shows for one function over a window of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TrafficSample {
    /// Requests ended per second.
    pub rate_per_s: f64,
    /// Of those, with a status of 500 or more, or 429.
    pub errors_per_s: f64,
    /// Half of the requests took no longer; none without requests. Exact to 3 %.
    pub p50: Option<Duration>,
    /// 95 of 100 requests took no longer.
    pub p95: Option<Duration>,
    /// 99 of 100 requests took no longer.
    pub p99: Option<Duration>,
    /// Requests that waited because no pod was ready, in the window.
    pub cold_starts: u64,
    /// Requests ended since the start.
    pub total: u64,
    /// Of those, with a status of 500 or more, or 429.
    pub total_errors: u64,
    /// Cold starts since the start.
    pub total_cold_starts: u64,
}

impl Default for Traffic {
    fn default() -> Self {
        Self::new()
    }
}

impl Traffic {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Traffic {
            started: Instant::now(),
            numbers: Arc::default(),
            shards: Mutex::default(),
            api: ApiTotals::default(),
        }
    }

    /// A place for one thread to record in.
    pub fn recorder(&self) -> Recorder {
        let shard = Arc::<Mutex<Functions>>::default();
        self.shards.lock().unwrap_or_else(PoisonError::into_inner).push(shard.clone());
        Recorder { epoch: self.started, numbers: self.numbers.clone(), shard }
    }

    /// The last requests of each function, oldest first. `now` is the cluster's time now.
    pub fn recent(&self, now: Time) -> BTreeMap<FunctionId, Vec<Answered>> {
        let mut merged: BTreeMap<FunctionId, Vec<Recent>> = BTreeMap::new();
        self.each(|id, function| merged.entry(id).or_default().extend(&function.recent));
        let present = Instant::now();
        merged
            .into_iter()
            .map(|(id, mut all)| {
                all.sort_by_key(|r| r.ended);
                let first = all.len().saturating_sub(RECENT);
                let answered = all[first..].iter().map(|r| {
                    let ago = present.saturating_duration_since(r.ended) + r.answered.took;
                    Answered { at: now.before(ago), ..r.answered }
                });
                (id, answered.collect())
            })
            .collect()
    }

    /// Rates and latencies over the last `window` (at most [`LONGEST_WINDOW`]).
    pub fn read(&self, window: Duration) -> BTreeMap<FunctionId, TrafficSample> {
        let elapsed = self.started.elapsed();
        let span = window.clamp(Duration::from_secs(1), LONGEST_WINDOW).as_secs();
        let current = elapsed.as_secs();
        let oldest = (current + 1).saturating_sub(span);
        // The present second has only just begun: the window is as long as what has passed of it.
        let covered = (elapsed.as_secs_f64() - oldest as f64).max(0.05);
        let mut merged: BTreeMap<FunctionId, (TrafficSample, LogHistogram)> = BTreeMap::new();
        self.each(|id, function| {
            let (sample, latencies) = merged.entry(id).or_default();
            for (&code, totals) in function.codes.iter().map(|(c, t)| (c, t)) {
                sample.total += totals.count;
                sample.total_errors += if is_error(code) { totals.count } else { 0 };
            }
            sample.total_cold_starts += function.cold_starts;
            for second in function.window.since(oldest) {
                sample.rate_per_s += f64::from(second.count) / covered;
                sample.errors_per_s += f64::from(second.errors) / covered;
                sample.cold_starts += u64::from(second.cold_starts);
                latencies.add(&second.latencies);
            }
        });
        merged
            .into_iter()
            .map(|(id, (mut sample, latencies))| {
                [sample.p50, sample.p95, sample.p99] = [0.5, 0.95, 0.99].map(|q| latencies.quantile(q));
                (id, sample)
            })
            .collect()
    }

    /// Everything since the start.
    pub fn totals(&self) -> BTreeMap<FunctionId, FunctionTotals> {
        let mut merged: BTreeMap<FunctionId, FunctionTotals> = BTreeMap::new();
        self.each(|id, function| {
            let into = merged.entry(id).or_default();
            into.name = function.name.clone();
            into.started += function.started;
            into.cold_starts += function.cold_starts;
            for (code, totals) in &function.codes {
                let sum = into.codes.entry(*code).or_default();
                sum.count += totals.count;
                sum.seconds += totals.seconds;
                sum.buckets.iter_mut().zip(totals.buckets).for_each(|(a, b)| *a += b);
            }
        });
        merged
    }

    /// Requests of each function that ended with status 200, since the start: what OpenFaaS CE's alert counts.
    pub fn completed_ok(&self) -> BTreeMap<FunctionId, u64> {
        let mut merged = BTreeMap::new();
        self.each(|id, function| {
            let ok =
                function.codes.iter().filter(|(code, _)| *code == 200).map(|(_, t)| t.count).sum::<u64>();
            *merged.entry(id).or_default() += ok;
        });
        merged
    }

    /// A request to the API was answered.
    pub fn record_api(&self, method: &http::Method, path: &str, status: http::StatusCode, took: Duration) {
        self.api.record(method, path, status, took);
    }

    /// Requests to the API since the start.
    pub fn api_totals(&self) -> BTreeMap<Asked, CodeTotals> {
        self.api.read()
    }

    /// A function was removed: its numbers go with it.
    pub fn forget(&self, id: FunctionId) {
        for shard in self.shards() {
            shard.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        }
    }

    fn shards(&self) -> Vec<Arc<Mutex<Functions>>> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn each(&self, mut visit: impl FnMut(FunctionId, &Recorded)) {
        for shard in self.shards() {
            let functions = shard.lock().unwrap_or_else(PoisonError::into_inner);
            functions.iter().for_each(|(&id, function)| visit(id, function));
        }
    }
}

/// One thread's way to record; it never waits for another recorder.
#[derive(Clone)]
pub struct Recorder {
    epoch: Instant,
    numbers: Arc<AtomicU64>,
    shard: Arc<Mutex<Functions>>,
}

impl Recorder {
    /// A request to this function (full name) was accepted.
    pub fn started(&self, id: FunctionId, name: &Arc<str>) {
        let mut functions = self.lock();
        let new = || Recorded {
            name: name.clone(),
            started: 0,
            cold_starts: 0,
            codes: Vec::new(),
            window: Window::default(),
            recent: VecDeque::new(),
        };
        functions.entry(id).or_insert_with(new).started += 1;
    }

    /// It ended at `at`. When its function was removed meanwhile, nothing is recorded.
    pub fn completed(&self, id: FunctionId, at: Instant, answered: Answered) {
        let second = at.saturating_duration_since(self.epoch).as_secs();
        let (status, took, cold) = (answered.status, answered.took, answered.cold());
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let mut functions = self.lock();
        let Some(function) = functions.get_mut(&id) else { return };
        if function.recent.len() == RECENT {
            function.recent.pop_front();
        }
        function.recent.push_back(Recent { ended: at, answered: Answered { number, ..answered } });
        function.cold_starts += u64::from(cold);
        function.window.record(second, status, took, cold);
        let totals = match function.codes.iter().position(|(c, _)| *c == status) {
            Some(known) => &mut function.codes[known].1,
            None => {
                function.codes.push((status, CodeTotals::default()));
                let last = function.codes.len() - 1;
                &mut function.codes[last].1
            }
        };
        totals.add(took);
    }

    fn lock(&self) -> MutexGuard<'_, Functions> {
        self.shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_add_up() {
        let traffic = Traffic::new();
        let (a, b) = (traffic.recorder(), traffic.recorder());
        let (id, name) = (FunctionId(7), Arc::from("echo.openfaas-fn"));
        let now = Instant::now();
        for (recorder, status, millis, cold) in
            [(&a, 200, 4, true), (&b, 200, 30, false), (&b, 200, 30, false), (&a, 502, 20_000, false)]
        {
            recorder.started(id, &name);
            let took = Duration::from_millis(millis);
            let waited = if cold { took } else { Duration::ZERO };
            recorder.completed(id, now, Answered { status, took, waited, ..Answered::default() });
        }
        b.started(id, &name);

        let totals = &traffic.totals()[&id];
        assert_eq!((&*totals.name, totals.started, totals.completed()), ("echo.openfaas-fn", 5, 4));
        assert_eq!(totals.codes[&200].buckets, [1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!((totals.codes[&502].count, totals.codes[&502].buckets), (1, [0; 11]));

        let recent = &traffic.recent(Time::from_secs(100))[&id];
        let numbers: Vec<u64> = recent.iter().map(|a| a.number).collect();
        assert_eq!(recent.len(), 4);
        assert!(
            [0, 1, 2, 3].iter().all(|n| numbers.contains(n)),
            "each has a number of its own: {numbers:?}"
        );
        let slow = recent.iter().find(|a| a.status == 502).unwrap();
        assert!((79.0..=80.0).contains(&slow.at.as_secs_f64()), "it came 20 s ago: {:?}", slow.at);

        let sample = traffic.read(Duration::from_secs(60))[&id];
        assert_eq!((sample.total, sample.total_errors, sample.cold_starts), (4, 1, 1));
        let p50 = sample.p50.unwrap().as_secs_f64();
        assert!((0.029..0.031).contains(&p50), "{p50}");
        assert!((19.0..21.0).contains(&sample.p99.unwrap().as_secs_f64()));
        assert!(sample.rate_per_s > 3.0 * sample.errors_per_s);

        traffic.forget(id);
        // A call that outlives its function does not bring it back.
        b.completed(id, now, Answered { status: 200, ..Answered::default() });
        assert!(traffic.read(LONGEST_WINDOW).is_empty());
    }
}
