//! `/function/{name}`: one request to one pod and its reply back, both streamed.

mod body;
mod headers;
mod send;
mod upgrade;

pub(super) use body::{ProxiedBody, Upload};

use super::deadline::Late;
use super::reply::{self, BoxError, Reply, ReplyBody};
use super::serve::Worker;
use super::traffic::Recorder;
use super::{ASYNC_HEADER, COLD_START_HEADER, TRACE, TRACE_FORK, TRACE_POD, TRACE_QUEUE};
use crate::cluster::pod::PodUid;
use crate::cluster::routing::RefuseReason;
use crate::dashboard::view::Answered;
use crate::live::router::{Admitted, Route, Seat};
use crate::watchdog::hold::QUEUED;
use body::{Finish, UploadState};
use headers::Stamp;
use http::header::{CONTENT_TYPE, HOST, HeaderValue, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, StatusCode, Uri, Version};
use hyper::body::Incoming;
use send::Unsent;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout_at;

/// A thousand looks, a tenth of a second apart: as long as OpenFaaS waits for a pod.
const LONGEST_WAIT: Duration = Duration::from_secs(100);

/// What a client that left before its reply is counted as (nginx' number; OpenFaaS has none).
const CLIENT_LEFT: u16 = 499;

/// A request that is counted once, whatever becomes of it.
pub(super) struct Call {
    recorder: Recorder,
    route: Arc<Route>,
    started: Instant,
    cold: bool,
    status: u16,
    /// It comes from our own queue, and has its limits.
    queued: bool,
    pod: Option<PodUid>,
    /// Until it had its pod.
    seated: Duration,
    /// Starting its process, and all of its work with that, as the pod tells.
    forked: Duration,
    worked: Duration,
}

/// How long a request may take.
#[derive(Clone, Copy)]
struct Limits {
    /// In all.
    write: Duration,
    /// From the moment it has a pod.
    upstream: Duration,
}

impl Drop for Call {
    fn drop(&mut self) {
        let now = Instant::now();
        let took = now.duration_since(self.started);
        let (waited, queued) = match self.cold {
            // A cold start that waited for no time at all is one all the same.
            true => (self.seated.max(Duration::from_nanos(1)), Duration::ZERO),
            false => (Duration::ZERO, self.seated),
        };
        let answered = Answered {
            pod: self.pod,
            status: self.status,
            took,
            waited,
            queued,
            forked: self.forked,
            worked: self.worked.saturating_sub(self.forked),
            ..Answered::default()
        };
        self.recorder.completed(self.route.id, now, answered);
    }
}

/// Why there is no reply from the pod.
enum Failure {
    /// It refuses connections, or died before it replied.
    Unreachable(BoxError),
    /// It did not reply in time.
    Late,
    /// The client did not send its body in time.
    SlowClient,
}

impl Worker {
    pub(super) async fn invoke(
        &self,
        mut request: Request<Incoming>,
        name: &str,
        rest: &str,
        peer: SocketAddr,
    ) -> Reply {
        let queued = self.is_queued(&mut request);
        let method = request.method();
        let known = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        if !known.contains(method) && method != Method::HEAD && method != Method::OPTIONS {
            return reply::empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        let Some(route) = self.routes.borrow_mut().find(name).cloned() else {
            return self.unknown(request.headers(), name);
        };
        let started = Instant::now();
        self.recorder.started(route.id, &route.name);
        let mut call = Call {
            recorder: self.recorder.clone(),
            route: route.clone(),
            started,
            cold: false,
            status: CLIENT_LEFT,
            queued,
            pod: None,
            seated: Duration::ZERO,
            forked: Duration::ZERO,
            worked: Duration::ZERO,
        };
        let stamp = Stamp::new(request.headers());
        let traced = request.headers().contains_key(TRACE);
        let seat = self.seat(&route, &mut call, name).await;
        let waited = call.cold.then(|| started.elapsed());
        let traced = traced.then(|| (seat.as_ref().ok().map(|seat| seat.uid().0), started.elapsed()));
        let mut answer = match seat {
            Ok(seat) => self.forward(request, seat, call, name, rest, peer, &stamp).await,
            Err(refusal) => {
                call.status = refusal.status().as_u16();
                refusal
            }
        };
        stamp.onto(answer.headers_mut());
        let seconds = |time: Duration| HeaderValue::from_str(&format!("{:.6}", time.as_secs_f64()));
        if let Some(Ok(waited)) = waited.map(seconds) {
            answer.headers_mut().insert(COLD_START_HEADER, waited);
        }
        if let Some((pod, queued)) = traced {
            if let Some(pod) = pod {
                answer.headers_mut().insert(TRACE_POD, HeaderValue::from(pod));
            }
            if let Ok(queued) = seconds(if waited.is_some() { Duration::ZERO } else { queued }) {
                answer.headers_mut().insert(TRACE_QUEUE, queued);
            }
        }
        answer
    }

    /// Whether our own queue worker sends this.
    fn is_queued(&self, request: &mut Request<Incoming>) -> bool {
        let mark = request.headers_mut().remove(ASYNC_HEADER);
        mark.is_some_and(|mark| self.config.queue_worker.as_ref().is_some_and(|(secret, _)| mark == secret))
    }

    /// The gateway's limits, or those of calls that are answered later.
    fn limits(&self, call: &Call) -> Limits {
        match &self.config.queue_worker {
            Some((_, timeout)) if call.queued => Limits { write: *timeout, upstream: *timeout },
            _ => Limits { write: self.config.write_timeout, upstream: self.config.upstream_timeout },
        }
    }

    /// A pod for this request, after waiting for one where there is none.
    async fn seat(&self, route: &Arc<Route>, call: &mut Call, name: &str) -> Result<Seat, Reply> {
        let waiting = match route.admit(self.config.scale_from_zero) {
            Admitted::Seat(seat) => return Ok(seat),
            Admitted::Waiting(waiting) => waiting,
            Admitted::Refused(RefuseReason::NoPod) => return Err(no_endpoints(name)),
            Admitted::Refused(RefuseReason::QueueFull) => {
                return Err(internal(
                    StatusCode::TOO_MANY_REQUESTS,
                    format!("Too many requests wait for {name} already: try again later.\n"),
                ));
            }
        };
        call.cold = waiting.is_cold();
        let deadline = call.started + self.limits(call).write.min(LONGEST_WAIT);
        let waited = timeout_at(deadline.into(), waiting).await;
        call.seated = call.started.elapsed();
        match waited {
            Ok(Ok(seat)) => {
                call.cold = seat.is_cold();
                Ok(seat)
            }
            Ok(Err(_gone)) => Err(unknown(name)),
            Err(_) => Err(no_endpoints(name)),
        }
    }

    /// A gateway that scales from zero asks for the function first; one that does not finds out from its provider.
    fn unknown(&self, headers: &HeaderMap, name: &str) -> Reply {
        if self.config.scale_from_zero {
            return unknown(name);
        }
        let mut answer = no_endpoints(name);
        Stamp::new(headers).onto(answer.headers_mut());
        answer
    }

    #[allow(clippy::too_many_arguments)]
    async fn forward(
        &self,
        mut request: Request<Incoming>,
        mut seat: Seat,
        mut call: Call,
        name: &str,
        rest: &str,
        peer: SocketAddr,
        stamp: &Stamp,
    ) -> Reply {
        call.pod = Some(seat.uid());
        let begun = if call.cold { Instant::now() } else { call.started };
        let limits = self.limits(&call);
        let written_by = call.started + limits.write;
        let deadline = written_by.min(begun + limits.upstream);
        let streams = headers::wants_stream(request.headers());
        let traced = request.headers().contains_key(TRACE);
        let upgrade = upgrade::wanted(&mut request);
        let content_type = request.headers().get(CONTENT_TYPE).cloned();
        let upload = Rc::new(UploadState::default());
        let mut request = self.upstream(request, &seat, rest, peer, stamp, &upload, upgrade.is_some());
        request.headers_mut().remove(QUEUED);
        if call.queued {
            request.headers_mut().insert(QUEUED, HeaderValue::from_static("1"));
        }
        let outcome = loop {
            let sent = timeout_at(deadline.into(), self.send(seat.address(), request)).await;
            let (unsent, error) = match sent {
                Ok(Ok(reply)) => break Ok(reply),
                Ok(Err(_)) if upload.is_late() => break Err(Failure::SlowClient),
                Ok(Err(Unsent::Broken(error))) => break Err(Failure::Unreachable(error)),
                Ok(Err(Unsent::Refused(unsent, error))) => (unsent, error),
                Err(_) => break Err(Failure::Late),
            };
            if !self.config.scale_from_zero || Instant::now() >= deadline {
                break Err(Failure::Unreachable(error));
            }
            tracing::debug!(
                "{name}: pod {} at {}: {error}; another one is asked",
                seat.uid(),
                seat.address()
            );
            send::leave_alone(&call.route, &seat);
            drop(seat);
            let route = call.route.clone();
            seat = match self.seat(&route, &mut call, name).await {
                Ok(seat) => seat,
                Err(refusal) => {
                    call.status = refusal.status().as_u16();
                    return refusal;
                }
            };
            call.pod = Some(seat.uid());
            request = *unsent;
            request.headers_mut().insert(HOST, self.pool.host_header(seat.address()));
        };
        let (mut response, connection) = match outcome {
            Ok(reply) => reply,
            Err(failure) => {
                let answer = failed(failure, name, &seat);
                call.status = answer.status().as_u16();
                return answer;
            }
        };
        call.status = response.status().as_u16();
        let told = headers::take_durations(response.headers_mut());
        call.forked = told.forked.unwrap_or_default();
        if traced && let Ok(forked) = HeaderValue::from_str(&format!("{:.6}", call.forked.as_secs_f64())) {
            response.headers_mut().insert(TRACE_FORK, forked);
        }
        // A pod that does not tell has worked since it got the request, as far as one can see from here.
        call.worked = told.worked.unwrap_or_else(|| (call.started + call.seated).elapsed());
        if response.status() == StatusCode::SWITCHING_PROTOCOLS
            && let Some(client) = upgrade
        {
            return upgrade::join(client, response, seat, call);
        }
        headers::remove_hop_by_hop(response.headers_mut());
        if !response.headers().contains_key(CONTENT_TYPE) {
            let default = HeaderValue::from_static("text/plain");
            response.headers_mut().insert(CONTENT_TYPE, content_type.unwrap_or(default));
        }
        *response.version_mut() = Version::HTTP_11;
        let finish = Finish { connection, upload, _seat: seat, _call: call };
        let deadline = if streams { written_by } else { deadline };
        response.map(|body| ReplyBody::Proxied(ProxiedBody::new(body, finish, deadline)))
    }

    /// The request as the pod gets it.
    #[allow(clippy::too_many_arguments)]
    fn upstream(
        &self,
        request: Request<Incoming>,
        seat: &Seat,
        rest: &str,
        peer: SocketAddr,
        stamp: &Stamp,
        upload: &Rc<UploadState>,
        upgrade: bool,
    ) -> Request<Upload> {
        let (mut parts, body) = request.into_parts();
        let asked_host = headers::asked_host(&parts);
        headers::prepare(&mut parts.headers, asked_host, peer, upgrade);
        parts.headers.insert(HOST, self.pool.host_header(seat.address()));
        stamp.onto_request(&mut parts.headers);
        parts.uri = match parts.uri.query() {
            None if rest == "/" => Uri::from_static("/"),
            None => upstream_uri(rest.to_owned()),
            Some(query) => upstream_uri(format!("{rest}?{query}")),
        };
        parts.version = Version::HTTP_11;
        let body = Upload::new(body, upload.clone(), Instant::now() + self.config.read_timeout);
        if !body.is_nothing() {
            // Of a method that usually has none, a body goes nowhere unless this says that it comes.
            parts.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        Request::from_parts(parts, body)
    }
}

fn upstream_uri(path: String) -> Uri {
    // Both halves were part of a valid request line, and escaping adds nothing that is not.
    PathAndQuery::from_maybe_shared(bytes::Bytes::from(path)).map_or(Uri::from_static("/"), Uri::from)
}

/// As a gateway that scales from zero words it: it asked for the function's replicas and there is none.
fn unknown(name: &str) -> Reply {
    let (short, namespace) = name.rsplit_once('.').unwrap_or((name, crate::live::router::DEFAULT_NAMESPACE));
    reply::text(
        StatusCode::NOT_FOUND,
        format!(
            "error finding function {short}.{namespace}: server returned non-200 status code (404) for function, \
             {short}, body: "
        ),
    )
}

/// As OpenFaaS' provider words it.
fn no_endpoints(name: &str) -> Reply {
    internal(StatusCode::SERVICE_UNAVAILABLE, format!("No endpoints available for: {name}.\n"))
}

fn failed(failure: Failure, name: &str, seat: &Seat) -> Reply {
    match failure {
        Failure::Unreachable(error) => {
            tracing::debug!("{name}: pod {} at {}: {error}", seat.uid(), seat.address());
            internal(StatusCode::INTERNAL_SERVER_ERROR, format!("Can't reach service for: {name}.\n"))
        }
        Failure::Late => reply::empty(StatusCode::BAD_GATEWAY),
        Failure::SlowClient => reply::error(StatusCode::REQUEST_TIMEOUT, format!("{Late}\n")),
    }
}

/// Made by OpenFaaS itself, not by the function: callers may try again.
fn internal(status: StatusCode, message: String) -> Reply {
    let mut answer = reply::error(status, message);
    answer.headers_mut().insert("x-openfaas-internal", HeaderValue::from_static("proxy"));
    answer
}
