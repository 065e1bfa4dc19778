//! `/system/logs`: what the pods of a function wrote, a JSON object a line.

use super::{line, ndjson, text};
use crate::cluster::command::Refusal;
use crate::cluster::function::{FunctionId, FunctionName};
use crate::cluster::pod::PodUid;
use crate::cluster::time::Time;
use crate::live::handle::Handle;
use crate::live::provider::{LogLine, LogQuery};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
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

struct Reader {
    handle: Handle,
    asked: Asked,
    function: FunctionId,
    send: mpsc::Sender<LogLine>,
}

impl Reader {
    fn pods(&self) -> Vec<PodUid> {
        let wanted = |name: &str| self.asked.instance.as_deref().is_none_or(|i| i == name);
        let view = self.handle.view();
        view.snapshot.pods_of(self.function).filter(|p| wanted(&p.name)).map(|p| p.uid).collect()
    }

    fn gone(&self) -> bool {
        !self.handle.view().snapshot.functions.contains_key(&self.function)
    }

    /// First what there is, in order of time and cut to `tail` over all pods; then what comes.
    async fn run(&self) {
        let mut lines: Vec<(PodUid, LogLine)> = Vec::new();
        let mut known = BTreeSet::new();
        for uid in self.pods() {
            known.insert(uid);
            let query = LogQuery { tail: self.asked.tail, since: self.asked.since, follow: false };
            let mut stream = self.handle.provider().logs(uid, query);
            while let Some(Ok(line)) = stream.next().await {
                lines.push((uid, line));
            }
        }
        lines.sort_by_key(|(_, line)| line.at);
        let cut = self.asked.tail.map_or(0, |n| lines.len().saturating_sub(n));
        let mut seen: BTreeMap<PodUid, Time> = BTreeMap::new();
        for (index, (uid, line)) in lines.into_iter().enumerate() {
            seen.insert(uid, line.at);
            if index >= cut && !self.tell(line).await {
                return;
            }
        }
        if self.asked.follow {
            self.follow(known, seen).await;
        }
    }

    /// Goes on with every pod, those too that are started meanwhile, until the function is gone.
    async fn follow(&self, known: BTreeSet<PodUid>, seen: BTreeMap<PodUid, Time>) {
        let mut known = known;
        let mut all = futures_util::stream::SelectAll::new();
        for uid in &known {
            let since = seen.get(uid).map(|at| *at + Duration::from_nanos(1)).or(self.asked.since);
            all.push(self.open(*uid, since));
        }
        let mut look = tokio::time::interval(Duration::from_millis(500));
        loop {
            tokio::select! {
                Some(line) = all.next(), if !all.is_empty() => {
                    if let Ok(line) = line && !self.tell(line).await {
                        return;
                    }
                }
                _ = look.tick() => {
                    for uid in self.pods() {
                        if known.insert(uid) {
                            all.push(self.open(uid, self.asked.since));
                        }
                    }
                    if all.is_empty() && self.gone() {
                        return;
                    }
                }
            }
        }
    }

    fn open(
        &self,
        uid: PodUid,
        since: Option<Time>,
    ) -> futures_util::stream::BoxStream<'static, Result<LogLine, crate::live::provider::ProviderError>> {
        self.handle.provider().logs(uid, LogQuery { tail: None, since, follow: true })
    }

    /// Whether the reader is still there.
    async fn tell(&self, said: LogLine) -> bool {
        self.send.send(said).await.is_ok()
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
