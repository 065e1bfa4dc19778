//! A function as the core keeps it.

use super::function::{FunctionId, FunctionName, FunctionSpec};
use super::metering::{FunctionMeter, PodMeter};
use super::pod::{Pod, PodUid};
use super::record::FunctionRecord;
use super::scaling::decision::{Decision, Scaler};
use super::scaling::hpa::Hpa;
use super::scaling::openfaas::{Edition, ProScaler, ScaleLabels, ScaleType};
use super::settings::Settings;
use super::snapshot::FunctionState;
use super::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Function {
    pub id: FunctionId,
    pub spec: Arc<FunctionSpec>,
    pub template_hash: String,
    pub created: Time,
    pub replicas: u32,
    pub generation: u64,
    pub revisions: Vec<(u32, Arc<FunctionSpec>)>,
    /// Its pods, stopping ones too.
    pub pods: BTreeSet<PodUid>,
    pub hpa: Option<Hpa>,
    /// When the HPA looks next; an older timer that fires is stale.
    pub hpa_due: Time,
    pub labels: ScaleLabels,
    /// It carries at least one `com.openfaas.scale.*` label, so OpenFaaS' scaler is in charge of it.
    pub labelled: bool,
    pub ignored_labels: Vec<String>,
    pub pro: ProScaler,
    pub meter: FunctionMeter,
    pub pod_meters: BTreeMap<PodUid, PodMeter>,
    /// The gateway has been asked to close it because it is idle; carried out if it does.
    pub closing: Option<Arc<Decision>>,
    pub decisions: VecDeque<Arc<Decision>>,
}

impl Function {
    pub fn name(&self) -> FunctionName {
        self.spec.full_name()
    }

    /// Its own of all pods, in the order of their numbers. They mostly follow each other, so each is looked for beside
    /// the one before.
    pub fn pods_of<'a>(&'a self, all: &'a BTreeMap<PodUid, Arc<Pod>>) -> impl Iterator<Item = &'a Arc<Pod>> {
        let mut beside = all.range(..PodUid(0));
        self.pods.iter().filter_map(move |uid| {
            let next = beside.next().filter(|(at, _)| *at == uid);
            let found = next.or_else(|| {
                beside = all.range(*uid..);
                beside.next().filter(|(at, _)| *at == uid)
            });
            found.map(|(_, pod)| pod)
        })
    }

    /// Who changes the replicas of this function by itself; `Person` when nobody does.
    pub fn scaler(&self, edition: Edition) -> Scaler {
        match (&self.hpa, self.labelled, edition) {
            (Some(_), ..) => Scaler::Hpa,
            (None, true, Edition::Pro) if self.labels.kind == ScaleType::PerRequest => Scaler::PerRequest,
            (None, true, Edition::Pro) => Scaler::OpenFaasPro,
            // CE's alert rule is one for all functions, whatever their labels.
            (None, _, Edition::Ce) => Scaler::OpenFaasCe,
            (None, false, Edition::Pro) => Scaler::Person,
        }
    }

    pub fn record(&self) -> FunctionRecord {
        FunctionRecord {
            id: self.id,
            spec: self.spec.clone(),
            created: self.created,
            replicas: self.replicas,
            generation: self.generation,
            revisions: self.revisions.clone(),
            hpa: self.hpa.as_ref().map(|h| (h.spec.clone(), h.created_at)),
        }
    }

    /// Keeps a decision to be looked at. Of a row that changed nothing only the last is kept.
    pub fn remember(&mut self, decision: Arc<Decision>, history: usize) {
        let quiet = |d: &Decision| !d.changed();
        if self.decisions.back().is_some_and(|last| quiet(last) && last.scaler == decision.scaler)
            && quiet(&decision)
        {
            self.decisions.pop_back();
        }
        self.decisions.push_back(decision);
        while self.decisions.len() > history {
            self.decisions.pop_front();
        }
    }

    pub fn state(&self, pods: &BTreeMap<PodUid, Arc<Pod>>, settings: &Settings) -> FunctionState {
        let mine = || self.pods_of(pods).filter(|p| p.deleting.is_none());
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        FunctionState {
            id: self.id,
            spec: self.spec.clone(),
            created: self.created,
            generation: self.generation,
            template_hash: self.template_hash.clone(),
            revisions: self.revisions.clone(),
            replicas: self.replicas,
            ready: count(mine().filter(|p| p.ready).count()),
            updated: count(mine().filter(|p| p.template_hash == self.template_hash).count()),
            current: count(mine().count()),
            hpa: self.hpa.clone().map(Arc::new),
            scaler: self.scaler(settings.edition),
            labels: self.labels.clone(),
            labelled: self.labelled,
            ignored_labels: self.ignored_labels.clone(),
            decisions: self.decisions.clone(),
            usage: self.pod_meters.iter().filter_map(|(uid, m)| m.usage.map(|u| (*uid, u))).collect(),
        }
    }
}
