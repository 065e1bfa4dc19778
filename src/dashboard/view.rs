//! What screens draw: a snapshot of the cluster and what its requests and pods do at the moment.

use crate::cluster::function::FunctionId;
use crate::cluster::pod::PodUid;
use crate::cluster::quantity::{Bytes, MilliCpu};
use crate::cluster::snapshot::Snapshot;
use crate::cluster::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Everything that a person watches, at one moment. The terminal, the web page and `-o json` draw the same.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct View {
    /// The cluster.
    pub snapshot: Arc<Snapshot>,
    /// What each function's requests do.
    pub traffic: BTreeMap<FunctionId, Traffic>,
    /// What each pod uses, over the last second or so.
    pub usage: BTreeMap<PodUid, Usage>,
    /// Asynchronous calls that are not finished, by function (`name.namespace`); a function without any is not there.
    #[serde(default)]
    pub calls: BTreeMap<String, CallCounts>,
    /// The last requests of each function that has any, oldest first, with where their time went.
    #[serde(default)]
    pub recent: BTreeMap<FunctionId, Vec<Answered>>,
    /// Where it runs.
    pub platform: Platform,
}

/// Asynchronous calls of one function by how far they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCounts {
    /// Waiting for their first try.
    pub queued: u64,
    /// Its function works on them.
    pub running: u64,
    /// Waiting for another try.
    pub retrying: u64,
    /// Given up; kept to be looked at.
    pub dead: u64,
}

/// How many requests of a function are remembered.
pub const RECENT: usize = 24;

/// One request that was answered, and where its time went. What is left of `took` besides the parts is the way to the
/// pod and back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// No other request of this cluster has it.
    pub number: u64,
    /// When it came.
    pub at: Time,
    /// The pod that served it, if one did.
    pub pod: Option<PodUid>,
    /// The status of the answer.
    pub status: u16,
    /// From being accepted to being answered in full.
    pub took: Duration,
    /// Of that, waiting for a pod to become ready: a cold start.
    pub waited: Duration,
    /// Waiting for its turn, because all pods had enough to do.
    pub queued: Duration,
    /// Starting its process; nothing where the function is not forked.
    pub forked: Duration,
    /// Working, as far as it was measured.
    pub worked: Duration,
}

impl Answered {
    /// Whether it waited for a pod to become ready.
    pub fn cold(&self) -> bool {
        !self.waited.is_zero()
    }

    /// The rest: the way there and back.
    pub fn travelled(&self) -> Duration {
        self.took.saturating_sub(self.waited + self.queued + self.forked + self.worked)
    }
}

/// The requests of one function over the last few seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// Completed requests per second.
    pub rate: f64,
    /// Requests per second that ended with a status of 500 or more (429 too).
    pub error_rate: f64,
    /// Half of the requests were faster.
    pub p50: Duration,
    /// 95 % of the requests were faster.
    pub p95: Duration,
    /// 99 % of the requests were faster.
    pub p99: Duration,
    /// Accepted and not yet answered, waiting ones included.
    pub in_flight: u32,
    /// Of these, waiting for a pod.
    pub waiting: u32,
    /// Completed since faasim started.
    pub total: u64,
    /// Of these, the ones that had to wait for a pod to become ready.
    pub cold_starts: u64,
}

/// What one pod uses now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// CPU over the last second or so.
    pub cpu: MilliCpu,
    /// Resident memory.
    pub memory: Bytes,
    /// Requests it works on.
    pub in_flight: u32,
}

/// Where the cluster runs and how it is reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Platform {
    /// faasim's version.
    pub version: String,
    /// `docker` or `process`.
    pub provider: String,
    /// Why this provider was chosen, when there is something to say.
    pub provider_note: Option<String>,
    /// `http://127.0.0.1:8080`.
    pub gateway: String,
    /// `http://127.0.0.1:8082/metrics`.
    pub metrics: String,
    /// The state folder.
    pub state_dir: String,
    /// When this run of it began.
    #[serde(default)]
    pub since: Time,
    /// The machine's memory; 0 where it is not known.
    #[serde(default)]
    pub memory: Bytes,
}
