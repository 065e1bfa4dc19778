//! Counting what happens, and what is told meanwhile.

use super::connection::{Answer, Trace};
use super::plan::LoadPlan;
use bytes::Bytes;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// Nobody listens there.
    NoConnection,
    /// No answer in time.
    TimedOut,
    /// The connection was closed before an answer.
    Closed,
    /// The answer broke off.
    CutOff,
    /// The answer was not HTTP.
    NotHttp,
    /// The load was ended while it was under way.
    Abandoned,
}

impl Failure {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Failure::NoConnection => "no connection",
            Failure::TimedOut => "timed out",
            Failure::Closed => "connection closed without an answer",
            Failure::CutOff => "answer broke off",
            Failure::NotHttp => "answer was not HTTP",
            Failure::Abandoned => "abandoned when the load was ended",
        }
    }
}

/// Latencies in milliseconds, to three significant digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// The fastest.
    pub min: f64,
    /// The mean.
    pub mean: f64,
    /// Half were faster.
    pub p50: f64,
    /// 90 % were faster.
    pub p90: f64,
    /// 95 % were faster.
    pub p95: f64,
    /// 99 % were faster.
    pub p99: f64,
    /// 99.9 % were faster.
    pub p999: f64,
    /// The slowest.
    pub max: f64,
}

impl Latency {
    pub(super) fn of(histogram: &Histogram<u64>) -> Latency {
        let at = |quantile| ms(histogram.value_at_quantile(quantile).min(histogram.max()));
        Latency {
            min: ms(if histogram.is_empty() { 0 } else { histogram.min() }),
            mean: histogram.mean() / 1e3,
            p50: at(0.50),
            p90: at(0.90),
            p95: at(0.95),
            p99: at(0.99),
            p999: at(0.999),
            max: ms(histogram.max()),
        }
    }
}

/// Answers of about the same latency.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bucket {
    /// Not slower than this, in milliseconds, and slower than the bucket before.
    pub up_to_ms: f64,
    /// How many.
    pub count: u64,
}

impl Bucket {
    /// The fastest by itself, and ten equal steps to the slowest, as `hey` has them.
    pub(super) fn spread(histogram: &Histogram<u64>) -> Vec<Bucket> {
        const STEPS: u64 = 10;
        if histogram.is_empty() {
            return Vec::new();
        }
        let (min, max) = (histogram.min(), histogram.max());
        let mark = |n: u64| min + (max - min) * n / STEPS;
        let mut buckets: Vec<Bucket> =
            (0..=STEPS).map(|n| Bucket { up_to_ms: ms(mark(n)), count: 0 }).collect();
        for value in histogram.iter_recorded() {
            // The recorded value may stand for a few microseconds more than the slowest.
            let at = value.value_iterated_to().min(max);
            let step = (0..=STEPS).find(|n| at <= mark(*n)).unwrap_or(STEPS);
            buckets[step as usize].count += value.count_at_value();
        }
        buckets
    }
}

fn ms(micros: u64) -> f64 {
    micros as f64 / 1e3
}

/// How the load goes, told four times a second.
#[derive(Clone, Debug, Serialize)]
pub struct Progress {
    /// Since the start.
    pub elapsed: Duration,
    /// How much is done, from 0 to 1.
    pub fraction: f64,
    /// Requests that ended, answered or not.
    pub requests: u64,
    /// Of these, the ones without an answer or with a status of 400 or more.
    pub failed: u64,
    /// Sent and not yet ended.
    pub in_flight: u64,
    /// Closed-loop users that have begun.
    pub users: u32,
    /// Since the last time it was told.
    pub window: Window,
}

/// What ended since the last time it was told.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Window {
    /// How long it is.
    pub span: Duration,
    /// Requests that ended in it.
    pub requests: u64,
    /// Of these, the failed ones.
    pub failed: u64,
    /// Requests per second.
    pub rate: f64,
    /// Latencies of the answered ones.
    pub latency: Latency,
}

/// One request that ended.
pub(super) struct Sample {
    /// The user who sent it, from 0.
    pub user: u32,
    /// Which request of the load it was, from 0.
    pub place: u64,
    /// When it was to be sent: in a closed loop, when it was sent.
    pub intended: Instant,
    /// When it was sent.
    pub sent: Instant,
    pub ended: Instant,
    pub result: Result<Answer, Failure>,
}

/// The counts of a run.
#[derive(Clone)]
pub(super) struct Tally {
    pub statuses: BTreeMap<u16, u64>,
    pub failures: BTreeMap<Failure, u64>,
    /// From the intended send, in microseconds.
    pub corrected: Histogram<u64>,
    /// From the actual send, in microseconds.
    pub uncorrected: Histogram<u64>,
    pub bytes: u64,
    /// Answers that are not as they should be.
    pub objections: u64,
    pub cold_starts: u64,
    pub begun: u64,
    pub connections: u64,
    pub users: u32,
    pub late: u64,
    pub latest: Duration,
    pub held_back: u64,
    window: Histogram<u64>,
    window_requests: u64,
    window_failed: u64,
    window_start: Option<Instant>,
}

impl Tally {
    /// Requests that ended, answered or not.
    pub fn ended(&self) -> u64 {
        self.statuses.values().sum::<u64>() + self.failures.values().sum::<u64>()
    }

    /// Ended without an answer, or with one that is not as it should be.
    pub fn failed(&self) -> u64 {
        self.failures.values().sum::<u64>() + self.objections
    }
}

/// Shared by all users. One short lock per request: at 20,000 requests/s it is held one percent of the time.
pub(super) struct Recorder {
    tally: Mutex<Tally>,
    each: Option<Each>,
}

/// Told of every request that ended.
pub type Each = Box<dyn Fn(Ended) + Send + Sync>;

/// One request that ended, for whoever writes each of them down.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The user who sent it, from 0; 0 in an open loop.
    pub user: u32,
    /// Which request of the load it was, from 0.
    pub place: u64,
    /// When it was sent.
    pub sent: Instant,
    /// Users who had begun by then, or requests in flight in an open loop.
    pub users: u32,
    /// When it was to be sent.
    pub intended: Instant,
    /// When it was over.
    pub ended: Instant,
    /// The answer's status; none if there was no answer.
    pub status: Option<u16>,
    /// It had to wait for a pod.
    pub cold: bool,
    /// For how long, in seconds.
    pub waited: f64,
    /// What the gateway and the pod say of its way, if they were asked.
    pub trace: Trace,
    /// How long connecting took, if a new connection was needed.
    pub connect: Duration,
    /// From the send to the reply's head.
    pub first_byte: Duration,
    /// Bytes of the reply's body.
    pub bytes: u64,
    /// The beginning of the reply's body, where it is kept.
    pub head: Bytes,
    /// Why it counts as failed.
    pub failure: Option<Arc<str>>,
}

/// Latencies are kept from a microsecond to an hour, to three digits.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 3_600_000_000, 3).expect("constant bounds that the histogram allows")
}

impl Recorder {
    pub fn new(each: Option<Each>) -> Self {
        let tally = Mutex::new(Tally {
            statuses: BTreeMap::new(),
            failures: BTreeMap::new(),
            corrected: histogram(),
            uncorrected: histogram(),
            bytes: 0,
            objections: 0,
            cold_starts: 0,
            begun: 0,
            connections: 0,
            users: 0,
            late: 0,
            latest: Duration::ZERO,
            held_back: 0,
            window: histogram(),
            window_requests: 0,
            window_failed: 0,
            window_start: None,
        });
        Recorder { tally, each }
    }

    fn lock(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn begin(&self) {
        self.lock().begun += 1;
    }

    pub fn connected(&self) {
        self.lock().connections += 1;
    }

    pub fn user(&self) {
        self.lock().users += 1;
    }

    /// A send that the generator itself was late with.
    pub fn late(&self, by: Duration) {
        let mut tally = self.lock();
        tally.late += 1;
        tally.latest = tally.latest.max(by);
    }

    /// An arrival that waited because as many as allowed were in flight.
    pub fn held_back(&self) {
        self.lock().held_back += 1;
    }

    pub fn record(&self, sample: Sample) {
        self.count(&sample);
        let Some(each) = &self.each else { return };
        let users = {
            let tally = self.lock();
            if tally.users > 0 { tally.users } else { tally.begun.saturating_sub(tally.ended()) as u32 + 1 }
        };
        let none = Answer::none();
        let (status, failure) = match &sample.result {
            Ok(answer) => (Some(answer.status), answer.objection.clone()),
            Err(failure) => (None, Some(Arc::from(failure.words()))),
        };
        let answer = sample.result.as_ref().unwrap_or(&none);
        each(Ended {
            user: sample.user,
            place: sample.place,
            intended: sample.intended,
            sent: sample.sent,
            ended: sample.ended,
            users,
            status,
            cold: answer.cold,
            waited: answer.waited,
            trace: answer.trace,
            connect: answer.connect,
            first_byte: answer.first_byte,
            bytes: answer.bytes,
            head: answer.head.clone(),
            failure,
        });
    }

    fn count(&self, sample: &Sample) {
        let micros = |from: Instant| {
            u64::try_from(sample.ended.saturating_duration_since(from).as_micros()).unwrap_or(u64::MAX)
        };
        let mut tally = self.lock();
        let failed = match &sample.result {
            Ok(answer) => {
                let corrected = micros(sample.intended);
                tally.corrected.saturating_record(corrected);
                tally.uncorrected.saturating_record(micros(sample.sent));
                tally.window.saturating_record(corrected);
                *tally.statuses.entry(answer.status).or_default() += 1;
                tally.bytes += answer.bytes;
                tally.cold_starts += u64::from(answer.cold);
                tally.objections += u64::from(answer.objection.is_some());
                answer.objection.is_some()
            }
            Err(failure) => {
                *tally.failures.entry(*failure).or_default() += 1;
                true
            }
        };
        tally.window_requests += 1;
        tally.window_failed += u64::from(failed);
    }

    pub fn tally(&self) -> Tally {
        self.lock().clone()
    }

    /// How it goes, and begins the next window.
    pub fn progress(&self, plan: &LoadPlan, start: Instant) -> Progress {
        let now = Instant::now();
        let mut tally = self.lock();
        let span = now.saturating_duration_since(tally.window_start.unwrap_or(start));
        let requests = tally.ended();
        let elapsed = now.saturating_duration_since(start);
        let by_time = plan.duration.map_or(0.0, |d| elapsed.as_secs_f64() / d.as_secs_f64());
        let by_count = plan.requests.map_or(0.0, |n| requests as f64 / n as f64);
        let progress = Progress {
            elapsed,
            fraction: by_time.max(by_count).min(1.0),
            requests,
            failed: tally.failed(),
            in_flight: tally.begun.saturating_sub(requests),
            users: tally.users,
            window: Window {
                span,
                requests: tally.window_requests,
                failed: tally.window_failed,
                rate: if span.is_zero() { 0.0 } else { tally.window_requests as f64 / span.as_secs_f64() },
                latency: Latency::of(&tally.window),
            },
        };
        tally.window.clear();
        tally.window_requests = 0;
        tally.window_failed = 0;
        tally.window_start = Some(now);
        progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_holds_every_answer() {
        let mut recorded = histogram();
        assert_eq!(Bucket::spread(&recorded), []);
        for micros in [1000, 1000, 1500, 2000, 11_000] {
            recorded.record(micros).unwrap();
        }
        let buckets = Bucket::spread(&recorded);
        let counts: Vec<u64> = buckets.iter().map(|b| b.count).collect();
        assert_eq!(counts, [2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert!((buckets[0].up_to_ms - 1.0).abs() < 0.01 && (buckets[10].up_to_ms - 11.0).abs() < 0.05);
    }
}
