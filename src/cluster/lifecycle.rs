//! What an event about a pod changes.

use super::action::Action;
use super::function::{FunctionId, SAFE_ALPHABET};
use super::happenings::Kind;
use super::pod::{Container, Deleting, Exit, Pod, PodPhase, PodUid};
use super::time::Time;
use super::{Cluster, Timer};
use rand::RngExt;
use std::sync::Arc;
use std::time::Duration;

/// A container that ran this long before it failed begins its back-off anew (Kubernetes: 10 min).
const BACKOFF_FORGIVEN: Duration = Duration::from_secs(600);

impl Cluster {
    /// Makes one more pod of a function and asks for its start.
    pub(super) fn create_pod(&mut self, now: Time, function: FunctionId) {
        let Some(f) = self.functions.get(&function) else { return };
        let request = f.spec.requests.cpu;
        let node = self.place(function, request);
        self.load_node(node, request, true);
        let letters: String =
            (0..5).map(|_| SAFE_ALPHABET[self.rng.random_range(0..SAFE_ALPHABET.len())] as char).collect();
        let Some(f) = self.functions.get_mut(&function) else { return };
        let uid = PodUid(self.next_pod);
        self.next_pod += 1;
        let pod = Pod {
            uid,
            name: format!("{}-{}-{letters}", f.spec.name, f.template_hash),
            function,
            spec: f.spec.clone(),
            template_hash: f.template_hash.clone(),
            node,
            phase: PodPhase::Pending,
            container: Container::Creating,
            ready: false,
            reported: false,
            probed: None,
            unhealthy: false,
            ready_changed: None,
            created: now,
            started: None,
            restarts: 0,
            failures: 0,
            last_exit: None,
            deleting: None,
            address: None,
            adopted: false,
        };
        f.pods.insert(uid);
        let created = format!("Created pod: {}", pod.name);
        let assigned = format!(
            "Successfully assigned {}/{} to {}",
            f.spec.namespace,
            pod.name,
            self.nodes.get(usize::from(node.0)).map_or("node", |n| n.name.as_str())
        );
        self.pods.insert(uid, Arc::new(pod));
        self.note_deployment(now, function, "SuccessfulCreate", created);
        self.note_pod(now, uid, Kind::Normal, "Scheduled", assigned);
        self.start_container(uid);
    }

    fn start_container(&mut self, uid: PodUid) {
        let Some(pod) = self.pod_mut(uid) else { return };
        pod.container = Container::Creating;
        let action = Action::StartPod {
            uid,
            name: pod.name.clone(),
            function: pod.function,
            spec: pod.spec.clone(),
            template_hash: pod.template_hash.clone(),
            node: pod.node,
            restarts: pod.restarts,
        };
        self.actions.push_back(action);
    }

    pub(super) fn pod_started(&mut self, now: Time, uid: PodUid, address: String) {
        let Some(pod) = self.pod_mut(uid) else {
            // It was given up while it started; whoever started it must not keep it.
            self.actions.push_back(Action::StopPod { uid, grace: Duration::ZERO });
            return;
        };
        pod.phase = PodPhase::Running;
        pod.container = Container::Running { since: now };
        pod.address = Some(address);
        if pod.started.is_none() {
            pod.started = Some(now);
        }
        let (function, name) = (pod.function, pod.spec.name.clone());
        if let Some(f) = self.functions.get_mut(&function) {
            f.pod_meters.entry(uid).or_default().container_started(now);
        }
        self.note_pod(now, uid, Kind::Normal, "Started", format!("Started container {name}"));
        self.probe_pod(uid);
    }

    pub(super) fn pod_start_failed(&mut self, now: Time, uid: PodUid, reason: String, message: String) {
        let settings = self.settings.clone();
        let Some(pod) = self.pod_mut(uid) else { return };
        if pod.deleting.is_some() {
            return self.stop_now(now, uid);
        }
        pod.failures = pod.failures.saturating_add(1);
        let until = now + backoff(pod.failures, settings.backoff_initial, settings.backoff_max);
        pod.ready = false;
        // As the kubelet words it: a pull that failed, then the wait for another attempt.
        let again = reason == "ErrImagePull" && pod.failures > 1;
        let shown = if again { "ImagePullBackOff".into() } else { reason.clone() };
        pod.container = Container::Waiting { reason: shown, message: message.clone(), until };
        let image = pod.spec.image.clone();
        let function = pod.function;
        // A request may have been waiting for this very pod.
        self.actions.push_back(Action::ForgetPod { function, uid });
        self.timers.insert((until, Timer::Restart(uid)));
        let event = if reason == "ErrImageNeverPull" { "ErrImageNeverPull" } else { "Failed" };
        self.note_pod(now, uid, Kind::Warning, event, message);
        if again {
            self.note_pod(now, uid, Kind::Normal, "BackOff", format!("Back-off pulling image \"{image}\""));
        }
    }

    pub(super) fn pod_ready(&mut self, now: Time, uid: PodUid) {
        if let Some(pod) = self.pod_mut(uid) {
            pod.reported = true;
        }
        self.open_if_ready(now, uid);
    }

    /// Opens a pod to requests once everybody who has a say agrees.
    pub(super) fn open_if_ready(&mut self, now: Time, uid: PodUid) {
        let Some(pod) = self.pod_mut(uid) else { return };
        let Some(address) = pod.address.clone() else { return };
        let agreed = pod.reported && pod.probed != Some(false) && !pod.unhealthy;
        if pod.ready || pod.deleting.is_some() || !agreed {
            return;
        }
        pod.ready = true;
        pod.ready_changed = Some(now);
        let function = pod.function;
        self.actions.push_back(Action::OpenPod { function, uid, address });
        self.keep_pod(uid, now);
        self.reconcile(now, function);
    }

    pub(super) fn pod_unready(&mut self, now: Time, uid: PodUid, message: &str) {
        if let Some(pod) = self.pod_mut(uid) {
            pod.reported = false;
        }
        self.close_pod(now, uid, message);
    }

    /// No new request goes to a pod that was ready.
    pub(super) fn close_pod(&mut self, now: Time, uid: PodUid, message: &str) {
        let Some(pod) = self.pod_mut(uid) else { return };
        if !pod.ready || pod.deleting.is_some() {
            return;
        }
        pod.ready = false;
        pod.ready_changed = Some(now);
        let function = pod.function;
        self.actions.push_back(Action::ClosePod { function, uid });
        let text = format!("Readiness probe failed: {message}");
        self.note_pod(now, uid, Kind::Warning, "Unhealthy", text);
    }

    pub(super) fn pod_exited(&mut self, now: Time, uid: PodUid, exit: Exit) {
        let settings = self.settings.clone();
        let Some(pod) = self.pod_mut(uid) else { return };
        let function = pod.function;
        if pod.ready {
            pod.ready = false;
            pod.ready_changed = Some(now);
        }
        pod.reported = false;
        pod.probed = pod.probed.map(|_| false);
        // Ended because its probe fails, it is started again in place.
        let ended_by_us = std::mem::take(&mut pod.unhealthy);
        pod.last_exit = Some((exit.clone(), now));
        self.actions.push_back(Action::ForgetPod { function, uid });
        let Some(pod) = self.pod_mut(uid) else { return };
        if pod.deleting.is_some() {
            return self.stop_now(now, uid);
        }
        if exit.killed_from_outside() && !ended_by_us {
            // As when a node loses a container for good: the pod is over, another takes its place.
            pod.phase = PodPhase::Failed;
            pod.deleting = Some(Deleting { since: now, deadline: now, stopping: false });
            let text = format!("Pod {} was killed from outside; another takes its place", pod.name);
            self.note_pod(now, uid, Kind::Warning, "Killed", text);
            self.stop_now(now, uid);
            return self.reconcile(now, function);
        }
        if let Container::Running { since } = pod.container
            && now - since >= BACKOFF_FORGIVEN
        {
            pod.failures = 0;
        }
        // As the kubelet does it: the first restart is at once, the following ones wait 10 s, 20 s, 40 s …
        let wait = match pod.failures {
            0 => Duration::ZERO,
            n => backoff(n, settings.backoff_initial, settings.backoff_max),
        };
        pod.failures = pod.failures.saturating_add(1);
        let until = now + wait;
        let message = format!(
            "back-off {} s restarting the container of pod {}: it ended with exit code {}",
            wait.as_secs(),
            pod.name,
            exit.code
        );
        pod.container =
            Container::Waiting { reason: "CrashLoopBackOff".into(), message: message.clone(), until };
        self.note_pod(now, uid, Kind::Warning, "BackOff", message);
        if wait.is_zero() {
            self.restart_due(now, uid);
        } else {
            self.timers.insert((until, Timer::Restart(uid)));
        }
    }

    pub(super) fn restart_due(&mut self, now: Time, uid: PodUid) {
        let Some(pod) = self.pod_mut(uid) else { return };
        match pod.container {
            Container::Waiting { until, .. } if until <= now && pod.deleting.is_none() => {}
            _ => return,
        }
        // A start that failed is tried again; only a container that ran counts as restarted.
        if pod.started.is_some() {
            pod.restarts += 1;
        }
        self.start_container(uid);
    }

    /// Begins a pod's end: it takes no new request, may finish what it has, and is then stopped.
    pub(super) fn delete_pod(&mut self, now: Time, uid: PodUid) {
        let grace = self.settings.termination_grace;
        let Some(pod) = self.pod_mut(uid) else { return };
        if pod.deleting.is_some() {
            return;
        }
        let deadline = now + grace;
        pod.deleting = Some(Deleting { since: now, deadline, stopping: false });
        let (function, drains) = (pod.function, pod.ready);
        let text = format!("Stopping container {}", pod.spec.name);
        self.note_pod(now, uid, Kind::Normal, "Killing", text);
        if drains {
            self.actions.push_back(Action::DrainPod { function, uid });
            self.timers.insert((deadline, Timer::Deadline(uid)));
        } else {
            self.stop_now(now, uid);
        }
    }

    pub(super) fn pod_drained(&mut self, now: Time, uid: PodUid) {
        if self.pods.get(&uid).is_some_and(|p| p.deleting.is_some()) {
            self.stop_now(now, uid);
        }
    }

    pub(super) fn deadline(&mut self, now: Time, uid: PodUid) {
        if self.pods.get(&uid).and_then(|p| p.deleting).is_some_and(|d| d.deadline <= now) {
            self.stop_now(now, uid);
        }
    }

    fn stop_now(&mut self, now: Time, uid: PodUid) {
        let Some(pod) = self.pod_mut(uid) else { return };
        let Some(deleting) = &mut pod.deleting else { return };
        if !deleting.stopping {
            deleting.stopping = true;
            // What the grace left over is the container's to end in; never less than a second.
            let grace = deleting.deadline.since(now).max(Duration::from_secs(1));
            self.actions.push_back(Action::StopPod { uid, grace });
        }
    }

    pub(super) fn pod_gone(&mut self, now: Time, uid: PodUid) {
        let Some(pod) = self.pods.remove(&uid) else { return };
        let function = pod.function;
        self.load_node(pod.node, pod.spec.requests.cpu, false);
        self.actions.push_back(Action::ForgetPod { function, uid });
        if let Some(f) = self.functions.get_mut(&function) {
            f.forget_pod(uid);
        }
        self.reconcile(now, function);
    }
}

/// `initial` doubled for each failure after the first, at most `max`.
fn backoff(failures: u32, initial: Duration, max: Duration) -> Duration {
    initial.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_to_five_minutes() {
        let of = |n| backoff(n, Duration::from_secs(10), Duration::from_secs(300)).as_secs();
        assert_eq!([1, 2, 3, 4, 5, 6, 60].map(of), [10, 20, 40, 80, 160, 300, 300]);
    }
}
