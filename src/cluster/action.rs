//! What is to be done: everything that the core asks of the outside.

use super::event::ScrapeId;
use super::function::{FunctionId, FunctionName, FunctionSpec};
use super::node::NodeId;
use super::pod::PodUid;
use super::probe::Probes;
use super::record::Record;
use super::scaling::decision::Decision;
use super::time::Time;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Something to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// Start (or restart) the container of a pod. Answered by `PodStarted` or `PodStartFailed`.
    StartPod {
        /// Which pod.
        uid: PodUid,
        /// Its name.
        name: String,
        /// The function it is a copy of.
        function: FunctionId,
        /// What to run.
        spec: Arc<FunctionSpec>,
        /// Hash of the spec, for adoption after a restart.
        template_hash: String,
        /// Where.
        node: NodeId,
        /// How often it was started before.
        restarts: u32,
    },
    /// Stop a pod and leave nothing of it behind. Answered by `PodGone`.
    StopPod {
        /// Which pod.
        uid: PodUid,
        /// How long it may take before it is killed.
        grace: Duration,
    },
    /// Ask a pod how it is until it is forgotten. Answered by `PodProbed` and `PodUnhealthy`.
    ProbePod {
        /// Which pod.
        uid: PodUid,
        /// Host and port of its watchdog.
        address: String,
        /// How.
        probes: Probes,
    },
    /// End the container of a pod that stays: it is to be started again. Answered by `PodExited`.
    EndContainer {
        /// Which pod.
        uid: PodUid,
        /// How long it may take before it is killed.
        grace: Duration,
    },
    /// Requests may reach this pod.
    OpenPod {
        /// Of which function.
        function: FunctionId,
        /// Which pod.
        uid: PodUid,
        /// Host and port of its watchdog.
        address: String,
    },
    /// No new request goes to this pod until it is opened again: its probe fails.
    ClosePod {
        /// Of which function.
        function: FunctionId,
        /// Which pod.
        uid: PodUid,
    },
    /// No new request goes to this pod. Answered by `Drained` when nothing is in flight.
    DrainPod {
        /// Of which function.
        function: FunctionId,
        /// Which pod.
        uid: PodUid,
    },
    /// The pod is gone: what was in flight there has failed.
    ForgetPod {
        /// Of which function.
        function: FunctionId,
        /// Which pod.
        uid: PodUid,
    },
    /// Requests for this name are now accepted (or its limits changed).
    OpenFunction {
        /// Which function.
        function: FunctionId,
        /// Its name.
        name: FunctionName,
        /// Its spec.
        spec: Arc<FunctionSpec>,
    },
    /// The function is gone.
    ForgetFunction {
        /// Which function.
        function: FunctionId,
    },
    /// Close the function to its pods unless it was used after `since`. Answered by `Closed` or `StillUsed`.
    CloseIfIdle {
        /// Which function.
        function: FunctionId,
        /// When the core thinks it was last used.
        since: Time,
    },
    /// Close a pod to requests unless it was used after `since`. Answered by `PodExpired` or `PodStillUsed`.
    ExpirePodIfIdle {
        /// Of which function.
        function: FunctionId,
        /// Which pod.
        uid: PodUid,
        /// When the core thinks it was last used.
        since: Time,
    },
    /// Measure everything. Answered by `Scraped`.
    Scrape {
        /// To be named in the answer.
        id: ScrapeId,
    },
    /// Write this down, before any reply leaves.
    Persist(Record),
    /// A scaler looked and decided (or decided that nothing changes).
    Decided {
        /// About which function.
        function: FunctionId,
        /// What and why.
        decision: Arc<Decision>,
    },
}
