//! The families of kube-state-metrics, in the names of its version 2: pods, deployments, autoscalers and the node.
//!
//! Boards of the study's time ask for some of them by the names of version 1 (`kube_hpa_…`,
//! `…_requests_cpu_cores`); these are written beside the present ones.

use super::text::{Labels, Text};
use crate::cluster::function::Resources;
use crate::cluster::pod::{Container, Pod, PodPhase};
use crate::cluster::scaling::hpa::spec::{MetricSpec, ResourceTarget};
use crate::cluster::snapshot::{FunctionState, Snapshot};

pub(super) fn write(text: &mut Text, cluster: &Snapshot) {
    pods(text, cluster);
    containers(text, cluster);
    deployments(text, cluster);
    autoscalers(text, cluster);
    nodes(text, cluster);
}

type PodValue = (&'static str, &'static str, &'static str, fn(&Pod) -> Option<f64>);

const PODS: [PodValue; 3] = [
    ("kube_pod_created", "gauge", "When the pod was created, in Unix seconds", |p| {
        Some(p.created.as_secs_f64())
    }),
    ("kube_pod_start_time", "gauge", "When the pod started, in Unix seconds", |p| {
        p.started.map(|t| t.as_secs_f64())
    }),
    ("kube_pod_deletion_timestamp", "gauge", "When the pod was asked to stop, in Unix seconds", |p| {
        p.deleting.map(|d| d.since.as_secs_f64())
    }),
];

fn pods(text: &mut Text, cluster: &Snapshot) {
    text.family("kube_pod_info", "gauge", "What and where the pod is");
    for pod in cluster.pods.values() {
        let node = node_of(cluster, pod);
        let set = format!("{}-{}", pod.spec.name, pod.template_hash);
        let address = pod.address.as_deref().unwrap_or_default();
        let ip = address.rsplit_once(':').map_or(address, |(ip, _)| ip);
        let mut labels = pod_labels(pod);
        labels.extend([
            ("node", &node as _),
            ("pod_ip", &ip as _),
            ("created_by_kind", &"ReplicaSet" as _),
            ("created_by_name", &set as _),
        ]);
        text.sample("kube_pod_info", &labels, 1);
    }
    text.family("kube_pod_status_phase", "gauge", "The pod's phase: 1 for the one it is in");
    for pod in cluster.pods.values() {
        let now = match pod.phase {
            PodPhase::Pending => "Pending",
            PodPhase::Running => "Running",
            PodPhase::Failed => "Failed",
        };
        for phase in ["Pending", "Succeeded", "Failed", "Unknown", "Running"] {
            let mut labels = pod_labels(pod);
            labels.push(("phase", &phase));
            text.sample("kube_pod_status_phase", &labels, u8::from(phase == now));
        }
    }
    text.family("kube_pod_status_ready", "gauge", "Whether the pod takes requests");
    for pod in cluster.pods.values() {
        for (condition, holds) in [("true", pod.ready), ("false", !pod.ready), ("unknown", false)] {
            let mut labels = pod_labels(pod);
            labels.push(("condition", &condition));
            text.sample("kube_pod_status_ready", &labels, u8::from(holds));
        }
    }
    for (name, kind, help, value) in PODS {
        text.family(name, kind, help);
        for pod in cluster.pods.values() {
            if let Some(value) = value(pod) {
                text.sample(name, &pod_labels(pod), value);
            }
        }
    }
}

fn containers(text: &mut Text, cluster: &Snapshot) {
    let name = "kube_pod_container_status_restarts_total";
    text.family(name, "counter", "How often the pod's container was restarted");
    for pod in cluster.pods.values() {
        text.sample(name, &container_labels(pod), pod.restarts);
    }
    type Is = fn(&Pod) -> bool;
    let states: [(&str, &str, Is); 3] = [
        ("kube_pod_container_status_running", "Whether the container runs", |p| {
            matches!(p.container, Container::Running { .. })
        }),
        ("kube_pod_container_status_waiting", "Whether the container waits to be started", |p| {
            !matches!(p.container, Container::Running { .. })
        }),
        ("kube_pod_container_status_ready", "Whether the container passes its readiness probe", |p| p.ready),
    ];
    for (name, help, is) in states {
        text.family(name, "gauge", help);
        for pod in cluster.pods.values() {
            text.sample(name, &container_labels(pod), u8::from(is(pod)));
        }
    }
    let name = "kube_pod_container_status_waiting_reason";
    text.family(name, "gauge", "Why the container waits");
    for pod in cluster.pods.values() {
        let reason = match &pod.container {
            Container::Running { .. } => continue,
            Container::Creating => "ContainerCreating",
            Container::Waiting { reason, .. } => reason,
        };
        let mut labels = container_labels(pod);
        labels.push(("reason", &reason));
        text.sample(name, &labels, 1);
    }
    resources(text, cluster, "requests", "requests", |p| &p.spec.requests);
    resources(text, cluster, "limits", "may use at most", |p| &p.spec.limits);
}

fn resources(text: &mut Text, cluster: &Snapshot, what: &str, words: &str, of: fn(&Pod) -> &Resources) {
    let cores = |r: &Resources| r.cpu.map(|cpu| cpu.0 as f64 / 1000.0);
    let bytes = |r: &Resources| r.memory.map(|memory| memory.0 as f64);
    let name = format!("kube_pod_container_resource_{what}");
    text.family(&name, "gauge", &format!("What the container {words}"));
    for pod in cluster.pods.values() {
        let node = node_of(cluster, pod);
        for (resource, unit, value) in [("cpu", "core", cores(of(pod))), ("memory", "byte", bytes(of(pod)))] {
            let Some(value) = value else { continue };
            let mut labels = container_labels(pod);
            labels.extend([("node", &node as _), ("resource", &resource as _), ("unit", &unit as _)]);
            text.sample(&name, &labels, value);
        }
    }
    for (suffix, value) in
        [("cpu_cores", &cores as &dyn Fn(&Resources) -> Option<f64>), ("memory_bytes", &bytes)]
    {
        let name = format!("{name}_{suffix}");
        text.family(&name, "gauge", &format!("What the container {words}, by the older name"));
        for pod in cluster.pods.values() {
            if let Some(value) = value(of(pod)) {
                text.sample(&name, &container_labels(pod), value);
            }
        }
    }
}

type DeploymentValue = (&'static str, &'static str, fn(&FunctionState) -> f64);

const DEPLOYMENTS: [DeploymentValue; 8] = [
    ("kube_deployment_created", "When the deployment was made, in Unix seconds", |f| f.created.as_secs_f64()),
    ("kube_deployment_metadata_generation", "Changes of the deployment so far", |f| f.generation as f64),
    ("kube_deployment_spec_replicas", "Replicas that are wanted", |f| f.replicas.into()),
    ("kube_deployment_status_replicas", "Pods that are not stopping", |f| f.current.into()),
    ("kube_deployment_status_replicas_ready", "Pods that pass their readiness probe", |f| f.ready.into()),
    ("kube_deployment_status_replicas_available", "Pods that take requests", |f| f.ready.into()),
    ("kube_deployment_status_replicas_unavailable", "Pods wanted that take no requests", |f| {
        f.replicas.saturating_sub(f.ready).into()
    }),
    ("kube_deployment_status_replicas_updated", "Pods of the present template", |f| f.updated.into()),
];

fn deployments(text: &mut Text, cluster: &Snapshot) {
    for (name, help, value) in DEPLOYMENTS {
        text.family(name, "gauge", help);
        for function in cluster.functions.values() {
            let labels: Labels =
                vec![("namespace", &function.spec.namespace), ("deployment", &function.spec.name)];
            text.sample(name, &labels, value(function));
        }
    }
}

fn autoscalers(text: &mut Text, cluster: &Snapshot) {
    let all = || cluster.functions.values().filter_map(|f| Some((f, f.hpa.as_ref()?)));
    for (what, help) in [
        ("spec_min_replicas", "The fewest pods that the autoscaler asks for"),
        ("spec_max_replicas", "The most pods that the autoscaler asks for"),
        ("status_current_replicas", "Pods that the autoscaler saw last"),
        ("status_desired_replicas", "Pods that the autoscaler asked for last"),
    ] {
        for (name, label) in
            [("kube_horizontalpodautoscaler", "horizontalpodautoscaler"), ("kube_hpa", "hpa")]
        {
            let name = format!("{name}_{what}");
            text.family(&name, "gauge", help);
            for (function, hpa) in all() {
                let value = match what {
                    "spec_min_replicas" => hpa.spec.min(),
                    "spec_max_replicas" => hpa.spec.max_replicas,
                    "status_current_replicas" => hpa.status.current_replicas,
                    _ => hpa.status.desired_replicas,
                };
                let labels: Labels =
                    vec![("namespace", &function.spec.namespace), (label, &function.spec.name)];
                text.sample(&name, &labels, value);
            }
        }
    }
    let name = "kube_horizontalpodautoscaler_spec_target_metric";
    text.family(name, "gauge", "What the autoscaler aims at: percent, cores or bytes");
    for (function, hpa) in all() {
        for metric in &hpa.spec.metrics {
            let MetricSpec::Resource { name: resource, target } = metric else { continue };
            let (kind, value) = match *target {
                ResourceTarget::Utilization(percent) => ("utilization", f64::from(percent)),
                ResourceTarget::AverageValue(thousandths) => ("average", thousandths as f64 / 1000.0),
            };
            let resource = resource.name();
            let mut labels = hpa_labels(function);
            labels.extend([("metric_name", &resource as _), ("metric_target_type", &kind as _)]);
            text.sample(name, &labels, value);
        }
    }
    let name = "kube_horizontalpodautoscaler_status_condition";
    text.family(name, "gauge", "The autoscaler's conditions: 1 beside the status that holds");
    for (function, hpa) in all() {
        for condition in &hpa.status.conditions {
            let kind = condition.kind.name();
            for (status, holds) in
                [("true", condition.status), ("false", !condition.status), ("unknown", false)]
            {
                let mut labels = hpa_labels(function);
                labels.extend([("condition", &kind as _), ("status", &status as _)]);
                text.sample(name, &labels, u8::from(holds));
            }
        }
    }
}

fn nodes(text: &mut Text, cluster: &Snapshot) {
    text.family("kube_node_info", "gauge", "The machines that run pods");
    for node in &cluster.nodes {
        text.sample("kube_node_info", &[("node", &node.name)], 1);
    }
    for name in ["kube_node_status_capacity", "kube_node_status_allocatable"] {
        text.family(name, "gauge", "What the node has");
        for node in &cluster.nodes {
            text.sample(name, &[("node", &node.name), ("resource", &"cpu"), ("unit", &"core")], node.cores);
        }
    }
}

fn pod_labels(pod: &Pod) -> Labels<'_> {
    vec![("namespace", &pod.spec.namespace), ("pod", &pod.name), ("uid", &pod.uid)]
}

fn container_labels(pod: &Pod) -> Labels<'_> {
    let mut labels = pod_labels(pod);
    labels.push(("container", &pod.spec.name));
    labels
}

fn hpa_labels(function: &FunctionState) -> Labels<'_> {
    vec![("namespace", &function.spec.namespace), ("horizontalpodautoscaler", &function.spec.name)]
}

/// The name of the node that a pod is placed on.
pub(super) fn node_of<'a>(cluster: &'a Snapshot, pod: &Pod) -> &'a str {
    cluster.nodes.iter().find(|n| n.id == pod.node).map_or("", |n| &n.name)
}
