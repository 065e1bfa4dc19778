//! What happened: everything that the outside tells the core besides a person's wishes.

use super::function::FunctionId;
use super::node::NodeId;
use super::pod::{Exit, PodUid};
use super::quantity::Bytes;
use super::routing::Counters;
use super::time::Time;
use serde::{Deserialize, Serialize};

/// One measurement of the whole cluster, asked for by [`Action::Scrape`](super::action::Action::Scrape).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScrapeId(pub u64);

/// One pod's cumulative use at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodSample {
    /// Which pod.
    pub uid: PodUid,
    /// When it was measured.
    pub at: Time,
    /// CPU used since the pod's container started, in nanoseconds, reaped children included.
    pub cpu_total: u64,
    /// Resident memory of the pod.
    pub memory: Bytes,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The pod's container runs; its watchdog listens (or soon will) at `address`.
    PodStarted {
        /// Which pod.
        uid: PodUid,
        /// Host and port of its watchdog.
        address: String,
    },
    /// The pod could not be started.
    PodStartFailed {
        /// Which pod.
        uid: PodUid,
        /// `ErrImageNeverPull`, `CreateContainerError` …, as Kubernetes names it.
        reason: String,
        /// In a sentence: what, where, what to do.
        message: String,
    },
    /// The pod passes its probe: requests may go there.
    PodReady {
        /// Which pod.
        uid: PodUid,
    },
    /// The pod does not pass its probe any more.
    PodUnready {
        /// Which pod.
        uid: PodUid,
        /// Why.
        message: String,
    },
    /// A readiness probe that a function has of its own passes or fails.
    PodProbed {
        /// Which pod.
        uid: PodUid,
        /// It passes.
        ready: bool,
        /// Why not.
        message: String,
    },
    /// The pod's liveness probe fails.
    PodUnhealthy {
        /// Which pod.
        uid: PodUid,
        /// Why.
        message: String,
    },
    /// The pod's container ended by itself or was ended by somebody else.
    PodExited {
        /// Which pod.
        uid: PodUid,
        /// How.
        exit: Exit,
    },
    /// A pod that was to stop is gone, and nothing of it is left.
    PodGone {
        /// Which pod.
        uid: PodUid,
    },
    /// A draining pod has nothing in flight any more.
    Drained {
        /// Which pod.
        uid: PodUid,
    },
    /// A request found no pod of the function; later ones wait with it. Where pods are scaled per request: it
    /// found none idle, and each such request says so.
    NoPod {
        /// Which function.
        function: FunctionId,
    },
    /// The answer to [`Action::CloseIfIdle`](super::action::Action::CloseIfIdle): nothing is in flight, and
    /// from now on a request waits for a new pod.
    Closed {
        /// Which function.
        function: FunctionId,
    },
    /// The other answer: it was used later than thought.
    StillUsed {
        /// Which function.
        function: FunctionId,
        /// When it was last used.
        since: Time,
    },
    /// The answer to [`Action::ExpirePodIfIdle`](super::action::Action::ExpirePodIfIdle): nothing runs on it, and it
    /// takes no request any more.
    PodExpired {
        /// Which pod.
        uid: PodUid,
    },
    /// The other answer: it was used later than thought.
    PodStillUsed {
        /// Which pod.
        uid: PodUid,
        /// When it was last used.
        since: Time,
    },
    /// A node does not answer any more.
    NodeLost {
        /// Which node.
        node: NodeId,
    },
    /// A node that was lost answers again; nothing runs there.
    NodeBack {
        /// Which node.
        node: NodeId,
    },
    /// The answer to [`Action::Scrape`](super::action::Action::Scrape): cumulative values with their time.
    Scraped {
        /// Which scrape.
        id: ScrapeId,
        /// What each pod has used.
        pods: Vec<PodSample>,
        /// What each function has served.
        functions: Vec<(FunctionId, Counters)>,
    },
}
