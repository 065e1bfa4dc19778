//! The gateway's threads: who accepts, who serves, how it ends.

use super::deadline::Timely;
use super::guard::{self, Guard};
use super::pool::Pool;
use super::reply::{self, Reply, ReplyBody};
use super::traffic::{Recorder, Traffic};
use super::{Gateway, GatewayConfig, Serving, path};
use crate::live::router::RouterReader;
use http::header::ALLOW;
use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::cell::RefCell;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::LocalSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// Another try after the system had no more file descriptors or memory for us.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// A connection for one of the threads.
type Arrival = (std::net::TcpStream, SocketAddr);

/// The acceptor's view of one thread.
struct Desk {
    arrivals: UnboundedSender<Arrival>,
    connections: Arc<AtomicUsize>,
}

pub(super) fn start(gateway: Gateway, shutdown: &CancellationToken) -> std::io::Result<Serving> {
    let Gateway { config, listener, router, traffic, api, .. } = gateway;
    let api = api.fallback(|| async { axum_not_found() });
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let count = if config.threads == 0 { cores } else { config.threads };
    let mut desks = Vec::new();
    let mut workers = Vec::new();
    for _ in 0..count {
        let (arrivals, inbox) = unbounded_channel();
        let connections = Arc::<AtomicUsize>::default();
        desks.push(Desk { arrivals, connections: connections.clone() });
        workers.push((inbox, connections, router.reader()));
    }
    let mut acceptor = Some((listener, desks));
    let mut threads = Vec::new();
    for (number, (inbox, connections, reader)) in workers.into_iter().enumerate() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (ended, end) = tokio::sync::oneshot::channel();
        let (config, api, traffic, acceptor) =
            (config.clone(), api.clone(), traffic.clone(), acceptor.take());
        // A child each: connections of one thread do not share a lock with those of another.
        let shutdown = shutdown.child_token();
        std::thread::Builder::new().name(format!("gateway-{number}")).spawn(move || {
            LocalSet::new().block_on(&runtime, async move {
                let worker = Rc::new(Worker::new(config, reader, traffic, api));
                if let Some((listener, desks)) = acceptor {
                    tokio::task::spawn_local(accept(listener, desks, shutdown.clone()));
                }
                worker.run(inbox, connections, shutdown).await;
            });
            // Whoever waits may have gone.
            let _ = ended.send(());
        })?;
        threads.push(end);
    }
    Ok(Serving { threads })
}

fn axum_not_found() -> axum::response::Response {
    reply::not_found().map(|body| match body {
        ReplyBody::Whole(Some(text)) => axum::body::Body::from(text),
        _ => axum::body::Body::empty(),
    })
}

async fn accept(listener: std::net::TcpListener, desks: Vec<Desk>, shutdown: CancellationToken) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!("the gateway cannot watch its port: {error}"),
    };
    loop {
        let arrival = tokio::select! {
            arrival = listener.accept() => arrival,
            () = shutdown.cancelled() => return,
        };
        match arrival.and_then(|(stream, peer)| Ok((stream.into_std()?, peer))) {
            Ok(arrival) => {
                let Some(desk) = desks.iter().min_by_key(|d| d.connections.load(Ordering::Relaxed)) else {
                    return;
                };
                desk.connections.fetch_add(1, Ordering::Relaxed);
                // A thread that has ended drops it: we are shutting down.
                let _ = desk.arrivals.send(arrival);
            }
            Err(error) => {
                tracing::warn!("the gateway could not accept a connection: {error}");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

/// What one thread serves with.
pub(super) struct Worker {
    pub(super) config: GatewayConfig,
    pub(super) routes: RefCell<RouterReader>,
    pub(super) recorder: Recorder,
    pub(super) pool: Pool,
    traffic: Arc<Traffic>,
    guard: Guard,
    api: axum::Router,
}

/// Takes one from the count when its connection ends.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Worker {
    fn new(config: GatewayConfig, routes: RouterReader, traffic: Arc<Traffic>, api: axum::Router) -> Self {
        let guard = Guard::new(&config.allowed_hosts, config.password.as_deref());
        let recorder = traffic.recorder();
        Worker { config, routes: RefCell::new(routes), recorder, pool: Pool::default(), traffic, guard, api }
    }

    async fn run(
        self: Rc<Self>,
        mut inbox: UnboundedReceiver<Arrival>,
        connections: Arc<AtomicUsize>,
        shutdown: CancellationToken,
    ) {
        let tracker = TaskTracker::new();
        tokio::task::spawn_local(self.pool.clone().keep_tidy());
        loop {
            let arrival = tokio::select! {
                arrival = inbox.recv() => arrival,
                () = shutdown.cancelled() => None,
            };
            let Some((stream, peer)) = arrival else { break };
            let counted = Counted(connections.clone());
            let connection = self.clone().connection(stream, peer, shutdown.clone());
            tracker.spawn_local(async move {
                connection.await;
                drop(counted);
            });
        }
        shutdown.cancelled().await;
        tracker.close();
        // Whatever still runs after that ends with the runtime.
        let _ = tokio::time::timeout(self.config.grace, tracker.wait()).await;
    }

    async fn connection(
        self: Rc<Self>,
        stream: std::net::TcpStream,
        peer: SocketAddr,
        shutdown: CancellationToken,
    ) {
        let read_timeout = self.config.read_timeout;
        let stream = match stream.set_nodelay(true).and_then(|()| TcpStream::from_std(stream)) {
            Ok(stream) => stream,
            // It was closed before we looked at it.
            Err(_) => return,
        };
        let service = service_fn(move |request| {
            let worker = self.clone();
            async move { Ok::<_, Infallible>(worker.answer(request, peer).await) }
        });
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                // As Go writes names: `X-Call-Id`. Scripts look for them in this case.
                .title_case_headers(true)
                .header_read_timeout(read_timeout)
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades()
        );
        // An error here is the client's going away, or what it sent: hyper has answered what can be answered.
        tokio::select! {
            biased;
            _ = connection.as_mut() => return,
            () = shutdown.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }

    async fn answer(self: Rc<Self>, request: Request<Incoming>, peer: SocketAddr) -> Reply {
        if let Some(refusal) = self.guard.refuse_foreign(request.method(), request.uri(), request.headers()) {
            return refusal;
        }
        let uri = request.uri().clone();
        match path::target(uri.path()) {
            path::Target::Function { name, rest } => self.invoke(request, name, &rest, peer).await,
            path::Target::Other => {
                let (method, begun) = (request.method().clone(), Instant::now());
                let reply = self.answer_other(request, uri.path()).await;
                self.traffic.record_api(&method, uri.path(), reply.status(), begun.elapsed());
                reply
            }
            path::Target::Moved(to) => {
                let query = uri.query().map(|q| format!("?{q}")).unwrap_or_default();
                reply::moved(StatusCode::MOVED_PERMANENTLY, &(to + &query))
            }
            path::Target::Malformed => reply::error(
                StatusCode::BAD_REQUEST,
                "The path has a `%` that two hexadecimal digits do not follow: write a percent sign as %25.\n",
            ),
        }
    }

    async fn answer_other(&self, request: Request<Incoming>, path: &str) -> Reply {
        let under =
            |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        match path {
            "/healthz" | "/" if request.method() != Method::GET => {
                return reply::empty(StatusCode::METHOD_NOT_ALLOWED);
            }
            "/healthz" => return reply::empty(StatusCode::OK),
            "/" => return reply::moved(StatusCode::TEMPORARY_REDIRECT, "/ui/"),
            _ => {}
        }
        let refusal = match path {
            "/ui" | "/ui/" => self.guard.refuse_stranger(request.headers()),
            _ if under("/system") => self.guard.refuse_stranger(request.headers()),
            // The portal's other files hold no secret; what they show comes from `/system`.
            _ => None,
        };
        let sign_in = refusal.is_some() && under("/ui") && guard::is_browser(request.headers());
        if let Some(refusal) = refusal.filter(|_| !sign_in) {
            return refusal;
        }
        let by = Instant::now() + self.config.read_timeout;
        let request = request.map(|body| axum::body::Body::new(Timely::new(body, by)));
        let Ok(mut reply) = self.api.clone().oneshot(request).await;
        if sign_in && reply.status() == StatusCode::OK {
            guard::ask_in_page(&mut reply);
        }
        if reply.status() == StatusCode::METHOD_NOT_ALLOWED {
            reply.headers_mut().remove(ALLOW);
        }
        reply.map(ReplyBody::Api)
    }
}
