//! `/system/logs`: what the pods of a function wrote, a JSON object a line.

mod merge;
mod reader;

use super::{line, ndjson, text};
use crate::cluster::command::Refusal;
use crate::cluster::function::{FunctionId, FunctionName};
use crate::cluster::time::Time;
use crate::live::handle::Handle;
use crate::live::provider::LogLine;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::StreamExt;
use reader::Reader;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// One line as OpenFaaS' clients read it.
#[derive(Debug, Serialize, Deserialize)]
pub struct LogMessage {
    /// The function.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The pod.
    pub instance: String,
    /// When, in RFC 3339 with nanoseconds.
    pub timestamp: String,
    /// What.
    pub text: String,
}

/// What is asked for. Of a key that is repeated the last value counts.
struct Asked {
    name: FunctionName,
    instance: Option<String>,
    tail: Option<usize>,
    since: Option<Time>,
    follow: bool,
}

const UNREADABLE: &str = "could not parse the log request";

impl Asked {
    #[allow(clippy::result_large_err)] // The reply is sent as it is; a box would be opened at once.
    fn parse(query: &str) -> Result<Asked, Response> {
        let unreadable = || text(StatusCode::UNPROCESSABLE_ENTITY, UNREADABLE);
        let pairs: Vec<(String, String)> = serde_urlencoded(query).ok_or_else(unreadable)?;
        let values: BTreeMap<String, String> = pairs.into_iter().filter(|(_, v)| !v.is_empty()).collect();
        let get = |key: &str| values.get(key).map(String::as_str);
        let Some(name) = get("name") else {
            return Err(text(StatusCode::BAD_REQUEST, "name: name the function whose logs are wanted"));
        };
        let tail = get("tail").map(str::parse::<i64>).transpose().map_err(|_| unreadable())?;
        let since = get("since").map(str::parse::<jiff::Timestamp>).transpose().map_err(|_| unreadable())?;
        Ok(Asked {
            name: FunctionName::within(name, get("namespace")),
            instance: get("instance").map(Into::into),
            tail: tail.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0),
            since: since.map(|t| Time::from_nanos(u64::try_from(t.as_nanosecond()).unwrap_or(0))),
            follow: matches!(get("follow"), Some("true" | "1" | "t" | "T" | "TRUE" | "True")),
        })
    }
}

/// The pairs of a query, decoded; `None` when it is not one.
fn serde_urlencoded(query: &str) -> Option<Vec<(String, String)>> {
    let uri = axum::http::Uri::builder().path_and_query(format!("/?{query}")).build().ok()?;
    axum::extract::Query::try_from_uri(&uri).ok().map(|axum::extract::Query(pairs)| pairs)
}

pub(super) async fn logs(State(handle): State<Handle>, RawQuery(query): RawQuery) -> Response {
    let asked = match Asked::parse(query.as_deref().unwrap_or_default()) {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    let Some(function) = handle.view().snapshot.function(&asked.name).map(|f| f.id) else {
        return text(StatusCode::NOT_FOUND, Refusal::no_function(&asked.name));
    };
    let FunctionName { name, namespace } = asked.name.clone();
    let lines = ReceiverStream::new(read(handle, asked, function));
    ndjson(lines.map(move |said| line(&message(&name, &namespace, said))))
}

/// What the pods of a function wrote, the last `tail` lines of it, and what they write from now on, until the
/// function is gone, the receiver is dropped, or faasim stops. `None` when there is no such function.
pub fn follow(handle: &Handle, name: &FunctionName, tail: usize) -> Option<mpsc::Receiver<LogLine>> {
    let function = handle.view().snapshot.function(name)?.id;
    let asked = Asked { name: name.clone(), instance: None, tail: Some(tail), since: None, follow: true };
    Some(read(handle.clone(), asked, function))
}

fn read(handle: Handle, asked: Asked, function: FunctionId) -> mpsc::Receiver<LogLine> {
    // Each reader has a task and a short channel of its own, so a slow one only waits for itself.
    let (send, receive) = mpsc::channel(64);
    tokio::spawn(async move {
        let reader = Reader { handle, asked, function, send };
        tokio::select! {
            () = reader.send.closed() => {}
            () = reader.handle.shutdown().cancelled() => {}
            () = reader.run() => {}
        }
    });
    receive
}

fn message(name: &str, namespace: &str, said: LogLine) -> LogMessage {
    let nanos = i128::from(said.at.as_nanos());
    let timestamp = jiff::Timestamp::from_nanosecond(nanos).unwrap_or_default().to_string();
    LogMessage {
        name: name.into(),
        namespace: namespace.into(),
        instance: said.pod,
        timestamp,
        text: said.text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_request_is_read_as_openfaas_reads_it() {
        let asked = Asked::parse("name=echo&tail=5&tail=7&follow=maybe&since=2026-01-02T03:04:05Z").unwrap();
        assert_eq!((asked.tail, asked.follow), (Some(7), false));
        assert_eq!(asked.since.unwrap().rfc3339(), "2026-01-02T03:04:05Z");
        assert_eq!(asked.name.to_string(), "echo.openfaas-fn");
        assert_eq!(Asked::parse("name=echo&tail=-1").unwrap().tail, None);
        assert!(Asked::parse("name=echo&follow=true").unwrap().follow);
        for (query, status) in [("tail=5", 400), ("name=echo&tail=x", 422), ("name=echo&since=noon", 422)] {
            assert_eq!(Asked::parse(query).err().map(|r| r.status().as_u16()), Some(status), "{query}");
        }
    }
}
