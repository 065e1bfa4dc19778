//! Why pods of a function do not run, in one line.

use crate::cluster::pod::{Container, Pod};
use crate::cluster::snapshot::{FunctionState, Snapshot};

/// Why a pod does not run: `CreateContainerError: …`, `Error: its process ended with exit code 3`. Nothing while it may
/// still come up by itself.
pub fn of_pod(pod: &Pod) -> Option<String> {
    if pod.ready || pod.deleting.is_some() {
        return None;
    }
    match (&pod.container, &pod.last_exit) {
        (Container::Waiting { reason, message, .. }, _) if message.is_empty() => Some(reason.clone()),
        (Container::Waiting { reason, message, .. }, _) => Some(format!("{reason}: {message}")),
        (_, Some((exit, _))) => {
            Some(format!("{}: its process ended with exit code {}", exit.reason(), exit.code))
        }
        _ => None,
    }
}

/// Why the present template of a function does not run: the trouble of its newest pod that has one. Nothing while one
/// of them is ready.
pub fn of_function(snapshot: &Snapshot, function: &FunctionState) -> Option<String> {
    let present = || {
        snapshot
            .pods_of(function.id)
            .filter(|pod| pod.template_hash == function.template_hash && pod.deleting.is_none())
    };
    match present().any(|pod| pod.ready) {
        true => None,
        false => present().filter_map(|pod| of_pod(pod)).last(),
    }
}

/// Whether it is known how a deployment went: a pod of the present template is ready or in trouble, or none is wanted.
pub fn is_settled(snapshot: &Snapshot, function: &FunctionState) -> bool {
    let ready = |pod: &Pod| pod.ready && pod.template_hash == function.template_hash;
    function.replicas == 0
        || snapshot.pods_of(function.id).any(|pod| ready(pod))
        || of_function(snapshot, function).is_some()
}
