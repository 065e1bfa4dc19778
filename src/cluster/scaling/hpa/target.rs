//! What an autoscaler is shown of its target: the scale, the pods, the metrics.

use crate::cluster::quantity::{Bytes, MilliCpu};
use crate::cluster::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The target at one look.
#[derive(Clone, Copy, Debug)]
pub struct TargetState<'a> {
    /// `spec.replicas`: how many are wanted.
    pub spec_replicas: u32,
    /// `status.replicas`: how many there are.
    pub status_replicas: u32,
    /// Every pod that the selector matches, whatever its state.
    pub pods: &'a [PodState],
    /// Numbers that belong to no single pod.
    pub custom: &'a CustomMetrics,
}

/// A pod's phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PodPhase {
    /// Accepted, not yet running.
    Pending,
    /// Running.
    Running,
    /// Ended with an error.
    Failed,
    /// Ended well.
    Succeeded,
}

/// What an autoscaler needs to know of a pod.
#[derive(Clone, Debug, PartialEq)]
pub struct PodState {
    /// Its name; appears in messages.
    pub name: String,
    /// Its phase.
    pub phase: PodPhase,
    /// Whether it has a deletion timestamp.
    pub deleting: bool,
    /// The Ready condition; `None` when it has none.
    pub ready: Option<bool>,
    /// When it was started.
    pub started: Option<Time>,
    /// When its Ready condition last changed, either way.
    pub ready_changed: Option<Time>,
    /// CPU requested by all its containers; `None` when one has no request.
    pub cpu_request: Option<MilliCpu>,
    /// Memory requested.
    pub memory_request: Option<Bytes>,
    /// The latest sample of CPU and memory.
    pub usage: Option<PodUsage>,
    /// Other numbers of this pod by metric name, in thousandths (`in_flight` 3000 is 3).
    pub custom: BTreeMap<String, i64>,
}

/// A sample of a pod's resources.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PodUsage {
    /// End of the window it was taken over.
    pub at: Time,
    /// The window's length.
    pub window: Duration,
    /// Mean CPU in the window.
    pub cpu: MilliCpu,
    /// Memory at its end.
    pub memory: Bytes,
}

/// Where a kind of metric comes from; each source can fail as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MetricSource {
    /// CPU and memory.
    Resource,
    /// Per pod.
    Pods,
    /// Per object.
    Object,
    /// From outside.
    External,
}

/// Numbers that belong to no single pod, in thousandths of their unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CustomMetrics {
    /// By the metric's name and the object's: what describes the object.
    pub objects: BTreeMap<(String, String), i64>,
    /// By metric name: the values found outside; they are summed.
    pub external: BTreeMap<String, Vec<i64>>,
    /// CPU samples of pods that the selector does not match, in thousandths.
    pub strangers: Vec<i64>,
    /// Sources that could not be read, and why.
    pub failing: BTreeMap<MetricSource, String>,
}
