//! A scenario in virtual time.

use super::observations::{Observations, PodLife, Request, Row, Usage};
use super::scenario::{RateOf, Scenario, Step, Variant};
use crate::cluster::command::Command;
use crate::cluster::function::{FunctionId, FunctionName};
use crate::cluster::node::{Node, NodeId};
use crate::cluster::pod::PodUid;
use crate::cluster::scaling::decision::Decision;
use crate::cluster::scaling::hpa::HpaSpec;
use crate::cluster::time::Time;
use crate::sim::{
    Arrivals, Observer, RequestEnd, Sample, Seconds, Setup, Simulation, Source, Step as SimStep, ThreadGroup,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Progress is told about this often.
const SOON: Duration = Duration::from_millis(100);

fn time(seconds: Seconds) -> Time {
    Time::ZERO + seconds.duration()
}

fn apart(later: Time, earlier: Time) -> f64 {
    later.since(earlier).as_secs_f64()
}

/// Runs a variant with a seed. `progress` is told the share that is done, and says whether to go on.
pub fn run(variant: &Variant, seed: u64, mut progress: impl FnMut(f64) -> bool) -> Observations {
    let s = &variant.scenario;
    let mut simulation = Simulation::new(setup(variant, seed), Watch::new(s));
    let end = time(s.duration);
    let widest = (end.as_nanos() / 200).max(1);
    let (mut slice, mut at) = (widest.min(1_000_000_000), 0);
    while at < end.as_nanos() {
        let began = Instant::now();
        at = (at + slice).min(end.as_nanos());
        simulation.until(Time::from_nanos(at));
        if !progress(at as f64 / end.as_nanos() as f64) {
            break;
        }
        // Where much happens, whoever watches is still told often, and can stop it soon.
        slice = match began.elapsed() {
            took if took > SOON => (slice / 2).max(1),
            took if took < SOON / 8 => (slice * 2).min(widest),
            _ => slice,
        };
    }
    simulation.until(end.min(simulation.now()));
    finish(simulation)
}

pub(super) fn setup(variant: &Variant, seed: u64) -> Setup {
    let s = &variant.scenario;
    let mut setup = Setup::new(seed);
    setup.settings = variant.settings.to_cluster();
    setup.settings.placement = s.platform.placement;
    setup.nodes = (0..s.platform.nodes)
        .map(|i| Node { id: NodeId(i), name: format!("node-{}", i + 1), cores: s.platform.cores })
        .collect();
    setup.cpu = s.platform.cpu;
    setup.sample_every = Some(s.sample.duration());
    for f in &s.function {
        setup = setup.function(f.spec(), f.model.clone());
        if let Some(replicas) = f.replicas {
            setup = setup.at(Time::ZERO, Command::Scale { function: FunctionName::parse(&f.name), replicas });
        }
    }
    for a in &s.autoscaler {
        let (function, spec) = (FunctionName::parse(&a.function), HpaSpec::cpu(a.cpu_percent, a.min, a.max));
        setup = setup.at(time(a.at), Command::Autoscale { function, spec, replace: true });
    }
    for step in &s.step {
        setup.steps.push((time(step.at()), simulated(s, step)));
    }
    for (i, l) in s.load.iter().enumerate() {
        let arrivals = match (l.users, &l.rate) {
            (Some(users), _) => Arrivals::Closed(ThreadGroup {
                users,
                ramp_up: l.ramp_up,
                think: l.think.law(),
                loops: l.loops,
            }),
            (_, Some(rate)) => Arrivals::Open { rate: RateOf::rate(rate), spacing: l.spacing },
            _ => l.listed(),
        };
        let name = l.name.clone().unwrap_or_else(|| format!("load {i} of {}", l.function));
        let until = time(l.until.unwrap_or(s.duration));
        setup =
            setup.load(Source { name, function: l.function.clone(), arrivals, from: time(l.from), until });
    }
    setup
}

fn simulated(s: &Scenario, step: &Step) -> SimStep {
    let command = |command| SimStep::Command(Box::new(command));
    let name = |function: &String| FunctionName::parse(function);
    match step {
        Step::Scale { function, replicas, .. } => {
            command(Command::Scale { function: name(function), replicas: *replicas })
        }
        Step::DeletePod { function, .. } => SimStep::Delete { function: name(function) },
        Step::KillPod { function, .. } => SimStep::Kill { function: name(function), pod: None },
        Step::Label { at, function, labels } => {
            // What it was deployed with, with the labels of this step and of those before.
            let mut spec =
                s.function.iter().find(|f| f.name == *function).map(super::scenario::Function::spec);
            if let Some(spec) = &mut spec {
                for earlier in &s.step {
                    if let Step::Label { at: then, function: f, labels } = earlier
                        && f == function
                        && then.0 <= at.0
                    {
                        spec.labels.extend(labels.clone());
                    }
                }
                spec.labels.extend(labels.clone());
            }
            match spec {
                Some(spec) => command(Command::Update(spec)),
                None => command(Command::Restart(name(function))),
            }
        }
        Step::Autoscale { function, cpu_percent, min, max, .. } => command(Command::Autoscale {
            function: name(function),
            spec: HpaSpec::cpu(*cpu_percent, *min, *max),
            replace: true,
        }),
        Step::DeleteAutoscaler { function, .. } => command(Command::DeleteHpa(name(function))),
        Step::Remove { function, .. } => command(Command::Remove(name(function))),
        Step::StopNode { node, .. } => SimStep::StopNode(NodeId(*node)),
        Step::StartNode { node, .. } => SimStep::StartNode(NodeId(*node)),
    }
}

/// Writes down what happens.
#[derive(Debug)]
struct Watch {
    seen: Observations,
    names: Vec<String>,
    by_id: BTreeMap<FunctionId, usize>,
    by_uid: BTreeMap<PodUid, usize>,
}

impl Watch {
    fn new(s: &Scenario) -> Self {
        let names: Vec<String> = s.function.iter().map(|f| f.name.clone()).collect();
        // Functions are numbered from 1 in the order of deployment, which is the file's.
        let by_id = (0..names.len()).map(|i| (FunctionId(i as u32 + 1), i)).collect();
        let seen = Observations { functions: names.clone(), ..Observations::default() };
        Watch { seen, names, by_id, by_uid: BTreeMap::new() }
    }

    fn function(&self, id: FunctionId) -> usize {
        self.by_id.get(&id).copied().unwrap_or(0)
    }
}

impl Observer for Watch {
    fn request(&mut self, end: &RequestEnd) {
        self.seen.requests.push(Request {
            function: self.function(end.function),
            pod: end.pod.and_then(|uid| self.by_uid.get(&uid)).copied(),
            at: apart(end.arrived, Time::ZERO),
            wait: apart(end.started, end.arrived),
            response: apart(end.ended, end.arrived),
            status: end.status,
            cold: end.cold,
        });
    }

    fn decision(&mut self, function: FunctionId, decision: &Arc<Decision>) {
        let at = apart(decision.at, Time::ZERO);
        self.seen.decisions.push((self.function(function), at, decision.clone()));
    }

    fn pod(
        &mut self,
        pod: PodUid,
        name: &str,
        function: FunctionId,
        node: NodeId,
        at: Time,
        event: crate::sim::PodEvent,
    ) {
        use crate::sim::PodEvent;
        let at = apart(at, Time::ZERO);
        match event {
            PodEvent::Created => {
                if self.by_uid.contains_key(&pod) {
                    return;
                }
                self.by_uid.insert(pod, self.seen.pods.len());
                let function = self.function(function);
                let life = PodLife {
                    name: name.into(),
                    function,
                    node: node.0,
                    created: at,
                    ready: None,
                    ended: None,
                };
                self.seen.pods.push(life);
            }
            PodEvent::Ready => {
                if let Some(place) = self.by_uid.get(&pod) {
                    self.seen.pods[*place].ready.get_or_insert(at);
                }
            }
            PodEvent::Ended => {
                if let Some(place) = self.by_uid.get(&pod) {
                    self.seen.pods[*place].ended = Some(at);
                }
            }
        }
    }

    fn sample(&mut self, sample: &Sample<'_>) {
        let at = apart(sample.at, Time::ZERO);
        self.seen.duration = at;
        for f in sample.functions {
            let Some(function) = self.names.iter().position(|name| *name == f.function.name) else {
                continue;
            };
            self.seen.rows.push(Row {
                at,
                function,
                replicas: f.replicas,
                ready: f.ready,
                pods: f.pods,
                in_flight: f.in_flight,
                queued: f.queued,
                rate: f.rate,
                p50: f.p50,
                p95: f.p95,
                cpu: f.cpu,
            });
        }
    }
}

fn finish(mut simulation: Simulation<Watch>) -> Observations {
    let report = simulation.report();
    let now = simulation.now();
    let mut seen = std::mem::take(&mut simulation.observer().seen);
    seen.duration = apart(now, Time::ZERO);
    seen.usage = report
        .functions
        .iter()
        .map(|f| Usage { pod_seconds: f.pod_seconds, cpu_seconds: f.cpu_seconds, gb_seconds: f.gb_seconds })
        .collect();
    let refused = |(at, why): &(f64, String)| format!("at {at} s: {why}");
    seen.notes = report.refusals.iter().map(refused).collect();
    seen
}
