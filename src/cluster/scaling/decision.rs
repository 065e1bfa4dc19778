//! A decision about a function's size, with the working that led to it.

use super::step;
pub use super::step::Step;
use crate::cluster::time::Time;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scaler {
    /// A Horizontal Pod Autoscaler.
    Hpa,
    /// OpenFaaS Pro's autoscaler.
    OpenFaasPro,
    /// OpenFaaS CE: an alert at `/system/alert`.
    OpenFaasCe,
    /// A pod for each request that finds none idle, and a keep-alive.
    PerRequest,
    /// Scale to zero after a quiet time.
    Idle,
    /// From zero, because a request came.
    Wake,
    /// A person or a client of the API.
    Person,
}

impl fmt::Display for Scaler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Scaler::Hpa => "horizontal-pod-autoscaler",
            Scaler::OpenFaasPro => "openfaas-pro",
            Scaler::OpenFaasCe => "openfaas-ce",
            Scaler::PerRequest => "per-request",
            Scaler::Idle => "scale-to-zero",
            Scaler::Wake => "scale-from-zero",
            Scaler::Person => "person",
        })
    }
}

/// One look of a scaler at a function. `from == to` when nothing changes; that is explained as well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// When it was taken.
    pub at: Time,
    /// By whom.
    pub scaler: Scaler,
    /// Replicas before.
    pub from: u32,
    /// Replicas after.
    pub to: u32,
    /// Kubernetes' or OpenFaaS' own reason text; empty where those give none.
    pub reason: String,
    /// How it came about, in order.
    pub working: Vec<Step>,
    /// When this scaler looks again, if it looks by the clock.
    pub next_look: Option<Time>,
}

impl Decision {
    /// A decision that somebody took without a rule: a person's wish, or a wake-up.
    pub fn plain(at: Time, scaler: Scaler, from: u32, to: u32, reason: impl Into<String>) -> Self {
        let working = vec![match scaler {
            Scaler::Wake => Step::Woken { replicas: i64::from(to) },
            _ => Step::Asked { replicas: i64::from(to) },
        }];
        Decision { at, scaler, from, to, reason: reason.into(), working, next_look: None }
    }

    /// Whether there is something to do.
    pub fn changed(&self) -> bool {
        self.from != self.to
    }

    /// The result, worked out again from the working alone: every formula is evaluated anew from its own
    /// inputs. It equals [`Decision::to`] unless there is a bug.
    pub fn recompute(&self) -> u32 {
        step::replay(&self.working)
    }

    /// Who decided what, and for which reason, in one line.
    pub fn headline(&self) -> String {
        let what = match (self.from, self.to) {
            (from, to) if from != to => format!("{from} → {to} replicas"),
            (_, to) => format!("keeps {to} replica{}", if to == 1 { "" } else { "s" }),
        };
        let because = if self.reason.is_empty() { String::new() } else { format!(" ({})", self.reason) };
        format!("{}: {what}{because}", self.scaler)
    }

    /// The whole of it in one sentence, for an event.
    pub fn sentence(&self) -> String {
        let steps: Vec<String> = self.working.iter().map(ToString::to_string).collect();
        format!("{}: {}", self.headline(), steps.join("; "))
    }

    /// The working in words, and what follows from it, as a student would write it down.
    pub fn lines(&self) -> Vec<String> {
        let said = |step: &Step| {
            // A limit without which the same had come out says so, or a reader looks for what it did.
            let same = step.without() == Some(i64::from(self.to));
            format!("{step}{}", if same { " as well" } else { "" })
        };
        let mut lines: Vec<String> = self.working.iter().map(said).collect();
        lines.push(if self.changed() {
            format!("so: {} → {} replicas", self.from, self.to)
        } else {
            format!("so: keep {} replica{}", self.to, if self.to == 1 { "" } else { "s" })
        });
        lines
    }

    /// [`Decision::lines`], and how long until the next look as seen at `now`.
    pub fn lines_at(&self, now: Time) -> Vec<String> {
        let mut lines = self.lines();
        if let Some(next) = self.next_look {
            lines.push(format!("the next look is in {} s", next.since(now).as_secs_f64().ceil()));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_decision_recomputes_and_reads() {
        let d = Decision::plain(Time::from_secs(5), Scaler::Person, 1, 4, "asked for");
        assert!(d.changed());
        assert_eq!(d.recompute(), 4);
        assert_eq!(d.lines(), ["asked for 4 replicas", "so: 1 → 4 replicas"]);
        assert_eq!(d.headline(), "person: 1 → 4 replicas (asked for)");
        assert_eq!(d.sentence(), "person: 1 → 4 replicas (asked for): asked for 4 replicas");
        let back: Decision = serde_json::from_str(&serde_json::to_string(&d).unwrap()).unwrap();
        assert_eq!(back, d);
    }

    #[test]
    fn a_limit_that_made_no_difference_says_so() {
        let working = vec![Step::Max { max: 6, without: 471 }, Step::Min { min: 6, without: 6 }];
        let d = Decision { working, ..Decision::plain(Time::from_secs(5), Scaler::Hpa, 4, 6, "") };
        assert_eq!(
            d.lines(),
            [
                "clamped to max 6; without this limit: 471",
                "clamped to min 6; without this limit: 6 as well",
                "so: 4 → 6 replicas"
            ]
        );
    }
}
