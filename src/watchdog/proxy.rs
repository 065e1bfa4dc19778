//! The http way: requests are passed on to a long-lived server, and bodies stream both ways.

use super::config::Options;
use super::gofmt;
use super::pod::{InFlight, Pod};
use super::reply::{self, Body};
use super::upgrade;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

/// Headers that belong to one connection.
const HOP: [header::HeaderName; 5] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::HeaderName::from_static("keep-alive"),
    header::HeaderName::from_static("proxy-connection"),
];

/// Passes requests on to one server.
#[derive(Clone, Debug)]
pub(super) struct Proxy {
    client: Client<HttpConnector, Body>,
    base: String,
}

impl Proxy {
    pub(super) fn new(upstream: &Uri) -> Proxy {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(60))
            .http1_title_case_headers(true)
            .build(connector);
        Proxy { client, base: upstream.to_string().trim_end_matches('/').to_owned() }
    }

    /// Passes one request on; whatever goes wrong becomes a reply of the watchdog's own.
    pub(super) async fn call(
        &self,
        pod: Arc<Pod>,
        head: Parts,
        body: Incoming,
        in_flight: InFlight,
        started: Instant,
    ) -> Response<Body> {
        let mut note = Note::new(Arc::clone(&pod), &head, started, in_flight);
        let limit = time_limit(&pod.options, &head.headers);
        let deadline = limit.map(|limit| started + limit);
        let (head, body, side) = upgrade::side_of(head, body);
        let work = self.forward(head, body, side.is_some());
        let answer = match deadline {
            Some(deadline) => timeout_at(deadline, work).await.ok(),
            None => Some(work.await),
        };
        let failed = |status, reason: String| {
            pod.log.say(reason);
            let mut response = reply::empty(status);
            reply::mark_internal(&mut response, "of-watchdog");
            response
        };
        let mut response = match (answer, side) {
            (Some(Ok(response)), Some(side)) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                note.status = response.status();
                note.quiet = note.probe;
                return upgrade::join(side, response, note);
            }
            (Some(Ok(response)), _) => {
                note.status = response.status();
                note.length = response.body().size_hint().exact();
                note.quiet = note.probe;
                let (mut head, body) = response.into_parts();
                HOP.iter().for_each(|name| drop(head.headers.remove(name)));
                head.version = Version::HTTP_11;
                let write = pod.options.write_timeout;
                let through = Through {
                    inner: body,
                    write_by: (!write.is_zero()).then(|| started + write),
                    cut_at: deadline.map(|at| Box::pin(sleep_until(at))),
                    note,
                };
                Response::from_parts(head, through.boxed_unsync())
            }
            (Some(Err(error)), _) => {
                failed(StatusCode::INTERNAL_SERVER_ERROR, format!("Upstream HTTP request error: {error}"))
            }
            (None, _) => failed(
                StatusCode::GATEWAY_TIMEOUT,
                format!(
                    "Upstream HTTP killed due to exec_timeout: {}",
                    gofmt::duration(limit.unwrap_or_default())
                ),
            ),
        };
        reply::mark_duration(&mut response, started.elapsed());
        response
    }

    async fn forward(
        &self,
        mut head: Parts,
        body: Incoming,
        websocket: bool,
    ) -> Result<Response<Incoming>, Failure> {
        let path = head.uri.path_and_query().map_or("/", |p| p.as_str());
        head.uri = format!("{}{path}", self.base).parse()?;
        HOP.iter().for_each(|name| drop(head.headers.remove(name)));
        if websocket {
            upgrade::ask(&mut head.headers);
        }
        let body = if body.is_end_stream() {
            if head.method == Method::GET || head.method == Method::HEAD {
                head.headers.remove(header::CONTENT_LENGTH);
            }
            Empty::new().map_err(|never| match never {}).boxed_unsync()
        } else {
            // Always chunked, as the original sends it; of a GET it would go nowhere if this did not say it.
            head.headers.remove(header::CONTENT_LENGTH);
            head.headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
            unsized_body(body)
        };
        // A caller of HTTP/1.0 has a connection of its own kind, and not the one behind it.
        head.version = Version::HTTP_11;
        Ok(self.client.request(Request::from_parts(head, body)).await?)
    }

    /// Asks the server at `path`, for its own readiness check.
    pub(super) async fn ask(&self, path: &str) -> Response<Body> {
        let uri = format!("{}/{}", self.base, path.trim_start_matches('/'));
        let request =
            Request::builder().uri(uri).body(Empty::new().map_err(|never| match never {}).boxed_unsync());
        let answer = match request {
            Ok(request) => self.client.request(request).await.ok(),
            Err(_) => None,
        };
        match answer {
            Some(response) => response.map(|body| body.map_err(io::Error::other).boxed_unsync()),
            None => reply::empty(StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Uri(#[from] http::uri::InvalidUri),
    #[error("{}", chain(.0))]
    Client(#[from] hyper_util::client::legacy::Error),
}

/// An error with its causes; hyper's own words say only "client error (Connect)".
fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", chain(cause)),
        None => error.to_string(),
    }
}

/// A body that does not tell its length, so that it is sent in chunks.
fn unsized_body(mut body: Incoming) -> Body {
    StreamBody::new(futures_util::stream::poll_fn(move |cx| {
        Pin::new(&mut body).poll_frame(cx).map(|frame| frame.map(|f| f.map_err(io::Error::other)))
    }))
    .boxed_unsync()
}

/// How long the server may take: `exec_timeout`, or `X-Timeout` where that is shorter; nothing for event streams.
fn time_limit(options: &Options, headers: &HeaderMap) -> Option<Duration> {
    if accepts(headers, "text/event-stream")
        || upgrade::is_asked_for(headers)
        || options.exec_timeout.is_zero()
    {
        return None;
    }
    let asked = headers.get("x-timeout").and_then(|v| v.to_str().ok()).and_then(gofmt::parse_duration);
    Some(asked.filter(|d| !d.is_zero() && *d <= options.exec_timeout).unwrap_or(options.exec_timeout))
}

fn accepts(headers: &HeaderMap, kind: &str) -> bool {
    headers.get(header::ACCEPT).is_some_and(|v| v.to_str().is_ok_and(|v| v.contains(kind)))
}

/// The reply on its way to the caller.
struct Through {
    inner: Incoming,
    write_by: Option<Instant>,
    cut_at: Option<Pin<Box<Sleep>>>,
    note: Note,
}

impl hyper::body::Body for Through {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        if let Some(cut) = &mut this.cut_at
            && cut.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, "exec_timeout"))));
        }
        let frame = ready!(Pin::new(&mut this.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            this.note.written += frame.data_ref().map_or(0, |d| d.len() as u64);
            if this.write_by.is_some_and(|by| Instant::now() > by) {
                return Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, "write_timeout"))));
            }
        }
        Poll::Ready(frame.map(|f| f.map_err(io::Error::other)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Logs the request when its reply has gone, and keeps it in flight until then.
struct Note {
    pod: Arc<Pod>,
    method: Method,
    path: String,
    call_id: Option<String>,
    streamed: bool,
    probe: bool,
    quiet: bool,
    status: StatusCode,
    length: Option<u64>,
    written: u64,
    started: Instant,
    _in_flight: InFlight,
}

impl Note {
    fn new(pod: Arc<Pod>, head: &Parts, started: Instant, in_flight: InFlight) -> Note {
        let text = |name: &str| head.headers.get(name).and_then(|v| v.to_str().ok());
        let probe = text("user-agent").is_some_and(|agent| agent.starts_with("kube-probe"));
        let call_id = pod.options.log_callid.then(|| text("x-call-id").unwrap_or("none").to_owned());
        Note {
            method: head.method.clone(),
            path: head.uri.path_and_query().map_or_else(String::new, |p| p.to_string()),
            call_id,
            streamed: accepts(&head.headers, "text/event-stream")
                || accepts(&head.headers, "application/x-ndjson")
                || upgrade::is_asked_for(&head.headers),
            probe,
            // Until there is a reply to log; failures have a line of their own.
            quiet: true,
            status: StatusCode::OK,
            length: None,
            written: 0,
            started,
            _in_flight: in_flight,
            pod,
        }
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        if self.quiet {
            return;
        }
        let (method, path, seconds) = (&self.method, &self.path, self.started.elapsed().as_secs_f64());
        let mut line = if self.streamed {
            format!(
                "{method} {path} - {} - Bytes: {} ({seconds:.4}s)",
                self.status.as_u16(),
                gofmt::size(Some(self.written))
            )
        } else {
            format!(
                "{method} {path} - {} - ContentLength: {} ({seconds:.4}s)",
                self.status,
                gofmt::size(self.length)
            )
        };
        if let Some(id) = &self.call_id {
            line.push_str(&format!(" [{id}]"));
        }
        self.pod.log.say(line);
    }
}
