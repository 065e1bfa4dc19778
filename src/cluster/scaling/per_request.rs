//! A pod for each request that finds none idle, and a keep-alive: how AWS Lambda, Apache OpenWhisk and most
//! simulators scale.
//!
//! Chosen by the label `com.openfaas.scale.type: per-request`; `max` bounds the pods, `zero-duration` is how long an
//! idle pod is kept, and with `zero` the last ones go too. A pod then has one request at a time.

use super::decision::{Decision, Scaler};
use super::openfaas::{Edition, ScaleLabels, ScaleType};
use super::step::Step;
use crate::cluster::function::FunctionSpec;
use crate::cluster::time::Time;
use std::time::Duration;

/// Requests that a pod has at a time.
pub const CONCURRENCY: u32 = 1;

/// Whether a function's labels choose this rule. CE knows no scaling types.
pub fn is_chosen(spec: &FunctionSpec, edition: Edition) -> bool {
    let read = ScaleLabels::read(&spec.labels, edition);
    read.is_ok_and(|(labels, _)| labels.kind == ScaleType::PerRequest)
}

/// A request found no idle pod: one more, unless there are `max` already.
pub fn none_idle(now: Time, replicas: u32, labels: &ScaleLabels) -> Decision {
    let to = replicas.saturating_add(1).min(labels.max).max(replicas);
    let working = vec![Step::NoneIdle { pods: i64::from(replicas), max: i64::from(labels.max) }];
    let reason = "a request found no idle pod".into();
    Decision { at: now, scaler: Scaler::PerRequest, from: replicas, to, reason, working, next_look: None }
}

/// A pod was idle for as long as pods are kept: one fewer.
pub fn expired(now: Time, replicas: u32, labels: &ScaleLabels) -> Decision {
    let (pods, keep_alive) = (i64::from(replicas), labels.zero_duration);
    let to = replicas.saturating_sub(1);
    let reason = format!("a pod was idle for {} s", keep_alive.as_secs());
    let working = vec![Step::Expired { pods, keep_alive }];
    Decision { at: now, scaler: Scaler::PerRequest, from: replicas, to, reason, working, next_look: None }
}

/// How long an idle pod is kept: none if it is not to go, because `min` pods stay.
pub fn keep_alive(replicas: u32, labels: &ScaleLabels) -> Option<Duration> {
    let least = if labels.zero { 0 } else { labels.min };
    (replicas > least).then_some(labels.zero_duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_for_a_request_and_one_fewer_when_idle() {
        let labels = ScaleLabels { min: 1, max: 3, ..ScaleLabels::defaults(Edition::Pro) };
        let now = Time::from_secs(9);
        for (replicas, to) in [(0, 1), (1, 2), (2, 3), (3, 3), (5, 5)] {
            let d = none_idle(now, replicas, &labels);
            assert_eq!((d.to, d.recompute()), (to, to), "none idle at {replicas}");
        }
        for (replicas, to) in [(3, 2), (1, 0)] {
            let d = expired(now, replicas, &labels);
            assert_eq!((d.to, d.recompute()), (to, to), "expired at {replicas}");
        }
        let zero = ScaleLabels { zero: true, ..labels.clone() };
        assert_eq!([keep_alive(1, &labels).is_some(), keep_alive(2, &labels).is_some()], [false, true]);
        assert!(keep_alive(1, &zero).is_some() && keep_alive(0, &zero).is_none());
    }
}
