//! `/async-function/NAME`: a call is kept and answered with 202; and what is queued, for those who watch.

use super::{read, text};
use crate::cluster::function::FunctionName;
use crate::live::asynchronous::Call;
use crate::live::handle::Handle;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

const CALL_ID: &str = "x-call-id";

pub(super) async fn queue(
    State(handle): State<Handle>,
    Path(rest): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (name, path) =
        rest.split_once('/').map_or((rest.as_str(), String::new()), |(n, p)| (n, format!("/{p}")));
    let allowed = |c: char| c.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&c);
    if name.is_empty() || !name.chars().all(allowed) {
        return text(StatusCode::NOT_FOUND, "404 page not found");
    }
    let callback = headers.get("x-callback-url").map(|v| v.to_str().unwrap_or_default().to_owned());
    if let Some(url) = &callback
        && !url.parse::<Uri>().is_ok_and(|uri| uri.host().is_some() && uri.scheme_str() == Some("http"))
    {
        return text(StatusCode::BAD_REQUEST, format_args!("X-Callback-Url: `{url}` is no http URL"));
    }
    let body = match read(body).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let given = headers.get(CALL_ID).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let call_id = given.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let begun = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos()).to_string();
    // What belongs to this connection, and what the queue itself says.
    let own =
        ["connection", "transfer-encoding", "content-length", "host", "keep-alive", "upgrade", CALL_ID, "te"];
    let mut kept: Vec<(String, String)> = headers
        .iter()
        .filter(|(name, _)| !own.contains(&name.as_str()))
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    kept.push((CALL_ID.into(), call_id.clone()));
    let call = Call {
        call_id: call_id.clone(),
        function: FunctionName::parse(name).to_string(),
        path,
        query: query.unwrap_or_default(),
        headers: kept,
        body: body.to_vec(),
        callback,
        ..Call::default()
    };
    if let Err(error) = handle.queue().add(call).await {
        return text(StatusCode::INTERNAL_SERVER_ERROR, format_args!("Error queuing request: {error}"));
    }
    let mut reply = StatusCode::ACCEPTED.into_response();
    for (name, value) in [(CALL_ID, call_id), ("x-start-time", begun)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            reply.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    reply
}

#[derive(Deserialize)]
pub(super) struct Many {
    limit: Option<usize>,
}

/// Counts by state, and the calls that are next with the latest dead ones.
pub(super) async fn list(State(handle): State<Handle>, Query(many): Query<Many>) -> Response {
    let queue = handle.queue();
    let (counts, calls) = (queue.counts().await, queue.list(many.limit.unwrap_or(100).min(10_000)).await);
    match (counts, calls) {
        (Ok(counts), Ok(calls)) => Json(json!({"counts": counts, "calls": calls})).into_response(),
        (Err(error), _) | (_, Err(error)) => text(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}
