//! What runs: a function, in the words of a stack file, with its model for virtual time.

use super::schema;
use crate::cluster::function::{FunctionSpec, PULL_POLICY_ANNOTATION};
use crate::cluster::quantity::{Bytes, MilliCpu};
use crate::sim::Model;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A function of the scenario.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// A stack file that describes it, beside the scenario unless the path says otherwise. What is written here besides
    /// goes before.
    #[serde(default)]
    pub stack: Option<PathBuf>,
    /// Its image; live with processes, a name only.
    #[serde(default)]
    pub image: Option<String>,
    /// Whether its image may be fetched, live: `Always`, `IfNotPresent` or `Never`.
    #[serde(default)]
    pub image_pull_policy: Option<String>,
    /// The command that the watchdog forks, live.
    #[serde(default)]
    pub process: Option<String>,
    /// Replicas at the start.
    #[serde(default)]
    pub replicas: Option<u32>,
    /// Labels, among them `com.openfaas.scale.*`.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// Environment variables, among them the watchdog's time-outs.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// What a pod asks for.
    #[serde(default)]
    pub requests: Amounts,
    /// What a pod may use at most.
    #[serde(default)]
    pub limits: Amounts,
    /// How it behaves in virtual time.
    #[serde(default)]
    pub model: Model,
    /// What the stack file says.
    #[serde(skip)]
    pub(super) stacked: Option<FunctionSpec>,
}

/// CPU and memory as Kubernetes writes them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Amounts {
    /// Cores or thousandths of one: `10m`, `1`.
    #[serde(default)]
    #[schemars(with = "Option<schema::Quantity>")]
    pub cpu: Option<MilliCpu>,
    /// `128Mi`.
    #[serde(default)]
    #[schemars(with = "Option<schema::Quantity>")]
    pub memory: Option<Bytes>,
}

impl Function {
    /// A function of which nothing is said.
    pub fn named(name: &str) -> Self {
        Function {
            name: name.into(),
            stack: None,
            image: None,
            image_pull_policy: None,
            process: None,
            replicas: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            environment: BTreeMap::new(),
            requests: Amounts::default(),
            limits: Amounts::default(),
            model: Model::default(),
            stacked: None,
        }
    }

    /// What is deployed.
    pub fn spec(&self) -> FunctionSpec {
        let mut spec = match &self.stacked {
            Some(spec) => FunctionSpec { name: self.name.clone(), ..spec.clone() },
            None => FunctionSpec::new(&self.name, self.image.as_deref().unwrap_or(&self.name)),
        };
        if let Some(image) = &self.image {
            spec.image.clone_from(image);
        }
        if self.process.is_some() {
            spec.env_process.clone_from(&self.process);
        }
        spec.labels.extend(self.labels.clone());
        spec.annotations.extend(self.annotations.clone());
        if let Some(policy) = &self.image_pull_policy {
            spec.annotations.insert(PULL_POLICY_ANNOTATION.into(), policy.clone());
        }
        spec.env_vars.extend(self.environment.clone());
        spec.requests.cpu = self.requests.cpu.or(spec.requests.cpu);
        spec.requests.memory = self.requests.memory.or(spec.requests.memory);
        spec.limits.cpu = self.limits.cpu.or(spec.limits.cpu);
        spec.limits.memory = self.limits.memory.or(spec.limits.memory);
        spec
    }
}
