//! Replies that the watchdog itself makes.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use std::io;

/// The body of any reply.
pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Marks a reply as OpenFaaS' own and not the function's.
const INTERNAL: header::HeaderName = header::HeaderName::from_static("x-openfaas-internal");
const DURATION: header::HeaderName = header::HeaderName::from_static("x-duration-seconds");

/// Bytes as a body.
pub(super) fn bytes(content: impl Into<Bytes>) -> Body {
    Full::new(content.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A status and nothing else.
pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
}

/// A status with plain text.
pub(super) fn text(status: StatusCode, content: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(bytes(content));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// 429, as OpenFaaS' middleware says it.
pub(super) fn too_many(limit: u32) -> Response<Body> {
    let mut response = text(
        StatusCode::TOO_MANY_REQUESTS,
        format!("Concurrent request limit exceeded. Max concurrent requests: {limit}\n"),
    );
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    mark_internal(&mut response, "faas-middleware");
    response
}

/// Says which part of OpenFaaS made the reply.
pub(super) fn mark_internal(response: &mut Response<Body>, component: &'static str) {
    response.headers_mut().insert(INTERNAL, HeaderValue::from_static(component));
}

/// Says how long the request's process took to start. The gateway takes it off again.
const FORK: header::HeaderName = header::HeaderName::from_static("x-faasim-fork-seconds");

/// Adds how long the request's process took to start.
pub(super) fn mark_fork(response: &mut Response<Body>, took: std::time::Duration) {
    if let Ok(value) = HeaderValue::from_str(&format!("{:.6}", took.as_secs_f64())) {
        response.headers_mut().insert(FORK, value);
    }
}

/// Adds `X-Duration-Seconds` with six decimals.
pub(super) fn mark_duration(response: &mut Response<Body>, took: std::time::Duration) {
    if let Ok(value) = HeaderValue::from_str(&format!("{:.6}", took.as_secs_f64())) {
        response.headers_mut().insert(DURATION, value);
    }
}
