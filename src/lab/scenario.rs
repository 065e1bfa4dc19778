//! An experiment as one file of `sim-configs/`: what the cluster is, what runs on it, what is done to it, and what is
//! expected to be seen.

pub(super) mod read;

pub use read::{Variant, parse, read, read_with};

use super::expect::{Expectation, Measure};
use crate::cluster::function::FunctionSpec;
use crate::cluster::placement::Placement;
use crate::cluster::quantity::{Bytes, MilliCpu};
use crate::sim::traces::{TraceFunction, WithinMinute};
use crate::sim::{Arrivals, CpuModel, Law, Model, Rate, Seconds, Spacing, Startup};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// One experiment.
#[derive(Clone, Debug, Deserialize)]
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
    pub expect: Vec<Expectation>,
    /// What a sweep's table shows, besides what it always does.
    #[serde(default)]
    pub measure: Vec<Measure>,
    /// Values that are tried one after another: a path in this file, and the values.
    #[serde(default)]
    pub sweep: BTreeMap<String, Vec<toml::Value>>,
    /// How often each is run, with seeds that follow one another.
    #[serde(default = "one")]
    pub repetitions: u64,
    /// What is different in a live run: a path in this file, and the value.
    #[serde(default)]
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

/// What the cluster is.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Platform {
    /// Nodes; more than one in virtual time only.
    pub nodes: u16,
    /// Cores of each node, in virtual time.
    pub cores: u32,
    /// Whether requests compete for cores, in virtual time.
    pub cpu: CpuModel,
    /// Which node takes a pod.
    pub placement: Placement,
    /// `docker` or `process`, live.
    pub provider: String,
    /// Settings by their names in `faasim.toml`: `"hpa.sync-period" = "15s"`.
    pub settings: BTreeMap<String, toml::Value>,
}

impl Default for Platform {
    fn default() -> Self {
        Platform {
            nodes: 1,
            cores: 2,
            cpu: CpuModel::Shared,
            placement: Placement::Spread,
            provider: "process".into(),
            settings: BTreeMap::new(),
        }
    }
}

/// A function of the scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its image; live with processes, a name only.
    #[serde(default)]
    pub image: Option<String>,
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
}

/// CPU and memory as Kubernetes writes them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Amounts {
    /// `10m`, `1`.
    #[serde(default)]
    pub cpu: Option<MilliCpu>,
    /// `128Mi`.
    #[serde(default)]
    pub memory: Option<Bytes>,
}

impl Function {
    /// A function of which nothing is said.
    pub fn named(name: &str) -> Self {
        Function {
            name: name.into(),
            image: None,
            process: None,
            replicas: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            environment: BTreeMap::new(),
            requests: Amounts::default(),
            limits: Amounts::default(),
            model: Model::default(),
        }
    }

    /// What is deployed.
    pub fn spec(&self) -> FunctionSpec {
        let mut spec = FunctionSpec::new(&self.name, self.image.as_deref().unwrap_or(&self.name));
        spec.env_process = self.process.clone();
        spec.labels = self.labels.clone();
        spec.annotations = self.annotations.clone();
        spec.env_vars = self.environment.clone();
        (spec.requests.cpu, spec.requests.memory) = (self.requests.cpu, self.requests.memory);
        (spec.limits.cpu, spec.limits.memory) = (self.limits.cpu, self.limits.memory);
        spec
    }
}

/// An HPA, with kubectl's words.
#[derive(Clone, Debug, Deserialize)]
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

/// Requests to one function: users, a rate, or moments.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Load {
    /// To which function.
    pub function: String,
    /// Its name in results; the function's if none.
    #[serde(default)]
    pub name: Option<String>,
    /// Closed loop: so many users, each waiting for its reply.
    #[serde(default)]
    pub users: Option<u32>,
    /// Over what time the users come.
    #[serde(default)]
    pub ramp_up: Seconds,
    /// What a user waits between reply and next request.
    #[serde(default)]
    pub think: Think,
    /// Requests per user.
    #[serde(default)]
    pub loops: Option<u64>,
    /// Open loop: requests per second, a number or a shape.
    #[serde(default)]
    pub rate: Option<RateOf>,
    /// How an open loop's requests lie.
    #[serde(default)]
    pub spacing: Spacing,
    /// Open loop: exactly these moments, counted from `from`.
    #[serde(default)]
    pub times: Option<Vec<Seconds>>,
    /// When it begins.
    #[serde(default)]
    pub from: Seconds,
    /// When it ends; with the run if none.
    #[serde(default)]
    pub until: Option<Seconds>,
    /// The body of each request, live.
    #[serde(default)]
    pub body: String,
    /// Open loop: the calls of a function of a trace, which are not written here but read one after another.
    #[serde(skip)]
    pub calls: Option<Calls>,
}

impl Load {
    /// The moments of an open loop that has no rate: those written down, or a trace's.
    pub fn listed(&self) -> Arrivals {
        match &self.calls {
            Some(calls) => calls.function.source(calls.within).arrivals,
            None => Arrivals::Times(self.times.clone().unwrap_or_default()),
        }
    }
}

/// Whose calls of a trace are sent.
#[derive(Clone, Debug)]
pub struct Calls {
    /// The trace's function.
    pub function: Arc<TraceFunction>,
    /// Where they lie within a minute.
    pub within: WithinMinute,
}

impl Load {
    /// Nothing yet, to a function.
    pub fn to(function: &str) -> Self {
        Load {
            function: function.into(),
            name: None,
            users: None,
            ramp_up: Seconds(0.0),
            think: Think::default(),
            loops: None,
            rate: None,
            spacing: Spacing::default(),
            times: None,
            from: Seconds(0.0),
            until: None,
            body: String::new(),
            calls: None,
        }
    }
}

/// Azure Functions' traces, as published.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TraceOf {
    /// The file of calls; beside the scenario unless its path says otherwise.
    pub calls: PathBuf,
    /// The file of durations (2019).
    #[serde(default)]
    pub durations: Option<PathBuf>,
    /// The file of memory (2019).
    #[serde(default)]
    pub memory: Option<PathBuf>,
    /// Where calls lie within a minute (2019).
    #[serde(default)]
    pub within_minute: WithinMinute,
    /// So many functions, those with the most calls; all if none.
    #[serde(default)]
    pub functions: Option<usize>,
    /// Labels of all of them.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// What all of them take to start.
    #[serde(default)]
    pub startup: Startup,
}

/// A time to think: a time, or a law.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a time such as \"1s\" or a law such as { law = \"exponential\", mean = \"1s\" }"
)]
pub enum Think {
    /// Always the same.
    Fixed(Seconds),
    /// Drawn.
    Law(Law),
}

impl Default for Think {
    fn default() -> Self {
        Think::Fixed(Seconds(0.0))
    }
}

impl Think {
    /// The law of it.
    pub fn law(&self) -> Law {
        match self {
            Think::Fixed(seconds) => Law::Constant { value: *seconds },
            Think::Law(law) => law.clone(),
        }
    }
}

/// A rate: a number, or a shape.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "requests per second, or a shape such as { shape = \"ramp\", from = 0, to = 10, over = \"1m\" }"
)]
pub enum RateOf {
    /// Always the same.
    Number(f64),
    /// Changing.
    Shape(Rate),
}

impl RateOf {
    /// The rate over time.
    pub fn rate(&self) -> Rate {
        match self {
            RateOf::Number(rate) => Rate::Constant { rate: *rate },
            RateOf::Shape(rate) => rate.clone(),
        }
    }
}

/// Something that is done at a moment.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Set the replicas.
    Scale {
        /// When.
        at: Seconds,
        /// Of which function.
        function: String,
        /// How many.
        replicas: u32,
    },
    /// Delete the oldest pod, as `kubectl delete pod`.
    DeletePod {
        /// When.
        at: Seconds,
        /// Of which function.
        function: String,
    },
    /// Kill the oldest pod, as `docker kill`.
    KillPod {
        /// When.
        at: Seconds,
        /// Of which function.
        function: String,
    },
    /// Deploy again with these labels besides the others.
    Label {
        /// When.
        at: Seconds,
        /// Which function.
        function: String,
        /// The labels.
        labels: BTreeMap<String, String>,
    },
    /// Make an HPA or change it.
    Autoscale {
        /// When.
        at: Seconds,
        /// Of which function.
        function: String,
        /// Target utilization in percent of the request.
        #[serde(rename = "cpu-percent")]
        cpu_percent: u32,
        /// Fewest pods.
        #[serde(default)]
        min: Option<u32>,
        /// Most pods.
        max: u32,
    },
    /// Remove the HPA.
    DeleteAutoscaler {
        /// When.
        at: Seconds,
        /// Of which function.
        function: String,
    },
    /// Remove the function.
    Remove {
        /// When.
        at: Seconds,
        /// Which function.
        function: String,
    },
    /// A node fails (virtual time).
    StopNode {
        /// When.
        at: Seconds,
        /// Which, from 0.
        node: u16,
    },
    /// A node comes back (virtual time).
    StartNode {
        /// When.
        at: Seconds,
        /// Which, from 0.
        node: u16,
    },
}

impl Step {
    /// When it is done.
    pub fn at(&self) -> Seconds {
        match self {
            Step::Scale { at, .. }
            | Step::DeletePod { at, .. }
            | Step::KillPod { at, .. }
            | Step::Label { at, .. }
            | Step::Autoscale { at, .. }
            | Step::DeleteAutoscaler { at, .. }
            | Step::Remove { at, .. }
            | Step::StopNode { at, .. }
            | Step::StartNode { at, .. } => *at,
        }
    }

    /// The function that it is done to.
    pub fn function(&self) -> Option<&str> {
        match self {
            Step::Scale { function, .. }
            | Step::DeletePod { function, .. }
            | Step::KillPod { function, .. }
            | Step::Label { function, .. }
            | Step::Autoscale { function, .. }
            | Step::DeleteAutoscaler { function, .. }
            | Step::Remove { function, .. } => Some(function),
            Step::StopNode { .. } | Step::StartNode { .. } => None,
        }
    }
}

/// A part of the run.
#[derive(Clone, Debug, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Prices {
    /// A GiB of memory held for a second.
    pub gb_second: f64,
    /// A core used for a second.
    pub cpu_second: f64,
    /// A million requests.
    pub million_requests: f64,
}
