//! An experiment as one file of `sim-configs/`: what the cluster is, what runs on it, what is done to it, and what is
//! expected to be seen.
//!
//! | file | question |
//! |---|---|
//! | `function`, `load`, `step` | what runs, what is sent, what is done? |
//! | `read` | which runs does a file stand for? |
//! | `check` | what is wrong that a type cannot tell? |
//! | `places` | where in the file does a value stand? |
//! | `path` | how is a value named that a sweep changes? |
//! | `expand` | what do the files say that it names: traces, stacks, plans of JMeter? |
//! | `schema` | how is an editor told all this? |

mod check;
mod expand;
mod function;
mod load;
mod path;
mod places;
pub(super) mod read;
mod schema;
mod step;

pub use function::{Amounts, Function};
pub use load::{Calls, Load, RateOf, Think, TraceOf};
pub use read::{Reader, Variant, parse, read, read_with};
pub use schema::schema;
pub use step::{Step, Which};

use super::expect::{Expectation, Measure};
use crate::cluster::placement::Placement;
use crate::sim::{CpuModel, Seconds};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One experiment.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Scenario {
    /// Its name: a folder of results is called so.
    pub name: String,
    /// What it shows, for people.
    #[serde(default)]
    pub text: String,
    /// How long it runs.
    pub duration: Seconds,
    /// Decides every random draw of a virtual run.
    #[serde(default = "one")]
    pub seed: u64,
    /// How often everything is written down.
    #[serde(default = "a_second")]
    pub sample: Seconds,
    /// What the cluster is.
    #[serde(default)]
    pub platform: Platform,
    /// What runs on it.
    #[serde(default)]
    pub function: Vec<Function>,
    /// Horizontal Pod Autoscalers.
    #[serde(default)]
    pub autoscaler: Vec<Autoscaler>,
    /// What is sent.
    #[serde(default)]
    pub load: Vec<Load>,
    /// Functions and calls of a trace.
    #[serde(default)]
    pub trace: Option<TraceOf>,
    /// What is done when.
    #[serde(default)]
    pub step: Vec<Step>,
    /// Parts of the run with names, for expectations.
    #[serde(default)]
    pub phase: Vec<Phase>,
    /// What should be seen; the run fails if it is not.
    #[serde(default)]
    #[schemars(with = "Vec<schema::Line>")]
    pub expect: Vec<Expectation>,
    /// What a sweep's table shows, besides what it always does.
    #[serde(default)]
    #[schemars(with = "Vec<schema::Line>")]
    pub measure: Vec<Measure>,
    /// Values that are tried one after another: a path in this file, and the values.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<schema::Anything>>")]
    pub sweep: BTreeMap<String, Vec<toml::Value>>,
    /// How often each is run, with seeds that follow one another.
    #[serde(default = "one")]
    pub repetitions: u64,
    /// What is different in a live run: a path in this file, and the value.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, schema::Anything>")]
    pub live: BTreeMap<String, toml::Value>,
    /// What things cost.
    #[serde(default)]
    pub prices: Prices,
}

fn one() -> u64 {
    1
}

fn a_second() -> Seconds {
    Seconds(1.0)
}

/// What runs pods in a live run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// Plain processes of this machine.
    #[default]
    Process,
    /// Containers of a Docker engine.
    Docker,
}

impl Provider {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Provider::Process => "process",
            Provider::Docker => "docker",
        }
    }
}

/// Which OpenFaaS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Edition {
    /// Scales each function on its own target, and to zero.
    Pro,
    /// Scales on one alert, to at most 5.
    Ce,
}

/// Which Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// Today's.
    Current,
    /// That of Kubernetes 1.15.
    Legacy,
}

/// What the cluster is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Platform {
    /// Nodes; more than one in virtual time only.
    pub nodes: u16,
    /// Cores of each node, in virtual time.
    pub cores: u32,
    /// Whether requests compete for cores, in virtual time.
    pub cpu: CpuModel,
    /// Which node takes a pod.
    #[schemars(with = "String")]
    pub placement: Placement,
    /// What runs pods, live.
    pub provider: Provider,
    /// Whose rules OpenFaaS' labels follow: the setting `openfaas.edition`.
    pub edition: Option<Edition>,
    /// Whose rules an HPA follows: the setting `hpa.dialect`.
    pub dialect: Option<Dialect>,
    /// Settings by their names in `faasim.toml`: `"hpa.sync-period" = "15s"`.
    #[schemars(with = "BTreeMap<String, schema::Anything>")]
    pub settings: BTreeMap<String, toml::Value>,
    /// Live, keep the load generator on cores of its own: by itself where there are four or more.
    pub pin: Option<bool>,
}

impl Default for Platform {
    fn default() -> Self {
        Platform {
            nodes: 1,
            cores: 2,
            cpu: CpuModel::Shared,
            placement: Placement::Spread,
            provider: Provider::Process,
            edition: None,
            dialect: None,
            settings: BTreeMap::new(),
            pin: None,
        }
    }
}

/// An HPA, with kubectl's words.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Autoscaler {
    /// Of which function.
    pub function: String,
    /// Target utilization in percent of the request.
    pub cpu_percent: u32,
    /// Fewest pods.
    #[serde(default)]
    pub min: Option<u32>,
    /// Most pods.
    pub max: u32,
    /// When it is made.
    #[serde(default)]
    pub at: Seconds,
}

/// A part of the run.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// When it begins.
    pub from: Seconds,
    /// When it ends.
    pub until: Seconds,
}

/// What things cost, in any currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Prices {
    /// A GiB of memory held for a second.
    pub gb_second: f64,
    /// A core used for a second.
    pub cpu_second: f64,
    /// A million requests.
    pub million_requests: f64,
}

impl Scenario {
    /// The name of the phase that a moment lies in; the last one that has begun where several overlap.
    pub fn phase_at(&self, seconds: f64) -> Option<&str> {
        let within = |p: &&Phase| p.from.0 <= seconds && seconds < p.until.0;
        self.phase.iter().rev().find(within).map(|p| p.name.as_str())
    }
}
