//! How a step is done to a live cluster.

use crate::cluster::command::Command;
use crate::cluster::function::FunctionName;
use crate::cluster::pod::{Pod, PodPhase};
use crate::cluster::scaling::hpa::HpaSpec;
use crate::lab::scenario::{Scenario, Step, Which};
use crate::live::handle::ApplyError;
use crate::live::host::Host;
use std::sync::Arc;
use std::time::Duration;

pub(super) async fn apply(host: &Host, command: Command) -> Result<(), String> {
    host.handle.apply(command).await.map(drop).map_err(|e| match e {
        ApplyError::Refused(refusal) => refusal.to_string(),
        other => other.to_string(),
    })
}

/// Autoscalers and steps, in order of time.
pub(super) fn todo(s: &Scenario) -> Vec<(Duration, Step)> {
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

/// A pod of a function that runs.
fn chosen(host: &Host, function: &str, which: Which) -> Result<Arc<Pod>, String> {
    let snapshot = host.handle.view().snapshot;
    let id = snapshot.function(&FunctionName::parse(function)).map(|f| f.id);
    let mut pods = id
        .into_iter()
        .flat_map(|id| snapshot.pods_of(id))
        .filter(|p| p.deleting.is_none() && p.phase == PodPhase::Running);
    let pod = if which.is_newest() { pods.last() } else { pods.next() };
    pod.cloned().ok_or_else(|| format!("`{function}` has no pod that runs"))
}

pub(super) async fn step(host: &Host, s: &Scenario, step: &Step) -> Result<(), String> {
    let name = FunctionName::parse;
    let command = match step {
        Step::Scale { function, replicas, .. } => {
            Command::Scale { function: name(function), replicas: *replicas }
        }
        Step::DeletePod { function, pod, .. } => {
            Command::DeletePod { name: chosen(host, function, *pod)?.name.clone() }
        }
        Step::KillPod { function, pod, .. } => {
            let pod = chosen(host, function, *pod)?;
            return host.handle.provider().kill(pod.uid).await.map_err(|e| e.to_string());
        }
        Step::Label { function, labels, .. } => {
            let snapshot = host.handle.view().snapshot;
            let now = snapshot.function(&name(function)).map(|f| (*f.spec).clone());
            let mut spec = now.or_else(|| s.function.iter().find(|f| f.name == *function).map(|f| f.spec()));
            let spec = spec.as_mut().ok_or_else(|| format!("no function `{function}`"))?;
            spec.labels.extend(labels.clone());
            Command::Update(spec.clone())
        }
        Step::Restart { function, .. } => Command::Restart(name(function)),
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
