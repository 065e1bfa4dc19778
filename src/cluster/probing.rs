//! What probes change: a pod that fails its readiness probe gets no requests, one that fails its liveness probe is
//! started again.

use super::Cluster;
use super::action::Action;
use super::happenings::Kind;
use super::pod::{Container, PodUid};
use super::probe::Probes;
use super::time::Time;

impl Cluster {
    /// Asks for a pod's probes, as its container runs now.
    pub(super) fn probe_pod(&mut self, uid: PodUid) {
        let edition = self.settings.edition;
        let Some(pod) = self.pod_mut(uid) else { return };
        let Some(address) = pod.address.clone() else { return };
        // They were checked when they came in; a record from another version falls back to the defaults.
        let (probes, _) = Probes::read(&pod.spec.annotations, edition).unwrap_or_default();
        pod.probed = probes.readiness.is_some().then_some(false);
        self.actions.push_back(Action::ProbePod { uid, address, probes });
    }

    pub(super) fn pod_probed(&mut self, now: Time, uid: PodUid, ready: bool, message: &str) {
        let Some(pod) = self.pod_mut(uid) else { return };
        if pod.probed.is_none() {
            return;
        }
        pod.probed = Some(ready);
        match ready {
            true => self.open_if_ready(now, uid),
            false => self.close_pod(now, uid, message),
        }
    }

    pub(super) fn pod_unhealthy(&mut self, now: Time, uid: PodUid, message: &str) {
        let grace = self.settings.termination_grace;
        let Some(pod) = self.pod_mut(uid) else { return };
        if pod.unhealthy || pod.deleting.is_some() || !matches!(pod.container, Container::Running { .. }) {
            return;
        }
        pod.unhealthy = true;
        let (function, was_ready, name) = (pod.function, pod.ready, pod.spec.name.clone());
        if was_ready {
            pod.ready = false;
            pod.ready_changed = Some(now);
            self.actions.push_back(Action::ClosePod { function, uid });
        }
        self.note_pod(now, uid, Kind::Warning, "Unhealthy", format!("Liveness probe failed: {message}"));
        let text = format!("Container {name} failed liveness probe, will be restarted");
        self.note_pod(now, uid, Kind::Normal, "Killing", text);
        self.actions.push_back(Action::EndContainer { uid, grace });
    }
}
