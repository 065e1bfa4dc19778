//! What a scenario expects to be seen, in one line each.
//!
//! ```text
//! replicas at 45s == 6                          a series at a moment
//! replicas == 6                                 ... at the end
//! max(replicas) <= 6                            max, min, mean, last of a series
//! max(cpu in steady) < 1.5                      within a phase
//! p95(warm) < 50ms                              p50 … p99.9, mean, max, min of response times
//! p95(latency in rush of mltest) < 2s           … of one phase and one function
//! mean(wait cold) < 3s                          … of the wait before the work, or of fork, work, queue, transfer
//! count(status = 408) == 1                      requests, all or some: cold, warm, failed, status = N
//! share(status = 200) >= 99%
//! first time replicas >= 4 within 30s
//! first time ready >= 2 after 20s within 60s    counted from then
//! course of replicas == 2 4 6 2                 each size in turn
//! pods-started == 7                             totals: requests, failed, cold-starts, decisions, …
//! gb-seconds < 12
//! ```
//!
//! | file | question |
//! |---|---|
//! | `parse` | what does a line say? |
//! | `see` | what was seen of it? |

mod parse;
mod see;

pub(super) use parse::{op, tokens};

use super::observations::Observations;
use super::scenario::Phase;
use crate::mistake::unknown;
use serde::{Deserialize, Serialize};

const SERIES: [&str; 13] = [
    "replicas",
    "ready",
    "pods",
    "in-flight",
    "queued",
    "rate",
    "cpu",
    "cpu-per-pod",
    "cpu-busiest",
    "cpu-idlest",
    "busy-pods",
    "memory",
    "memory-per-pod",
];
const TOTALS: [&str; 8] = [
    "pods-started",
    "pod-seconds",
    "cpu-seconds",
    "gb-seconds",
    "requests",
    "failed",
    "cold-starts",
    "decisions",
];
const OF_SERIES: [&str; 4] = ["max", "min", "mean", "last"];
const OF_TIMES: [&str; 9] = ["p50", "p75", "p90", "p95", "p99", "p99.9", "mean", "max", "min"];
const TIMES: [&str; 8] = ["latency", "response", "wait", "queue", "fork", "work", "transfer", "cold-wait"];

/// One line of `expect`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Expectation {
    text: String,
    what: What,
    op: Op,
    value: Value,
}

/// Something that is measured: an expectation without its comparison, such as `p95(first)` or `max(replicas)`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Measure {
    text: String,
    of: Expectation,
}

impl TryFrom<String> for Measure {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let of = parse::parse(&format!("{text} >= 0")).map_err(|why| format!("measure: `{text}`: {why}"))?;
        Ok(Measure { text, of })
    }
}

impl Measure {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// See [`Expectation::check`].
    ///
    /// # Errors
    /// The name that is not there.
    pub fn check(&self, functions: &[&str], phases: &[&str]) -> Result<(), String> {
        self.of.check(functions, phases)
    }

    /// What was seen; times in seconds.
    pub fn value(&self, seen: &Observations, phases: &[Phase]) -> Option<f64> {
        self.of.see(seen, phases).number
    }
}

/// How it came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The expectation as it was written.
    pub expected: String,
    /// What was seen instead, or all the same.
    pub seen: String,
    /// It holds.
    pub holds: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    At { series: String, seconds: f64 },
    First { series: String, after: f64, within: f64 },
    Course,
    Aggregate { how: String, of: Of },
    Total(String),
}

#[derive(Clone, Debug, PartialEq)]
enum Of {
    Series(String),
    /// Of requests: `latency`, `wait`, `fork` …
    Times(String),
    Count,
    Share,
}

/// What is counted: all that fits.
#[derive(Clone, Debug, Default, PartialEq)]
struct Filter {
    function: Option<String>,
    phase: Option<String>,
    cold: Option<bool>,
    failed: Option<bool>,
    status: Option<u16>,
    /// Words whose meaning only the scenario tells: functions and phases.
    words: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Op {
    Equal,
    Not,
    Less,
    AtMost,
    More,
    AtLeast,
}

#[derive(Clone, Debug, PartialEq)]
struct Value {
    numbers: Vec<f64>,
    filter: Filter,
}

impl Op {
    pub(super) fn holds(self, seen: f64, value: f64) -> bool {
        // Times and shares are sums of floats.
        let equal = (seen - value).abs() <= 1e-9 * value.abs().max(1.0);
        match self {
            Op::Equal => equal,
            Op::Not => !equal,
            Op::Less => seen < value,
            Op::AtMost => seen < value || equal,
            Op::More => seen > value,
            Op::AtLeast => seen > value || equal,
        }
    }
}

impl TryFrom<String> for Expectation {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse::parse(&text).map_err(|why| format!("expect: `{text}`: {why}"))
    }
}

impl Expectation {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the functions and phases that it names are there.
    ///
    /// # Errors
    /// The name that is not, with what was probably meant.
    pub fn check(&self, functions: &[&str], phases: &[&str]) -> Result<(), String> {
        let f = &self.value.filter;
        let among = |what: &str, name: &Option<String>, all: &[&str]| match name {
            Some(name) if !all.contains(&name.as_str()) => {
                Err(format!("`{}`: {}", self.text, unknown(what, name, all.iter().copied())))
            }
            _ => Ok(()),
        };
        among("function", &f.function, functions)?;
        among("phase", &f.phase, phases)?;
        for word in &f.words {
            if !functions.contains(&word.as_str()) && !phases.contains(&word.as_str()) {
                let names =
                    functions.iter().chain(phases).copied().chain(["cold", "warm", "failed"]).chain(TIMES);
                return Err(format!("`{}`: {}", self.text, unknown("word", word, names)));
            }
        }
        Ok(())
    }

    /// What was seen, and whether it is as expected.
    pub fn judge(&self, seen: &Observations, phases: &[Phase]) -> Verdict {
        let saw = self.see(seen, phases);
        Verdict { expected: self.text.clone(), seen: saw.text, holds: saw.holds }
    }
}

#[cfg(test)]
mod tests {
    use super::parse::parse;
    use super::*;
    use crate::lab::observations::{PodLife, PodRow, Request, Row, Usage};
    use crate::sim::Seconds;

    fn seen() -> Observations {
        let row =
            |at: f64, replicas: u32| Row { at, replicas, pods: replicas, cpu: at / 10.0, ..Row::default() };
        let request = |at: f64, response: f64, status: u16, cold: bool| Request {
            function: 0,
            at,
            wait: response / 2.0,
            response,
            status,
            cold,
            failure: (status != 200).then(|| "no".into()),
            ..Request::default()
        };
        let pod = PodLife { name: "p".into(), function: 0, node: 0, created: 0.0, ready: None, ended: None };
        Observations {
            functions: vec!["f".into(), "g".into()],
            duration: 60.0,
            rows: vec![row(0.0, 2), row(10.0, 4), row(20.0, 6), row(50.0, 2)],
            requests: vec![
                request(1.0, 2.0, 200, true),
                request(12.0, 0.1, 200, false),
                request(13.0, 0.2, 200, false),
                request(14.0, 5.0, 408, false),
            ],
            pods: vec![pod; 3],
            pod_rows: (0..3)
                .map(|pod| PodRow { at: 10.0, pod, cpu: 0.1 * pod as f64, memory: 100 })
                .collect(),
            usage: vec![Usage { pod_seconds: 7.0, cpu_seconds: 2.0, gb_seconds: 1.0 }, Usage::default()],
            ..Observations::default()
        }
    }

    #[test]
    fn each_form_is_read_and_judged() {
        let phases = [Phase { name: "rush".into(), from: Seconds(10.0), until: Seconds(20.0) }];
        for (text, holds, saw) in [
            ("replicas at 45s == 6", true, "6"),
            ("replicas of f at 15s != 4", false, "4"),
            ("max(replicas) <= 6", true, "6"),
            ("mean(cpu in rush) < 1500m", true, "1"),
            ("last(replicas)==2", true, "2"),
            ("replicas == 2", true, "2"),
            ("replicas of f > 2", false, "2"),
            ("p50(warm) < 250ms", true, "0.2 s"),
            ("max(latency in rush status = 200) <= 0.2", true, "0.2 s"),
            ("mean(wait cold) == 1s", true, "1 s"),
            ("p95(rush) < 1s", false, "5 s"),
            ("count(status = 408) == 1", true, "1"),
            ("count(of g) == 0", true, "0"),
            ("share(status=200) >= 75%", true, "0.75"),
            ("first time replicas >= 4 within 30s", true, "after 10 s"),
            ("first time replicas >= 9 within 30s", false, "never"),
            (
                "course of replicas == 2 → 4 → 6 → 2",
                true,
                "2 (at 0 s) → 4 (at 10 s) → 6 (at 20 s) → 2 (at 50 s)",
            ),
            ("pods-started == 3", true, "3"),
            ("pod-seconds of f > 6", true, "7"),
            ("p99(of g) < 1s", false, "nothing to measure"),
            ("count(failed) == 1", true, "1"),
            ("failed == 1", true, "1"),
            ("requests >= 4", true, "4"),
            ("max(cpu-busiest) == 200m", true, "0.2"),
            ("busy-pods at 12s == 2", true, "2"),
            ("memory at 12s <= 1Ki", true, "300"),
            ("first time replicas <= 2 after 20s within 30s", true, "after 30 s"),
            ("course of replicas in rush == 2 4", true, "2 (at 0 s) → 4 (at 10 s)"),
            ("p99.9(latency) >= 5s", true, "5 s"),
            ("max(work) == 0", true, "0 s"),
        ] {
            let e = parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
            e.check(&["f", "g"], &["rush"]).unwrap();
            let verdict = e.judge(&seen(), &phases);
            assert_eq!((verdict.holds, verdict.seen.as_str()), (holds, saw), "{text}");
        }
    }

    #[test]
    fn a_mistake_says_what_to_write() {
        for (text, words) in [
            ("replicsa at 45s == 6", "did you mean `replicas`"),
            ("replicas at soon == 6", "`soon` is no time"),
            ("replicas at 45s ~ 6", "no comparison"),
            ("p95(warm) < fast", "`fast` is no time"),
            ("p96x(warm) < 1s", "unknown measure"),
            ("first time replicas >= 4", "`within 30s` is missing"),
            ("count(status = ok) == 1", "`ok` is no status"),
            ("max(replicas < 3", "`)` is missing"),
            ("", "write for instance"),
        ] {
            let why = parse(text).unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
        let e = parse("p95(rsh) < 1s").unwrap();
        assert!(e.check(&["f"], &["rush"]).unwrap_err().contains("did you mean `rush`"));
    }
}
