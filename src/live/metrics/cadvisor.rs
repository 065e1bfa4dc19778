//! The families of cAdvisor: what each container uses, and what the machine has.

use super::kube::node_of;
use super::text::{Labels, Text};
use super::{Gauges, PodGauges};
use crate::cluster::pod::Pod;
use crate::cluster::snapshot::Snapshot;

/// CPU quota is counted in this period, as the kernel does by default.
const PERIOD_US: u64 = 100_000;

type Family = (&'static str, &'static str, &'static str, fn(&PodGauges, &Pod) -> Option<f64>);

const FAMILIES: [Family; 10] = [
    ("container_cpu_usage_seconds_total", "counter", "CPU time that the container has used", |g, _| {
        Some(g.cpu_total.as_secs_f64())
    }),
    ("container_memory_working_set_bytes", "gauge", "Memory that the container holds", |g, _| {
        Some(g.memory_bytes as f64)
    }),
    ("container_memory_usage_bytes", "gauge", "Memory that the container holds", |g, _| {
        Some(g.memory_bytes as f64)
    }),
    ("container_memory_rss", "gauge", "Memory that the container holds", |g, _| Some(g.memory_bytes as f64)),
    ("container_spec_cpu_shares", "gauge", "The container's share of CPU, 1024 for a core", |_, p| {
        p.spec.requests.cpu.map(|cpu| (cpu.0 * 1024 / 1000).max(2) as f64)
    }),
    ("container_spec_cpu_period", "gauge", "The period of the CPU quota, in microseconds", |_, p| {
        p.spec.limits.cpu.map(|_| PERIOD_US as f64)
    }),
    (
        "container_spec_cpu_quota",
        "gauge",
        "CPU that the container may use in a period, in microseconds",
        |_, p| p.spec.limits.cpu.map(|cpu| (cpu.0 * PERIOD_US / 1000) as f64),
    ),
    ("container_spec_memory_limit_bytes", "gauge", "The container's memory limit, 0 without one", |_, p| {
        Some(p.spec.limits.memory.map_or(0.0, |m| m.0 as f64))
    }),
    ("container_start_time_seconds", "gauge", "When the container first started, in Unix seconds", |_, p| {
        p.started.map(|t| t.as_secs_f64())
    }),
    ("container_last_seen", "gauge", "When the container was last looked at, in Unix seconds", |_, _| None),
];

pub(super) fn write(text: &mut Text, gauges: &Gauges, cluster: &Snapshot) {
    for (name, kind, help, value) in FAMILIES {
        text.family(name, kind, help);
        for (used, pod) in running(gauges, cluster) {
            let value = match name {
                "container_last_seen" => Some(cluster.at.as_secs_f64()),
                _ => value(used, pod),
            };
            let (id, node) = (format!("/pods/{}", pod.uid), node_of(cluster, pod));
            let mut labels: Labels = vec![
                ("namespace", &pod.spec.namespace),
                ("pod", &pod.name),
                ("container", &pod.spec.name),
                ("image", &pod.spec.image),
                ("name", &pod.name),
                ("id", &id),
                ("node", &node),
            ];
            if name == "container_cpu_usage_seconds_total" {
                labels.push(("cpu", &"total"));
            }
            if let Some(value) = value {
                text.sample(name, &labels, value);
            }
        }
    }
    text.family("machine_cpu_cores", "gauge", "Cores that the machine has");
    for node in &cluster.nodes {
        text.sample("machine_cpu_cores", &[("node", &node.name)], node.cores);
    }
}

fn running<'a>(gauges: &'a Gauges, cluster: &'a Snapshot) -> impl Iterator<Item = (&'a PodGauges, &'a Pod)> {
    gauges.pods.iter().filter_map(|used| Some((used, &**cluster.pods.get(&used.uid)?)))
}
