//! The `com.openfaas.scale.*` labels, as each edition reads them.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Which OpenFaaS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edition {
    /// Scales each function on its own target, and to zero.
    #[default]
    Pro,
    /// Scales on one alert, to at most 5.
    Ce,
}

/// What `com.openfaas.scale.type` names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScaleType {
    /// Completed calls per second.
    #[default]
    Rps,
    /// Calls in flight.
    Capacity,
    /// Thousandths of a core.
    Cpu,
    /// Calls waiting in the queue.
    Queue,
    /// A pod for each call that finds none idle: faasim's own, see
    /// [`per_request`](crate::cluster::scaling::per_request).
    #[serde(rename = "per-request")]
    PerRequest,
}

impl ScaleType {
    /// The label's value.
    pub fn name(self) -> &'static str {
        match self {
            ScaleType::Rps => "rps",
            ScaleType::Capacity => "capacity",
            ScaleType::Cpu => "cpu",
            ScaleType::Queue => "queue",
            ScaleType::PerRequest => "per-request",
        }
    }
}

/// CE never goes above this.
pub const CE_MAX: u32 = 5;

/// The labels with their defaults filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScaleLabels {
    /// `min`, 1.
    pub min: u32,
    /// `max`: 20 in Pro, 5 in CE.
    pub max: u32,
    /// `type`, `rps`.
    pub kind: ScaleType,
    /// `target` load per replica, 50.
    pub target: f64,
    /// `target-proportion`, 0.90.
    pub proportion: f64,
    /// `zero`: whether it may go to zero. False.
    pub zero: bool,
    /// `zero-duration`, 15 minutes.
    pub zero_duration: Duration,
    /// `down.window`, off; at most 5 minutes.
    pub down_window: Option<Duration>,
    /// `factor` of CE's steps in percent of max, 10.
    pub factor: u32,
}

impl ScaleLabels {
    /// The defaults of an edition.
    pub fn defaults(edition: Edition) -> Self {
        ScaleLabels {
            min: 1,
            max: match edition {
                Edition::Pro => 20,
                Edition::Ce => CE_MAX,
            },
            kind: ScaleType::Rps,
            target: 50.0,
            proportion: 0.9,
            zero: false,
            zero_duration: Duration::from_secs(15 * 60),
            down_window: None,
            factor: 10,
        }
    }

    /// Reads a function's labels. The second value lists labels that this edition ignores, each with why.
    ///
    /// # Errors
    /// The first label whose value is not allowed.
    pub fn read(
        labels: &BTreeMap<String, String>,
        edition: Edition,
    ) -> Result<(ScaleLabels, Vec<String>), LabelError> {
        let mut out = ScaleLabels::defaults(edition);
        let mut ignored = Vec::new();
        for (label, value) in labels {
            let Some(name) = label.strip_prefix(PREFIX) else { continue };
            let value = value.trim();
            let bad = |allowed: &'static str| LabelError {
                label: label.clone(),
                found: value.to_owned(),
                allowed: allowed.into(),
            };
            let pro_only =
                |what: &str| format!("{label}: {what} is a feature of OpenFaaS Pro and is ignored by CE");
            match (name, edition) {
                ("min", Edition::Ce) => out.min = lenient(label, value, 1, &mut ignored),
                ("max", Edition::Ce) => {
                    let max = lenient(label, value, CE_MAX, &mut ignored);
                    if max > CE_MAX {
                        ignored
                            .push(format!("{label}: CE scales to at most {CE_MAX}, {max} acts as {CE_MAX}"));
                    }
                    out.max = max.min(CE_MAX);
                }
                ("factor", Edition::Ce) => {
                    let factor = lenient(label, value, 10, &mut ignored);
                    if !(1..=100).contains(&factor) {
                        return Err(bad("a whole number of percent from 1 to 100"));
                    }
                    out.factor = factor;
                }
                (
                    "type" | "target" | "target-proportion" | "zero" | "zero-duration" | "down.window",
                    Edition::Ce,
                ) => {
                    ignored.push(pro_only(match name {
                        "type" => "a scaling type",
                        "zero" | "zero-duration" => "scale to zero",
                        "down.window" => "a scale-down window",
                        _ => "a target",
                    }));
                }
                ("factor", Edition::Pro) => {
                    ignored.push(format!(
                        "{label}: Pro scales on com.openfaas.scale.target and ignores the factor"
                    ));
                }
                ("min", Edition::Pro) => {
                    out.min = value.parse().ok().filter(|n| *n >= 1).ok_or_else(|| {
                        bad("a whole number from 1; to scale to zero set com.openfaas.scale.zero to true")
                    })?;
                }
                ("max", Edition::Pro) => {
                    out.max =
                        value.parse().ok().filter(|n| *n >= 1).ok_or_else(|| bad("a whole number from 1"))?;
                }
                ("type", Edition::Pro) => {
                    out.kind = match value {
                        "rps" => ScaleType::Rps,
                        "capacity" => ScaleType::Capacity,
                        "cpu" => ScaleType::Cpu,
                        "queue" => ScaleType::Queue,
                        "per-request" => ScaleType::PerRequest,
                        _ => return Err(bad("rps, capacity, cpu, queue or per-request")),
                    };
                }
                ("target", Edition::Pro) => {
                    out.target = positive(value).ok_or_else(|| bad("a number above 0"))?;
                }
                ("target-proportion", Edition::Pro) => {
                    out.proportion = positive(value)
                        .filter(|p| *p <= 1.0)
                        .ok_or_else(|| bad("a number above 0, at most 1.0"))?;
                }
                ("zero", Edition::Pro) => {
                    out.zero = match value {
                        "true" => true,
                        "false" => false,
                        _ => return Err(bad("true or false")),
                    };
                }
                ("zero-duration", Edition::Pro) => {
                    out.zero_duration = go_duration(value)
                        .filter(|d| !d.is_zero())
                        .ok_or_else(|| bad("a duration above 0 such as 90s, 15m or 1h30m"))?;
                }
                ("down.window", Edition::Pro) => {
                    let window = go_duration(value)
                        .filter(|d| *d <= Duration::from_secs(300))
                        .ok_or_else(|| bad("a duration such as 30s or 2m, at most 5m"))?;
                    out.down_window = Some(window).filter(|w| !w.is_zero());
                }
                _ => ignored.push(format!("{label}: no such label is known")),
            }
        }
        if out.min > out.max {
            return Err(LabelError {
                label: format!("{PREFIX}min"),
                found: out.min.to_string(),
                allowed: format!("at most com.openfaas.scale.max, which is {}", out.max),
            });
        }
        Ok((out, ignored))
    }
}

const PREFIX: &str = "com.openfaas.scale.";

/// CE takes its default for what is not a number.
fn lenient(label: &str, value: &str, default: u32, ignored: &mut Vec<String>) -> u32 {
    value.parse().unwrap_or_else(|_| {
        ignored.push(format!("{label}: `{value}` is not a number, CE takes its default {default}"));
        default
    })
}

fn positive(value: &str) -> Option<f64> {
    value.parse().ok().filter(|n: &f64| n.is_finite() && *n > 0.0)
}

/// Go's durations: `1h30m`, `90s`, `1.5m`, `200ms`; a bare `0` too.
pub fn go_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut total = 0.0f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).filter(|n| *n > 0)?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, seconds) =
            [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)]
                .into_iter()
                .find(|(unit, _)| {
                    rest.strip_prefix(unit).is_some_and(|r| {
                        r.is_empty() || r.starts_with(|c: char| c.is_ascii_digit() || c == '.')
                    })
                })?;
        rest = &rest[unit.len()..];
        total += number * seconds;
    }
    if text.is_empty() { None } else { Duration::try_from_secs_f64(total).ok() }
}

/// A label with a value that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("label {label} is `{found}`: write {allowed}")]
pub struct LabelError {
    /// Its full name.
    pub label: String,
    /// What was found.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
}
