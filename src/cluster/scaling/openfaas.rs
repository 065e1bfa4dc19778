//! OpenFaaS' own scaling: the labels of both editions, and Pro's rule.
//!
//! Source: the OpenFaaS Pro autoscaling documentation and helm chart.

pub mod labels;
pub mod load;

#[cfg(test)]
mod tests;

pub use labels::{Edition, LabelError, ScaleLabels, ScaleType};
pub use load::{FunctionLoad, LoadWindows};

use super::decision::{Decision, Scaler};
use super::hpa::limits::Recommendation;
use super::step::{Step, ceil_load};
use crate::cluster::time::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// `ceil(total load ÷ (target × proportion))`, between min and max. A function with no ready pod and no load
/// still gets its min: zero is [`super::idle`]'s decision, not this one's.
///
/// It equals `ceil(ready × mean load ÷ (target × proportion))`, so `ready` does not change the result.
pub fn desired(_ready: u32, total_load: f64, labels: &ScaleLabels) -> u32 {
    let wanted = ceil_load(total_load, labels.target, labels.proportion);
    u32::try_from(wanted).unwrap_or(u32::MAX).min(labels.max).max(labels.min)
}

/// How often Pro's autoscaler looks.
pub const POLL: Duration = Duration::from_secs(10);

/// Pro's scaler of one function, with its recommendations of the down window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProScaler {
    /// What each cycle wanted, clamped, the oldest first.
    pub recommendations: Vec<Recommendation>,
}

impl ProScaler {
    /// One cycle: `desired_now` is the function's replicas, `load` the total in the unit of its type, and
    /// `idle_for` how long ago the last call started or ended.
    pub fn evaluate(
        &mut self,
        now: Time,
        desired_now: u32,
        ready: u32,
        load: f64,
        idle_for: Duration,
        labels: &ScaleLabels,
    ) -> Decision {
        let current = i64::from(desired_now);
        let (min, max) = (i64::from(labels.min), i64::from(labels.max));
        let mut working = vec![Step::Current { replicas: current, min, max }];
        let mut decide = |to: u32, reason: String, mut more: Vec<Step>, scaler: Scaler| {
            working.append(&mut more);
            Decision {
                at: now,
                scaler,
                from: desired_now,
                to,
                reason,
                working: std::mem::take(&mut working),
                next_look: Some(now + POLL),
            }
        };
        if desired_now == 0 {
            self.recommendations.clear();
            return decide(0, String::new(), vec![Step::Asleep], Scaler::OpenFaasPro);
        }
        if labels.zero && idle_for >= labels.zero_duration {
            self.recommendations.clear();
            let reason = format!("idle for {} s", idle_for.as_secs());
            let step = Step::Idle { idle: idle_for, after: labels.zero_duration };
            return decide(0, reason, vec![step], Scaler::Idle);
        }
        if labels.min == labels.max {
            // Neither load nor a person's wish counts here; Pro's horizontal scaler passes this function by.
            return decide(
                desired_now,
                String::new(),
                vec![Step::Fixed { replicas: current }],
                Scaler::OpenFaasPro,
            );
        }
        let wanted = ceil_load(load, labels.target, labels.proportion);
        let kind = labels.kind.name().to_owned();
        let mut steps = Vec::with_capacity(4);
        if labels.zero {
            steps.push(Step::NotIdle { idle: idle_for, after: labels.zero_duration, keep: current });
        }
        let (target, proportion) = (labels.target, labels.proportion);
        steps.push(Step::Load { kind, load, target, proportion, result: wanted });
        if wanted > max {
            steps.push(Step::Max { max, without: wanted });
        }
        if wanted < min {
            steps.push(Step::Min { min, without: wanted });
        }
        let clamped = i64::from(desired(ready, load, labels));
        let mut result = clamped;
        if let Some(window) = labels.down_window {
            self.recommendations.retain(|r| now.since(r.at) < window);
            self.recommendations.push(Recommendation { replicas: clamped, at: now });
            let highest = self.recommendations.iter().map(|r| r.replicas).max().unwrap_or(clamped);
            // Up is not delayed, and the window never adds pods that are not there.
            let held = highest.min(current);
            if clamped < held {
                steps.push(Step::DownWindow { highest: held, window, result: held, without: clamped });
                result = held;
            }
        } else {
            self.recommendations.clear();
        }
        let to = u32::try_from(result).unwrap_or(u32::MAX);
        let reason = if to == desired_now {
            String::new()
        } else {
            format!("[Scaler] {desired_now} => {to} (want: {wanted})")
        };
        decide(to, reason, steps, Scaler::OpenFaasPro)
    }
}
