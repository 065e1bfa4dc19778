//! The working of a decision: typed steps with their numbers, put into words only when shown.
//!
//! Each step carries the inputs of its own formula, so that `replay` can evaluate it again.

use super::hpa::spec::{Policy, PolicyKind, Select};
use serde::{Deserialize, Serialize};
use std::fmt;
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
    Multiply { pods: i64, value: i64, target: i64, result: i64 },
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
    /// Both windows of `behavior`; `lowest` and `highest` include the proposal.
    StabilisedBoth {
        current: i64,
        lowest: i64,
        up_window: Duration,
        highest: i64,
        down_window: Duration,
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
    /// A size that waits for someone else: no ready pod, or stopped.
    Asleep,
    /// OpenFaaS CE: the alert fires. `max` is already capped.
    AlertFiring { current: i64, max: i64, factor: u32, step: i64, result: i64 },
    /// OpenFaaS CE: the alert is over, or gives no step.
    AlertResolved { min: i64 },
    /// What the alert rule saw.
    AlertRate { rate: f64, threshold: f64, state: String },
    /// Nothing came for as long as the label asks.
    Idle { idle: Duration, after: Duration },
    /// Not quiet for long enough yet.
    NotIdle { idle: Duration, after: Duration, keep: i64 },
}

/// `ceil(pods × value/target)`, as the controller computes it: in doubles, saturating.
pub(crate) fn ceil_times(pods: i64, value: i64, target: i64) -> i64 {
    saturate(libm::ceil(value as f64 / target as f64 * pods as f64))
}

/// `ceil(value/target)`, saturating.
pub(crate) fn ceil_over(value: i64, target: i64) -> i64 {
    saturate(libm::ceil(value as f64 / target as f64))
}

/// A count of replicas out of a float: no less than 0, no more than 2^31-1.
pub(crate) fn saturate(x: f64) -> i64 {
    if x.is_nan() { 0 } else { (x as i64).clamp(0, i64::from(i32::MAX)) }
}

/// `ceil(load / (target × proportion))`, proof against 90/(100 × 0.9) being a hair above 1.
pub(crate) fn ceil_load(load: f64, target: f64, proportion: f64) -> i64 {
    let exact = load / (target * proportion);
    let nearest = libm::round(exact);
    if (exact - nearest).abs() <= 1e-9 * nearest.max(1.0) {
        saturate(nearest)
    } else {
        saturate(libm::ceil(exact))
    }
}

/// The bound of one policy for a period that began with `start` replicas.
pub(crate) fn policy_bound(direction: Direction, policy: &Policy, start: i64) -> i64 {
    let value = i64::from(policy.value);
    match (direction, policy.kind) {
        (Direction::Up, PolicyKind::Pods) => start.saturating_add(value).min(i64::from(i32::MAX)),
        (Direction::Down, PolicyKind::Pods) => start.saturating_sub(value),
        (Direction::Up, PolicyKind::Percent) => {
            let up = libm::ceil(start as f64 * (1.0 + value as f64 / 100.0));
            (up as i64).min(i64::from(i32::MAX))
        }
        (Direction::Down, PolicyKind::Percent) => {
            libm::trunc(start as f64 * (1.0 - value as f64 / 100.0)) as i64
        }
    }
}

/// The bound that counts among several.
pub(crate) fn select_bound(
    direction: Direction,
    select: Select,
    current: i64,
    bounds: impl Iterator<Item = i64>,
) -> i64 {
    let chosen = match (direction, select) {
        (_, Select::Disabled) => None,
        (Direction::Up, Select::Max) | (Direction::Down, Select::Min) => bounds.max(),
        (Direction::Up, Select::Min) | (Direction::Down, Select::Max) => bounds.min(),
    };
    chosen.unwrap_or(current)
}

/// Works the result out again from the steps alone.
pub(crate) fn replay(steps: &[Step]) -> u32 {
    let mut current = 0i64;
    let mut value = 0i64;
    for step in steps {
        match step {
            Step::Asked { replicas } | Step::Woken { replicas } | Step::Fixed { replicas } => {
                value = *replicas
            }
            Step::Current { replicas, .. } => {
                current = *replicas;
                value = current;
            }
            Step::AboveMax { max, .. } => value = *max,
            Step::BelowMin { min, .. } => value = *min,
            Step::NotZero => value = 1,
            Step::Within { keep, .. } | Step::Held { keep, .. } => value = *keep,
            Step::Multiply { pods, value: v, target, .. } => value = ceil_times(*pods, *v, *target),
            Step::Divide { value: v, target, .. } => value = ceil_over(*v, *target),
            Step::Largest { proposals, .. } => {
                value = proposals.iter().map(|(_, n)| *n).max().unwrap_or(current);
            }
            Step::Refused { keep, .. } | Step::NotIdle { keep, .. } => value = *keep,
            Step::Stabilised { highest, .. } | Step::DownWindow { highest, .. } => {
                value = value.max(*highest)
            }
            Step::StabilisedBoth { current, lowest, highest, .. } => {
                value = (*current).max(*lowest.min(&value)).min(*highest.max(&value));
            }
            Step::StepLimit { current, factor, minimum, .. } => {
                value = value.min((current * i64::from(*factor)).max(i64::from(*minimum)));
            }
            Step::RateLimit { direction, current, select, policies, .. } => {
                let bounds = policies.iter().map(|p| policy_bound(*direction, &p.policy, p.start));
                let bound = select_bound(*direction, *select, *current, bounds);
                value = match direction {
                    Direction::Up => value.min(bound.max(*current)),
                    Direction::Down => value.max(bound.min(*current)),
                };
            }
            Step::Max { max, .. } => value = value.min(*max),
            Step::Min { min, .. } => value = value.max(*min),
            Step::Load { load, target, proportion, .. } => value = ceil_load(*load, *target, *proportion),
            Step::AlertFiring { current, max, factor, .. } => {
                value = (current + alert_step(*max, *factor)).min(*max);
            }
            Step::AlertResolved { min } => value = *min,
            Step::Idle { .. } => value = 0,
            Step::Disabled
            | Step::Metric { .. }
            | Step::Pods { .. }
            | Step::Utilization { .. }
            | Step::Average { .. }
            | Step::Value { .. }
            | Step::Filled { .. }
            | Step::MetricFailed { .. }
            | Step::InRange { .. }
            | Step::Asleep
            | Step::AlertRate { .. } => {}
        }
    }
    u32::try_from(value.max(0)).unwrap_or(u32::MAX)
}

/// OpenFaaS CE's step: `ceil(max/100 × factor)` with `max` already capped.
pub(crate) fn alert_step(max: i64, factor: u32) -> i64 {
    saturate(libm::ceil(max as f64 / 100.0 * f64::from(factor)))
}

/// A number with its unit, as Kubernetes prints quantities.
pub fn quantity(unit: Unit, number: i64) -> String {
    let number128 = i128::from(number);
    match unit {
        Unit::Percent => format!("{number} %"),
        Unit::Cores => format!("{number}m"),
        Unit::Bytes => {
            let bytes = number / 1000;
            match bytes {
                b if b >= 1 << 20 => format!("{}Mi", tenths(b as f64 / f64::from(1 << 20))),
                b => b.to_string(),
            }
        }
        Unit::Count if number128 % 1000 == 0 => (number / 1000).to_string(),
        Unit::Count => format!("{number}m"),
    }
}

/// One decimal, and none when it would be 0.
pub(crate) fn tenths(x: f64) -> String {
    let text = format!("{x:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// Up to three decimals, without trailing zeros.
fn decimals(x: f64) -> String {
    let text = format!("{x:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn pods(n: u32) -> String {
    format!("{n} pod{}", if n == 1 { "" } else { "s" })
}

fn replicas(n: i64) -> String {
    format!("{n} replica{}", if n == 1 { "" } else { "s" })
}

fn seconds(d: Duration) -> String {
    format!("{} s", tenths(d.as_secs_f64()))
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Asked { replicas: n } => write!(f, "asked for {}", replicas(*n)),
            Step::Woken { replicas: n } => {
                write!(f, "a request came and no pod was there: wake {}", replicas(*n))
            }
            Step::Current { replicas: n, min, max } => {
                write!(f, "now {} (min {min}, max {max})", replicas(*n))
            }
            Step::Disabled => write!(f, "the replica count of the target is zero: an HPA does not wake it"),
            Step::AboveMax { current, max } => {
                write!(f, "{current} is above max {max}: {max} at once, past every window and limit")
            }
            Step::BelowMin { current, min } => {
                write!(f, "{current} is below min {min}: {min} at once, past every window and limit")
            }
            Step::NotZero => write!(f, "the number of replicas must be greater than 0: 1"),
            Step::Metric { name } => write!(f, "{name}:"),
            Step::Pods { ready, unready, missing, ignored } => {
                write!(f, "{} counted", pods(*ready))?;
                for (n, what) in [
                    (unready, "not ready yet"),
                    (missing, "without a sample"),
                    (ignored, "ignored (ending or ended)"),
                ] {
                    if *n > 0 {
                        write!(f, ", {n} {what}")?;
                    }
                }
                Ok(())
            }
            Step::Utilization { resource: _, unit, usage, request, percent } => {
                write!(
                    f,
                    "load {} ÷ request {} = {percent} %",
                    quantity(*unit, *usage),
                    quantity(*unit, *request)
                )
            }
            Step::Average { metric, unit, total, samples, average } => {
                write!(
                    f,
                    "{metric}: {} ÷ {} = {}",
                    quantity(*unit, *total),
                    pods(*samples),
                    quantity(*unit, *average)
                )
            }
            Step::Value { metric, unit, value } => write!(f, "{metric} = {}", quantity(*unit, *value)),
            Step::Filled { unit, missing, missing_total, unready } => {
                let mut parts = Vec::new();
                if *missing > 0 {
                    parts.push(format!(
                        "{} without a sample counted as {} in all",
                        pods(*missing),
                        quantity(*unit, *missing_total)
                    ));
                }
                if *unready > 0 {
                    parts.push(format!("{} not ready yet counted as 0", pods(*unready)));
                }
                write!(f, "to be careful: {}", parts.join(", "))
            }
            Step::Within { value, target, pods, low, high, keep } => {
                let ratio = *value as f64 / (*target as f64 * *pods as f64);
                write!(
                    f,
                    "ratio {} is within tolerance {}–{}: keep {keep}",
                    decimals(ratio),
                    decimals(*low),
                    decimals(*high)
                )
            }
            Step::Multiply { pods, value, target, result } => {
                write!(f, "{pods} × {value}/{target} = {result}{}", rounded(*pods, *value, *target))
            }
            Step::Divide { unit, value, target, result } => {
                write!(
                    f,
                    "{} ÷ {} = {result}{}",
                    quantity(*unit, *value),
                    quantity(*unit, *target),
                    rounded(1, *value, *target)
                )
            }
            Step::Held { because: HeldBecause::OtherSide, keep, .. } => {
                write!(f, "with them the ratio changes sides of 1: keep {keep}")
            }
            Step::Held { because: HeldBecause::AgainstRatio, proposal, keep } => {
                write!(f, "{proposal} would go against the ratio: keep {keep}")
            }
            Step::MetricFailed { metric, reason, message } => {
                write!(f, "{metric} gives no answer ({reason}): {message}")
            }
            Step::Largest { proposals, result } => {
                let all: Vec<String> = proposals.iter().map(|(name, n)| format!("{n} ({name})")).collect();
                write!(f, "the largest of {} is {result}", all.join(", "))
            }
            Step::Refused { keep, message } => write!(f, "keep {keep}: {message}"),
            Step::Stabilised { highest, age, window, without, .. } => write!(
                f,
                "stabilising: highest recommendation of the last {} is {highest} (it counts for another {}); without this limit: {without}",
                seconds(*window),
                seconds(window.saturating_sub(*age)),
            ),
            Step::StabilisedBoth { current, lowest, up_window, highest, down_window, result, without } => {
                if result < current || (result == current && highest <= current) {
                    write!(
                        f,
                        "stabilising: highest recommendation of the last {} is {highest}",
                        seconds(*down_window)
                    )?;
                } else {
                    write!(
                        f,
                        "stabilising: lowest recommendation of the last {} is {lowest}",
                        seconds(*up_window)
                    )?;
                }
                write!(f, ": {result}; without this limit: {without}")
            }
            Step::StepLimit { current, factor, minimum, limit, without } => {
                write!(
                    f,
                    "at most max({factor}×{current}, {minimum}) = {limit} this step; without this limit: {without}"
                )
            }
            Step::RateLimit { direction, current, select, policies, limit, without } => {
                let (most, verb) = match direction {
                    Direction::Up => ("at most", "adds"),
                    Direction::Down => ("at least", "removes"),
                };
                match select {
                    Select::Disabled => write!(
                        f,
                        "scaling {} is disabled: {current}",
                        if *direction == Direction::Up { "up" } else { "down" }
                    )?,
                    _ => {
                        let all: Vec<String> = policies
                            .iter()
                            .map(|p| {
                                let what = match p.policy.kind {
                                    PolicyKind::Pods => "",
                                    PolicyKind::Percent => " %",
                                };
                                format!(
                                    "{verb} {}{what} in {} from {}: {}",
                                    p.policy.value,
                                    seconds(p.policy.period),
                                    p.start,
                                    p.bound
                                )
                            })
                            .collect();
                        write!(f, "{most} {limit} this step ({select:?} of: {})", all.join("; "))?;
                    }
                }
                write!(f, "; without this limit: {without}")
            }
            Step::Max { max, without } => write!(f, "clamped to max {max}; without this limit: {without}"),
            Step::Min { min, without } => write!(f, "clamped to min {min}; without this limit: {without}"),
            Step::InRange { min, max } => write!(f, "within min {min} and max {max}, no limit bites"),
            Step::Load { kind, load, target, proportion, result } => {
                write!(
                    f,
                    "{kind} {} ÷ (target {} × proportion {}) = {result}",
                    decimals(*load),
                    decimals(*target),
                    decimals(*proportion)
                )?;
                let exact = load / (target * proportion);
                if (exact - *result as f64).abs() > 1e-6 {
                    write!(f, " ({} rounded up)", decimals(exact))
                } else {
                    Ok(())
                }
            }
            Step::Fixed { replicas: n } => write!(f, "min equals max, so load is not looked at: keep {n}"),
            Step::DownWindow { highest, window, result: _, without } => {
                write!(
                    f,
                    "stabilising: highest recommendation of the last {} is {highest}; without this limit: {without}",
                    seconds(*window)
                )
            }
            Step::Asleep => write!(f, "scaled to zero: the next request wakes it"),
            Step::AlertFiring { current, max, factor, step, result } => {
                write!(
                    f,
                    "the alert fires: step ceil({max}/100 × {factor}) = {step}, min({current} + {step}, {max}) = {result}"
                )
            }
            Step::AlertResolved { min } => write!(f, "the alert does not fire: back to min {min}"),
            Step::AlertRate { rate, threshold, state } => {
                write!(
                    f,
                    "APIHighInvocationRate: {}/s against {}/s: {state}",
                    decimals(*rate),
                    decimals(*threshold)
                )
            }
            Step::Idle { idle, after } => {
                write!(f, "no call for {}, zero-duration is {}: 0", seconds(*idle), seconds(*after))
            }
            Step::NotIdle { idle, after, keep } => {
                write!(f, "no call for {}, zero-duration is {}: keep {keep}", seconds(*idle), seconds(*after))
            }
        }
    }
}

/// ` (6.02 rounded up)` where the product is not whole.
fn rounded(pods: i64, value: i64, target: i64) -> String {
    let exact = value as f64 / target as f64 * pods as f64;
    if exact.is_finite() && (exact - libm::round(exact)).abs() > 1e-9 {
        format!(" ({} rounded up)", decimals(exact))
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_read_like_a_worked_exercise() {
        let s = Duration::from_secs;
        for (step, words) in [
            (
                Step::Utilization {
                    resource: "cpu".into(),
                    unit: Unit::Cores,
                    usage: 583,
                    request: 10,
                    percent: 5830,
                },
                "load 583m ÷ request 10m = 5830 %",
            ),
            (Step::Multiply { pods: 2, value: 5830, target: 20, result: 583 }, "2 × 5830/20 = 583"),
            (Step::Multiply { pods: 7, value: 43, target: 50, result: 7 }, "7 × 43/50 = 7 (6.02 rounded up)"),
            (Step::Max { max: 6, without: 8 }, "clamped to max 6; without this limit: 8"),
            (
                Step::StepLimit { current: 2, factor: 2, minimum: 4, limit: 4, without: 6 },
                "at most max(2×2, 4) = 4 this step; without this limit: 6",
            ),
            (
                Step::Within { value: 21, target: 20, pods: 1, low: 0.9, high: 1.1, keep: 2 },
                "ratio 1.05 is within tolerance 0.9–1.1: keep 2",
            ),
            (
                Step::Stabilised { highest: 583, age: s(105), window: s(300), result: 583, without: 2 },
                "stabilising: highest recommendation of the last 300 s is 583 (it counts for another 195 s); \
                 without this limit: 2",
            ),
            (
                Step::Load { kind: "rps".into(), load: 100.0, target: 50.0, proportion: 0.9, result: 3 },
                "rps 100 ÷ (target 50 × proportion 0.9) = 3 (2.222 rounded up)",
            ),
        ] {
            assert_eq!(step.to_string(), words);
        }
    }

    #[test]
    fn the_float_ceil_is_guarded() {
        assert_eq!(ceil_load(90.0, 100.0, 0.9), 1);
        assert_eq!(ceil_load(91.0, 100.0, 0.9), 2);
        assert_eq!(ceil_load(0.0, 50.0, 0.9), 0);
        assert_eq!(ceil_load(f64::MAX, 1.0, 0.1), i64::from(i32::MAX));
    }
}
