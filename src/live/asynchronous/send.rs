//! One try of a call, and telling whoever asked to be told.

use super::call::Call;
use super::retry::{INTERNAL, Rule};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use std::time::{Duration, Instant};

/// How long whoever is told may take to answer.
const TOLD_WITHIN: Duration = Duration::from_secs(60);

pub(super) type Http = Client<HttpConnector, Full<Bytes>>;

pub(super) fn http() -> Http {
    Client::builder(TokioExecutor::new()).build_http()
}

/// The gateway, and what makes it take a request for one of ours: such a one has the queue's time limit.
#[derive(Clone, Debug)]
pub struct Through {
    /// `http://127.0.0.1:8080`.
    pub gateway: String,
    /// [`ASYNC_HEADER`](crate::live::gateway::ASYNC_HEADER)'s value.
    pub token: HeaderValue,
}

/// A reply as far as the queue is concerned.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) took: Duration,
}

impl Answer {
    /// There is no reply: as OpenFaaS' worker counts it, 503. It is not the function's, so it is tried again.
    fn none(why: String, begun: Instant) -> Answer {
        let internal = (HeaderName::from_static(INTERNAL), HeaderValue::from_static("queue-worker"));
        Answer {
            status: StatusCode::SERVICE_UNAVAILABLE,
            headers: [internal].into_iter().collect(),
            body: why.into(),
            took: begun.elapsed(),
        }
    }

    /// The beginning of what it says, for people.
    pub(super) fn said(&self) -> String {
        let text = String::from_utf8_lossy(&self.body[..self.body.len().min(super::table::SAID)]);
        text.trim().to_owned()
    }
}

pub(super) async fn send(call: &Call, http: &Http, through: &Through) -> Answer {
    let begun = Instant::now();
    let query = if call.query.is_empty() { String::new() } else { format!("?{}", call.query) };
    let uri = format!("{}/function/{}{}{query}", through.gateway, call.function, call.path);
    let mut request = Request::builder().method(Method::POST).uri(uri);
    for (name, value) in &call.headers {
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), value) {
            request = request.header(name, value);
        }
    }
    request = request.header(crate::live::gateway::ASYNC_HEADER, &through.token);
    let request = match request.body(Full::new(Bytes::from(call.body.clone()))) {
        Ok(request) => request,
        Err(error) => return Answer::none(error.to_string(), begun),
    };
    let reply = match http.request(request).await {
        Ok(reply) => reply,
        Err(error) => return Answer::none(error.to_string(), begun),
    };
    let (parts, body) = reply.into_parts();
    match body.collect().await {
        Ok(body) => Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.to_bytes(),
            took: begun.elapsed(),
        },
        Err(error) => Answer::none(format!("the reply broke off: {error}"), begun),
    }
}

/// Tells whoever asked to be told. Its answer is only logged, as OpenFaaS does it.
pub(super) async fn call_back(call: &Call, url: &str, answer: &Answer, rule: Option<&Rule>, http: &Http) {
    let mut request = Request::builder().method(Method::POST).uri(url);
    let skipped =
        ["transfer-encoding", "connection", "content-length", "x-call-id", "x-duration-seconds", INTERNAL];
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
    let request = match request.body(Full::new(answer.body.clone())) {
        Ok(request) => request,
        Err(error) => return tracing::warn!("callback of call {} to {url}: {error}", call.call_id),
    };
    match tokio::time::timeout(TOLD_WITHIN, http.request(request)).await {
        Ok(Ok(reply)) => tracing::info!("callback of call {} to {url}: {}", call.call_id, reply.status()),
        Ok(Err(error)) => tracing::warn!("callback of call {} to {url}: {error}", call.call_id),
        Err(_) => tracing::warn!("callback of call {} to {url}: no answer in 60 s", call.call_id),
    }
}
