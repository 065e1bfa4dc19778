//! The OpenFaaS-compatible HTTP gateway.
//!
//! One thread per core, each with a runtime, a connection pool and a traffic shard of its own: a connection
//! stays on the thread it was given to, so nothing on a request's way is shared but the function's route.

pub mod api;
mod deadline;
mod guard;
mod invoke;
mod path;
mod pool;
mod reply;
mod serve;
pub mod traffic;

use crate::live::router::Router;
use http::HeaderValue;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use traffic::Traffic;

/// The reply header that says that a request had to wait for a pod to become ready, and for how many seconds.
pub const COLD_START_HEADER: &str = "x-faasim-cold-start";

/// Marks a request of our own queue worker; its value is a secret of this process, and no pod sees it.
pub const ASYNC_HEADER: &str = "x-faasim-queue-worker";
/// The request header that asks for the ones below: of no use to a function, only to whoever measures.
pub const TRACE: &str = "x-faasim-trace";
/// The reply header that says which pod it was, by its number.
pub const TRACE_POD: &str = "x-faasim-pod";
/// The reply header that says how long a request waited at the gateway for a pod with room, in seconds.
pub const TRACE_QUEUE: &str = "x-faasim-queue";
/// The reply header that says how long the pod took to start the function's process, in seconds.
pub const TRACE_FORK: &str = "x-faasim-fork";

/// How the gateway listens and how long it waits.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Host names that clients and web pages may use besides `localhost`, `127.0.0.1` and `[::1]`.
    pub allowed_hosts: Vec<String>,
    /// From the moment a request has its pod until the reply is complete (with `Accept: text/event-stream`:
    /// until it begins).
    pub upstream_timeout: Duration,
    /// A request's headers, and its body, must have come in this time. An idle connection is closed after it.
    pub read_timeout: Duration,
    /// From the end of a request's headers to the end of its reply, waiting for a pod included.
    pub write_timeout: Duration,
    /// A request for a function without a ready pod waits for one, which is started. Without it: 503 at once.
    pub scale_from_zero: bool,
    /// The password of the user `admin` for `/system/*`; none: everybody may.
    pub password: Option<String>,
    /// What [`ASYNC_HEADER`] must say, and how long such a request may take: the other limits are not for it.
    pub queue_worker: Option<(HeaderValue, Duration)>,
    /// How many threads serve; 0: one per core.
    pub threads: usize,
    /// How long requests may go on after shutdown began.
    pub grace: Duration,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        GatewayConfig {
            port: 8080,
            allowed_hosts: Vec::new(),
            upstream_timeout: minute,
            read_timeout: minute,
            write_timeout: minute,
            scale_from_zero: true,
            password: None,
            queue_worker: None,
            threads: 0,
            grace: Duration::from_secs(10),
        }
    }
}

/// Why the gateway cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else listens there.
    #[error(
        "port {port} on 127.0.0.1 is taken: stop what listens there, or choose another with `--port` (0 takes a free one)"
    )]
    Taken {
        /// The port that was asked for.
        port: u16,
    },
    /// Any other refusal of the system.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Refused {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A gateway that has its port and does not serve yet.
pub struct Gateway {
    config: GatewayConfig,
    listener: std::net::TcpListener,
    address: SocketAddr,
    router: Arc<Router>,
    traffic: Arc<Traffic>,
    api: axum::Router,
}

impl Gateway {
    /// Takes the port. `api` answers whatever is not an invocation, `/healthz` or `/`: what lies under `/system`
    /// only to those who know the password.
    pub fn bind(
        config: GatewayConfig,
        router: Arc<Router>,
        traffic: Arc<Traffic>,
        api: axum::Router,
    ) -> Result<Gateway, BindError> {
        let port = config.port;
        let refused = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::AddrInUse => BindError::Taken { port },
            _ => BindError::Refused { port, source },
        };
        // One listener and no SO_REUSEPORT: a second gateway on the port is refused, and connections go to the
        // thread with the fewest, where the kernel's hash would leave one thread with most of a few.
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Gateway { config, listener, address, router, traffic, api })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown`, then lets requests in flight end for [`GatewayConfig::grace`].
    pub fn serve(self, shutdown: CancellationToken) -> Result<Serving, std::io::Error> {
        serve::start(self, &shutdown)
    }
}

/// A gateway at work.
pub struct Serving {
    threads: Vec<tokio::sync::oneshot::Receiver<()>>,
}

impl Serving {
    /// Waits until every thread has ended.
    pub async fn join(self) {
        for thread in self.threads {
            // A thread that panicked has ended as well.
            let _ = thread.await;
        }
    }
}
