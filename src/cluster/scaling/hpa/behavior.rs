//! With `behavior`: a window and policies for each direction. Only the current dialect honours it.

use super::limits::{LimitReason, Recommendation, record};
use super::spec::{Policy, PolicyKind, Rules, Select};
use crate::cluster::scaling::step::{Direction, PolicyBound, policy_bound, select_bound};
use crate::cluster::time::Time;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::time::Duration;

/// One direction's rules with every default filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct FullRules {
    /// The window.
    pub stabilization: Duration,
    /// Which policy counts.
    pub select: Select,
    /// The policies.
    pub policies: Vec<Policy>,
}

impl FullRules {
    /// Scale-up: no window, the larger of 4 pods and 100 % in 15 s.
    pub fn up(rules: Option<&Rules>) -> Self {
        FullRules::fill(rules, Duration::ZERO, || {
            vec![default_policy(PolicyKind::Pods, 4), default_policy(PolicyKind::Percent, 100)]
        })
    }

    /// Scale-down: the controller's window, 100 % in 15 s.
    pub fn down(rules: Option<&Rules>, window: Duration) -> Self {
        FullRules::fill(rules, window, || vec![default_policy(PolicyKind::Percent, 100)])
    }

    fn fill(rules: Option<&Rules>, window: Duration, policies: impl FnOnce() -> Vec<Policy>) -> Self {
        FullRules {
            stabilization: rules.and_then(|r| r.stabilization).unwrap_or(window),
            select: rules.and_then(|r| r.select).unwrap_or_default(),
            policies: rules.and_then(|r| r.policies.clone()).unwrap_or_else(policies),
        }
    }

    /// The longest period of its policies.
    pub fn longest_period(&self) -> Duration {
        self.policies.iter().map(|p| p.period).max().unwrap_or_default()
    }
}

fn default_policy(kind: PolicyKind, value: u32) -> Policy {
    Policy { kind, value, period: Duration::from_secs(15) }
}

/// One change of size in the past, in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScaleEvent {
    /// By how many replicas, always positive.
    pub change: i64,
    /// When.
    pub at: Time,
    /// Older than every policy's period when the log was last written to: its place may be taken.
    pub outdated: bool,
}

/// How much changed in the last `period`; an event exactly that old no longer counts.
pub fn change_within(events: &[ScaleEvent], now: Time, period: Duration) -> i64 {
    events.iter().filter(|e| younger(e.at, now, period)).fold(0, |sum, e| e.change.saturating_add(sum))
}

fn younger(at: Time, now: Time, period: Duration) -> bool {
    now.since(at) < period
}

/// Logs a change of size, over the last entry that is older than the longest period.
pub fn store_event(events: &mut Vec<ScaleEvent>, change: i64, now: Time, longest: Duration) {
    let mut old = None;
    for (i, event) in events.iter_mut().enumerate() {
        if now.since(event.at) > longest {
            event.outdated = true;
        }
        if event.outdated {
            old = Some(i);
        }
    }
    record(events, old, ScaleEvent { change, at: now, outdated: false });
}

/// What both windows make of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stabilized {
    /// The lowest recommendation of the up window, the proposal included.
    pub lowest: i64,
    /// The highest recommendation of the down window, the proposal included.
    pub highest: i64,
    /// Starting from the current size: raised to `lowest`, then cut to `highest`.
    pub result: i64,
    /// How long ago the recommendation was made that holds the size back; zero when none does.
    pub age: Duration,
}

/// Applies both windows and logs the raw proposal. Entries exactly as old as a window do not count.
pub fn stabilize(
    log: &mut Vec<Recommendation>,
    current: i64,
    proposal: i64,
    now: Time,
    up_window: Duration,
    down_window: Duration,
) -> Stabilized {
    let this = Recommendation { replicas: proposal, at: now };
    let (mut lowest, mut highest) = (this, this);
    let mut old = None;
    for (i, entry) in log.iter().enumerate() {
        // Of equal ones the youngest counts: it is the one that leaves its window last.
        let beats = |best: &Recommendation| entry.replicas == best.replicas && entry.at > best.at;
        if younger(entry.at, now, up_window) && (entry.replicas < lowest.replicas || beats(&lowest)) {
            lowest = *entry;
        }
        if younger(entry.at, now, down_window) && (entry.replicas > highest.replicas || beats(&highest)) {
            highest = *entry;
        }
        let age = now.since(entry.at);
        if age > up_window && age > down_window {
            old = Some(i);
        }
    }
    record(log, old, this);
    let result = current.max(lowest.replicas).min(highest.replicas);
    let age = match result.cmp(&proposal) {
        Ordering::Less => now.since(lowest.at),
        Ordering::Equal => Duration::ZERO,
        Ordering::Greater => now.since(highest.at),
    };
    Stabilized { lowest: lowest.replicas, highest: highest.replicas, result, age }
}

/// The size that the rules of one direction allow, and each policy's part in it.
pub fn rate_limit(
    direction: Direction,
    current: i64,
    rules: &FullRules,
    ups: &[ScaleEvent],
    downs: &[ScaleEvent],
    now: Time,
) -> (i64, Vec<PolicyBound>) {
    let bounds: Vec<PolicyBound> = rules
        .policies
        .iter()
        .map(|policy| {
            let start =
                current - change_within(ups, now, policy.period) + change_within(downs, now, policy.period);
            PolicyBound { policy: *policy, start, bound: policy_bound(direction, policy, start) }
        })
        .collect();
    let limit = select_bound(direction, rules.select, current, bounds.iter().map(|b| b.bound));
    (limit, bounds)
}

/// What limits a move from `current` towards `desired`.
pub fn clamp(current: i64, desired: i64, min: i64, max: i64, limit: i64) -> (i64, LimitReason) {
    if desired > current {
        let limit = limit.max(current);
        let (cap, reason) = if max > limit {
            (limit, LimitReason::ScaleUpLimit)
        } else {
            (max, LimitReason::TooManyReplicas)
        };
        if desired > cap {
            return (cap, reason);
        }
    } else if desired < current {
        let limit = limit.min(current);
        let (floor, reason) = if min < limit {
            (limit, LimitReason::ScaleDownLimit)
        } else {
            (min, LimitReason::TooFewReplicas)
        };
        if desired < floor {
            return (floor, reason);
        }
    }
    (desired, LimitReason::DesiredWithinRange)
}
