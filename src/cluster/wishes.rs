//! What a person's or a client's wish changes, and when it is refused.

use super::action::Action;
use super::command::{Command, Refusal, Reply};
use super::function::{FunctionId, FunctionName, FunctionSpec};
use super::metering::{self, FunctionMeter};
use super::pod::Deleting;
use super::probe::Probes;
use super::record::Record;
use super::scaling::alert;
use super::scaling::decision::{Decision, Scaler};
use super::scaling::hpa::{Hpa, HpaSpec, MetricSpec};
use super::scaling::openfaas::{Edition, ProScaler, ScaleLabels};
use super::state::Function;
use super::time::Time;
use super::{Cluster, Names, timeouts};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Labels with this prefix are OpenFaaS' scaling rules.
const SCALE_LABEL: &str = "com.openfaas.scale.";
/// Set by a restart, so that the template's hash changes (as kubectl does with an annotation of its own).
const RESTARTED_AT: &str = "faasim.dev/restarted-at";
/// How many templates `rollout undo` can go back to (Kubernetes' `revisionHistoryLimit`).
const REVISIONS: usize = 10;

impl Cluster {
    /// Carries out a wish.
    ///
    /// # Errors
    /// The [`Refusal`] says what is wrong with it; nothing has changed then.
    pub fn apply(&mut self, now: Time, command: Command) -> Result<Reply, Refusal> {
        match command {
            Command::Deploy(spec) => self.deploy(now, spec),
            Command::Update(spec) => self.update(now, spec),
            Command::Remove(name) => self.remove(now, &name),
            Command::Scale { function, replicas } => self.scale(now, &function, replicas),
            Command::Autoscale { function, spec, replace } => self.autoscale(now, &function, spec, replace),
            Command::DeleteHpa(name) => self.delete_hpa(now, &name),
            Command::DeletePod { name } => self.delete_pod_named(now, &name),
            Command::Restart(name) => self.restart(now, &name),
            Command::Undo { function, to_revision } => self.undo(now, &function, to_revision),
            Command::CreateNamespace(namespace) => self.create_namespace(namespace),
            Command::UpdateNamespace(namespace) => self.update_namespace(namespace),
            Command::RemoveNamespace(name) => self.remove_namespace(now, &name),
            Command::Alert { function, firing } => self.alert(now, &function, firing),
        }
    }

    fn existing(&self, name: &FunctionName) -> Result<FunctionId, Refusal> {
        self.find(name).ok_or_else(|| Refusal::no_function(name))
    }

    fn read_labels(&self, spec: &FunctionSpec) -> Result<(ScaleLabels, Vec<String>), Refusal> {
        let (labels, ignored) = ScaleLabels::read(&spec.labels, self.settings.edition)
            .map_err(|e| Refusal::invalid(format!("labels: {e}")))?;
        let most = self.settings.max_replicas;
        if labels.min > most {
            return Err(Refusal::invalid(format!(
                "labels: {SCALE_LABEL}min is {}, and this cluster runs at most {most} pods of a function",
                labels.min
            )));
        }
        Ok((labels, ignored))
    }

    fn deploy(&mut self, now: Time, spec: FunctionSpec) -> Result<Reply, Refusal> {
        spec.validate()?;
        let name = spec.full_name();
        self.within_namespace(&name.namespace)?;
        if self.find(&name).is_some() {
            return Err(Refusal::Conflict(format!(
                "function `{}` already exists in namespace `{}`: update it instead",
                name.name, name.namespace
            )));
        }
        let (labels, ignored_labels) = self.read_labels(&spec)?;
        let ignored_probes = self.read_probes(&spec)?;
        let id = FunctionId(self.next_function);
        self.next_function += 1;
        let replicas = labels.min.max(1);
        let f = new_function(now, id, Arc::new(spec), replicas, labels, ignored_labels);
        self.add(f);
        self.persist(id);
        let text = format!("Scaled up replica set {} from 0 to {replicas}", self.replica_set(id));
        self.note_deployment(now, id, "ScalingReplicaSet", text);
        self.reconcile(now, id);
        let mut reply = self.notes(id);
        reply.notes.extend(ignored_probes);
        reply.notes.extend(self.time_out_advice(id));
        Ok(reply)
    }

    fn read_probes(&self, spec: &FunctionSpec) -> Result<Vec<String>, Refusal> {
        let read = Probes::read(&spec.annotations, self.settings.edition);
        read.map(|(_, notes)| notes).map_err(|e| Refusal::invalid(format!("annotations: {e}")))
    }

    fn time_out_advice(&self, id: FunctionId) -> Vec<String> {
        self.functions.get(&id).map_or_else(Vec::new, |f| timeouts::advice(self.settings.gateway, &f.spec))
    }

    /// Puts a function into the cluster and opens it to requests.
    pub(super) fn add(&mut self, f: Function) {
        let (id, name) = (f.id, f.name());
        let action = Action::OpenFunction { function: id, name: name.clone(), spec: f.spec.clone() };
        self.actions.push_back(action);
        let Names(names) = &mut self.names;
        names.insert(name, id);
        self.functions.insert(id, f);
    }

    fn replica_set(&self, id: FunctionId) -> String {
        self.functions.get(&id).map_or(String::new(), |f| format!("{}-{}", f.spec.name, f.template_hash))
    }

    fn update(&mut self, now: Time, mut spec: FunctionSpec) -> Result<Reply, Refusal> {
        spec.validate()?;
        let id = self.existing(&spec.full_name())?;
        let mut notes = Vec::new();
        if self.settings.edition == Edition::Ce
            && let Some(f) = self.functions.get(&id)
        {
            // CE keeps the scaling labels of the first deployment (the study's E11).
            let kept = |labels: &BTreeMap<String, String>| -> BTreeMap<String, String> {
                labels
                    .iter()
                    .filter(|(k, _)| k.starts_with(SCALE_LABEL))
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect()
            };
            let (first, wished) = (kept(&f.spec.labels), kept(&spec.labels));
            if first != wished {
                notes.push(format!(
                    "OpenFaaS CE keeps the scaling labels of the first deployment; remove `{}` and deploy it \
                     again to change them",
                    spec.name
                ));
            }
            spec.labels.retain(|k, _| !k.starts_with(SCALE_LABEL));
            spec.labels.extend(first);
        }
        let (labels, ignored) = self.read_labels(&spec)?;
        notes.extend(self.read_probes(&spec)?);
        let spec = Arc::new(spec);
        let Some(f) = self.functions.get_mut(&id) else { return Ok(Reply::default()) };
        f.labelled = is_labelled(&spec);
        f.ignored_labels = ignored;
        if f.spec != spec {
            f.generation += 1;
        }
        let (low, high) = (labels.min, labels.max);
        f.labels = labels;
        self.set_template(now, id, spec.clone());
        self.actions.push_back(Action::OpenFunction { function: id, name: spec.full_name(), spec });
        let Some(f) = self.functions.get(&id) else { return Ok(Reply::default()) };
        for uid in f.pods.clone() {
            // Its rule may be another one from now on.
            self.keep_pod(uid, now);
        }
        let Some(f) = self.functions.get(&id) else { return Ok(Reply::default()) };
        let clamped = f.replicas.clamp(low, high.max(low));
        if f.labelled && f.hpa.is_none() && f.replicas > 0 && clamped != f.replicas {
            let why = format!("the labels now say {low} to {high}");
            let decision = Decision::plain(now, Scaler::Person, f.replicas, clamped, why);
            self.decided(now, id, decision);
        }
        self.persist(id);
        self.reconcile(now, id);
        let mut reply = self.notes(id);
        reply.notes.extend(notes);
        reply.notes.extend(self.time_out_advice(id));
        Ok(reply)
    }

    /// Makes `spec` the present template; a new hash begins a rolling update.
    fn set_template(&mut self, now: Time, id: FunctionId, spec: Arc<FunctionSpec>) {
        let Some(f) = self.functions.get_mut(&id) else { return };
        let hash = spec.template_hash();
        f.spec = spec.clone();
        if hash == f.template_hash {
            if let Some((_, last)) = f.revisions.last_mut() {
                *last = spec;
            }
            return;
        }
        f.template_hash = hash;
        let number = f.revisions.last().map_or(0, |(n, _)| *n) + 1;
        // Going back to an earlier template gives it a new number, as Kubernetes does.
        f.revisions.retain(|(_, s)| s.template_hash() != f.template_hash);
        f.revisions.push((number, spec));
        let surplus = f.revisions.len().saturating_sub(REVISIONS);
        f.revisions.drain(..surplus);
        let text = format!("Created new replica set {}-{}", f.spec.name, f.template_hash);
        self.note_deployment(now, id, "NewReplicaSetCreated", text);
    }

    fn remove(&mut self, now: Time, name: &FunctionName) -> Result<Reply, Refusal> {
        let id = self.existing(name)?;
        let grace = self.settings.termination_grace;
        self.note_deployment(now, id, "Deleted", format!("Deleted function {}", name.name));
        let Some(f) = self.functions.remove(&id) else { return Ok(Reply::default()) };
        self.names.0.remove(name);
        self.actions.push_back(Action::ForgetFunction { function: id });
        for uid in f.pods {
            // What is in flight may end; the watchdog sees to it when it is asked to stop.
            if let Some(pod) = self.pod_mut(uid) {
                let stopping = pod.deleting.is_some_and(|d| d.stopping);
                pod.ready = false;
                pod.deleting = Some(Deleting { since: now, deadline: now + grace, stopping: true });
                if !stopping {
                    self.actions.push_back(Action::StopPod { uid, grace });
                }
            }
        }
        self.actions.push_back(Action::Persist(Record::NoFunction(name.clone())));
        Ok(Reply::default())
    }

    fn scale(&mut self, now: Time, name: &FunctionName, replicas: u32) -> Result<Reply, Refusal> {
        let id = self.existing(name)?;
        self.within_size(replicas, "replicas")?;
        let Some(f) = self.functions.get(&id) else { return Ok(Reply::default()) };
        let mut notes = Vec::new();
        let scaler = f.scaler(self.settings.edition);
        if scaler != Scaler::Person && replicas > 0 {
            notes.push(format!("`{}` is scaled by {scaler}, which may change this again", name.name));
        }
        let decision = Decision::plain(now, Scaler::Person, f.replicas, replicas, "");
        if decision.changed() {
            self.decided(now, id, decision);
        }
        Ok(Reply { notes })
    }

    fn within_size(&self, replicas: u32, field: &str) -> Result<(), Refusal> {
        let most = self.settings.max_replicas;
        if replicas > most {
            return Err(Refusal::invalid(format!(
                "{field}: {replicas} is more than the {most} pods that this cluster runs of a function \
                 (setting pods.max-replicas)"
            )));
        }
        Ok(())
    }

    fn autoscale(
        &mut self,
        now: Time,
        name: &FunctionName,
        spec: HpaSpec,
        replace: bool,
    ) -> Result<Reply, Refusal> {
        let id = self.existing(name)?;
        spec.check().map_err(|e| Refusal::invalid(e.to_string()))?;
        self.within_size(spec.max_replicas, "maxReplicas")?;
        let Some(f) = self.functions.get_mut(&id) else { return Ok(Reply::default()) };
        let changed = match &mut f.hpa {
            Some(_) if !replace => {
                return Err(Refusal::Conflict(format!(
                    "horizontalpodautoscalers.autoscaling \"{0}\" already exists: change it with `faasim edit \
                     hpa {0}`, or delete it with `faasim delete hpa {0}`",
                    name.name
                )));
            }
            Some(hpa) => {
                let spec = spec.with_defaults();
                if hpa.spec == spec {
                    return Ok(self.notes(id));
                }
                hpa.spec = spec;
                true
            }
            None => {
                f.hpa = Some(Hpa::new(spec, now));
                f.pro = ProScaler::default();
                f.closing = None;
                false
            }
        };
        if changed {
            // Not an event of the autoscaler: Kubernetes makes none for an edit.
            self.note_deployment(now, id, "AutoscalerEdited", "Changed its autoscaler's spec".into());
        } else {
            self.start_hpa(now, id);
        }
        self.persist(id);
        Ok(self.notes(id))
    }

    fn delete_hpa(&mut self, now: Time, name: &FunctionName) -> Result<Reply, Refusal> {
        let id = self.existing(name)?;
        let Some(f) = self.functions.get_mut(&id) else { return Ok(Reply::default()) };
        if f.hpa.take().is_none() {
            return Err(Refusal::NotFound(format!(
                "horizontalpodautoscalers.autoscaling \"{}\" not found",
                name.name
            )));
        }
        self.note_deployment(now, id, "Deleted", "Deleted its autoscaler".into());
        self.persist(id);
        Ok(self.notes(id))
    }

    fn delete_pod_named(&mut self, now: Time, name: &str) -> Result<Reply, Refusal> {
        let found = self.pods.values().find(|p| p.name == name).map(|p| (p.uid, p.function));
        let Some((uid, function)) = found else {
            return Err(Refusal::NotFound(format!("pods \"{name}\" not found")));
        };
        self.delete_pod(now, uid);
        self.reconcile(now, function);
        Ok(Reply::default())
    }

    fn restart(&mut self, now: Time, name: &FunctionName) -> Result<Reply, Refusal> {
        let id = self.existing(name)?;
        let Some(f) = self.functions.get(&id) else { return Ok(Reply::default()) };
        let mut spec = FunctionSpec::clone(&f.spec);
        spec.annotations.insert(RESTARTED_AT.into(), now.rfc3339_exact());
        self.set_template(now, id, Arc::new(spec));
        self.persist(id);
        self.reconcile(now, id);
        Ok(Reply::default())
    }

    fn undo(&mut self, now: Time, name: &FunctionName, to: Option<u32>) -> Result<Reply, Refusal> {
        let id = self.existing(name)?;
        let Some(f) = self.functions.get(&id) else { return Ok(Reply::default()) };
        let earlier = match to {
            Some(number) => f.revisions.iter().find(|(n, _)| *n == number),
            None => f.revisions.len().checked_sub(2).and_then(|i| f.revisions.get(i)),
        };
        let Some((_, spec)) = earlier else {
            let have: Vec<String> = f.revisions.iter().map(|(n, _)| n.to_string()).collect();
            return Err(Refusal::NotFound(match to {
                Some(number) => {
                    format!("`{}` has no revision {number}; it has {}", name.name, have.join(", "))
                }
                None => format!("`{}` has no earlier revision to go back to", name.name),
            }));
        };
        let spec = FunctionSpec { labels: f.spec.labels.clone(), ..FunctionSpec::clone(spec) };
        self.set_template(now, id, Arc::new(spec));
        self.persist(id);
        self.reconcile(now, id);
        Ok(Reply::default())
    }

    fn alert(&mut self, now: Time, name: &FunctionName, firing: bool) -> Result<Reply, Refusal> {
        let id = self.existing(name)?;
        let Some(f) = self.functions.get(&id) else { return Ok(Reply::default()) };
        let scaler = f.scaler(self.settings.edition);
        if scaler == Scaler::Hpa || scaler == Scaler::OpenFaasPro {
            return Ok(Reply {
                notes: vec![format!("`{}` is scaled by {scaler}: the alert has no effect", name.name)],
            });
        }
        let decision = if firing {
            alert::step(now, f.replicas, &f.labels)
        } else {
            alert::resolve(now, f.replicas, &f.labels)
        };
        self.decided(now, id, decision);
        Ok(Reply::default())
    }

    /// What a person should know after a change: who is in charge of scaling, what is ignored or missing.
    fn notes(&self, id: FunctionId) -> Reply {
        let Some(f) = self.functions.get(&id) else { return Reply::default() };
        let mut notes = Vec::new();
        let name = &f.spec.name;
        match f.scaler(self.settings.edition) {
            Scaler::Person => {}
            _ => notes.push(f.state(&self.pods, &self.settings).in_charge()),
        }
        if f.hpa.as_ref().is_some_and(|h| h.spec.needs_cpu_request()) && f.spec.requests.cpu.is_none() {
            notes.push(format!(
                "`{name}` has no CPU request, and a percentage is a share of it: TARGETS stays <unknown> until \
                 you deploy it with `requests: {{cpu: 10m}}`"
            ));
        }
        for metric in f.hpa.iter().flat_map(|h| &h.spec.metrics) {
            let known = format!("the gateway counts {} of each function", metering::METRICS.join(" and "));
            match metric {
                MetricSpec::Pods { metric, .. } | MetricSpec::Object { metric, .. }
                    if !metering::METRICS.contains(&metric.as_str()) =>
                {
                    notes.push(format!(
                        "`{name}`: nobody measures `{metric}` here, so its target stays <unknown>: {known}"
                    ));
                }
                MetricSpec::External { metric, .. } => notes.push(format!(
                    "`{name}`: there are no external metrics here, so the target of `{metric}` stays <unknown>: {known}"
                )),
                _ => {}
            }
        }
        notes.extend(f.ignored_labels.iter().cloned());
        Reply { notes }
    }
}

fn is_labelled(spec: &FunctionSpec) -> bool {
    spec.labels.keys().any(|k| k.starts_with(SCALE_LABEL))
}

/// A function with nothing behind it yet.
pub(super) fn new_function(
    now: Time,
    id: FunctionId,
    spec: Arc<FunctionSpec>,
    replicas: u32,
    labels: ScaleLabels,
    ignored_labels: Vec<String>,
) -> Function {
    Function {
        id,
        template_hash: spec.template_hash(),
        created: now,
        replicas,
        generation: 1,
        revisions: vec![(1, spec.clone())],
        pods: BTreeSet::new(),
        hpa: None,
        hpa_due: Time::ZERO,
        labels,
        labelled: is_labelled(&spec),
        ignored_labels,
        pro: ProScaler::default(),
        meter: FunctionMeter::new(now),
        pod_meters: BTreeMap::new(),
        closing: None,
        decisions: VecDeque::new(),
        spec,
    }
}
