//! The watchdog's HTTP server: health, readiness, the hold stream, and everything else to the function.

use super::caller::{Caller, Cancelled};
use super::config::{Mode, Options};
use super::log::Stream;
use super::pod::{InFlight, Pod};
use super::proxy::Proxy;
use super::reply::{self, Body};
use super::{cgi, files, fork, forking, hold};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The server's connections, so that its end can wait for them.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pod: Arc<Pod>,
    proxy: Option<Proxy>,
    closing: CancellationToken,
    connections: TaskTracker,
}

/// The connection is to be closed without a reply.
#[derive(Debug, thiserror::Error)]
enum Hangup {
    #[error("the reply came after write_timeout")]
    TooLate,
    #[error("the function's task has gone")]
    Gone,
}

impl Server {
    pub(super) fn new(pod: Arc<Pod>) -> Server {
        let proxy = match &pod.options.mode {
            Mode::Http { upstream } => Some(Proxy::new(upstream)),
            _ => None,
        };
        Server { pod, proxy, closing: CancellationToken::new(), connections: TaskTracker::new() }
    }

    /// Takes connections until dropped.
    pub(super) async fn accept(self, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    self.connections.spawn(self.clone().connection(stream, peer));
                }
                // Out of descriptors, or the peer has gone already: neither is cured by trying at once.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    /// Lets connections finish what they are answering, for at most `patience`.
    pub(super) async fn close(&self, patience: Duration) {
        self.closing.cancel();
        self.connections.close();
        let _ = tokio::time::timeout(patience, self.connections.wait()).await;
    }

    async fn connection(self, stream: TcpStream, peer: SocketAddr) {
        let _ = stream.set_nodelay(true);
        let local = stream.local_addr().unwrap_or(peer);
        let service = service_fn(|request| self.answer(request, local, peer));
        let mut builder = http1::Builder::new();
        builder.title_case_headers(true);
        // faasim's router keeps idle connections on purpose.
        let idle = self.pod.options.read_timeout;
        if self.pod.options.is_managed() || idle.is_zero() {
            builder.header_read_timeout(None);
        } else {
            builder.timer(TokioTimer::new()).header_read_timeout(idle);
        }
        let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
        tokio::pin!(connection);
        // Errors are the caller's doing, or our own hanging up.
        tokio::select! {
            _ = &mut connection => {}
            () = self.closing.cancelled() => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        local: SocketAddr,
        peer: SocketAddr,
    ) -> Result<Response<Body>, Hangup> {
        match request.uri().path() {
            "/_/health" => Ok(self.health(request.method())),
            "/_/ready" if self.pod.options.mode != Mode::Classic => Ok(self.ready(request.method()).await),
            hold::PATH => Ok(hold::answer(&self.pod, request.headers())),
            _ => self.call(request, local, peer).await,
        }
    }

    fn health(&self, method: &Method) -> Response<Body> {
        match *method {
            Method::GET if self.pod.is_healthy() => reply::text(StatusCode::OK, "OK"),
            Method::GET => reply::empty(StatusCode::SERVICE_UNAVAILABLE),
            _ => reply::empty(StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    async fn ready(&self, method: &Method) -> Response<Body> {
        if method != Method::GET {
            return reply::empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        if !self.pod.is_healthy() {
            return reply::empty(StatusCode::SERVICE_UNAVAILABLE);
        }
        match (&self.proxy, &self.pod.options.ready_path) {
            (Some(proxy), Some(path)) => proxy.ask(path).await,
            _ if self.pod.is_full() => reply::empty(StatusCode::TOO_MANY_REQUESTS),
            _ => reply::empty(StatusCode::OK),
        }
    }

    async fn call(
        &self,
        request: Request<Incoming>,
        local: SocketAddr,
        peer: SocketAddr,
    ) -> Result<Response<Body>, Hangup> {
        let started = Instant::now();
        let method = request.method().clone();
        let response = self.function(request, local, peer, started).await?;
        if let Some(metrics) = &self.pod.metrics {
            metrics.record(&method, response.status(), started.elapsed());
        }
        let limit = self.pod.options.write_timeout;
        if !limit.is_zero() && started.elapsed() > limit {
            return Err(Hangup::TooLate);
        }
        Ok(response)
    }

    async fn function(
        &self,
        request: Request<Incoming>,
        local: SocketAddr,
        peer: SocketAddr,
        started: Instant,
    ) -> Result<Response<Body>, Hangup> {
        let pod = &self.pod;
        let call_id = request.headers().get("x-call-id").and_then(|v| v.to_str().ok()).map(str::to_owned);
        let Some(in_flight) = pod.begin(call_id) else {
            return Ok(reply::too_many(pod.options.max_inflight));
        };
        let (mut head, body) = request.into_parts();
        let caller = head.headers.remove(hold::QUEUED).map(|_| Caller::new(pod));
        if pod.options.debug_headers {
            for (name, value) in &head.headers {
                let value = String::from_utf8_lossy(value.as_bytes());
                pod.log.plain(Stream::Stdout, &format!("{}: {value}", cgi::canonical(name.as_str())));
            }
        }
        let cancelled = caller.as_ref().map(Caller::cancelled);
        let answer =
            self.work(Request::from_parts(head, body), (local, peer), started, in_flight, cancelled).await;
        caller.into_iter().for_each(Caller::answered);
        answer
    }

    /// Has the function work on a request. One that may be cancelled is from faasim's queue.
    async fn work(
        &self,
        request: Request<Incoming>,
        (local, peer): (SocketAddr, SocketAddr),
        started: Instant,
        in_flight: InFlight,
        cancelled: Option<Cancelled>,
    ) -> Result<Response<Body>, Hangup> {
        let pod = &self.pod;
        let (head, body) = request.into_parts();
        if let Some(proxy) = &self.proxy {
            let Some(cancelled) = cancelled else {
                return Ok(proxy.call(Arc::clone(pod), head, body, in_flight, started).await);
            };
            // When faasim dies the server goes on, and whoever takes the pod over must see that it does.
            let (proxy, pod) = (proxy.clone(), Arc::clone(pod));
            let call = tokio::spawn(async move {
                tokio::select! {
                    answer = proxy.call(pod, head, body, in_flight, started) => Ok(answer),
                    () = cancelled.wait() => Err(Hangup::Gone),
                }
            });
            return call.await.unwrap_or(Err(Hangup::Gone));
        }
        let cancelled = cancelled.unwrap_or_default();
        if let Mode::Static { root } = &pod.options.mode {
            return Ok(files::answer(root, &head.uri, pod, in_flight).await);
        }
        let forkable = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::GET];
        if !forkable.contains(&head.method) {
            return Ok(reply::empty(StatusCode::METHOD_NOT_ALLOWED));
        }
        if pod.options.mode == Mode::Streaming {
            return Ok(forking::stream(Arc::clone(pod), head, body, in_flight));
        }
        let length = body.size_hint().exact();
        match read(&pod.options, body, started).await {
            Ok(body) if pod.options.mode == Mode::Serializing => {
                forking::serialize(Arc::clone(pod), head, body, in_flight, cancelled)
                    .await
                    .map_err(|_| Hangup::Gone)
            }
            Ok(body) => fork::call(Arc::clone(pod), head, body, length, in_flight, cancelled)
                .await
                .map_err(|_| Hangup::Gone),
            Err(reason) => {
                let mut response =
                    reply::text(StatusCode::BAD_REQUEST, format!("read tcp {local}->{peer}: {reason}\n"));
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                Ok(response)
            }
        }
    }
}

/// Reads a body to its end, within `read_timeout` of the request's start.
async fn read(options: &Options, body: Incoming, started: Instant) -> Result<Bytes, String> {
    let whole = body.collect();
    let result = if options.read_timeout.is_zero() {
        whole.await
    } else {
        timeout_at(started + options.read_timeout, whole).await.map_err(|_| "i/o timeout".to_owned())?
    };
    result.map(|body| body.to_bytes()).map_err(|e| e.to_string())
}
