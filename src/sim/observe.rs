//! What a run tells whoever watches it.

use crate::cluster::event::PodSample;
use crate::cluster::function::{FunctionId, FunctionName};
use crate::cluster::node::NodeId;
use crate::cluster::pod::PodUid;
use crate::cluster::scaling::decision::Decision;
use crate::cluster::snapshot::Snapshot;
use crate::cluster::time::Time;
use std::sync::Arc;

/// One request that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestEnd {
    /// Which function.
    pub function: FunctionId,
    /// Which of the run's sources sent it.
    pub source: u32,
    /// Which of its users, from 0; 0 in an open loop.
    pub user: u32,
    /// The pod that served it, if one did.
    pub pod: Option<PodUid>,
    /// When it was sent.
    pub arrived: Time,
    /// When a pod was found for it; equals `ended` if none was.
    pub given: Time,
    /// When its work began; equals `ended` if it did not.
    pub started: Time,
    /// When it was answered.
    pub ended: Time,
    /// The status of the answer.
    pub status: u16,
    /// It waited for a pod to become ready.
    pub cold: bool,
}

/// One function's row of a [`Sample`].
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionSample {
    /// Which function.
    pub function: FunctionName,
    /// Replicas that are wanted.
    pub replicas: u32,
    /// Pods that take requests.
    pub ready: u32,
    /// Pods that exist, starting ones included.
    pub pods: u32,
    /// Accepted and not yet answered.
    pub in_flight: u64,
    /// Of those, how many wait for a pod.
    pub queued: u64,
    /// Answers per second since the last row.
    pub rate: f64,
    /// Median response time since the last row, in seconds; none without an answer.
    pub p50: Option<f64>,
    /// Its 95th percentile.
    pub p95: Option<f64>,
    /// CPU of all pods since the last row, in cores.
    pub cpu: f64,
}

/// The cluster at regular moments.
#[derive(Debug)]
pub struct Sample<'a> {
    /// When.
    pub at: Time,
    /// All of the cluster.
    pub snapshot: &'a Arc<Snapshot>,
    /// What the snapshot does not hold, in the functions' order.
    pub functions: &'a [FunctionSample],
    /// What each pod that runs has used since its start, in the order of their numbers.
    pub pods: &'a [PodSample],
}

/// What happens to a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodEvent {
    /// Its start was asked for, the first time or again.
    Created,
    /// It takes requests.
    Ready,
    /// Its container has ended.
    Ended,
}

/// Sees what happens in a run. Everything may be ignored.
pub trait Observer {
    /// Whether it is told of requests in order of time. Who does without lets a run of many functions be faster: it is
    /// then told of each function's in order only.
    const IN_ORDER: bool = true;

    /// A request has ended.
    fn request(&mut self, _end: &RequestEnd) {}
    /// A scaler looked.
    fn decision(&mut self, _function: FunctionId, _decision: &Arc<Decision>) {}
    /// Something happened to a pod.
    fn pod(
        &mut self,
        _pod: PodUid,
        _name: &str,
        _function: FunctionId,
        _node: NodeId,
        _at: Time,
        _event: PodEvent,
    ) {
    }
    /// A row for plots; only if the run was asked for samples.
    fn sample(&mut self, _sample: &Sample<'_>) {}
}

/// Sees nothing.
impl Observer for () {
    const IN_ORDER: bool = false;
}
