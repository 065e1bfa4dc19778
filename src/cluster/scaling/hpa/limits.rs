//! Without `behavior`: the scale-down window, then one limit per step.

use super::settings::{Dialect, HpaSettings};
use crate::cluster::time::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One entry of the recommendation log: the proposal before any limit, and when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recommendation {
    /// Replicas.
    pub replicas: i64,
    /// When.
    pub at: Time,
}

/// Why a size was (or was not) limited; the reason of the condition `ScalingLimited`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitReason {
    /// No limit bit.
    DesiredWithinRange,
    /// Below min.
    TooFewReplicas,
    /// Above max.
    TooManyReplicas,
    /// Faster than allowed, upwards.
    ScaleUpLimit,
    /// Faster than allowed, downwards.
    ScaleDownLimit,
}

impl LimitReason {
    /// Kubernetes' word.
    pub fn name(self) -> &'static str {
        match self {
            LimitReason::DesiredWithinRange => "DesiredWithinRange",
            LimitReason::TooFewReplicas => "TooFewReplicas",
            LimitReason::TooManyReplicas => "TooManyReplicas",
            LimitReason::ScaleUpLimit => "ScaleUpLimit",
            LimitReason::ScaleDownLimit => "ScaleDownLimit",
        }
    }

    /// Kubernetes' sentence.
    pub fn message(self) -> &'static str {
        match self {
            LimitReason::DesiredWithinRange => "the desired count is within the acceptable range",
            LimitReason::TooFewReplicas => "the desired replica count is less than the minimum replica count",
            LimitReason::TooManyReplicas => {
                "the desired replica count is more than the maximum replica count"
            }
            LimitReason::ScaleUpLimit => {
                "the desired replica count is increasing faster than the maximum scale rate"
            }
            LimitReason::ScaleDownLimit => {
                "the desired replica count is decreasing faster than the maximum scale rate"
            }
        }
    }
}

/// The highest of the proposal and what was recommended within the window (an entry exactly as old as the
/// window still counts), with the youngest time at which that was said. Logs the proposal in place of the
/// last entry that is too old, or at the end.
pub fn stabilize(
    log: &mut Vec<Recommendation>,
    proposal: i64,
    now: Time,
    window: Duration,
) -> (i64, Duration) {
    let mut highest = Recommendation { replicas: proposal, at: now };
    let mut old = None;
    for (i, entry) in log.iter().enumerate() {
        if now.since(entry.at) > window {
            old = Some(i);
        } else if entry.replicas > highest.replicas
            || (entry.replicas == highest.replicas && entry.replicas > proposal && entry.at > highest.at)
        {
            highest = *entry;
        }
    }
    record(log, old, Recommendation { replicas: proposal, at: now });
    (highest.replicas, now.since(highest.at))
}

/// Puts an entry in the place of an old one, or at the end.
pub(super) fn record<T>(log: &mut Vec<T>, old: Option<usize>, entry: T) {
    match old.and_then(|i| log.get_mut(i)) {
        Some(slot) => *slot = entry,
        None => log.push(entry),
    }
}

/// The most that one step may reach: `max(factor × current, minimum)`.
pub fn step_limit(current: i64, settings: &HpaSettings) -> i64 {
    current
        .saturating_mul(i64::from(settings.scale_up_limit_factor))
        .max(i64::from(settings.scale_up_limit_minimum))
        .min(i64::from(i32::MAX))
}

/// `min`, `max` and the step limit. The message is not always that of the reason: the 1.15 controller used
/// the upper bound's sentence with `TooFewReplicas`.
pub fn clamp(
    current: i64,
    desired: i64,
    min: i64,
    max: i64,
    settings: &HpaSettings,
) -> (i64, LimitReason, &'static str) {
    let min = if settings.dialect == Dialect::Legacy { min.max(1) } else { min };
    let limit = step_limit(current, settings);
    let (cap, upper) =
        if max > limit { (limit, LimitReason::ScaleUpLimit) } else { (max, LimitReason::TooManyReplicas) };
    if desired < min {
        let message = match settings.dialect {
            Dialect::Current => LimitReason::TooFewReplicas.message(),
            Dialect::Legacy => upper.message(),
        };
        (min, LimitReason::TooFewReplicas, message)
    } else if desired > cap {
        (cap, upper, upper.message())
    } else {
        (desired, LimitReason::DesiredWithinRange, LimitReason::DesiredWithinRange.message())
    }
}
