//! A function while a run goes on: its routing, its laws, and what was measured of it.

use crate::cluster::function::{FunctionId, FunctionName, FunctionSpec};
use crate::cluster::pod::PodUid;
use crate::cluster::routing::{Endpoints, Ticket};
use crate::cluster::scaling::per_request;
use crate::cluster::settings::Settings;
use crate::cluster::snapshot::FunctionState;
use crate::cluster::time::Time;
use crate::cluster::timeouts;
use crate::sim::law::Sampler;
use crate::sim::model::Model;
use crate::sim::observe::FunctionSample;
use crate::sim::random::Stream;
use crate::sim::report::{FunctionReport, Spread};
use crate::sim::stats::{Histogram, TimeWeighted};
use std::collections::VecDeque;
use std::time::Duration;

/// From when a deadline counts, and what it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cuts {
    /// The gateway's patience, from the request's arrival.
    Gateway,
    /// The watchdog's patience with its caller, from when the pod got the request. The work goes on.
    Watchdog,
    /// The work's own time: it is killed.
    Work,
}

/// One of the function's time-outs. All have the same length, so the oldest is always the next.
#[derive(Clone, Debug)]
pub struct Deadline {
    pub name: &'static str,
    pub cuts: Cuts,
    /// Zero: switched off.
    pub after: Duration,
    pub status: u16,
    /// When, and which request in which of its lives.
    pub due: VecDeque<(Time, u32, u32)>,
    /// An event is scheduled for the oldest.
    pub armed: bool,
}

/// The function's samplers.
#[derive(Clone, Debug)]
pub struct Laws {
    pub service: Sampler,
    pub image: Sampler,
    pub container: Sampler,
    pub function: Sampler,
    pub probe: Sampler,
    pub stop: Sampler,
    pub crash: Option<Sampler>,
}

#[derive(Debug)]
pub struct Func {
    pub id: FunctionId,
    pub name: FunctionName,
    pub model: Model,
    pub laws: Laws,
    pub endpoints: Endpoints,
    pub deadlines: Vec<Deadline>,
    /// The shortest of them: what is over sooner needs none.
    pub shortest: Duration,
    /// Requests at once that the gateway gives a pod.
    max_inflight: Option<u32>,
    /// Requests at once that a pod's watchdog takes before it answers 429; from the variable `max_inflight`.
    pub watchdog_limit: u32,
    /// Pods that take connections, with their slots, in order.
    pub open: Vec<(PodUid, u32)>,
    /// Those that wait for a pod, in order of their tickets.
    pub waiting: VecDeque<(Ticket, u32)>,
    pub service_draws: Stream,
    pub startup_draws: Stream,
    pub routing_draws: Stream,
    /// CPU of pods that are gone, in nanoseconds.
    pub gone_cpu: u64,
    pub stats: Stats,
}

/// What was measured of a function.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    pub offered: u64,
    pub refused: u64,
    /// Answers with status 200.
    pub ok: u64,
    /// All others by status; few are ever seen.
    pub statuses: Vec<(u16, u64)>,
    pub completed: u64,
    /// With status 200, since the function was deployed: a counter, as a scrape reads it.
    pub ok_ever: u64,
    pub cold: u64,
    pub pods_started: u64,
    pub response: Histogram,
    /// Waits that are not zero; with those that are, there are as many as `served`.
    pub wait: Histogram,
    pub service: f64,
    pub served: u64,
    pub queued: TimeWeighted,
    pub busy: TimeWeighted,
    pub pods: TimeWeighted,
    cpu_before: u64,
    window: Histogram,
    window_cpu: u64,
}

impl Stats {
    /// Forgets what was counted; what is there now stays.
    pub fn restart(&mut self, now: Time, cpu: u64) {
        let mut kept = [self.queued, self.busy, self.pods];
        kept.iter_mut().for_each(|k| k.restart(now));
        let [queued, busy, pods] = kept;
        *self = Stats {
            ok_ever: self.ok_ever,
            queued,
            busy,
            pods,
            cpu_before: cpu,
            window_cpu: self.window_cpu,
            ..Stats::default()
        };
    }

    /// Counts an answer; the gateway's counters only what went through it.
    pub fn status(&mut self, status: u16, through_gateway: bool) {
        if status == 200 {
            (self.ok, self.ok_ever) = (self.ok + 1, self.ok_ever + u64::from(through_gateway));
            return;
        }
        match self.statuses.iter_mut().find(|(s, _)| *s == status) {
            Some((_, n)) => *n += 1,
            None => self.statuses.push((status, 1)),
        }
    }

    /// A response time that counts, in nanoseconds.
    pub fn responded(&mut self, nanos: u64, windows: bool) {
        self.response.record(nanos);
        if windows {
            self.window.record(nanos);
        }
    }
}

impl Func {
    pub fn new(
        id: FunctionId,
        name: FunctionName,
        spec: &FunctionSpec,
        model: Model,
        settings: &Settings,
        seed: u64,
        now: Time,
    ) -> Self {
        let draws = |what| super::Simulation::<()>::stream(seed, what, &name);
        let laws = Laws {
            service: model.service.sampler(),
            image: model.startup.image.sampler(),
            container: model.startup.container.sampler(),
            function: model.startup.function.sampler(),
            probe: model.startup.probe.sampler(),
            stop: model.stop.sampler(),
            crash: model.crash.as_ref().map(|law| law.sampler()),
        };
        let mut stats = Stats::default();
        stats.restart(now, 0);
        let mut f = Func {
            id,
            laws,
            endpoints: Endpoints::new(settings.routing, model.max_inflight, model.queue_limit),
            deadlines: Vec::new(),
            shortest: Duration::MAX,
            max_inflight: model.max_inflight,
            watchdog_limit: u32::MAX,
            open: Vec::new(),
            waiting: VecDeque::new(),
            service_draws: draws("service"),
            startup_draws: draws("start-up"),
            routing_draws: draws("routing"),
            name,
            model,
            gone_cpu: 0,
            stats,
        };
        f.respec(now, spec, settings);
        f
    }

    /// Takes limits from a spec, for requests that come from now on; returns the waiting ones that now run.
    pub fn respec(&mut self, now: Time, spec: &FunctionSpec, settings: &Settings) -> Vec<(Ticket, PodUid)> {
        let given = spec.env_vars.get("max_inflight").and_then(|text| text.trim().parse::<u32>().ok());
        self.watchdog_limit = given.filter(|n| *n > 0).unwrap_or(u32::MAX);
        let per_request = per_request::is_chosen(spec, settings.edition);
        self.endpoints.set_wake_each(per_request);
        let limit = if per_request { Some(per_request::CONCURRENCY) } else { self.model.max_inflight };
        let given = if limit == self.max_inflight {
            Vec::new()
        } else {
            self.max_inflight = limit;
            self.endpoints.set_limits(now, settings.routing, limit, self.model.queue_limit)
        };
        let chain = timeouts::chain(settings.gateway, &spec.env_vars);
        self.deadlines.iter_mut().for_each(|deadline| deadline.after = Duration::ZERO);
        for limit in chain {
            let cuts = match limit.name {
                "exec_timeout" => Cuts::Work,
                "watchdog write_timeout" => Cuts::Watchdog,
                _ => Cuts::Gateway,
            };
            let status = limit.seen.get(..3).and_then(|s| s.parse().ok()).unwrap_or(502);
            match self.deadlines.iter_mut().find(|d| d.name == limit.name) {
                Some(deadline) => (deadline.after, deadline.status) = (limit.after, status),
                None => self.deadlines.push(Deadline {
                    name: limit.name,
                    cuts,
                    after: limit.after,
                    status,
                    due: VecDeque::new(),
                    armed: false,
                }),
            }
        }
        let on = self.deadlines.iter().map(|d| d.after).filter(|after| !after.is_zero());
        self.shortest = on.min().unwrap_or(Duration::MAX);
        given
    }

    /// A pod takes connections.
    pub fn opened(&mut self, uid: PodUid, slot: u32) {
        if let Err(place) = self.open.binary_search_by_key(&uid, |(uid, _)| *uid) {
            self.open.insert(place, (uid, slot));
        }
    }

    /// A pod takes no connections any more.
    pub fn closed(&mut self, uid: PodUid) {
        if let Ok(place) = self.open.binary_search_by_key(&uid, |(uid, _)| *uid) {
            self.open.remove(place);
        }
    }

    /// The request behind a ticket that has just been given a pod.
    pub fn take_waiting(&mut self, ticket: Ticket) -> Option<u32> {
        while let Some(&(front, request)) = self.waiting.front() {
            if front > ticket {
                break;
            }
            self.waiting.pop_front();
            if front == ticket {
                return Some(request);
            }
        }
        None
    }

    pub fn row(&mut self, every: Duration, state: &FunctionState, cpu: u64) -> FunctionSample {
        let s = &mut self.stats;
        let some = s.window.count() > 0;
        let row = FunctionSample {
            function: self.name.clone(),
            replicas: state.replicas,
            ready: state.ready,
            pods: s.pods.value() as u32,
            in_flight: u64::from(self.endpoints.in_flight_total()),
            queued: s.queued.value(),
            rate: s.window.count() as f64 / every.as_secs_f64(),
            p50: some.then(|| s.window.quantile(0.5)),
            p95: some.then(|| s.window.quantile(0.95)),
            cpu: cpu.saturating_sub(s.window_cpu) as f64 / every.as_nanos() as f64,
        };
        s.window.clear();
        s.window_cpu = cpu;
        row
    }

    pub fn report(&self, now: Time, from: Time, replicas: u32, cpu: u64) -> FunctionReport {
        let s = &self.stats;
        let span = now.since(from).as_secs_f64();
        let (mean_busy, variance_busy, prob_empty) = s.busy.moments(now);
        let pod_seconds = s.pods.area(now);
        let giga = |bytes: u64| bytes as f64 / f64::from(1 << 30);
        let mut statuses = s.statuses.clone();
        if s.ok > 0 {
            statuses.push((200, s.ok));
        }
        FunctionReport {
            name: self.name.to_string(),
            offered: s.offered,
            refused: s.refused,
            completed: s.completed,
            statuses: statuses.into_iter().collect(),
            cold_starts: s.cold,
            pods_started: s.pods_started,
            replicas,
            response: Spread::of(&s.response),
            wait: Spread::with_zeros(&s.wait, s.served - s.wait.count()),
            waited: s.wait.count(),
            mean_service: if s.served == 0 { 0.0 } else { s.service / s.served as f64 },
            throughput: if span > 0.0 { s.completed as f64 / span } else { 0.0 },
            mean_in_system: s.queued.mean(now) + s.busy.mean(now),
            mean_queued: s.queued.mean(now),
            mean_busy,
            variance_busy,
            prob_empty,
            mean_pods: s.pods.mean(now),
            max_pods: s.pods.max(),
            pod_seconds,
            cpu_seconds: cpu.saturating_sub(s.cpu_before) as f64 / 1e9,
            gb_seconds: pod_seconds * giga(self.model.memory.0)
                + s.busy.area(now) * giga(self.model.request_memory.0),
        }
    }
}
