//! The stream that faasim holds open to each of its watchdogs: `GET /_/faasim/hold`.
//!
//! The reply never ends. Each line is one [`Report`] in JSON: the first at once, then one whenever readiness
//! or draining changes, and one each second. While such a stream is open the watchdog's lease does not run.
//!
//! The request needs `Authorization: Bearer <token>` with the token that the watchdog was started with
//! ([`TOKEN`]): 403 without, 404 when the watchdog has no token.

use super::pod::Pod;
use super::reply::{self, Body};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde::{Deserialize, Serialize};
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::MissedTickBehavior;

/// Path of the hold stream.
pub const PATH: &str = "/_/faasim/hold";
/// Environment variable with the secret that a holder must show.
pub const TOKEN: &str = "FAASIM_TOKEN";
/// Environment variable with the lease: a Go duration or bare seconds. Without it a watchdog lives for ever.
pub const LEASE: &str = "FAASIM_LEASE";
/// Environment variable: `stdin` when the listening socket is handed over as file descriptor 0.
pub const LISTEN: &str = "FAASIM_LISTEN";
/// Environment variable with the address to bind when no socket is handed over; `0.0.0.0` by default.
pub const BIND: &str = "FAASIM_BIND";
/// Environment variable with the path of a log file in CRI format; stderr without it.
pub const LOG_FILE: &str = "FAASIM_LOG_FILE";
/// Environment variable with the pod's name; the only `FAASIM_` variable that a function sees.
pub const POD: &str = "FAASIM_POD";
/// Environment variable with the words that start this very program (a container starts it through its own
/// loader); separated by single spaces.
pub const EXE: &str = "FAASIM_EXE";
/// Environment variable with the port of the metrics listener: 8081 by default (with a handed-over socket: 0), 0 for any
/// free one, `none` for no listener.
pub const METRICS_PORT: &str = "FAASIM_METRICS_PORT";

/// Header of a request from faasim's queue; no function sees it. Such a request goes on when its caller has gone.
pub const QUEUED: &str = "x-faasim-queued";

/// How often a report is sent when nothing changes.
pub const INTERVAL: Duration = Duration::from_secs(1);

/// What a pod says about itself at one moment; one line of the hold stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// When it was taken: nanoseconds since the Unix epoch, by the pod's clock.
    pub at: u64,
    /// Takes requests: listening, not draining, and in http mode its server accepts connections.
    pub ready: bool,
    /// Is ending: takes no part in routing any more, finishes what is in flight.
    pub draining: bool,
    /// CPU time since start in nanoseconds, of the watchdog, of all it has reaped, and of all living
    /// descendants. Never runs backwards.
    pub cpu_ns: u64,
    /// Resident set of the watchdog and its living descendants, in bytes.
    pub memory: u64,
    /// Call ids (`X-Call-Id`) of the requests in flight, oldest first; those without one are only counted.
    pub in_flight: Vec<String>,
    /// `in_flight` is known: an engine that measures a pod from outside does not know it.
    pub names_calls: bool,
    /// Number of requests in flight. A forked process whose caller has gone still counts.
    pub in_flight_count: u32,
    /// Requests completed since start, whatever their status.
    pub requests: u64,
    /// How the long-lived server process ended, in http mode. The last line of the stream when it is there.
    pub function_exit: Option<ExitReport>,
}

/// How a function's process ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExitReport {
    /// When: nanoseconds since the Unix epoch.
    pub at: u64,
    /// Exit code, if it ended by itself.
    pub code: Option<i32>,
    /// Signal number, if one killed it.
    pub signal: Option<i32>,
}

/// Nanoseconds since the Unix epoch, now.
pub(super) fn unix_nanos() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
}

/// Answers a hold request: the endless stream, or the refusal.
pub(super) fn answer(pod: &Arc<Pod>, headers: &HeaderMap) -> Response<Body> {
    let Some(token) = &pod.options.token else {
        return reply::text(StatusCode::NOT_FOUND, "404 page not found\n");
    };
    let shown = headers.get(header::AUTHORIZATION).map(|v| v.as_bytes()).unwrap_or_default();
    if !same(shown.strip_prefix(b"Bearer ").unwrap_or_default(), token.as_bytes()) {
        return reply::text(StatusCode::FORBIDDEN, "wrong token\n");
    }
    let mut response = Response::new(stream(Arc::clone(pod)));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/x-ndjson"));
    response
}

/// Compares without telling by its duration how much was right.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |diff, (x, y)| diff | (x ^ y)) == 0
}

struct Holding {
    pod: Arc<Pod>,
    changes: tokio::sync::watch::Receiver<u64>,
    ticks: tokio::time::Interval,
    _held: super::lease::Held,
    last: bool,
}

fn stream(pod: Arc<Pod>) -> Body {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let changes = pod.changes();
    let _held = pod.holds.hold();
    let holding = Holding { pod, changes, ticks, _held, last: false };
    let lines = futures_util::stream::unfold(holding, |mut h| async move {
        if h.last {
            return None;
        }
        // The first tick comes at once, and with it the first line.
        tokio::select! {
            _ = h.ticks.tick() => {}
            changed = h.changes.changed() => {
                if changed.is_err() {
                    return None;
                }
            }
        }
        h.changes.mark_unchanged();
        let report = h.pod.report();
        h.last = h.pod.is_ending();
        let mut line = serde_json::to_vec(&report).unwrap_or_default();
        line.push(b'\n');
        Some((Ok::<_, io::Error>(Frame::data(Bytes::from(line))), h))
    });
    BodyExt::boxed_unsync(StreamBody::new(lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_survives_the_wire_and_unknown_or_missing_fields() {
        let report = Report {
            at: 5,
            ready: true,
            in_flight: vec!["a".into()],
            function_exit: Some(ExitReport { at: 1, code: Some(3), signal: None }),
            ..Report::default()
        };
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
        assert!(serde_json::from_str::<Report>(r#"{"ready":true,"later":1}"#).unwrap().ready);
    }

    #[test]
    fn only_the_whole_token_opens() {
        for (shown, ok) in
            [("secret", true), ("secre", false), ("secrets", false), ("", false), ("Secret", false)]
        {
            assert_eq!(same(shown.as_bytes(), b"secret"), ok, "{shown}");
        }
    }
}
