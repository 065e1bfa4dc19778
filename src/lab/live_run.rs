//! A scenario on a real cluster of its own, on this machine.
//!
//! It is started for the run in a state folder of its own, on ports of its own, and is gone afterwards. The clock starts
//! when the pods that the scenario begins with are ready.

use super::load::{self, Ended, LoadPlan, Shape};
use super::observations::{Observations, PodLife, Request, Row, Usage, quantile};
use super::scenario::{Load, RateOf, Scenario, Step, Variant};
use crate::cluster::command::Command;
use crate::cluster::function::{FunctionId, FunctionName};
use crate::cluster::pod::{PodPhase, PodUid};
use crate::cluster::scaling::hpa::HpaSpec;
use crate::cluster::time::Time;
use crate::dashboard::view::View;
use crate::live::handle::ApplyError;
use crate::live::host::Host;
use crate::live::settings::{ProviderChoice, Settings};
use crate::sim::{Arrivals, Rate, Source, Spacing, moments};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// How long the pods of the beginning may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs a variant. `progress` is told the share that is done; `stopped` ends it early, and what was measured is kept.
///
/// # Errors
/// The cluster could not be started, a function was refused, or its pods never became ready.
pub async fn run(
    variant: &Variant,
    seed: u64,
    folder: &std::path::Path,
    stopped: &AtomicBool,
    mut progress: impl FnMut(f64),
) -> Result<Observations, String> {
    let s = &variant.scenario;
    let host = Host::start(&settings(variant, folder)).await.map_err(|e| e.to_string())?;
    let outcome = on(&host, s, seed, stopped, &mut progress).await;
    let ended = host.stop().await.map_err(|e| format!("the cluster's pods could not all be removed: {e}"));
    let seen = outcome?;
    ended.map(|()| seen)
}

fn settings(variant: &Variant, folder: &std::path::Path) -> Settings {
    let mut settings = variant.settings.clone();
    settings.state.dir = Some(folder.to_owned());
    (settings.gateway.port, settings.gateway.metrics_port) = (0, 0);
    settings.state.history = settings.state.history.max(1000);
    settings.pods.provider = match variant.scenario.platform.provider.as_str() {
        "docker" => ProviderChoice::Docker,
        _ => ProviderChoice::Process,
    };
    settings
}

async fn apply(host: &Host, command: Command) -> Result<(), String> {
    host.handle.apply(command).await.map(drop).map_err(|e| match e {
        ApplyError::Refused(refusal) => refusal.to_string(),
        other => other.to_string(),
    })
}

async fn on(
    host: &Host,
    s: &Scenario,
    seed: u64,
    stopped: &AtomicBool,
    progress: &mut impl FnMut(f64),
) -> Result<Observations, String> {
    for f in &s.function {
        apply(host, Command::Deploy(f.spec())).await.map_err(|e| format!("function `{}`: {e}", f.name))?;
        if let Some(replicas) = f.replicas {
            let function = FunctionName::parse(&f.name);
            apply(host, Command::Scale { function, replicas }).await?;
        }
    }
    ready(host, s, stopped).await?;

    let (start, began) = (Instant::now(), host.handle.view().snapshot.at);
    let watch = Arc::new(Mutex::new(Vec::new()));
    let stop = CancellationToken::new();
    let mut loads = JoinSet::new();
    for (i, l) in s.load.iter().enumerate() {
        let function = s.function.iter().position(|f| f.name == l.function).unwrap_or(0);
        for plan in plans(host, s, l, i, seed) {
            let (watch, stop) = (watch.clone(), stop.clone());
            loads.spawn(async move {
                tokio::select! {
                    () = sleep_until(start + plan.0) => {}
                    () = stop.cancelled() => return Ok(()),
                }
                let each = move |ended: Ended| {
                    watch.lock().unwrap_or_else(PoisonError::into_inner).push((function, ended));
                };
                load::run_each(plan.1, |_| {}, Some(Box::new(each)), stop).await.map(drop)
            });
        }
    }
    let mut todo = todo(s);
    let mut seen = Watch::new(s, began);
    let end = start + s.duration.duration();
    let mut next_row = start + s.sample.duration();
    loop {
        let next_step = todo.first().map_or(end, |(at, _)| start + *at);
        sleep_until(next_row.min(next_step).min(end)).await;
        let now = Instant::now();
        while todo.first().is_some_and(|(at, _)| start + *at <= now) {
            let (at, step) = todo.remove(0);
            if let Err(why) = act(host, s, &step).await {
                seen.notes.push(format!("at {} s: {why}", at.as_secs_f64()));
            }
        }
        if now >= next_row {
            seen.row(&host.handle.view());
            next_row += s.sample.duration();
            progress(now.duration_since(start).as_secs_f64() / s.duration.0);
        }
        if now >= end || stopped.load(Ordering::Relaxed) {
            break;
        }
    }
    stop.cancel();
    while let Some(done) = loads.join_next().await {
        if let Ok(Err(why)) = done {
            seen.notes.push(format!("load: {why}"));
        }
    }
    let requests = std::mem::take(&mut *watch.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(seen.finish(s, start, requests))
}

/// Waits for the pods that the scenario begins with.
async fn ready(host: &Host, s: &Scenario, stopped: &AtomicBool) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let view = host.handle.view();
        let missing = s.function.iter().find(|f| {
            let state = view.snapshot.function(&FunctionName::parse(&f.name));
            state.is_none_or(|state| state.ready < state.replicas)
        });
        let Some(f) = missing else { return Ok(()) };
        if Instant::now() > deadline || stopped.load(Ordering::Relaxed) {
            let waits = view.snapshot.pods.values().find(|p| p.spec.name == f.name && !p.ready);
            let why = waits.map_or(String::new(), |p| format!(": {} is {}", p.name, p.status()));
            return Err(format!("the pods of `{}` are not ready{why}", f.name));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What is to be sent when: one plan, or one for each moment.
fn plans(host: &Host, s: &Scenario, l: &Load, i: usize, seed: u64) -> Vec<(Duration, LoadPlan)> {
    let (from, until) = (l.from.duration(), l.until.unwrap_or(s.duration).duration());
    let plan = |shape: Shape, span: Duration, requests: Option<u64>| LoadPlan {
        shape,
        duration: Some(span),
        requests,
        body: l.body.clone().into(),
        seed: seed.wrapping_add(i as u64),
        timeout: Duration::from_secs(600),
        ..LoadPlan::new(format!("{}/function/{}", host.gateway, l.function))
    };
    if let Some(users) = l.users {
        let think = Duration::from_secs_f64(l.think.law().mean());
        let shape = Shape::Closed { users, ramp_up: l.ramp_up.duration(), think };
        return vec![(from, plan(shape, until - from, l.loops.map(|n| n * u64::from(users))))];
    }
    if let Some(Rate::Constant { rate }) = l.rate.as_ref().map(RateOf::rate) {
        let arrivals = match l.spacing {
            Spacing::Poisson => load::Arrivals::Poisson,
            Spacing::Even => load::Arrivals::Constant,
        };
        return vec![(from, plan(Shape::Open { rate, arrivals, in_flight: 1000 }, until - from, None))];
    }
    // The very moments of the virtual run.
    let arrivals = match &l.rate {
        Some(rate) => Arrivals::Open { rate: rate.rate(), spacing: l.spacing },
        None => l.listed(),
    };
    let name = l.name.clone().unwrap_or_else(|| format!("load {i} of {}", l.function));
    let source = Source {
        name,
        function: l.function.clone(),
        arrivals,
        from: Time::ZERO + from,
        until: Time::ZERO + until,
    };
    let once = Shape::Closed { users: 1, ramp_up: Duration::ZERO, think: Duration::ZERO };
    moments(source, seed)
        .into_iter()
        .map(|at| (at.since(Time::ZERO), plan(once, Duration::from_secs(3600), Some(1))))
        .collect()
}

/// Autoscalers and steps, in order of time.
fn todo(s: &Scenario) -> Vec<(Duration, Step)> {
    let autoscalers = s.autoscaler.iter().map(|a| Step::Autoscale {
        at: a.at,
        function: a.function.clone(),
        cpu_percent: a.cpu_percent,
        min: a.min,
        max: a.max,
    });
    let mut todo: Vec<(Duration, Step)> =
        autoscalers.chain(s.step.iter().cloned()).map(|step| (step.at().duration(), step)).collect();
    todo.sort_by_key(|(at, _)| *at);
    todo
}

async fn act(host: &Host, s: &Scenario, step: &Step) -> Result<(), String> {
    let name = FunctionName::parse;
    let view = host.handle.view();
    let oldest = |function: &str| {
        let id = view.snapshot.function(&name(function)).map(|f| f.id);
        let mut pods = id.into_iter().flat_map(|id| view.snapshot.pods_of(id));
        pods.find(|p| p.deleting.is_none() && p.phase == PodPhase::Running).cloned()
    };
    let none = |function: &str| format!("`{function}` has no pod that runs");
    let command = match step {
        Step::Scale { function, replicas, .. } => {
            Command::Scale { function: name(function), replicas: *replicas }
        }
        Step::DeletePod { function, .. } => {
            Command::DeletePod { name: oldest(function).ok_or_else(|| none(function))?.name.clone() }
        }
        Step::KillPod { .. } => return Err("a live run cannot kill a pod: write delete-pod".into()),
        Step::Label { function, labels, .. } => {
            let now = view.snapshot.function(&name(function)).map(|f| (*f.spec).clone());
            let mut spec = now.or_else(|| s.function.iter().find(|f| f.name == *function).map(|f| f.spec()));
            let spec = spec.as_mut().ok_or_else(|| format!("no function `{function}`"))?;
            spec.labels.extend(labels.clone());
            Command::Update(spec.clone())
        }
        Step::Autoscale { function, cpu_percent, min, max, .. } => Command::Autoscale {
            function: name(function),
            spec: HpaSpec::cpu(*cpu_percent, *min, *max),
            replace: true,
        },
        Step::DeleteAutoscaler { function, .. } => Command::DeleteHpa(name(function)),
        Step::Remove { function, .. } => Command::Remove(name(function)),
        Step::StopNode { .. } | Step::StartNode { .. } => {
            return Err("there is one node in a live run: it cannot be stopped".into());
        }
    };
    apply(host, command).await
}

/// Looks at the cluster now and then, and remembers.
struct Watch {
    began: Time,
    names: Vec<String>,
    seen: Observations,
    by_uid: BTreeMap<PodUid, usize>,
    usage: Vec<Usage>,
    notes: Vec<String>,
    last: f64,
}

impl Watch {
    fn new(s: &Scenario, began: Time) -> Self {
        let names: Vec<String> = s.function.iter().map(|f| f.name.clone()).collect();
        let usage = vec![Usage::default(); names.len()];
        let seen = Observations { functions: names.clone(), ..Observations::default() };
        Watch { began, names, seen, by_uid: BTreeMap::new(), usage, notes: Vec::new(), last: 0.0 }
    }

    fn place(&self, name: &FunctionName) -> Option<usize> {
        self.names.iter().position(|n| *n == name.name)
    }

    fn row(&mut self, view: &View) {
        let snapshot = &view.snapshot;
        // Seconds since the start; what was before is negative.
        let began = self.began;
        let apart =
            move |t: Time| if t >= began { (t - began).as_secs_f64() } else { -(began - t).as_secs_f64() };
        let now = apart(snapshot.at).max(self.last);
        let span = now - std::mem::replace(&mut self.last, now);
        self.seen.duration = now;
        for f in snapshot.functions.values() {
            let Some(function) = self.place(&f.name()) else { continue };
            let mine = || snapshot.pods_of(f.id);
            let traffic = view.traffic.get(&f.id).copied().unwrap_or_default();
            let used = mine().filter_map(|p| view.usage.get(&p.uid));
            let (cpu, memory) = used.fold((0, 0), |(c, m), u| (c + u.cpu.0, m + u.memory.0));
            let pods = mine().filter(|p| p.deleting.is_none()).count() as u32;
            self.seen.rows.push(Row {
                at: now,
                function,
                replicas: f.replicas,
                ready: f.ready,
                pods,
                in_flight: u64::from(traffic.in_flight),
                queued: u64::from(traffic.waiting),
                rate: traffic.rate,
                p50: None,
                p95: None,
                cpu: cpu as f64 / 1000.0,
            });
            let usage = &mut self.usage[function];
            usage.pod_seconds += f64::from(pods) * span;
            usage.cpu_seconds += cpu as f64 / 1000.0 * span;
            usage.gb_seconds += memory as f64 / f64::from(1 << 30) * span;
            for d in &f.decisions {
                let known = self.seen.decisions.iter().any(|(at_f, _, k)| *at_f == function && k.at == d.at);
                if !known && d.at >= self.began && d.changed() {
                    self.seen.decisions.push((function, apart(d.at), d.clone()));
                }
            }
            self.pods(function, f.id, view, apart);
        }
        // Pods that were there at the last look and are not any more have ended since.
        for (uid, place) in &self.by_uid {
            if !snapshot.pods.contains_key(uid) {
                self.seen.pods[*place].ended.get_or_insert(now);
            }
        }
    }

    fn pods(&mut self, function: usize, id: FunctionId, view: &View, apart: impl Fn(Time) -> f64) {
        for pod in view.snapshot.pods_of(id) {
            let place = *self.by_uid.entry(pod.uid).or_insert_with(|| {
                self.seen.pods.push(PodLife {
                    name: pod.name.clone(),
                    function,
                    node: pod.node.0,
                    created: apart(pod.created).max(0.0),
                    ready: None,
                    ended: None,
                });
                self.seen.pods.len() - 1
            });
            let life = &mut self.seen.pods[place];
            if pod.ready && life.ready.is_none() {
                life.ready = pod.ready_changed.map(|t| apart(t).max(0.0));
            }
            if let Some(deleting) = pod.deleting {
                life.ended.get_or_insert(apart(deleting.since));
            }
        }
    }

    fn finish(self, s: &Scenario, start: Instant, requests: Vec<(usize, Ended)>) -> Observations {
        let mut seen = self.seen;
        seen.usage = self.usage;
        seen.notes = self.notes;
        for (function, ended) in requests {
            let response = ended.ended.saturating_duration_since(ended.intended).as_secs_f64();
            let at = ended.intended.saturating_duration_since(start).as_secs_f64();
            let (status, cold) = (ended.status.unwrap_or(0), ended.cold);
            let wait = ended.waited;
            seen.requests.push(Request { function, pod: None, at, wait, response, status, cold });
        }
        // Requests that were cut off by the end of the run were not answered by the cluster.
        seen.requests.retain(|r| r.status != 0 || r.at + r.response < s.duration.0);
        let mut before = 0.0;
        let moments: Vec<f64> = seen.rows.iter().map(|r| r.at).collect();
        for (i, at) in moments.iter().enumerate() {
            let function = seen.rows[i].function;
            let since = moments[..i].iter().rev().find(|m| **m < *at).copied().unwrap_or(before);
            let within = |r: &&Request| {
                let ended = r.at + r.response;
                r.function == function && since < ended && ended <= *at
            };
            let mut times: Vec<f64> = seen.requests.iter().filter(within).map(|r| r.response).collect();
            times.sort_by(f64::total_cmp);
            let row = &mut seen.rows[i];
            (row.p50, row.p95) = (quantile(&times, 0.5), quantile(&times, 0.95));
            row.rate = times.len() as f64 / (at - since).max(1e-9);
            before = before.min(*at);
        }
        seen
    }
}
