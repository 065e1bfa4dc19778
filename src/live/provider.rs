//! Start, stop, watch and sample pods: one trait, two ways (Docker containers and plain processes).

use crate::cluster::event::{Event, PodSample};
use crate::cluster::function::{FunctionSpec, PULL_POLICY_ANNOTATION};
use crate::cluster::pod::PodUid;
use crate::cluster::record::FoundPod;
use crate::live::exec::Exec;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

pub mod docker;
pub mod process;

mod choose;
pub mod context;
mod keeper;
mod token;

pub use choose::{Kind, choose};

/// What a provider reports: pods that started, became ready, exited, are gone.
pub type Events = mpsc::UnboundedSender<Event>;

/// When an image is pulled, as Kubernetes' `imagePullPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PullPolicy {
    /// When it is not on this machine.
    #[default]
    IfNotPresent,
    /// Never: it is on this machine or cannot be used.
    Never,
    /// At every start of a pod.
    Always,
}

impl PullPolicy {
    /// A function's own, as its annotation says it, or else this one.
    pub fn of(self, spec: &FunctionSpec) -> PullPolicy {
        match spec.annotations.get(PULL_POLICY_ANNOTATION).map(String::as_str) {
            Some("Never") => PullPolicy::Never,
            Some("IfNotPresent") => PullPolicy::IfNotPresent,
            Some("Always") => PullPolicy::Always,
            _ => self,
        }
    }
}

/// What every provider is made with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whose pods these are: a random text that is kept in the state folder. Labels containers.
    pub cluster_id: String,
    /// The state folder; pods have theirs in `pods/<name>` below it.
    pub state_dir: PathBuf,
    /// The program whose `watchdog` command runs in each pod: `std::env::current_exe()`.
    pub exe: PathBuf,
    /// How long pods live when nobody holds them (60 s).
    pub lease: Duration,
    /// When images are pulled, of functions that do not say it themselves.
    pub pull_policy: PullPolicy,
    /// Where events go.
    pub events: Events,
}

impl Config {
    /// The folder of one pod.
    fn pod_dir(&self, name: &str) -> PathBuf {
        self.state_dir.join("pods").join(name)
    }
}

/// A pod to be started.
#[derive(Clone, Debug)]
pub struct StartPod {
    /// Its number.
    pub uid: PodUid,
    /// Its name.
    pub name: String,
    /// What to run.
    pub spec: Arc<FunctionSpec>,
    /// Hash of the spec, found again at adoption.
    pub template_hash: String,
    /// How often it was started before.
    pub restarts: u32,
}

/// One line that a pod wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// When.
    pub at: crate::cluster::time::Time,
    /// The pod's name.
    pub pod: String,
    /// What, without the line's end.
    pub text: String,
}

/// Which lines to read.
#[derive(Clone, Debug, Default)]
pub struct LogQuery {
    /// Only the last so many.
    pub tail: Option<usize>,
    /// Only those written since.
    pub since: Option<crate::cluster::time::Time>,
    /// Go on with new lines as they are written.
    pub follow: bool,
}

/// What one pod works on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodCalls {
    /// When it said so, in nanoseconds since the Unix epoch; 0 when it has not said anything yet.
    pub at: u64,
    /// The `X-Call-Id`s; none when its watchdog does not say.
    pub calls: Option<Vec<String>>,
}

/// What a provider could not do: a sentence that says what, where and what to do.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ProviderError(pub String);

/// Runs pods. Every method may be called at any time; what happens later comes as an [`Event`] through the
/// channel that the provider was made with.
///
/// Dropping a provider stops nothing: it lets go of its pods, which live on for their lease and can be found
/// by the next one. [`remove_all`](Provider::remove_all) is what leaves nothing behind.
pub trait Provider: Send + Sync + 'static {
    /// `docker` or `process`.
    fn name(&self) -> &'static str;

    /// What this provider cannot do for this function, each in a sentence for people to read.
    fn limitations(&self, spec: &FunctionSpec) -> Vec<String> {
        let _ = spec;
        Vec::new()
    }

    /// Starts a pod (again, after it exited). Reports `PodStarted` and then `PodReady`, or `PodStartFailed`;
    /// later, if it ends without being asked to, `PodExited`.
    fn start(&self, pod: StartPod);

    /// Stops a pod: asks, waits at most `grace`, kills it with all its children, removes what is left of it
    /// (logs too). Reports `PodGone`. A pod it does not know is gone already.
    fn stop(&self, uid: PodUid, grace: Duration);

    /// Ends the container of a pod that is kept to be started again: asks, waits at most `grace`, kills it with all its
    /// children. Reports `PodExited`. A pod that does not run is left as it is.
    fn end_container(&self, uid: PodUid, grace: Duration);

    /// Takes over the pods that an earlier faasim of the same state folder left running, and removes what is
    /// left of those that ended. No `PodStarted` comes for them; `PodReady` does.
    fn find(&self) -> BoxFuture<'_, Result<Vec<FoundPod>, ProviderError>>;

    /// The latest cumulative usage of each running pod.
    fn samples(&self) -> Vec<PodSample>;

    /// The calls that each pod works on, as it last said. A pod that was started by this faasim and has said nothing yet
    /// works on none.
    fn calls(&self) -> Vec<PodCalls>;

    /// What a pod wrote, oldest first.
    fn logs(&self, uid: PodUid, query: LogQuery) -> BoxStream<'static, Result<LogLine, ProviderError>>;

    /// Runs a command where the pod runs, until it ends: its exit code. Nobody waits for it any more when this is dropped,
    /// and as far as the provider can tell it to, it ends then.
    fn exec(&self, uid: PodUid, exec: Exec) -> BoxFuture<'_, Result<i32, ProviderError>>;

    /// Kills a pod from outside, as `kill -9` and `docker kill` do: an accident, for experiments. What follows is reported
    /// as of any pod that ends by itself.
    fn kill(&self, uid: PodUid) -> BoxFuture<'_, Result<(), ProviderError>>;

    /// Stops and removes every pod of this cluster, known or not, and returns when nothing is left.
    fn remove_all(&self, grace: Duration) -> BoxFuture<'_, Result<(), ProviderError>>;
}
