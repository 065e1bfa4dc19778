//! The working of a decision: typed steps with their numbers, put into words only when shown.
//!
//! Each step carries the inputs of its own formula, so that `replay` can evaluate it again.

mod arithmetic;
mod replay;
mod words;

pub(crate) use arithmetic::{alert_step, ceil_load, ceil_over, ceil_times, policy_bound, select_bound};
pub(crate) use replay::replay;
pub use words::quantity;

use super::hpa::spec::{Policy, Select};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a metric's number counts. Numbers are stored in thousandths, percent as a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Percent of the request.
    Percent,
    /// CPU: 1000 is one core.
    Cores,
    /// Memory: 1000 is one byte.
    Bytes,
    /// Anything else: 1000 is one.
    Count,
}

/// Up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// More pods.
    Up,
    /// Fewer pods.
    Down,
}

/// One policy of `behavior`, and the bound that it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PolicyBound {
    /// The policy.
    pub policy: Policy,
    /// Replicas at the start of its period.
    pub start: i64,
    /// The size it allows now.
    pub bound: i64,
}

/// Why a proposal was held at the current size although it was outside the tolerance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldBecause {
    /// Counting pods without a sample turned the direction round.
    OtherSide,
    /// The count would move against the direction of the ratio.
    AgainstRatio,
}

/// One line of a decision's working.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
#[allow(missing_docs)] // The fields are the numbers of the sentence that `Display` makes.
pub enum Step {
    /// A person or a client asked for it.
    Asked { replicas: i64 },
    /// A request came while there was no pod.
    Woken { replicas: i64 },
    /// Where an autoscaler starts from.
    Current { replicas: i64, min: i64, max: i64 },
    /// The target's spec says 0: an HPA does not wake it.
    Disabled,
    /// More than max: obeyed at once, past every window and limit.
    AboveMax { current: i64, max: i64 },
    /// Fewer than min: obeyed at once.
    BelowMin { current: i64, min: i64 },
    /// The old controller's last resort.
    NotZero,
    /// A new metric's working begins.
    Metric { name: String },
    /// How the pods were sorted.
    Pods { ready: u32, unready: u32, missing: u32, ignored: u32 },
    /// Use against request, over the pods that have both.
    Utilization { resource: String, unit: Unit, usage: i64, request: i64, percent: i64 },
    /// A mean over the pods that were sampled.
    Average { metric: String, unit: Unit, total: i64, samples: u32, average: i64 },
    /// One number for the whole function.
    Value { metric: String, unit: Unit, value: i64 },
    /// Pods without a sample or not ready are counted with a guess, against the direction of scaling.
    Filled { unit: Unit, missing: u32, missing_total: i64, unready: u32 },
    /// Inside the tolerance: the size is kept.
    Within { value: i64, target: i64, pods: i64, low: f64, high: f64, keep: i64 },
    /// `pods × value/target`, rounded up.
    Multiply { unit: Unit, pods: i64, value: i64, target: i64, result: i64 },
    /// `value/target`, rounded up.
    Divide { unit: Unit, value: i64, target: i64, result: i64 },
    /// Outside the tolerance, and kept all the same.
    Held { because: HeldBecause, proposal: i64, keep: i64 },
    /// A metric gave no answer.
    MetricFailed { metric: String, reason: String, message: String },
    /// The largest proposal counts.
    Largest { proposals: Vec<(String, i64)>, result: i64 },
    /// Some metric failed and the rest would scale down, or all failed: nothing changes.
    Refused { keep: i64, message: String },
    /// Scale-down window without `behavior`.
    Stabilised { highest: i64, age: Duration, window: Duration, result: i64, without: i64 },
    /// Both windows of `behavior`; `lowest` and `highest` include the proposal, `age` is that of the one that
    /// bites, and `held` the direction that it holds back.
    StabilisedBoth {
        held: Direction,
        current: i64,
        lowest: i64,
        up_window: Duration,
        highest: i64,
        down_window: Duration,
        age: Duration,
        result: i64,
        without: i64,
    },
    /// The limit of one step without `behavior`.
    StepLimit { current: i64, factor: u32, minimum: u32, limit: i64, without: i64 },
    /// The limit of `behavior`'s policies.
    RateLimit {
        direction: Direction,
        current: i64,
        select: Select,
        policies: Vec<PolicyBound>,
        limit: i64,
        without: i64,
    },
    /// `max` bit.
    Max { max: i64, without: i64 },
    /// `min` bit.
    Min { min: i64, without: i64 },
    /// Neither a window nor a limit changed it.
    InRange { min: i64, max: i64 },
    /// OpenFaaS Pro: load over target, in the load's own unit.
    Load { kind: String, load: f64, target: f64, proportion: f64, result: i64 },
    /// OpenFaaS Pro: nothing to scale, min is max.
    Fixed { replicas: i64 },
    /// OpenFaaS Pro: the down window.
    DownWindow { highest: i64, window: Duration, result: i64, without: i64 },
    /// At zero: nobody but a request changes that.
    Asleep,
    /// OpenFaaS CE: the alert fires. `max` is already capped.
    AlertFiring { current: i64, max: i64, factor: u32, step: i64, result: i64 },
    /// OpenFaaS CE: the alert is over, or gives no step.
    AlertResolved { min: i64 },
    /// What the alert rule saw.
    AlertRate { rate: f64, threshold: f64, state: String },
    /// Per request: one more for a request that found none idle.
    NoneIdle { pods: i64, max: i64 },
    /// Per request: one was idle for too long.
    Expired { pods: i64, keep_alive: Duration },
    /// Nothing came for as long as the label asks.
    Idle { idle: Duration, after: Duration },
    /// Not quiet for long enough yet.
    NotIdle { idle: Duration, after: Duration, keep: i64 },
}

impl Step {
    /// What would have been decided in the end without this limit, where its words say that.
    pub fn without(&self) -> Option<i64> {
        match self {
            Step::Stabilised { without, .. }
            | Step::StabilisedBoth { without, .. }
            | Step::DownWindow { without, .. }
            | Step::Max { without, .. }
            | Step::Min { without, .. } => Some(*without),
            Step::StepLimit { limit, without, .. } => (without > limit).then_some(*without),
            Step::RateLimit { direction: Direction::Up, limit, without, .. } => {
                (without > limit).then_some(*without)
            }
            Step::RateLimit { direction: Direction::Down, limit, without, .. } => {
                (without < limit).then_some(*without)
            }
            _ => None,
        }
    }
}
