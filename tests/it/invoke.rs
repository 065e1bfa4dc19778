//! Invocations through a real gateway to real servers on loopback.
#![allow(clippy::unwrap_used)]

mod metrics;
mod pod;
mod routing;
mod rules;
mod streaming;

use faasim::cluster::function::FunctionId;
use faasim::cluster::pod::PodUid;
use faasim::cluster::time::Time;
use faasim::live::gateway::traffic::Traffic;
use faasim::live::gateway::{Gateway, GatewayConfig, Serving};
use faasim::live::router::{RouteLimits, Router, RouterEvent};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use pod::Pod;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::{CancellationToken, DropGuard};

const ECHO: FunctionId = FunctionId(1);

/// A gateway with one function, `echo`, and no pods. It ends when it is dropped.
struct Stage {
    address: SocketAddr,
    router: Arc<Router>,
    traffic: Arc<Traffic>,
    events: UnboundedReceiver<RouterEvent>,
    client: Client<HttpConnector, Full<Bytes>>,
    serving: Serving,
    shutdown: DropGuard,
}

fn quick() -> GatewayConfig {
    GatewayConfig { port: 0, threads: 2, password: Some("pw".into()), ..GatewayConfig::default() }
}

fn stage(config: GatewayConfig) -> Stage {
    let began = Instant::now();
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let clock = Arc::new(move || Time::ZERO + unix + began.elapsed());
    let (sender, events) = tokio::sync::mpsc::unbounded_channel();
    let router = Arc::new(Router::new(clock, sender));
    router.upsert(ECHO, "echo.openfaas-fn", RouteLimits::default());
    let traffic = Arc::new(Traffic::new());
    let api = axum::Router::new()
        .route("/system/info", axum::routing::get(|| async { "info" }))
        .route("/ui/", axum::routing::get(|| async { "portal" }));
    let gateway = Gateway::bind(config, router.clone(), traffic.clone(), api).unwrap();
    let (address, shutdown) = (gateway.address(), CancellationToken::new());
    let serving = gateway.serve(shutdown.clone()).unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    Stage { address, router, traffic, events, client, serving, shutdown: shutdown.drop_guard() }
}

/// The same, with one pod that answers what it was asked.
async fn with_echo() -> (Stage, Pod) {
    let stage = stage(quick());
    let pod = Pod::echo().await;
    stage.router.pod_ready(ECHO, PodUid(1), pod.address);
    (stage, pod)
}

/// A reply that was read to its end.
#[derive(Debug)]
struct Got {
    status: u16,
    headers: http::HeaderMap,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Stage {
    fn request(&self, method: &str, path: &str) -> http::request::Builder {
        http::Request::builder().method(method).uri(format!("http://{}{path}", self.address))
    }

    async fn send(&self, request: http::Request<Full<Bytes>>) -> Got {
        let response = self.client.request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Got { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn call(&self, method: &str, path: &str, body: &'static str) -> Got {
        self.send(self.request(method, path).body(body.into()).unwrap()).await
    }

    async fn event(&mut self) -> RouterEvent {
        bounded(self.events.recv()).await.unwrap()
    }
}

/// Nothing here takes long; a test that hangs is to fail.
async fn bounded<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it hangs")
}

/// Yields until the gateway's threads have come so far.
async fn until(mut reached: impl FnMut() -> bool) {
    bounded(async {
        while !reached() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}
