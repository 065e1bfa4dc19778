//! Steps in words, as a student would write them down: each with the numbers to check it by.

use super::{Direction, HeldBecause, Step, Unit};
use crate::cluster::scaling::hpa::spec::{PolicyKind, Select};
use std::fmt;
use std::time::Duration;

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
                    (unready, "set aside (not ready, or too young for a CPU sample)"),
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
                    "load {} ÷ request {} = {percent} %{}",
                    quantity(*unit, *usage),
                    quantity(*unit, *request),
                    cut_off(*usage, *request)
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
                    parts.push(format!("{} set aside counted as 0", pods(*unready)));
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
            Step::Multiply { unit, pods, value, target, result } => {
                let (value_in, target_in) = match unit {
                    Unit::Percent => (value.to_string(), target.to_string()),
                    _ => (quantity(*unit, *value), quantity(*unit, *target)),
                };
                write!(f, "{pods} × {value_in}/{target_in} = {result}{}", rounded(*pods, *value, *target))
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
            Step::StabilisedBoth {
                held,
                up_window,
                lowest,
                down_window,
                highest,
                age,
                result,
                without,
                ..
            } => {
                let (word, bound, window) = match held {
                    Direction::Up => ("lowest", lowest, up_window),
                    Direction::Down => ("highest", highest, down_window),
                };
                write!(
                    f,
                    "stabilising: {word} recommendation of the last {} is {bound} (it counts for another {}): \
                     {result}; without this limit: {without}",
                    seconds(*window),
                    seconds(window.saturating_sub(*age)),
                )
            }
            Step::StepLimit { current, factor, minimum, limit, .. } => {
                write!(f, "at most max({factor}×{current}, {minimum}) = {limit} this step")?;
                without_it(f, self)
            }
            Step::RateLimit { direction, current, select, policies, limit, .. } => {
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
                without_it(f, self)
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
            Step::NoneIdle { pods, max } if pods >= max => {
                write!(f, "a request found none of {pods} pods idle, and max is {max}: it waits")
            }
            Step::NoneIdle { pods, .. } => {
                write!(f, "a request found none of {pods} pods idle: one more, {pods} + 1 = {}", pods + 1)
            }
            Step::Expired { pods, keep_alive } => {
                let kept = keep_alive.as_secs();
                write!(f, "a pod was idle for {kept} s, as long as pods are kept: {pods} − 1 = {}", pods - 1)
            }
            Step::Idle { idle, after } => {
                write!(f, "no call for {}, zero-duration is {}: 0", seconds(*idle), seconds(*after))
            }
            Step::NotIdle { idle, after, .. } => {
                write!(
                    f,
                    "no call for {}, zero-duration is {}: not to zero yet",
                    seconds(*idle),
                    seconds(*after)
                )
            }
        }
    }
}

/// What would have come without a limit. One that another limit goes beyond has changed nothing.
fn without_it(f: &mut fmt::Formatter<'_>, step: &Step) -> fmt::Result {
    step.without().map_or(Ok(()), |without| write!(f, "; without this limit: {without}"))
}

/// ` (305.5 rounded down)` where the percentage is not whole.
fn cut_off(usage: i64, request: i64) -> String {
    let exact = i128::from(usage) * 100;
    if request > 0 && exact % i128::from(request) != 0 {
        format!(" ({} rounded down)", decimals(usage as f64 * 100.0 / request as f64))
    } else {
        String::new()
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
            (
                Step::Utilization {
                    resource: "cpu".into(),
                    unit: Unit::Cores,
                    usage: 611,
                    request: 200,
                    percent: 305,
                },
                "load 611m ÷ request 200m = 305 % (305.5 rounded down)",
            ),
            (
                Step::Multiply { unit: Unit::Percent, pods: 2, value: 5830, target: 20, result: 583 },
                "2 × 5830/20 = 583",
            ),
            (
                Step::Multiply { unit: Unit::Percent, pods: 7, value: 43, target: 50, result: 7 },
                "7 × 43/50 = 7 (6.02 rounded up)",
            ),
            (
                Step::Multiply { unit: Unit::Count, pods: 2, value: 12_000, target: 5_000, result: 5 },
                "2 × 12/5 = 5 (4.8 rounded up)",
            ),
            (
                Step::Multiply { unit: Unit::Cores, pods: 3, value: 300, target: 200, result: 5 },
                "3 × 300m/200m = 5 (4.5 rounded up)",
            ),
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
}
