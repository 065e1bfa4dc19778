//! Prometheus' view: `/metrics` and `/healthz` on a port of their own, as OpenFaaS' gateway has them.

mod cadvisor;
mod families;
mod kube;
mod node;
mod text;

use crate::cluster::pod::PodUid;
use crate::cluster::snapshot::Snapshot;
use crate::live::gateway::traffic::Traffic;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What the cluster knows and the gateway's traffic does not.
#[derive(Clone, Debug, Default)]
pub struct Gauges {
    /// Every deployed function.
    pub functions: Vec<FunctionGauges>,
    /// Every running pod.
    pub pods: Vec<PodGauges>,
    /// Asynchronous calls of every function that has had any.
    pub calls: Vec<CallGauges>,
    /// All of it as screens have it.
    pub cluster: Option<Arc<Snapshot>>,
    /// The state folder, whose disk is looked at.
    pub state: PathBuf,
}

/// One function as it stands.
#[derive(Clone, Debug, Default)]
pub struct FunctionGauges {
    /// `mltest.openfaas-fn`.
    pub name: String,
    /// Replicas wanted.
    pub desired: u32,
    /// Pods that take requests.
    pub ready: u32,
    /// Requests accepted and not yet answered.
    pub in_flight: u32,
}

/// Asynchronous calls of one function.
#[derive(Clone, Debug, Default)]
pub struct CallGauges {
    /// The queue they are in.
    pub queue: String,
    /// `mltest.openfaas-fn`.
    pub function: String,
    /// Waiting for a try.
    pub pending: u64,
    /// Being worked on.
    pub running: u64,
    /// Given up.
    pub dead: u64,
    /// Taken since faasim started.
    pub submitted: u64,
    /// Ended since faasim started.
    pub processed: u64,
}

/// One pod's use.
#[derive(Clone, Debug)]
pub struct PodGauges {
    /// Its number.
    pub uid: PodUid,
    /// `mltest`.
    pub function: String,
    /// `openfaas-fn`.
    pub namespace: String,
    /// The pod's name.
    pub pod: String,
    /// CPU time used since its container started.
    pub cpu_total: Duration,
    /// Resident memory, in bytes.
    pub memory_bytes: u64,
}

/// Asked at each scrape.
pub type GaugeSource = Arc<dyn Fn() -> Gauges + Send + Sync>;

/// A metrics listener that has its port and does not serve yet.
pub struct Metrics {
    listener: TcpListener,
    address: SocketAddr,
    asked: u16,
    traffic: Arc<Traffic>,
    gauges: GaugeSource,
}

impl Metrics {
    /// Takes the port on 127.0.0.1, or a free one where that is taken.
    ///
    /// # Errors
    /// The system gives no port at all.
    pub async fn bind(port: u16, traffic: Arc<Traffic>, gauges: GaugeSource) -> std::io::Result<Metrics> {
        let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?,
        };
        let address = listener.local_addr()?;
        Ok(Metrics { listener, address, asked: port, traffic, gauges })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to tell a person when it is not the port that was asked for.
    pub fn note(&self) -> Option<String> {
        (self.asked != 0 && self.asked != self.address.port()).then(|| {
            format!("port {} is taken, so metrics are at http://{}/metrics", self.asked, self.address)
        })
    }

    /// Serves until `shutdown`.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn serve(self, shutdown: CancellationToken) -> std::io::Result<()> {
        let router = axum::Router::new()
            .route("/metrics", any(metrics))
            .route("/healthz", any(healthz))
            .fallback(|| async { (StatusCode::NOT_FOUND, "404 page not found\n") })
            .with_state((self.traffic, self.gauges));
        axum::serve(self.listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await
    }
}

async fn healthz(method: Method) -> Response {
    if method == Method::GET { "OK".into_response() } else { StatusCode::METHOD_NOT_ALLOWED.into_response() }
}

async fn metrics(State((traffic, gauges)): State<(Arc<Traffic>, GaugeSource)>) -> Response {
    let text = families::write(&traffic, &gauges());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
