//! A scenario as what virtual time is made of.

use crate::cluster::command::Command;
use crate::cluster::function::FunctionName;
use crate::cluster::node::{Node, NodeId};
use crate::cluster::scaling::hpa::HpaSpec;
use crate::cluster::time::Time;
use crate::lab::scenario::{Function, RateOf, Scenario, Step, Variant};
use crate::sim::{Arrivals, Seconds, Setup, Source, Step as SimStep, ThreadGroup};

fn time(seconds: Seconds) -> Time {
    Time::ZERO + seconds.duration()
}

pub(in crate::lab) fn of(variant: &Variant, seed: u64) -> Setup {
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
        let (from, until) = (time(l.from), time(l.end(s.duration)));
        let function = l.function.clone();
        setup = setup.load(Source { name: l.label(i), function, arrivals, from, until, direct: l.direct });
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
        Step::DeletePod { function, pod, .. } => {
            SimStep::Delete { function: name(function), newest: pod.is_newest() }
        }
        Step::KillPod { function, pod, .. } => {
            SimStep::Kill { function: name(function), pod: None, newest: pod.is_newest() }
        }
        Step::Label { at, function, labels } => {
            // What it was deployed with, with the labels of this step and of those before.
            let mut spec = s.function.iter().find(|f| f.name == *function).map(Function::spec);
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
        Step::Restart { function, .. } => command(Command::Restart(name(function))),
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
