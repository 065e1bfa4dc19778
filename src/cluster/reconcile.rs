//! Desired against observed: which pods are missing, which are too many, which are out of date.

use super::Cluster;
use super::function::FunctionId;
use super::pod::{Pod, PodPhase, PodUid};
use super::time::Time;
use std::cmp::Reverse;
use std::sync::Arc;

/// Kubernetes' `maxSurge` of a rolling update, as OpenFaaS sets it; `maxUnavailable` is 0.
const MAX_SURGE: usize = 1;

impl Cluster {
    /// Brings the pods of a function towards what is wanted, one step: it is called again with each event.
    pub(super) fn reconcile(&mut self, now: Time, function: FunctionId) {
        let Some(f) = self.functions.get(&function) else { return };
        let wanted = f.replicas as usize;
        let (mut new, mut old): (Vec<&Arc<Pod>>, Vec<&Arc<Pod>>) = f
            .pods_of(&self.pods)
            .filter(|p| p.deleting.is_none() && p.phase != PodPhase::Failed)
            .partition(|p| p.template_hash == f.template_hash);
        let total = new.len() + old.len();

        let surge = if old.is_empty() { 0 } else { MAX_SURGE };
        let missing = wanted.saturating_sub(new.len());
        let create = missing.min((wanted + surge).saturating_sub(total));

        // Out-of-date pods go as soon as they are not needed to keep `wanted` pods available.
        let mut delete: Vec<PodUid> = Vec::new();
        let ready = new.iter().chain(&old).filter(|p| p.ready).count();
        let mut spare_ready = ready.saturating_sub(wanted);
        old.sort_by_key(|p| expendable_first(p));
        for pod in old {
            if !pod.ready {
                delete.push(pod.uid);
            } else if spare_ready > 0 {
                spare_ready -= 1;
                delete.push(pod.uid);
            }
        }
        let surplus = new.len().saturating_sub(wanted);
        new.sort_by_key(|p| expendable_first(p));
        delete.extend(new.iter().take(surplus).map(|p| p.uid));

        for uid in delete {
            self.delete_pod(now, uid);
        }
        for _ in 0..create {
            self.create_pod(now, function);
        }
    }
}

/// Kubernetes' order of scaling down: pods that do not run yet, then those not ready, then the ones that
/// restarted more often, then the youngest.
fn expendable_first(pod: &Pod) -> (bool, bool, Reverse<u32>, Reverse<Time>, Reverse<PodUid>) {
    (
        pod.phase == PodPhase::Running,
        pod.ready,
        Reverse(pod.restarts),
        Reverse(pod.ready_changed.unwrap_or(pod.created)),
        Reverse(pod.uid),
    )
}
