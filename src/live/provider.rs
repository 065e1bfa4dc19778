//! Start, stop, watch and sample pods: one trait, two ways (Docker containers and plain processes).

use crate::cluster::event::{Event, PodSample};
use crate::cluster::function::FunctionSpec;
use crate::cluster::pod::PodUid;
use crate::cluster::record::FoundPod;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// What a provider reports: pods that started, became ready, exited, are gone.
pub type Events = mpsc::UnboundedSender<Event>;

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

/// What a command inside a pod printed, and how it ended.
#[derive(Clone, Debug)]
pub struct ExecOutput {
    /// Standard output and standard error, in the order they came.
    pub output: Vec<u8>,
    /// The exit code.
    pub code: i32,
}

/// What a provider could not do: a sentence that says what, where and what to do.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ProviderError(pub String);

/// Runs pods. Every method may be called at any time; what happens later comes as an [`Event`] through the
/// channel that the provider was made with.
pub trait Provider: Send + Sync + 'static {
    /// `docker` or `process`.
    fn name(&self) -> &'static str;

    /// Starts a pod (again, after it exited). Reports `PodStarted` and then `PodReady`, or `PodStartFailed`;
    /// later, if it ends without being asked to, `PodExited`.
    fn start(&self, pod: StartPod);

    /// Stops a pod: asks, waits at most `grace`, kills it with all its children, removes what is left of it
    /// (logs too). Reports `PodGone`. A pod it does not know is gone already.
    fn stop(&self, uid: PodUid, grace: Duration);

    /// Takes over the pods that an earlier faasim of the same state folder left running.
    fn find(&self) -> BoxFuture<'_, Result<Vec<FoundPod>, ProviderError>>;

    /// The latest cumulative usage of each running pod.
    fn samples(&self) -> Vec<PodSample>;

    /// What a pod wrote, oldest first.
    fn logs(&self, uid: PodUid, query: LogQuery) -> BoxStream<'static, Result<LogLine, ProviderError>>;

    /// Runs a command where the pod runs.
    fn exec(&self, uid: PodUid, command: Vec<String>) -> BoxFuture<'_, Result<ExecOutput, ProviderError>>;

    /// Stops and removes every pod of this cluster, known or not, and returns when nothing is left.
    fn remove_all(&self, grace: Duration) -> BoxFuture<'_, Result<(), ProviderError>>;
}
