//! What is done to the cluster, and when.

use crate::sim::Seconds;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Which of a function's pods that run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// The one that was made first.
    #[default]
    Oldest,
    /// The one that was made last.
    Newest,
}

impl Which {
    /// Whether the one that was made last is meant.
    pub fn is_newest(self) -> bool {
        self == Which::Newest
    }
}

/// Something that is done at a moment.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
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
    /// Delete a pod, as `kubectl delete pod`.
    DeletePod {
        /// When.
        at: Seconds,
        /// Of which function.
        function: String,
        /// Which.
        #[serde(default)]
        pod: Which,
    },
    /// Kill a pod, as `docker kill` or `kill -9`.
    KillPod {
        /// When.
        at: Seconds,
        /// Of which function.
        function: String,
        /// Which.
        #[serde(default)]
        pod: Which,
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
    /// Replace every pod by a new one, as `kubectl rollout restart`.
    Restart {
        /// When.
        at: Seconds,
        /// Which function.
        function: String,
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
            | Step::Restart { at, .. }
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
            | Step::Restart { function, .. }
            | Step::Autoscale { function, .. }
            | Step::DeleteAutoscaler { function, .. }
            | Step::Remove { function, .. } => Some(function),
            Step::StopNode { .. } | Step::StartNode { .. } => None,
        }
    }

    /// In words, for the marks of a chart and the list of what was done.
    pub fn words(&self) -> String {
        match self {
            Step::Scale { function, replicas, .. } => format!("scale {function} to {replicas}"),
            Step::DeletePod { function, .. } => format!("delete a pod of {function}"),
            Step::KillPod { function, .. } => format!("kill a pod of {function}"),
            Step::Label { function, labels, .. } => {
                let all: Vec<String> = labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
                format!("label {function} {}", all.join(" "))
            }
            Step::Restart { function, .. } => format!("restart {function}"),
            Step::Autoscale { function, cpu_percent, min, max, .. } => {
                let min = min.map_or(String::new(), |min| format!("from {min} "));
                format!("autoscale {function} at {cpu_percent} % {min}to {max}")
            }
            Step::DeleteAutoscaler { function, .. } => format!("delete the autoscaler of {function}"),
            Step::Remove { function, .. } => format!("remove {function}"),
            Step::StopNode { node, .. } => format!("stop node {node}"),
            Step::StartNode { node, .. } => format!("start node {node}"),
        }
    }
}
