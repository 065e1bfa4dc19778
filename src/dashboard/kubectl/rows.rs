//! The rows of `get`: one function for each kind of thing, with the columns that kubectl has for it.

use super::{age, pod_cells};
use crate::cluster::pod::Pod;
use crate::cluster::snapshot::{FunctionState, Happening, Snapshot};
use crate::cluster::time::Time;

/// NAME, READY, STATUS, RESTARTS, AGE, and with `wide` IP, NODE, NOMINATED NODE, READINESS GATES.
pub fn pod(snapshot: &Snapshot, pod: &Pod, now: Time, wide: bool) -> Vec<String> {
    let mut cells = pod_cells(pod, now).to_vec();
    if wide {
        let ip = pod.address.as_deref().and_then(|a| a.rsplit_once(':')).map_or("<none>", |(ip, _)| ip);
        let node = snapshot.nodes.iter().find(|n| n.id == pod.node).map_or("<none>", |n| &n.name);
        cells.extend([ip, node, "<none>", "<none>"].map(str::to_owned));
    }
    cells
}

/// NAME, READY, UP-TO-DATE, AVAILABLE, AGE, and with `wide` CONTAINERS, IMAGES, SELECTOR.
pub fn deployment(function: &FunctionState, now: Time, wide: bool) -> Vec<String> {
    let name = &function.spec.name;
    let mut cells = vec![
        name.clone(),
        format!("{}/{}", function.ready, function.replicas),
        function.updated.to_string(),
        function.ready.to_string(),
        age(now.since(function.created)),
    ];
    if wide {
        cells.extend([name.clone(), function.spec.image.clone(), format!("faas_function={name}")]);
    }
    cells
}

/// NAME, REFERENCE, TARGETS, MINPODS, MAXPODS, REPLICAS, AGE; nothing for a function without an autoscaler.
pub fn hpa(function: &FunctionState, now: Time) -> Option<Vec<String>> {
    let hpa = function.hpa.as_ref()?;
    let name = &function.spec.name;
    Some(vec![
        name.clone(),
        format!("Deployment/{name}"),
        hpa.targets_column(),
        hpa.min_column(),
        hpa.spec.max_replicas.to_string(),
        function.replicas.to_string(),
        age(now.since(hpa.created_at)),
    ])
}

/// LAST SEEN, TYPE, REASON, OBJECT, MESSAGE.
pub fn event(happening: &Happening, now: Time) -> Vec<String> {
    vec![
        seen(happening, now),
        kind(happening).to_owned(),
        happening.reason.clone(),
        happening.object.clone(),
        happening.message.clone(),
    ]
}

/// `Warning` or `Normal`.
pub fn kind(happening: &Happening) -> &'static str {
    if happening.warning { "Warning" } else { "Normal" }
}

/// `15s`, or `15s (x4 over 1m)` when it happened more than once.
pub fn seen(happening: &Happening, now: Time) -> String {
    let last = age(now.since(happening.last));
    match happening.count {
        0 | 1 => last,
        count => format!("{last} (x{count} over {})", age(now.since(happening.first))),
    }
}
