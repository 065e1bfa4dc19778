//! The watchdog's own Prometheus families, on a listener of their own (port 8081 in the original).

use super::pod::Pod;
use super::reply;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Upper bounds in seconds, as everywhere in OpenFaaS.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

const KNOWN: [Method; 9] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::HEAD,
    Method::OPTIONS,
    Method::TRACE,
    Method::CONNECT,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    code: u16,
    method: String,
}

/// Counts of function calls; health checks are not among them.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Family<Labels, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
}

impl Metrics {
    pub(super) fn new() -> Metrics {
        let mut registry = Registry::default();
        let requests = Family::<Labels, Counter>::default();
        let seconds =
            Family::<Labels, Histogram, fn() -> Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let in_flight = Gauge::default();
        registry.register("http_requests", "Total number of requests processed", requests.clone());
        registry.register("http_request_duration_seconds", "Seconds spent serving requests", seconds.clone());
        registry.register("http_requests_in_flight", "Number of requests being served", in_flight.clone());
        Metrics { registry, requests, seconds, in_flight }
    }

    /// A call has been answered.
    pub(super) fn record(&self, method: &Method, code: StatusCode, took: Duration) {
        // Whoever makes methods up makes no families.
        let known = KNOWN.contains(method);
        let method = if known { method.as_str().to_lowercase() } else { "unknown".into() };
        let labels = Labels { code: code.as_u16(), method };
        self.requests.get_or_create(&labels).inc();
        self.seconds.get_or_create(&labels).observe(took.as_secs_f64());
    }

    fn text(&self, in_flight: usize) -> String {
        self.in_flight.set(i64::try_from(in_flight).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Answers `/metrics` for ever.
pub(super) async fn serve(pod: Arc<Pod>, listener: TcpListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let pod = Arc::clone(&pod);
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let response = answer(&pod, &request);
                async { Ok::<_, Infallible>(response) }
            });
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn answer(pod: &Pod, request: &Request<Incoming>) -> Response<reply::Body> {
    let Some(metrics) = pod.metrics.as_ref().filter(|_| request.uri().path() == "/metrics") else {
        return reply::text(StatusCode::NOT_FOUND, "404 page not found\n");
    };
    let mut response = reply::text(StatusCode::OK, metrics.text(pod.in_flight()));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8"),
    );
    response
}
