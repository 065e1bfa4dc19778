//! The cluster as it stands: what every screen, API and report is made from.

use super::function::{FunctionId, FunctionName, FunctionSpec};
use super::go_duration;
use super::namespaces::Namespace;
use super::node::Node;
use super::pod::{Pod, PodUid};
use super::scaling::decision::{Decision, Scaler};
use super::scaling::hpa::Hpa;
use super::scaling::openfaas::ScaleLabels;
use super::settings::Settings;
use super::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The whole cluster at a moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// When it was taken.
    pub at: Time,
    /// The numbers the cluster is run with.
    pub settings: Arc<Settings>,
    /// The machines.
    pub nodes: Vec<Node>,
    /// The namespaces, by name.
    #[serde(default)]
    pub namespaces: BTreeMap<String, Namespace>,
    /// The functions, by their number (which is the order of deployment).
    pub functions: BTreeMap<FunctionId, FunctionState>,
    /// The pods, oldest first.
    pub pods: BTreeMap<PodUid, Arc<Pod>>,
    /// What happened, oldest first, as `kubectl get events` lists it.
    pub events: VecDeque<Arc<Happening>>,
}

/// A function as it stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FunctionState {
    /// Its number.
    pub id: FunctionId,
    /// What it is.
    pub spec: Arc<FunctionSpec>,
    /// When it was first deployed.
    pub created: Time,
    /// Changes of the spec so far; OpenFaaS shows it as the label `uid`.
    pub generation: u64,
    /// Hash of the present template.
    pub template_hash: String,
    /// Earlier and present templates with their revision numbers, oldest first.
    pub revisions: Vec<(u32, Arc<FunctionSpec>)>,
    /// Replicas that are wanted.
    pub replicas: u32,
    /// Pods that take requests.
    pub ready: u32,
    /// Pods of the present template, stopping ones not counted.
    pub updated: u32,
    /// Pods that are not stopping.
    pub current: u32,
    /// Its HPA.
    pub hpa: Option<Arc<Hpa>>,
    /// Who scales it now.
    pub scaler: Scaler,
    /// Its OpenFaaS scaling labels, with their defaults.
    pub labels: ScaleLabels,
    /// It carries at least one of them.
    pub labelled: bool,
    /// OpenFaaS labels that are ignored, each with its reason.
    pub ignored_labels: Vec<String>,
    /// The latest decisions about it, oldest first.
    pub decisions: VecDeque<Arc<Decision>>,
    /// CPU per pod as the autoscaler's metrics have it: pod, millicores, bytes.
    pub usage: BTreeMap<PodUid, crate::cluster::scaling::hpa::PodUsage>,
}

impl FunctionState {
    /// Who changes its replicas by itself, in a sentence: there is never more than one.
    pub fn in_charge(&self) -> String {
        let (name, labels) = (&self.spec.name, &self.labels);
        let range = match labels.zero {
            true => format!(
                "from 0 (after {} without a call) to {} pods",
                go_duration::print(labels.zero_duration),
                labels.max
            ),
            false => format!("from {} to {} pods", labels.min, labels.max),
        };
        match self.scaler {
            Scaler::Hpa if self.labelled => format!(
                "`{name}` is scaled by its horizontal pod autoscaler; its com.openfaas.scale labels rest until \
                 the autoscaler is deleted"
            ),
            Scaler::Hpa => format!("`{name}` is scaled by its horizontal pod autoscaler"),
            Scaler::OpenFaasCe => format!(
                "`{name}` is scaled by OpenFaaS CE: one more step with each alert of more than 5 calls/s, {range}"
            ),
            Scaler::PerRequest => format!(
                "`{name}` is scaled per request: a pod for each that finds none idle, at most {}, kept for {} s \
                 after their last",
                labels.max,
                labels.zero_duration.as_secs()
            ),
            Scaler::OpenFaasPro => {
                let kind = labels.kind.name();
                format!(
                    "`{name}` is scaled by OpenFaaS Pro on {kind}, target {} a pod, {range}",
                    labels.target
                )
            }
            _ => format!("`{name}` has no autoscaler: it keeps the replicas that it was given"),
        }
    }

    /// Its name and namespace.
    pub fn name(&self) -> FunctionName {
        self.spec.full_name()
    }
}

/// One line of `get events`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Happening {
    /// When it happened first.
    pub first: Time,
    /// When it happened last.
    pub last: Time,
    /// How often.
    pub count: u32,
    /// A warning, not just news.
    pub warning: bool,
    /// Kubernetes' word for it: `Scheduled`, `Started`, `BackOff`, `SuccessfulRescale` …
    pub reason: String,
    /// `pod/mltest-…`, `deployment/mltest`, `horizontalpodautoscaler/mltest`.
    pub object: String,
    /// The function it concerns.
    pub function: FunctionId,
    /// In words.
    pub message: String,
}

impl Snapshot {
    /// The function of that name.
    pub fn function(&self, name: &FunctionName) -> Option<&FunctionState> {
        self.functions.values().find(|f| f.spec.name == name.name && f.spec.namespace == name.namespace)
    }

    /// The pods of a function, oldest first, stopping ones too.
    pub fn pods_of(&self, function: FunctionId) -> impl Iterator<Item = &Arc<Pod>> {
        self.pods.values().filter(move |p| p.function == function)
    }

    /// The pod of that name.
    pub fn pod(&self, name: &str) -> Option<&Arc<Pod>> {
        self.pods.values().find(|p| p.name == name)
    }
}
