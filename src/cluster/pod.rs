//! One running copy of a function.

use super::function::{FunctionId, FunctionSpec};
use super::node::NodeId;
use super::time::Time;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// One pod, numbered in the order of creation. Every action and event about a pod carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PodUid(pub u64);

impl fmt::Display for PodUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Where a pod is in its life. `ContainerCreating`, `CrashLoopBackOff` and the like are what kubectl shows
/// as STATUS: see [`Pod::status`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PodPhase {
    /// Wanted; its container has not started yet.
    Pending,
    /// Its container runs, or ran and will be restarted.
    Running,
    /// It will not run again: it was killed from outside, and a new pod takes its place.
    Failed,
}

/// How a pod's container ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The exit code; 128 + signal when a signal ended it, as Docker and Kubernetes count.
    pub code: i32,
    /// The kernel ended it for want of memory.
    pub oom_killed: bool,
}

impl Exit {
    /// `Completed`, `OOMKilled` or `Error`, as Kubernetes names the reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Exit { oom_killed: true, .. } => "OOMKilled",
            Exit { code: 0, .. } => "Completed",
            _ => "Error",
        }
    }

    /// Somebody ended it from outside (`docker kill`, `kill -9`): the pod is lost and is replaced, where a
    /// pod that fails by itself is restarted in place.
    pub fn killed_from_outside(&self) -> bool {
        self.code == 137 && !self.oom_killed
    }
}

/// What the container of a pod does now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Container {
    /// Its start was asked for and has not been answered.
    Creating,
    /// It runs since then.
    Running {
        /// When it started.
        since: Time,
    },
    /// It waits to be started (again).
    Waiting {
        /// `CrashLoopBackOff`, `ErrImageNeverPull`, `ImagePullBackOff`, `CreateContainerError` …
        reason: String,
        /// In a sentence, with what to do.
        message: String,
        /// When the next start is tried.
        until: Time,
    },
}

/// A pod as the cluster knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pod {
    /// Its number.
    pub uid: PodUid,
    /// `mltest-946fbcf5d-nh5kp`: function, template hash, five random letters.
    pub name: String,
    /// The function it is a copy of.
    pub function: FunctionId,
    /// The spec it was made from.
    pub spec: Arc<FunctionSpec>,
    /// Hash of that spec.
    pub template_hash: String,
    /// The node it is placed on.
    pub node: NodeId,
    /// Where it is in its life.
    pub phase: PodPhase,
    /// What its container does now.
    pub container: Container,
    /// It passes its readiness probe and takes requests.
    pub ready: bool,
    /// Its watchdog says that it takes requests.
    #[serde(default)]
    pub reported: bool,
    /// The last word of its own readiness probe, where the function has one.
    #[serde(default)]
    pub probed: Option<bool>,
    /// Its liveness probe fails: its container is being ended, to be started again.
    #[serde(default)]
    pub unhealthy: bool,
    /// When readiness last changed, either way.
    pub ready_changed: Option<Time>,
    /// When it was created.
    pub created: Time,
    /// When its container first started.
    pub started: Option<Time>,
    /// How often its container was restarted.
    pub restarts: u32,
    /// Failed starts in a row; the back-off doubles with each.
    pub failures: u32,
    /// How its container ended last, and when.
    pub last_exit: Option<(Exit, Time)>,
    /// When it was asked to stop, and until when it may drain.
    pub deleting: Option<Deleting>,
    /// Where its watchdog listens (`127.0.0.1:40123`, `172.17.0.3:8080`).
    pub address: Option<String>,
    /// A restart of faasim found it running.
    pub adopted: bool,
}

/// A pod's last moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleting {
    /// When the stop was asked for.
    pub since: Time,
    /// When draining ends, whatever is in flight.
    pub deadline: Time,
    /// The provider has been told to stop it.
    pub stopping: bool,
}

impl Pod {
    /// What kubectl prints as STATUS.
    pub fn status(&self) -> &str {
        if self.deleting.is_some() {
            return "Terminating";
        }
        match (&self.phase, &self.container, &self.last_exit) {
            (PodPhase::Failed, _, Some((exit, _))) => exit.reason(),
            (PodPhase::Failed, ..) => "Failed",
            (_, Container::Waiting { reason, .. }, _) => reason,
            (_, Container::Creating, _) => "ContainerCreating",
            (_, Container::Running { .. }, _) => "Running",
        }
    }
}
