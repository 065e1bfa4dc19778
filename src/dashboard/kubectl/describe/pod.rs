//! `kubectl describe pod`, line by line.

use super::moment;
use super::page::{NONE, Page};
use crate::cluster::function::FunctionSpec;
use crate::cluster::pod::{Container, Pod};
use crate::cluster::probe::{Probe, Probes};
use crate::cluster::time::Time;
use crate::dashboard::view::View;
use std::collections::BTreeMap;

/// Where containers see secrets, as OpenFaaS has it.
const MOUNT: &str = "/var/openfaas/secrets";

/// `kubectl describe pod`.
pub fn pod(view: &View, pod: &Pod, now: Time) -> String {
    let snapshot = &view.snapshot;
    let in_process = view.platform.provider == "process";
    let spec = &pod.spec;
    let node = snapshot.nodes.iter().find(|n| n.id == pod.node).map_or(NONE, |n| &n.name);
    let (ip, port) = pod.address.as_deref().and_then(|a| a.rsplit_once(':')).unwrap_or((NONE, "0"));
    let mut page = Page::default();
    page.put("Name", &pod.name);
    page.put("Namespace", &spec.namespace);
    page.put("Priority", 0);
    page.put("Service Account", "default");
    page.put("Node", format_args!("{node}/127.0.0.1"));
    page.put("Start Time", moment(pod.created));
    let own = [("faas_function", &spec.name), ("pod-template-hash", &pod.template_hash)];
    let own: BTreeMap<String, String> = own.map(|(k, v)| (k.to_owned(), v.clone())).into();
    page.map("Labels", own.iter().chain(&spec.labels));
    page.map("Annotations", &spec.annotations);
    let deleting = pod.deleting.map(|d| d.since);
    match deleting {
        Some(since) => {
            page.put("Status", format_args!("Terminating (lasts {})", super::super::age(now.since(since))));
        }
        None => page.put("Status", format_args!("{:?}", pod.phase)),
    }
    page.put("IP", ip);
    page.line("IPs:");
    page.put("  IP", ip);
    page.put("Controlled By", format_args!("ReplicaSet/{}-{}", spec.name, pod.template_hash));
    page.line("Containers:");
    page.line(format_args!("  {}:", spec.name));
    page.put("    Image", &spec.image);
    page.put("    Port", format_args!("{port}/TCP"));
    page.put("    Host Port", "0/TCP");
    container(&mut page, pod);
    page.put("    Ready", title_case(pod.ready));
    page.put("    Restart Count", pod.restarts);
    page.resources("    ", spec);
    let probes = Probes::read(&spec.annotations, snapshot.settings.edition).unwrap_or_default().0;
    // A container listens on its own 8080; a process on the port it was given.
    let asked = |probe: Probe| match in_process {
        true => probe.to_string().replacen(":8080", &format!(":{port}"), 1),
        false => probe.to_string(),
    };
    page.put("    Liveness", asked(probes.liveness));
    match probes.readiness {
        Some(probe) => page.put("    Readiness", asked(probe)),
        None => {
            page.put("    Readiness", "the watchdog's report that it takes requests, which comes at once")
        }
    }
    page.environment("    ", spec);
    match spec.secrets.is_empty() {
        true => page.put("    Mounts", NONE),
        false => {
            page.line("    Mounts:");
            let folder = match in_process {
                true => format!("{}/pods/{}/secrets", view.platform.state_dir, pod.name),
                false => MOUNT.to_owned(),
            };
            for secret in &spec.secrets {
                page.line(format_args!("      {folder}/{secret} (ro)"));
            }
        }
    }
    page.line("Conditions:");
    page.line("  Type\tStatus");
    let started = pod.started.is_some();
    for (condition, holds) in
        [("Initialized", true), ("Ready", pod.ready), ("ContainersReady", pod.ready), ("PodScheduled", true)]
    {
        page.line(format_args!("  {condition}\t{}", title_case(holds && (started || condition != "Ready"))));
    }
    page.put("QoS Class", quality(spec));
    page.put("Node-Selectors", NONE);
    page.put("Tolerations", NONE);
    let object = format!("pod/{}", pod.name);
    page.events(snapshot.events.iter().map(|e| &**e).filter(|e| e.object == object), now, "faasim");
    page.finish()
}

fn container(page: &mut Page, pod: &Pod) {
    match &pod.container {
        Container::Creating => {
            page.put("    State", "Waiting");
            page.put("      Reason", "ContainerCreating");
        }
        Container::Running { since } => {
            page.put("    State", "Running");
            page.put("      Started", moment(*since));
        }
        Container::Waiting { reason, message, until } => {
            page.put("    State", "Waiting");
            page.put("      Reason", reason);
            page.put("      Message", message);
            page.put("      Next try", moment(*until));
        }
    }
    if let Some((exit, at)) = &pod.last_exit {
        page.put("    Last State", "Terminated");
        page.put("      Reason", exit.reason());
        page.put("      Exit Code", exit.code);
        page.put("      Finished", moment(*at));
    }
}

fn title_case(holds: bool) -> &'static str {
    if holds { "True" } else { "False" }
}

/// Kubernetes' quality of service: `Guaranteed` when every request is its limit, `BestEffort` when there is neither.
/// (A limit without a request requests as much.)
fn quality(spec: &FunctionSpec) -> &'static str {
    let (limits, requests) = (&spec.limits, &spec.requests);
    if limits.is_empty() && requests.is_empty() {
        return "BestEffort";
    }
    let cpu = limits.cpu.is_some() && requests.cpu.or(limits.cpu) == limits.cpu;
    let memory = limits.memory.is_some() && requests.memory.or(limits.memory) == limits.memory;
    if cpu && memory { "Guaranteed" } else { "Burstable" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::quantity::{Bytes, MilliCpu};

    #[test]
    fn the_quality_of_service_is_kubernetes() {
        let (cpu, memory) = (Some(MilliCpu(10)), Some(Bytes(1 << 20)));
        for (request, limit, class) in [
            ((None, None), (None, None), "BestEffort"),
            ((cpu, None), (None, None), "Burstable"),
            ((None, None), (cpu, memory), "Guaranteed"),
            ((cpu, memory), (cpu, memory), "Guaranteed"),
            ((cpu, memory), (cpu, None), "Burstable"),
            ((Some(MilliCpu(5)), memory), (cpu, memory), "Burstable"),
        ] {
            let mut spec = FunctionSpec::new("f", "i");
            (spec.requests.cpu, spec.requests.memory) = request;
            (spec.limits.cpu, spec.limits.memory) = limit;
            assert_eq!(quality(&spec), class, "{request:?} {limit:?}");
        }
    }
}
