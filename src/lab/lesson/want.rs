//! What a student is to bring about.
//!
//! Any line of a scenario's `expect` ([`crate::lab::expect`]) will do; it speaks of what was seen since the page began.
//! Besides:
//!
//! ```text
//! hpa of mltest exists             `hpa exists` where there is one function
//! no hpa
//! hpa target == 20                 also min, max, and current: what it last measured, in percent
//! pods-ended >= 1                  told to stop, or lost
//! in-flight of mltest == 0         as in a scenario: a series at the end
//! pane == why                      the student looks at this part of the screen
//! passed 6m                        of the cluster's time, since the page began
//! ```

use crate::cluster::go_duration;
use crate::cluster::scaling::hpa::Hpa;
use crate::cluster::scaling::hpa::spec::{MetricSpec, ResourceTarget};
use crate::cluster::snapshot::FunctionState;
use crate::dashboard::tui::app::Pane;
use crate::dashboard::view::View;
use crate::lab::expect::{Expectation, Op, op, tokens};
use crate::lab::observations::Observations;
use serde::Deserialize;

/// One of them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Want {
    text: String,
    what: What,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    Seen(Expectation),
    Hpa { of: Option<String>, exists: bool },
    HpaNumber { of: Option<String>, number: Number, op: Op, value: f64 },
    PodsEnded { of: Option<String>, op: Op, value: f64 },
    Pane(Pane),
    Passed(f64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Number {
    Target,
    Min,
    Max,
    Current,
}

impl TryFrom<String> for Want {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let what = match parse(&text) {
            Some(own) => own.map_err(|why| format!("`{text}`: {why}"))?,
            None => {
                let seen = Expectation::try_from(text.clone());
                What::Seen(seen.map_err(|why| why.trim_start_matches("expect: ").to_owned())?)
            }
        };
        Ok(Want { text, what })
    }
}

/// A form of our own, if the line begins like one.
fn parse(text: &str) -> Option<Result<What, String>> {
    let words = tokens(text);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (negative, words) = match words.as_slice() {
        ["no", rest @ ..] => (true, rest),
        all => (false, all),
    };
    let (first, rest) = words.split_first()?;
    let (of, rest) = match rest {
        ["of", function, rest @ ..] => (Some((*function).to_owned()), rest),
        rest => (None, rest),
    };
    match *first {
        "hpa" => Some(hpa(of, negative, rest)),
        "pods-ended" => Some(match rest {
            [sign, value] => op(sign).and_then(|op| Ok(What::PodsEnded { of, op, value: number(value)? })),
            _ => Err("write `pods-ended >= 1`".into()),
        }),
        "passed" => Some(match rest {
            [time] => match go_duration::parse(time) {
                Some(time) => Ok(What::Passed(time.as_secs_f64())),
                None => Err(format!("`{time}` is no time: write 30s or 6m")),
            },
            _ => Err("write `passed 30s`".into()),
        }),
        "pane" => Some(match rest {
            ["==" | "=", pane] => Pane::parse(pane).map(What::Pane),
            _ => Err("write `pane == why`".into()),
        }),
        _ if negative => Some(Err("only `no hpa` begins with `no`".into())),
        _ => None,
    }
}

fn number(text: &str) -> Result<f64, String> {
    text.trim_end_matches('%').parse().map_err(|_| format!("`{text}` is no number"))
}

fn hpa(of: Option<String>, negative: bool, rest: &[&str]) -> Result<What, String> {
    match rest {
        [] if negative => Ok(What::Hpa { of, exists: false }),
        ["exists"] => Ok(What::Hpa { of, exists: !negative }),
        [which, sign, value] => {
            let number_of = match *which {
                "target" => Number::Target,
                "min" => Number::Min,
                "max" => Number::Max,
                "current" => Number::Current,
                other => {
                    let names = ["target", "min", "max", "current"];
                    return Err(crate::mistake::unknown("number of an HPA", other, names));
                }
            };
            Ok(What::HpaNumber { of, number: number_of, op: op(sign)?, value: number(value)? })
        }
        _ => Err("write `hpa exists`, `no hpa` or `hpa target == 20`".into()),
    }
}

/// The target of an HPA on CPU, in percent of the request.
pub(super) fn target(hpa: &Hpa) -> Option<u32> {
    hpa.spec.metrics.iter().find_map(|m| match m {
        MetricSpec::Resource { target: ResourceTarget::Utilization(percent), .. } => Some(*percent),
        _ => None,
    })
}

/// What it last measured, in percent of the request, as `kubectl get hpa` shows it.
pub(super) fn current(hpa: &Hpa) -> Option<f64> {
    hpa.targets_column().split('/').next()?.strip_suffix('%')?.parse().ok()
}

/// What there is to judge by.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// What was seen since the page began.
    pub seen: &'a Observations,
    /// The functions of the pods that ended since then, by place.
    pub ended: &'a [usize],
    /// The cluster now.
    pub view: &'a View,
    /// The part of the screen that the student looks at.
    pub pane: Option<Pane>,
}

/// How it came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// It is the case.
    pub holds: bool,
    /// What is seen.
    pub seen: String,
}

impl Want {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the functions that it names are there.
    ///
    /// # Errors
    /// The name that is not, with what was probably meant.
    pub fn check(&self, functions: &[&str]) -> Result<(), String> {
        let of = match &self.what {
            What::Seen(expectation) => return expectation.check(functions, &[]),
            What::Hpa { of, .. } | What::HpaNumber { of, .. } | What::PodsEnded { of, .. } => of,
            What::Pane(_) | What::Passed(_) => &None,
        };
        match of {
            Some(name) if !functions.contains(&name.as_str()) => Err(format!(
                "`{}`: {}",
                self.text,
                crate::mistake::unknown("function", name, functions.iter().copied())
            )),
            _ => Ok(()),
        }
    }

    /// Whether it is the case, by what was seen since the page began and what is now.
    pub fn judge(&self, sight: &Sight<'_>) -> Judged {
        let Sight { seen, ended, view, pane } = *sight;
        let judged = |seen: Option<f64>, op: &Op, value: f64| Judged {
            holds: seen.is_some_and(|n| op.holds(n, value)),
            seen: seen.map_or("nothing".into(), |n| n.to_string()),
        };
        let function = |of: &Option<String>| -> Option<&FunctionState> {
            let name = of.as_ref().or(seen.functions.first())?;
            view.snapshot.functions.values().find(|f| f.spec.name == *name)
        };
        match &self.what {
            What::Seen(expectation) => {
                let verdict = expectation.judge(seen, &[]);
                Judged { holds: verdict.holds, seen: verdict.seen }
            }
            What::Hpa { of, exists } => {
                let there = function(of).is_some_and(|f| f.hpa.is_some());
                Judged { holds: there == *exists, seen: if there { "there is one" } else { "none" }.into() }
            }
            What::HpaNumber { of, number, op, value } => {
                let hpa = function(of).and_then(|f| f.hpa.as_deref());
                let number = hpa.and_then(|hpa| match number {
                    Number::Target => target(hpa).map(f64::from),
                    Number::Min => Some(f64::from(hpa.spec.min())),
                    Number::Max => Some(f64::from(hpa.spec.max_replicas)),
                    Number::Current => current(hpa),
                });
                judged(number, op, *value)
            }
            What::PodsEnded { of, op, value } => {
                let place = of.as_ref().and_then(|name| seen.functions.iter().position(|f| f == name));
                let ended = ended.iter().filter(|function| place.is_none_or(|f| f == **function)).count();
                judged(Some(ended as f64), op, *value)
            }
            What::Passed(time) => {
                Judged { holds: seen.duration >= *time, seen: format!("{} s", seen.duration.floor()) }
            }
            What::Pane(wanted) => Judged {
                holds: pane == Some(*wanted),
                seen: pane.map_or_else(|| "no screen".to_owned(), Pane::name),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read_and_a_wrong_one_says_what_to_write() {
        for good in [
            "hpa exists",
            "no hpa of f",
            "hpa of f target == 20%",
            "hpa current >= 100",
            "pods-ended >= 1",
            "pane == why",
            "passed 1m30s",
            "replicas == 2",
            "count(status = 200) >= 1",
            "course of replicas == 2 4 6",
        ] {
            let want = Want::try_from(good.to_owned()).unwrap_or_else(|why| panic!("{why}"));
            want.check(&["f"]).unwrap();
        }
        for (bad, words) in [
            ("hpa taget == 20", "did you mean `target`"),
            ("hpa", "hpa exists"),
            ("pane == wy", "did you mean `why`"),
            ("replicsa == 2", "did you mean `replicas`"),
            ("replicas = many", "is no number"),
            ("no replicas", "only `no hpa`"),
        ] {
            let why = Want::try_from(bad.to_owned()).unwrap_err();
            assert!(why.contains(words), "{bad}: {why}");
        }
        let want = Want::try_from("hpa of g exists".to_owned()).unwrap();
        assert!(want.check(&["f"]).unwrap_err().contains("`g`"));
    }
}
