//! What a run is made of.

use crate::cluster::command::Command;
use crate::cluster::function::{FunctionName, FunctionSpec};
use crate::cluster::node::{Node, NodeId};
use crate::cluster::settings::Settings;
use crate::cluster::time::Time;
use crate::sim::arrivals::Source;
use crate::sim::model::Model;
use std::collections::BTreeMap;
use std::time::Duration;

/// Whether requests compete for cores.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum CpuModel {
    /// Each node's cores are shared by all that runs there.
    #[default]
    Shared,
    /// Every request runs as if alone: enough cores for all.
    Unlimited,
}

/// Something that is done at a moment of the run.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A wish, as a person has it.
    Command(Box<Command>),
    /// A pod is killed from outside (`docker kill`): the oldest that runs, or the one of this name.
    Kill {
        /// Of which function.
        function: FunctionName,
        /// Which pod; the oldest that runs if none.
        pod: Option<String>,
        /// The newest instead of the oldest.
        newest: bool,
    },
    /// A pod is deleted, as `kubectl delete pod` does it: the oldest that is not being deleted already.
    Delete {
        /// Of which function.
        function: FunctionName,
        /// The newest instead.
        newest: bool,
    },
    /// A node stops, with all that runs there.
    StopNode(NodeId),
    /// A node that was stopped comes back.
    StartNode(NodeId),
}

/// What a run is made of.
#[derive(Debug)]
pub struct Setup {
    /// The core's settings.
    pub settings: Settings,
    /// The nodes, numbered from 0.
    pub nodes: Vec<Node>,
    /// Whether requests compete for the nodes' cores.
    pub cpu: CpuModel,
    /// Decides every random draw.
    pub seed: u64,
    /// How functions behave; one that is deployed without a model serves at once.
    pub models: BTreeMap<FunctionName, Model>,
    /// What arrives.
    pub sources: Vec<Source>,
    /// What is done when, in order of time.
    pub steps: Vec<(Time, Step)>,
    /// How often a row is written for plots.
    pub sample_every: Option<Duration>,
}

impl Setup {
    /// One node of two cores, nothing deployed.
    pub fn new(seed: u64) -> Self {
        Setup {
            settings: Settings::default(),
            nodes: vec![Node { id: NodeId(0), name: "node-1".into(), cores: 2 }],
            cpu: CpuModel::Shared,
            seed,
            models: BTreeMap::new(),
            sources: Vec::new(),
            steps: Vec::new(),
            sample_every: None,
        }
    }

    /// Deploys a function at the start that behaves like `model`.
    pub fn function(mut self, spec: FunctionSpec, model: Model) -> Self {
        self.models.insert(spec.full_name(), model);
        self.steps.push((Time::ZERO, Step::Command(Box::new(Command::Deploy(spec)))));
        self
    }

    /// Sends requests.
    pub fn load(mut self, source: Source) -> Self {
        self.sources.push(source);
        self
    }

    /// Does something at a moment, after what was asked for that moment before.
    pub fn at(mut self, when: Time, command: Command) -> Self {
        self.steps.push((when, Step::Command(Box::new(command))));
        self
    }
}
