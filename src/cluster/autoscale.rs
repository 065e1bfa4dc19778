//! When which scaler looks, and what follows from what it decides.

use super::action::Action;
use super::event::PodSample;
use super::function::{FunctionId, FunctionName};
use super::happenings::Kind;
use super::metering::PodMeter;
use super::pod::{Container, Pod, PodPhase, PodUid};
use super::routing::Counters;
use super::scaling::alert::{self, Notice};
use super::scaling::decision::{Decision, Scaler};
use super::scaling::hpa::{
    CustomMetrics, HpaSpec, MetricSpec, PodPhase as HpaPhase, PodState, PodUsage, TargetState,
};
use super::scaling::{idle, per_request};
use super::state::Function;
use super::time::Time;
use super::{Cluster, Timer};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Cluster {
    /// A scrape came back: meters run on, and OpenFaaS' scalers look.
    pub(super) fn scraped(
        &mut self,
        now: Time,
        mut samples: Vec<PodSample>,
        counters: &[(FunctionId, Counters)],
    ) {
        let closes = now >= self.metrics_due;
        if closes {
            self.metrics_due = now + self.settings.metrics_interval;
        }
        samples.sort_by_key(|s| s.uid);
        // Function by function: the pods of one mostly follow each other, and each meter is touched once.
        let mut next = 0;
        for f in self.functions.values_mut() {
            for uid in &f.pods {
                if samples.get(next).is_none_or(|s| s.uid != *uid) {
                    next = samples.partition_point(|s| s.uid < *uid);
                }
                let Some(sample) = samples.get(next).filter(|s| s.uid == *uid) else { continue };
                f.meter.add_cpu(f.pod_meters.entry(*uid).or_default().observe(sample));
                next += 1;
            }
            if closes {
                f.pod_meters.values_mut().for_each(PodMeter::close_window);
            }
        }
        for (function, counters) in counters {
            let Some(f) = self.functions.get_mut(function) else { continue };
            f.meter.observe(now, counters);
            if f.replicas == 0 && f.meter.queued > 0 {
                self.no_pod(now, *function);
            } else {
                self.look_at_labels(now, *function);
            }
        }
    }

    /// The HPA's period is over.
    pub(super) fn look_at_hpa(&mut self, now: Time, due: Time, function: FunctionId) {
        let settings = self.settings.clone();
        let Some(f) = self.functions.get(&function).filter(|f| f.hpa_due == due) else { return };
        let Some(hpa) = &f.hpa else { return };
        let custom = self.objects(now, f, &hpa.spec);
        let pods = self.pod_states(now, f, &hpa.spec);
        let status_replicas = pods.iter().filter(|p| !p.deleting).count();
        let target = TargetState {
            spec_replicas: f.replicas,
            status_replicas: u32::try_from(status_replicas).unwrap_or(u32::MAX),
            pods: &pods,
            custom: &custom,
        };
        let object = format!("horizontalpodautoscaler/{}", f.spec.name);
        let Some(f) = self.functions.get_mut(&function) else { return };
        let Some(hpa) = &mut f.hpa else { return };
        let sync = hpa.sync(now, &settings.hpa, &target);
        f.hpa_due = now + settings.hpa.sync_period;
        self.timers.insert((f.hpa_due, Timer::Hpa(function)));
        for event in sync.events {
            let kind = if event.warning { Kind::Warning } else { Kind::Normal };
            self.note(now, function, object.clone(), kind, &event.reason, event.message);
        }
        self.decided(now, function, sync.decision);
    }

    /// What the gateway counts of the functions that an HPA's object metrics name: those of its namespace.
    fn objects(&self, now: Time, f: &Function, spec: &HpaSpec) -> CustomMetrics {
        let mut custom = CustomMetrics::default();
        for metric in &spec.metrics {
            if let MetricSpec::Object { metric, object, .. } = metric {
                let name = FunctionName { namespace: f.spec.namespace.clone(), name: object.name.clone() };
                let described = self.find(&name).and_then(|id| self.functions.get(&id));
                if let Some(value) = described.and_then(|f| f.meter.metric(metric, now)) {
                    custom.objects.insert((metric.clone(), object.name.clone()), value);
                }
            }
        }
        custom
    }

    fn pod_states(&self, now: Time, f: &Function, spec: &HpaSpec) -> Vec<PodState> {
        let mine = || f.pods_of(&self.pods);
        // The gateway's counts belong to no pod: each ready pod is shown an equal share.
        let mut share = BTreeMap::new();
        for metric in &spec.metrics {
            if let MetricSpec::Pods { metric, .. } = metric
                && let Some(total) = f.meter.metric(metric, now)
            {
                let ready = i64::try_from(mine().filter(|p| p.ready).count()).unwrap_or(i64::MAX);
                share.insert(metric.clone(), total / ready.max(1));
            }
        }
        mine()
            .map(|pod| {
                let usage = f.pod_meters.get(&pod.uid).and_then(|m| m.usage);
                pod_state(pod, usage, if pod.ready { share.clone() } else { BTreeMap::new() })
            })
            .collect()
    }

    /// OpenFaaS' scaler looks at a function that it is in charge of.
    fn look_at_labels(&mut self, now: Time, function: FunctionId) {
        let interval = self.scrape_interval();
        let edition = self.settings.edition;
        let Some(f) = self.functions.get_mut(&function) else { return };
        match f.scaler(edition) {
            Scaler::OpenFaasPro => {
                let ready = f.pods_of(&self.pods).filter(|p| p.ready).count();
                let ready = u32::try_from(ready).unwrap_or(u32::MAX);
                let load = f.meter.load(f.labels.kind, now);
                let idle_for = f.meter.idle_for(now);
                let mut decision = f.pro.evaluate(now, f.replicas, ready, load, idle_for, &f.labels);
                decision.next_look = Some(now + interval);
                if decision.scaler == Scaler::Idle && decision.changed() {
                    self.close_if_idle(function, decision);
                } else {
                    self.decided(now, function, decision);
                }
            }
            Scaler::OpenFaasCe => {
                if f.meter.alert.next_look() > now {
                    return;
                }
                let notice = f.meter.alert.tick(now);
                let mut decision = match notice {
                    Some(Notice::Firing) => alert::step(now, f.replicas, &f.labels),
                    Some(Notice::Resolved) => alert::resolve(now, f.replicas, &f.labels),
                    None => alert::quiet(now, f.replicas, &f.labels),
                };
                decision.working.insert(0, f.meter.alert.seen());
                decision.next_look = Some(f.meter.alert.next_look());
                self.decided(now, function, decision);
            }
            _ => {}
        }
    }

    /// Asks the gateway to close the function unless a request came meanwhile: a request and a stop cannot
    /// race.
    fn close_if_idle(&mut self, function: FunctionId, decision: Decision) {
        let Some(f) = self.functions.get_mut(&function) else { return };
        if f.closing.is_none() {
            f.closing = Some(Arc::new(decision));
            self.actions.push_back(Action::CloseIfIdle { function, since: f.meter.last_activity });
        }
    }

    pub(super) fn closed(&mut self, now: Time, function: FunctionId) {
        let Some(f) = self.functions.get_mut(&function) else { return };
        if let Some(decision) = f.closing.take() {
            self.decided(now, function, Arc::unwrap_or_clone(decision));
        }
    }

    pub(super) fn still_used(&mut self, function: FunctionId, since: Time) {
        let Some(f) = self.functions.get_mut(&function) else { return };
        f.closing = None;
        f.meter.last_activity = f.meter.last_activity.max(since);
    }

    /// A request found no pod. At zero replicas that wakes the function; otherwise one is on its way.
    pub(super) fn no_pod(&mut self, now: Time, function: FunctionId) {
        let Some(f) = self.functions.get(&function) else { return };
        if f.scaler(self.settings.edition) == Scaler::PerRequest {
            let decision = per_request::none_idle(now, f.replicas, &f.labels);
            self.decided(now, function, decision);
        } else if f.replicas == 0 {
            let decision = idle::wake(now, &f.labels);
            self.decided(now, function, decision);
        }
    }

    /// A pod that is scaled per request was used at `since`: it may go when its keep-alive is over.
    pub(super) fn keep_pod(&mut self, uid: PodUid, since: Time) {
        let Some(f) = self.pods.get(&uid).and_then(|p| self.functions.get(&p.function)) else { return };
        if f.scaler(self.settings.edition) == Scaler::PerRequest {
            self.timers.insert((since + f.labels.zero_duration, Timer::KeepAlive(uid)));
        }
    }

    /// A pod's keep-alive is over unless it was used meanwhile; the gateway knows.
    pub(super) fn keep_alive_over(&mut self, now: Time, due: Time, uid: PodUid) {
        let Some(pod) = self.pods.get(&uid).filter(|p| p.ready && p.deleting.is_none()) else { return };
        let function = pod.function;
        let Some(f) = self.functions.get(&function) else { return };
        if f.scaler(self.settings.edition) != Scaler::PerRequest {
            return;
        }
        match per_request::keep_alive(f.replicas, &f.labels) {
            Some(keep) => {
                self.actions.push_back(Action::ExpirePodIfIdle { function, uid, since: due.before(keep) });
            }
            None => self.keep_pod(uid, now),
        }
    }

    pub(super) fn pod_expired(&mut self, now: Time, uid: PodUid) {
        let Some(function) = self.pods.get(&uid).map(|p| p.function) else { return };
        self.delete_pod(now, uid);
        let Some(f) = self.functions.get(&function) else { return };
        let decision = per_request::expired(now, f.replicas, &f.labels);
        self.decided(now, function, decision);
    }

    /// Writes a decision down, and does what it says.
    pub(super) fn decided(&mut self, now: Time, function: FunctionId, decision: Decision) {
        let history = self.settings.history;
        let Some(f) = self.functions.get_mut(&function) else { return };
        let decision = Arc::new(decision);
        f.remember(decision.clone(), history);
        self.actions.push_back(Action::Decided { function, decision: decision.clone() });
        if !decision.changed() {
            return;
        }
        let Some(f) = self.functions.get_mut(&function) else { return };
        let (from, to) = (f.replicas, decision.to);
        f.replicas = to;
        if to > from {
            // It was given pods: the quiet time before it may go to zero begins anew.
            f.meter.last_activity = f.meter.last_activity.max(now);
            f.closing = None;
        }
        let set = format!("{}-{}", f.spec.name, f.template_hash);
        let word = if to > from { "up" } else { "down" };
        let text = format!("Scaled {word} replica set {set} from {from} to {to}");
        self.note_deployment(now, function, "ScalingDecision", decision.sentence());
        self.note_deployment(now, function, "ScalingReplicaSet", text);
        self.persist(function);
        self.reconcile(now, function);
    }

    /// Gives a function an HPA; it looks first after one period, as Kubernetes' does.
    pub(super) fn start_hpa(&mut self, now: Time, function: FunctionId) {
        let period = self.settings.hpa.sync_period;
        if let Some(f) = self.functions.get_mut(&function) {
            f.hpa_due = now + period;
            self.timers.insert((now + period, Timer::Hpa(function)));
        }
    }
}

fn pod_state(pod: &Pod, usage: Option<PodUsage>, custom: BTreeMap<String, i64>) -> PodState {
    PodState {
        name: pod.name.clone(),
        phase: match (pod.phase, &pod.container) {
            (PodPhase::Failed, _) => HpaPhase::Failed,
            (PodPhase::Pending, _) => HpaPhase::Pending,
            (PodPhase::Running, _) => HpaPhase::Running,
        },
        deleting: pod.deleting.is_some(),
        ready: pod.started.map(|_| pod.ready),
        started: pod.started,
        ready_changed: pod.ready_changed.or(pod.started),
        cpu_request: pod.spec.requests.cpu,
        memory_request: pod.spec.requests.memory,
        usage: usage.filter(|_| matches!(pod.container, Container::Running { .. })),
        custom,
    }
}

impl Function {
    /// Drops what is known of pods that are gone.
    pub(super) fn forget_pod(&mut self, uid: PodUid) {
        self.pods.remove(&uid);
        self.pod_meters.remove(&uid);
    }
}
