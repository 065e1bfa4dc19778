//! OpenFaaS CE: one alert rule for all functions, and the step that each alert makes.
//!
//! Source: OpenFaaS' `prometheus-cfg` and `alertmanager-cfg` (timings) and the gateway's alert handler.

use super::decision::{Decision, Scaler};
use super::openfaas::ScaleLabels;
use super::openfaas::labels::CE_MAX;
use super::step::{Step, alert_step};
use crate::cluster::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Calls with status 200 per second above which the alert fires.
pub const THRESHOLD: f64 = 5.0;
/// Window of that rate.
pub const RATE_WINDOW: Duration = Duration::from_secs(10);
/// How long it must hold.
pub const HOLD: Duration = Duration::from_secs(5);
/// How often Prometheus evaluates the rule.
pub const EVALUATE_EVERY: Duration = Duration::from_secs(15);
/// Alertmanager: how long the first alert of a group waits for others.
pub const GROUP_WAIT: Duration = Duration::from_secs(5);
/// Alertmanager: how often a group that exists is looked at.
pub const GROUP_INTERVAL: Duration = Duration::from_secs(10);
/// Alertmanager: how soon the same alert is sent again.
pub const REPEAT_INTERVAL: Duration = Duration::from_secs(30);

/// A firing alert: `min(current + ceil(min(max, 5)/100 × factor), min(max, 5))`; with a step of 0, `min`.
pub fn step(now: Time, current: u32, labels: &ScaleLabels) -> Decision {
    let (from, max) = (i64::from(current), i64::from(labels.max.min(CE_MAX)));
    let step = alert_step(max, labels.factor);
    if step == 0 {
        return resolve(now, current, labels);
    }
    let result = (from + step).min(max);
    let working = vec![
        Step::Current { replicas: from, min: i64::from(labels.min), max },
        Step::AlertFiring { current: from, max, factor: labels.factor, step, result },
    ];
    decision(now, current, result, "alert APIHighInvocationRate is firing", working)
}

/// A resolved alert, or any other status: back to `min`.
pub fn resolve(now: Time, current: u32, labels: &ScaleLabels) -> Decision {
    let (min, max) = (i64::from(labels.min), i64::from(labels.max.min(CE_MAX)));
    let working = vec![Step::Current { replicas: i64::from(current), min, max }, Step::AlertResolved { min }];
    decision(now, current, min, "alert APIHighInvocationRate is resolved", working)
}

fn decision(now: Time, from: u32, to: i64, reason: &str, working: Vec<Step>) -> Decision {
    let to = u32::try_from(to).unwrap_or(u32::MAX);
    let reason = if to == from { String::new() } else { reason.into() };
    Decision { at: now, scaler: Scaler::OpenFaasCe, from, to, reason, working, next_look: None }
}

/// The rule was evaluated, or the group looked at, and nothing was sent.
pub fn quiet(now: Time, current: u32, labels: &ScaleLabels) -> Decision {
    let (min, max) = (i64::from(labels.min), i64::from(labels.max.min(CE_MAX)));
    let working = vec![Step::Current { replicas: i64::from(current), min, max }];
    decision(now, current, i64::from(current), "", working)
}

/// What Alertmanager sends to the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notice {
    /// Take a step up.
    Firing,
    /// Go back to min.
    Resolved,
}

/// Prometheus and Alertmanager for one function, as one state machine.
///
/// Feed it the counter with [`AlertRule::observe`] whenever it is read, and call [`AlertRule::tick`] at
/// [`AlertRule::next_look`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertRule {
    readings: VecDeque<(Time, u64)>,
    next_evaluation: Time,
    state: State,
    /// When Alertmanager looks at the group next, once it has one.
    next_flush: Option<Time>,
    last_sent: Option<(Time, Notice)>,
    /// The rate at the last evaluation.
    rate: f64,
}

/// The alert in Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Inactive,
    Pending { since: Time },
    Firing,
}

impl AlertRule {
    /// A rule whose evaluations are counted from `start`, for all functions of a cluster alike.
    pub fn new(start: Time) -> Self {
        AlertRule {
            readings: VecDeque::new(),
            next_evaluation: start + EVALUATE_EVERY,
            state: State::Inactive,
            next_flush: None,
            last_sent: None,
            rate: 0.0,
        }
    }

    /// The number of calls answered with 200 since the beginning.
    pub fn observe(&mut self, at: Time, completed_200: u64) {
        if self.readings.back().is_some_and(|(last, _)| at <= *last) {
            return;
        }
        self.readings.push_back((at, completed_200));
        while self.readings.len() > 2
            && self.readings.front().is_some_and(|(t, _)| at.since(*t) > 2 * RATE_WINDOW)
        {
            self.readings.pop_front();
        }
    }

    /// When it wants to be called.
    pub fn next_look(&self) -> Time {
        self.next_flush.map_or(self.next_evaluation, |flush| flush.min(self.next_evaluation))
    }

    /// Whether the alert fires or is about to.
    pub fn is_active(&self) -> bool {
        self.state != State::Inactive
    }

    /// What was seen last, for a decision's working.
    pub fn seen(&self) -> Step {
        let state = match self.state {
            State::Inactive => "inactive",
            State::Pending { .. } => "pending",
            State::Firing => "firing",
        };
        Step::AlertRate { rate: self.rate, threshold: THRESHOLD, state: state.into() }
    }

    /// Evaluates the rule and looks at the group when each is due; says what is sent to the gateway.
    pub fn tick(&mut self, now: Time) -> Option<Notice> {
        if now >= self.next_evaluation {
            self.evaluate(now);
            while self.next_evaluation <= now {
                self.next_evaluation += EVALUATE_EVERY;
            }
        }
        let due = self.next_flush.filter(|flush| now >= *flush)?;
        let notice = if self.state == State::Firing { Notice::Firing } else { Notice::Resolved };
        let send = match (self.last_sent, notice) {
            (Some((at, Notice::Firing)), Notice::Firing) => now.since(at) >= REPEAT_INTERVAL,
            (Some((_, Notice::Firing)), Notice::Resolved) => true,
            (_, Notice::Firing) => true,
            (_, Notice::Resolved) => false,
        };
        self.next_flush = match notice {
            Notice::Firing => Some(due.max(now) + GROUP_INTERVAL),
            Notice::Resolved => None,
        };
        if !send {
            return None;
        }
        self.last_sent = Some((now, notice));
        Some(notice)
    }

    fn evaluate(&mut self, now: Time) {
        self.rate = self.current_rate(now);
        self.state = match (self.state, self.rate > THRESHOLD) {
            (_, false) => State::Inactive,
            (State::Inactive, true) => State::Pending { since: now },
            (State::Pending { since }, true) if now.since(since) >= HOLD => State::Firing,
            (state, true) => state,
        };
        if self.state == State::Firing && self.next_flush.is_none() {
            self.next_flush = Some(now + GROUP_WAIT);
        }
    }

    fn current_rate(&self, now: Time) -> f64 {
        let mut inside = self.readings.iter().filter(|(at, _)| now.since(*at) <= RATE_WINDOW);
        let Some(first) = inside.next() else { return 0.0 };
        let (mut last, mut increase) = (first, 0u64);
        for reading in inside {
            increase += if reading.1 >= last.1 { reading.1 - last.1 } else { reading.1 };
            last = reading;
        }
        let span = last.0.since(first.0).as_secs_f64();
        if span > 0.0 { increase as f64 / span } else { 0.0 }
    }
}
