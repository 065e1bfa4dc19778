//! Things of the cluster as Kubernetes' objects, for `-o json` and `-o yaml`.

use crate::cluster::pod::{Container, Pod};
use crate::cluster::snapshot::{FunctionState, Happening, Snapshot};
use serde_json::{Value, json};

/// Several objects as one, or the one.
pub fn list(mut items: Vec<Value>, one: bool) -> Value {
    match (one, items.len()) {
        (true, 1) => items.remove(0),
        _ => json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items}),
    }
}

/// A `v1` Pod.
pub fn pod(snapshot: &Snapshot, pod: &Pod) -> Value {
    let spec = &pod.spec;
    let node = snapshot.nodes.iter().find(|n| n.id == pod.node).map(|n| &n.name);
    let ip = pod.address.as_deref().and_then(|a| a.rsplit_once(':')).map(|(ip, _)| ip);
    let state = match &pod.container {
        Container::Creating => json!({"waiting": {"reason": "ContainerCreating"}}),
        Container::Running { since } => json!({"running": {"startedAt": since.rfc3339()}}),
        Container::Waiting { reason, message, .. } => {
            json!({"waiting": {"reason": reason, "message": message}})
        }
    };
    let last = match &pod.last_exit {
        Some((exit, at)) => {
            json!({"terminated": {"reason": exit.reason(), "exitCode": exit.code, "finishedAt": at.rfc3339()}})
        }
        None => json!({}),
    };
    let ready = if pod.ready { "True" } else { "False" };
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod.name,
            "namespace": spec.namespace,
            "uid": pod.uid.to_string(),
            "creationTimestamp": pod.created.rfc3339(),
            "labels": {"faas_function": spec.name, "pod-template-hash": pod.template_hash},
            "annotations": spec.annotations,
            "deletionTimestamp": pod.deleting.map(|d| d.deadline.rfc3339()),
        },
        "spec": {
            "nodeName": node,
            "containers": [{
                "name": spec.name,
                "image": spec.image,
                "env": spec.env_vars.iter().map(|(k, v)| json!({"name": k, "value": v})).collect::<Vec<_>>(),
                "resources": {"limits": spec.limits, "requests": spec.requests},
            }],
        },
        "status": {
            "phase": pod.phase,
            "podIP": ip,
            "startTime": pod.started.map(|t| t.rfc3339()),
            "conditions": [{"type": "Ready", "status": ready}],
            "containerStatuses": [{
                "name": spec.name,
                "ready": pod.ready,
                "restartCount": pod.restarts,
                "image": spec.image,
                "state": state,
                "lastState": last,
            }],
        },
    })
}

/// An `apps/v1` Deployment.
pub fn deployment(function: &FunctionState) -> Value {
    let spec = &function.spec;
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": spec.name,
            "namespace": spec.namespace,
            "creationTimestamp": function.created.rfc3339(),
            "generation": function.generation,
            "labels": spec.labels,
            "annotations": spec.annotations,
        },
        "spec": {
            "replicas": function.replicas,
            "selector": {"matchLabels": {"faas_function": spec.name}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {"spec": {"containers": [{
                "name": spec.name,
                "image": spec.image,
                "env": spec.env_vars.iter().map(|(k, v)| json!({"name": k, "value": v})).collect::<Vec<_>>(),
                "resources": {"limits": spec.limits, "requests": spec.requests},
            }]}},
        },
        "status": {
            "replicas": function.current,
            "readyReplicas": function.ready,
            "availableReplicas": function.ready,
            "updatedReplicas": function.updated,
        },
    })
}

/// A `v1` Event.
pub fn event(happening: &Happening, namespace: &str) -> Value {
    let (kind, name) = happening.object.split_once('/').unwrap_or(("", &happening.object));
    json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": namespace},
        "type": super::rows::kind(happening),
        "reason": happening.reason,
        "message": happening.message,
        "count": happening.count,
        "firstTimestamp": happening.first.rfc3339(),
        "lastTimestamp": happening.last.rfc3339(),
        "involvedObject": {"kind": kind, "name": name, "namespace": namespace},
    })
}
