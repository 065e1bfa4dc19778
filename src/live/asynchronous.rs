//! Asynchronous calls: answered with 202 at once, kept on disk, sent to the function later, and again when it fails.
//!
//! A call is on disk before its caller hears of it, and stays there until its function has answered it for good: delivery is
//! at least once. What was running when faasim died is sent again when no adopted pod works on it any more. Retries are those of
//! OpenFaaS Pro's queue worker; CE's does not retry, and neither does `--edition ce`.

mod call;
mod orphans;
mod outcomes;
mod queue;
mod retry;
mod send;
mod table;
mod worker;
mod writer;

pub use call::{Call, CallState, Finished, Line, Lines, Listed, Shown, Which};
pub use queue::Queue;
pub use retry::Backoff;
pub use send::Through;
pub use worker::Worker;
pub use writer::QueueError;

use crate::cluster::function::FunctionSpec;
use std::time::{SystemTime, UNIX_EPOCH};

/// Names a queue of its own for a function's calls.
const QUEUE_ANNOTATION: &str = "com.openfaas.queue";
/// The queue of functions that name none.
const SHARED_QUEUE: &str = "faas-request";
/// How many of a function's calls are sent at once, whatever its pods can take.
const LIMIT_ANNOTATION: &str = "faasim.dev/async-max-inflight";

/// Milliseconds since the Unix epoch: a time that a restart of the machine does not change.
pub fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

/// The queue that a function's calls are in.
pub fn queue_of(spec: Option<&FunctionSpec>) -> &str {
    let named = spec.and_then(|spec| spec.annotations.get(QUEUE_ANNOTATION));
    named.map(|name| name.trim()).filter(|name| !name.is_empty()).unwrap_or(SHARED_QUEUE)
}

/// How many calls a function takes at once: its pods' `max_inflight` together, so that none is sent to be refused with
/// 429, or what its annotation says. None: as many as its queue sends.
fn limit_of(spec: &FunctionSpec, replicas: u32) -> Option<usize> {
    let number = |text: Option<&String>| text.and_then(|t| t.trim().parse::<usize>().ok()).filter(|n| *n > 0);
    let of_a_pod = number(spec.env_vars.get("max_inflight"));
    let of_all = of_a_pod.map(|n| n * usize::try_from(replicas.max(1)).unwrap_or(1));
    number(spec.annotations.get(LIMIT_ANNOTATION)).or(of_all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_may_name_its_queue_and_how_much_it_takes() {
        let mut spec = FunctionSpec::new("f", "i");
        assert_eq!((queue_of(Some(&spec)), queue_of(None)), ("faas-request", "faas-request"));
        assert_eq!(limit_of(&spec, 3), None);
        spec.env_vars.insert("max_inflight".into(), "2".into());
        assert_eq!((limit_of(&spec, 3), limit_of(&spec, 0)), (Some(6), Some(2)));
        spec.annotations.insert(LIMIT_ANNOTATION.into(), "1".into());
        spec.annotations.insert(QUEUE_ANNOTATION.into(), "slow".into());
        assert_eq!((queue_of(Some(&spec)), limit_of(&spec, 3)), ("slow", Some(1)));
    }
}
