//! `/async-function/NAME`: a call is kept and answered with 202; and what is queued, for those who watch.

use super::{read_up_to, text};
use crate::cluster::function::FunctionName;
use crate::dashboard::view::CallCounts;
use crate::live::asynchronous::{Call, Finished, Listed, Shown, Which, now};
use crate::live::gateway::ASYNC_HEADER;
use crate::live::handle::Handle;
use crate::watchdog::hold::QUEUED;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

const CALL_ID: &str = "x-call-id";

pub(super) async fn queue(
    State(handle): State<Handle>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    // As it was sent: it is sent on later, and read only then.
    let rest = uri.path().strip_prefix("/async-function/").unwrap_or_default();
    let (name, path) = rest.split_once('/').map_or((rest, String::new()), |(n, p)| (n, format!("/{p}")));
    let allowed = |c: char| c.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&c);
    if name.is_empty() || !name.chars().all(allowed) {
        return text(StatusCode::NOT_FOUND, "404 page not found");
    }
    let callback = headers.get("x-callback-url").map(|v| v.to_str().unwrap_or_default().to_owned());
    if let Some(url) = &callback
        && !url.parse::<Uri>().is_ok_and(|uri| uri.host().is_some() && uri.scheme_str() == Some("http"))
    {
        return text(
            StatusCode::BAD_REQUEST,
            format_args!(
                "X-Callback-Url: `{url}` is no URL that can be told: write `http://HOST/PATH` (https is not spoken)"
            ),
        );
    }
    let limit = usize::try_from(handle.largest_call().0).unwrap_or(usize::MAX);
    let body = match read_up_to(body, limit).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let given = headers.get(CALL_ID).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let call_id = given.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let begun = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos()).to_string();
    // What belongs to this connection, and what the queue itself says.
    let own = [
        "connection",
        "transfer-encoding",
        "content-length",
        "host",
        "keep-alive",
        "upgrade",
        "te",
        CALL_ID,
        ASYNC_HEADER,
        QUEUED,
    ];
    let mut kept: Vec<(String, String)> = headers
        .iter()
        .filter(|(name, _)| !own.contains(&name.as_str()))
        .filter_map(|(name, value)| {
            Some((name.to_string(), String::from_utf8(value.as_bytes().into()).ok()?))
        })
        .collect();
    kept.push((CALL_ID.into(), call_id.clone()));
    let call = Call {
        call_id: call_id.clone(),
        function: FunctionName::parse(name).to_string(),
        path,
        query: uri.query().unwrap_or_default().to_owned(),
        headers: kept,
        body: body.to_vec(),
        callback,
        queued_at: now(),
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

/// `DELETE /async-function/CALL-ID`: forgets a call, wherever it is, as OpenFaaS Pro does it.
pub(super) async fn cancel(State(handle): State<Handle>, Path(call_id): Path<String>) -> Response {
    forget(&handle, Which { call_id: Some(call_id), ..Which::default() }).await
}

#[derive(Deserialize)]
pub(super) struct Many {
    limit: Option<usize>,
    #[serde(flatten)]
    which: Which,
}

/// Counts by state, in all and by function; what runs, what is next, and the latest dead ones; and what has ended lately.
pub(super) async fn list(State(handle): State<Handle>, Query(many): Query<Many>) -> Response {
    let queue = handle.queue();
    let functions: BTreeMap<String, CallCounts> = handle
        .view()
        .calls
        .into_iter()
        .filter(|(name, _)| many.which.function.as_ref().is_none_or(|wanted| wanted == name))
        .collect();
    let sum = functions.values().fold(CallCounts::default(), |sum, one| CallCounts {
        queued: sum.queued + one.queued,
        running: sum.running + one.running,
        retrying: sum.retrying + one.retrying,
        dead: sum.dead + one.dead,
    });
    let limit = many.limit.unwrap_or(100).min(10_000);
    let wanted = many.which.function.clone();
    let mut finished = queue.finished(limit);
    finished.retain(|one| wanted.as_ref().is_none_or(|wanted| *wanted == one.function));
    match queue.list(many.which, limit).await {
        Ok(calls) => Json(CallList { counts: sum, functions, calls, finished }).into_response(),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}

/// What `list` answers.
#[derive(Serialize, Deserialize)]
pub struct CallList {
    /// Of all functions together.
    pub counts: CallCounts,
    /// Of each function (`name.namespace`).
    pub functions: BTreeMap<String, CallCounts>,
    /// What runs, what is next, and the latest dead ones.
    pub calls: Vec<Listed>,
    /// What has ended since faasim started, the latest first.
    pub finished: Vec<Finished>,
}

/// What `show` answers.
#[derive(Serialize, Deserialize)]
pub struct CallShown {
    /// The calls of this id that are not finished, and the dead ones.
    pub calls: Vec<Shown>,
    /// How it ended, if that was lately.
    pub finished: Option<Finished>,
}

/// Everything about one call but its body.
pub(super) async fn show(State(handle): State<Handle>, Path(call_id): Path<String>) -> Response {
    let finished = handle.queue().ended(&call_id);
    match handle.queue().show(&call_id).await {
        Ok(calls) if calls.is_empty() && finished.is_none() => nobody(),
        Ok(calls) => Json(CallShown { calls, finished }).into_response(),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}

/// Forgets the calls that are meant.
pub(super) async fn remove(State(handle): State<Handle>, Query(which): Query<Which>) -> Response {
    match which {
        Which { function: None, state: None, call_id: None } => everything(),
        which => forget(&handle, which).await,
    }
}

/// Tries the calls that are meant: dead ones from the first try on, those that wait at once.
pub(super) async fn retry(State(handle): State<Handle>, Query(which): Query<Which>) -> Response {
    match which {
        Which { function: None, state: None, call_id: None } => everything(),
        which => match handle.queue().retry(which, now()).await {
            Ok(0) => nobody(),
            Ok(n) => (StatusCode::ACCEPTED, Json(json!({"calls": n}))).into_response(),
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error),
        },
    }
}

async fn forget(handle: &Handle, which: Which) -> Response {
    match handle.queue().cancel(which).await {
        Ok(0) => nobody(),
        Ok(n) => (StatusCode::ACCEPTED, Json(json!({"calls": n}))).into_response(),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}

fn nobody() -> Response {
    text(StatusCode::NOT_FOUND, "there is no such call: it has ended, was cancelled, or has another id")
}

fn everything() -> Response {
    text(StatusCode::BAD_REQUEST, "say which calls: `call_id`, `function` or `state`")
}
