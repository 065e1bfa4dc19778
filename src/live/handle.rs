//! How the rest of faasim talks to the task that owns the cluster.

use crate::cluster::command::{Command, Refusal, Reply};
use crate::cluster::quantity::Bytes;
use crate::dashboard::view::View;
use crate::live::asynchronous::Queue;
use crate::live::provider::Provider;
use crate::live::secrets::Secrets;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Why a wish was not carried out.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ApplyError {
    /// The cluster says no, and why.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It could not be written down (disk full, read-only folder): 500.
    #[error("{0}")]
    NotWritten(String),
    /// The cluster is shutting down: 503.
    #[error("faasim is shutting down")]
    ShuttingDown,
}

impl ApplyError {
    /// The HTTP status that says it.
    pub fn status(&self) -> u16 {
        match self {
            ApplyError::Refused(refusal) => refusal.status(),
            ApplyError::NotWritten(_) => 500,
            ApplyError::ShuttingDown => 503,
        }
    }
}

/// A wish on its way to the controller.
pub struct Wish {
    /// What is wished.
    pub command: Command,
    /// Where the answer goes, after everything it promises is on disk.
    pub reply: oneshot::Sender<Result<Reply, ApplyError>>,
}

/// A cheap handle to the running cluster, for the API, the screens and the commands.
#[derive(Clone)]
pub struct Handle {
    wishes: mpsc::UnboundedSender<Wish>,
    view: Arc<dyn Fn() -> View + Send + Sync>,
    provider: Arc<dyn Provider>,
    shutdown: CancellationToken,
    secrets: Secrets,
    queue: Queue,
    largest_call: Bytes,
}

impl Handle {
    /// A handle that sends wishes to a controller and asks `view` for what screens draw.
    pub fn new(
        wishes: mpsc::UnboundedSender<Wish>,
        view: Arc<dyn Fn() -> View + Send + Sync>,
        provider: Arc<dyn Provider>,
        shutdown: CancellationToken,
        secrets: Secrets,
        queue: Queue,
        largest_call: Bytes,
    ) -> Self {
        Handle { wishes, view, provider, shutdown, secrets, queue, largest_call }
    }

    /// Carries out a command.
    ///
    /// # Errors
    /// The cluster's refusal, or that it could not be written down.
    pub async fn apply(&self, command: Command) -> Result<Reply, ApplyError> {
        if let Command::Deploy(spec) | Command::Update(spec) = &command
            && let Some(name) = self.secrets.missing(spec)
        {
            return Err(ApplyError::Refused(Refusal::invalid(format!(
                "secrets: there is no secret `{name}` in namespace `{}`: `faasim secret create {name}` makes it",
                spec.namespace
            ))));
        }
        let (reply, answer) = oneshot::channel();
        self.wishes.send(Wish { command, reply }).map_err(|_| ApplyError::ShuttingDown)?;
        answer.await.map_err(|_| ApplyError::ShuttingDown)?
    }

    /// The cluster, its traffic and its usage as of now.
    pub fn view(&self) -> View {
        (self.view)()
    }

    /// Calls that are answered later.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// The largest body of such a call.
    pub fn largest_call(&self) -> Bytes {
        self.largest_call
    }

    /// What functions may read.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Whoever runs the pods: for logs and exec.
    pub fn provider(&self) -> &Arc<dyn Provider> {
        &self.provider
    }

    /// Cancelled when faasim is to stop; cancel it to stop faasim.
    pub fn shutdown(&self) -> &CancellationToken {
        &self.shutdown
    }
}
