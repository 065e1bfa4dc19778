//! A cluster in virtual time that a person watches and acts on: the same [`View`] as of a live one.

use super::scenario::Variant;
use super::virtual_run;
use crate::cluster::command::{Command, Refusal, Reply};
use crate::cluster::function::FunctionId;
use crate::cluster::pod::PodUid;
use crate::cluster::quantity::MilliCpu;
use crate::cluster::snapshot::Snapshot;
use crate::cluster::time::Time;
use crate::dashboard::view::{Answered, Platform, RECENT, Traffic, Usage, View};
use crate::sim::{Observer, RequestEnd, Simulation, Source};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// How much of the past rates and percentiles cover, as on a live screen.
const TRAFFIC_WINDOW: Duration = Duration::from_secs(5);
/// How often what pods use is measured.
const MEASURE_EVERY: Duration = Duration::from_secs(1);
/// Requests that are remembered for rates and percentiles, at most.
const WINDOW_REQUESTS: usize = 20_000;
/// Requests that one view shows of a function, at most.
const MOST_RECENT: usize = 1000;

/// A cluster in virtual time. It stands still until it is told to [`advance`](Stage::advance).
#[derive(Debug)]
pub struct Stage {
    simulation: Simulation<Seen>,
    /// CPU of each pod at the last measurement, and when that was.
    before: BTreeMap<PodUid, u64>,
    measured: Time,
    usage: BTreeMap<PodUid, Usage>,
}

/// A request that was answered, and by which source it was sent.
pub type Answer = (FunctionId, u32, Answered);

impl Stage {
    /// The scenario's cluster at time zero, with all that the scenario sends and does.
    pub fn new(variant: &Variant, seed: u64) -> Self {
        let setup = virtual_run::setup::of(variant, seed);
        let mut simulation = Simulation::new(setup, Seen::default());
        simulation.until(Time::ZERO);
        Stage { simulation, before: BTreeMap::new(), measured: Time::ZERO, usage: BTreeMap::new() }
    }

    /// The time of the run.
    pub fn now(&self) -> Time {
        self.simulation.now()
    }

    /// Lets time pass.
    pub fn advance(&mut self, by: Duration) {
        let end = self.now() + by;
        while self.now() < end {
            let next = (self.measured + MEASURE_EVERY).min(end);
            self.simulation.until(next);
            if next.since(self.measured) >= MEASURE_EVERY {
                self.measure();
            }
        }
    }

    fn measure(&mut self) {
        let now = self.now();
        let span = now.since(self.measured).as_secs_f64();
        let mut totals = BTreeMap::new();
        self.usage.clear();
        for (sample, in_flight) in self.simulation.pods_now() {
            let used = sample.cpu_total.saturating_sub(self.before.get(&sample.uid).copied().unwrap_or(0));
            let cpu = MilliCpu((used as f64 / 1e6 / span).ceil() as u64);
            self.usage.insert(sample.uid, Usage { cpu, memory: sample.memory, in_flight });
            totals.insert(sample.uid, sample.cpu_total);
        }
        (self.before, self.measured) = (totals, now);
    }

    /// Carries out a wish.
    ///
    /// # Errors
    /// What the cluster refuses, with its reason.
    pub fn apply(&mut self, command: Command) -> Result<Reply, Refusal> {
        self.simulation.apply(command)
    }

    /// Sends requests; gives the number by which their answers name it.
    pub fn send(&mut self, source: Source) -> u32 {
        self.simulation.send(source)
    }

    /// A source sends nothing more.
    pub fn silence(&mut self, source: u32) {
        self.simulation.silence(source);
    }

    /// What was answered since this was asked last.
    pub fn answers(&mut self) -> Vec<Answer> {
        std::mem::take(&mut self.simulation.observer().fresh)
    }

    /// The cluster as it stands.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.simulation.snapshot()
    }

    /// What a screen draws: with all requests that were answered since the last view, up to a thousand.
    pub fn view(&mut self) -> View {
        let (now, snapshot) = (self.now(), self.simulation.snapshot());
        let mut usage = self.usage.clone();
        for (sample, in_flight) in self.simulation.pods_now() {
            // A pod that has just started was not measured yet.
            let line = usage.entry(sample.uid).or_insert(Usage { memory: sample.memory, ..Usage::default() });
            line.in_flight = in_flight;
        }
        let loads = self.simulation.load_now();
        let seen = self.simulation.observer();
        let mut traffic = BTreeMap::new();
        for (id, in_flight, waiting) in loads {
            let mut line = seen.functions.get_mut(&id).map(|f| f.traffic(now)).unwrap_or_default();
            (line.in_flight, line.waiting) = (in_flight, waiting);
            traffic.insert(id, line);
        }
        let recent = seen.functions.iter_mut().map(|(id, f)| {
            f.unseen = 0;
            (*id, f.recent.iter().copied().collect())
        });
        let recent = recent.collect();
        let platform = Platform {
            version: env!("CARGO_PKG_VERSION").into(),
            provider: "virtual".into(),
            gateway: "virtual time".into(),
            ..Platform::default()
        };
        View { snapshot, traffic, usage, calls: BTreeMap::new(), recent, platform }
    }
}

/// What is written down of requests.
#[derive(Debug, Default)]
struct Seen {
    number: u64,
    fresh: Vec<Answer>,
    functions: BTreeMap<FunctionId, Requests>,
}

/// The requests of one function.
#[derive(Debug, Default)]
struct Requests {
    total: u64,
    cold: u64,
    recent: VecDeque<Answered>,
    /// Of these, how many no view has shown yet: they stay until one does, so that none is missed however fast time
    /// passes.
    unseen: usize,
    /// Of the last seconds: when each ended, how long it took, and whether it failed.
    window: VecDeque<(Time, Duration, bool)>,
}

impl Requests {
    fn traffic(&mut self, now: Time) -> Traffic {
        while self.window.front().is_some_and(|(at, ..)| now.since(*at) >= TRAFFIC_WINDOW) {
            self.window.pop_front();
        }
        let mut times: Vec<Duration> = self.window.iter().map(|(_, took, _)| *took).collect();
        times.sort_unstable();
        let quantile = |share: f64| {
            let rank = (share * times.len() as f64).ceil() as usize;
            times.get(rank.saturating_sub(1)).copied().unwrap_or_default()
        };
        let span = TRAFFIC_WINDOW.min(now.since(Time::ZERO)).as_secs_f64().max(0.05);
        let errors = self.window.iter().filter(|(.., bad)| *bad).count();
        Traffic {
            rate: times.len() as f64 / span,
            error_rate: errors as f64 / span,
            p50: quantile(0.5),
            p95: quantile(0.95),
            p99: quantile(0.99),
            total: self.total,
            cold_starts: self.cold,
            ..Traffic::default()
        }
    }
}

impl Observer for Seen {
    fn request(&mut self, end: &RequestEnd) {
        self.number += 1;
        let for_pod = end.given.since(end.arrived);
        let in_pod = end.started.since(end.given);
        let (waited, queued) = if end.cold { (for_pod, in_pod) } else { (Duration::ZERO, for_pod + in_pod) };
        let answered = Answered {
            number: self.number,
            at: end.arrived,
            pod: end.pod,
            status: end.status,
            took: end.ended.since(end.arrived),
            waited,
            queued,
            forked: Duration::ZERO,
            worked: end.ended.since(end.started),
        };
        let f = self.functions.entry(end.function).or_default();
        f.total += 1;
        f.cold += u64::from(end.cold);
        f.unseen += 1;
        let kept = f.unseen.clamp(RECENT, MOST_RECENT);
        while f.recent.len() >= kept {
            f.recent.pop_front();
        }
        f.recent.push_back(answered);
        if f.window.len() == WINDOW_REQUESTS {
            f.window.pop_front();
        }
        f.window.push_back((end.ended, answered.took, end.status >= 500 || end.status == 429));
        if self.fresh.len() < WINDOW_REQUESTS {
            self.fresh.push((end.function, end.source, answered));
        }
    }
}
