//! Asynchronous calls: answered with 202 at once, kept on disk, sent to the function later, and again when it fails.
//!
//! A call is on disk before its caller hears of it, and stays there until its function has answered it for good: delivery is
//! at least once. What was running when faasim died is sent again when its lease is over. Retries are those of
//! OpenFaaS Pro's queue worker; CE's does not retry, and neither does `--edition ce`.

mod queue;
mod retry;

pub use queue::{Call, Counts, Listed, Queue, QueueError};

use crate::cluster::scaling::openfaas::Edition;
use crate::live::handle::Handle;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use retry::Rule;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Calls that are sent at once: the `max_inflight` of OpenFaaS' chart.
const IN_FLIGHT: usize = 50;
/// How long a call belongs to the faasim that sends it; extended while it runs.
const LEASE: Duration = Duration::from_secs(60);
/// How often leases are extended, and how often the queue is looked at when nothing tells of a new call.
const LOOK: Duration = Duration::from_secs(1);

type Http = Client<HttpConnector, Full<Bytes>>;

/// Milliseconds since the Unix epoch: a time that a restart of the machine does not change.
fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

/// Sends what is queued until it is told to stop. What still runs then is sent again by the next faasim.
pub async fn run(queue: Queue, gateway: String, handle: Handle, stop: CancellationToken) {
    let http: Http = Client::builder(TokioExecutor::new()).build_http();
    let mut running: JoinSet<i64> = JoinSet::new();
    let mut ids: Vec<i64> = Vec::new();
    let mut extended = Instant::now();
    loop {
        let free = IN_FLIGHT.saturating_sub(running.len());
        if free > 0 {
            match queue.take(free, now(), LEASE).await {
                Ok(calls) => {
                    for call in calls {
                        ids.push(call.id);
                        let (queue, http, gateway, handle) =
                            (queue.clone(), http.clone(), gateway.clone(), handle.clone());
                        running.spawn(async move {
                            let id = call.id;
                            attend(call, &queue, &http, &gateway, &handle).await;
                            id
                        });
                    }
                }
                Err(error) => tracing::error!("asynchronous calls cannot be read: {error}"),
            }
        }
        if extended.elapsed() > LEASE / 4 && !ids.is_empty() {
            extended = Instant::now();
            queue.extend(ids.clone(), now(), LEASE);
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = queue.news() => {}
            Some(done) = running.join_next(), if !running.is_empty() => {
                if let Ok(id) = done {
                    ids.retain(|other| *other != id);
                }
            }
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// A reply as far as the queue is concerned.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    took: Duration,
}

async fn attend(call: Call, queue: &Queue, http: &Http, gateway: &str, handle: &Handle) {
    let answer = send(&call, http, gateway).await;
    let view = handle.view();
    let name = crate::cluster::function::FunctionName::parse(&call.function);
    let function = view.snapshot.function(&name);
    let rule = match view.snapshot.settings.edition {
        Edition::Ce => None,
        Edition::Pro => Some(Rule::of(function.map(|f| &f.spec.annotations))),
    };
    let status = answer.status.as_u16();
    let again = rule.as_ref().and_then(|rule| rule.wait(call.tries, status, &answer.headers));
    // A function that is not there will not be there for waiting.
    let gone = function.is_none() && status == 404;
    match again {
        Some(wait) if !gone => {
            let due = now() + i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
            queue.again(call.id, due, status);
        }
        _ => {
            if let Some(url) = &call.callback {
                call_back(&call, url, &answer, rule.as_ref(), http).await;
            }
            if answer.status.is_success() { queue.done(call.id) } else { queue.dead(call.id, status) }
        }
    }
}

async fn send(call: &Call, http: &Http, gateway: &str) -> Answer {
    let begun = Instant::now();
    let query = if call.query.is_empty() { String::new() } else { format!("?{}", call.query) };
    let uri = format!("{gateway}/function/{}{}{query}", call.function, call.path);
    let mut request = Request::builder().method(Method::POST).uri(uri);
    for (name, value) in &call.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            request = request.header(name, value);
        }
    }
    let failed = |body: String| Answer {
        status: StatusCode::SERVICE_UNAVAILABLE,
        headers: HeaderMap::new(),
        body: body.into(),
        took: begun.elapsed(),
    };
    let request = match request.body(Full::new(Bytes::from(call.body.clone()))) {
        Ok(request) => request,
        Err(error) => return failed(error.to_string()),
    };
    match http.request(request).await {
        Ok(reply) => {
            let (parts, body) = reply.into_parts();
            match body.collect().await {
                Ok(body) => Answer {
                    status: parts.status,
                    headers: parts.headers,
                    body: body.to_bytes(),
                    took: begun.elapsed(),
                },
                Err(error) => failed(error.to_string()),
            }
        }
        Err(error) => failed(error.to_string()),
    }
}

/// Tells whoever asked to be told. Its answer is only logged, as OpenFaaS does it.
async fn call_back(call: &Call, url: &str, answer: &Answer, rule: Option<&Rule>, http: &Http) {
    let mut request = Request::builder().method(Method::POST).uri(url);
    let skipped = ["transfer-encoding", "connection", "content-length", "x-call-id"];
    for (name, value) in answer.headers.iter().filter(|(name, _)| !skipped.contains(&name.as_str())) {
        request = request.header(name, value);
    }
    request = request
        .header("X-Duration-Seconds", format!("{:.6}", answer.took.as_secs_f64()))
        .header("X-Function-Status", answer.status.as_u16())
        .header("X-Function-Name", &call.function)
        .header("X-Call-Id", &call.call_id);
    if let Some(rule) = rule {
        request = request.header("X-Retry", call.tries).header("X-Retry-Max", rule.attempts);
    }
    let Ok(request) = request.body(Full::new(answer.body.clone())) else { return };
    match tokio::time::timeout(Duration::from_secs(60), http.request(request)).await {
        Ok(Ok(reply)) => tracing::info!("callback of call {} to {url}: {}", call.call_id, reply.status()),
        Ok(Err(error)) => tracing::warn!("callback of call {} to {url}: {error}", call.call_id),
        Err(_) => tracing::warn!("callback of call {} to {url}: no answer in 60 s", call.call_id),
    }
}
