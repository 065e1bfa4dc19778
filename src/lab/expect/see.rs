//! What was seen of an expectation.

use super::{Expectation, Of, What};
use crate::lab::observations::{Observations, Request, Row, quantile};
use crate::lab::scenario::Phase;
use std::collections::BTreeMap;

/// A pod that uses more than this, in cores, is busy.
const BUSY: f64 = 0.05;

/// What was seen.
pub(super) struct Saw {
    /// In words.
    pub text: String,
    /// As a number, where it is one; times in seconds.
    pub number: Option<f64>,
    /// It is as expected.
    pub holds: bool,
}

/// What of a run an expectation is about.
struct Scope<'a> {
    seen: &'a Observations,
    /// The function that it names.
    function: Option<usize>,
    /// Its phase; everything if it names none.
    from: f64,
    until: f64,
}

impl Scope<'_> {
    fn holds(&self, at: f64) -> bool {
        self.from <= at && at < self.until
    }

    fn series(&self, name: &str) -> Vec<(f64, f64)> {
        let function = self.function.unwrap_or(0);
        let rows = || self.seen.rows_of(function).filter(|r| self.holds(r.at));
        let of_rows = |value: fn(&Row) -> f64| rows().map(|r| (r.at, value(r))).collect();
        match name {
            "replicas" => of_rows(|r| f64::from(r.replicas)),
            "ready" => of_rows(|r| f64::from(r.ready)),
            "pods" => of_rows(|r| f64::from(r.pods)),
            "in-flight" => of_rows(|r| r.in_flight as f64),
            "queued" => of_rows(|r| r.queued as f64),
            "rate" => of_rows(|r| r.rate),
            "cpu" => of_rows(|r| r.cpu),
            "cpu-per-pod" => of_rows(|r| r.cpu / f64::from(r.pods.max(1))),
            _ => self.of_pods(name, function),
        }
    }

    /// A series that is made of each pod's own.
    fn of_pods(&self, name: &str, function: usize) -> Vec<(f64, f64)> {
        let mut moments: BTreeMap<u64, (f64, Vec<(f64, u64)>)> = BTreeMap::new();
        for row in self.seen.pod_rows_of(function).filter(|r| self.holds(r.at)) {
            let moment = moments.entry(row.at.to_bits()).or_insert((row.at, Vec::new()));
            moment.1.push((row.cpu, row.memory));
        }
        let value = |pods: &[(f64, u64)]| {
            let cpu = pods.iter().map(|p| p.0);
            let memory = pods.iter().map(|p| p.1 as f64).sum::<f64>();
            match name {
                "cpu-busiest" => cpu.fold(0.0, f64::max),
                "cpu-idlest" => cpu.fold(f64::INFINITY, f64::min),
                "busy-pods" => cpu.filter(|c| *c > BUSY).count() as f64,
                "memory" => memory,
                _ => memory / pods.len().max(1) as f64,
            }
        };
        moments.into_values().map(|(at, pods)| (at, value(&pods))).collect()
    }

    fn total(&self, name: &str) -> f64 {
        let o = self.seen;
        let mine = |i: usize| self.function.is_none_or(|f| f == i);
        let usage = |of: fn(&crate::lab::observations::Usage) -> f64| {
            o.usage.iter().enumerate().filter(|(i, _)| mine(*i)).map(|(_, u)| of(u)).sum::<f64>()
        };
        let requests = |of: fn(&Request) -> bool| {
            let fits = |r: &&Request| mine(r.function) && self.holds(r.at) && of(r);
            o.requests.iter().filter(fits).count() as f64
        };
        match name {
            "pods-started" => {
                let fits =
                    |p: &&crate::lab::observations::PodLife| mine(p.function) && p.created < self.until;
                o.pods.iter().filter(fits).filter(|p| p.created >= self.from || self.from <= 0.0).count()
                    as f64
            }
            "pod-seconds" => usage(|u| u.pod_seconds),
            "cpu-seconds" => usage(|u| u.cpu_seconds),
            "gb-seconds" => usage(|u| u.gb_seconds),
            "requests" => requests(|_| true),
            "failed" => requests(|r| r.failure.is_some()),
            "cold-starts" => requests(|r| r.cold),
            _ => {
                let fits = |f: usize, at: f64| mine(f) && self.holds(at);
                o.decisions.iter().filter(|(f, at, d)| fits(*f, *at) && d.changed()).count() as f64
            }
        }
    }
}

impl Expectation {
    pub(super) fn see(&self, o: &Observations, phases: &[Phase]) -> Saw {
        let value = self.value.numbers.first().copied().unwrap_or(0.0);
        let scope = self.scope(o, phases);
        let judged = |seen: Option<f64>, unit: &str| match seen {
            Some(seen) => Saw {
                text: format!("{}{unit}", short(seen)),
                number: Some(seen),
                holds: self.op.holds(seen, value),
            },
            None => Saw { text: "nothing to measure".into(), number: None, holds: false },
        };
        match &self.what {
            What::At { seconds, .. } if o.ended_early && *seconds > o.duration => {
                let text = format!("the run was ended at {} s", short(o.duration));
                Saw { text, number: None, holds: false }
            }
            What::At { series: name, seconds } => {
                let row = scope.series(name).into_iter().take_while(|(at, _)| *at <= *seconds + 1e-9).last();
                judged(row.map(|(_, v)| v), "")
            }
            What::First { series: name, after, within } => {
                let first = scope
                    .series(name)
                    .into_iter()
                    .find(|(at, v)| *at >= *after && self.op.holds(*v, value))
                    .map(|(at, _)| at - after);
                match first {
                    Some(at) => Saw {
                        text: format!("after {} s", short(at)),
                        number: Some(at),
                        holds: at <= *within + 1e-9,
                    },
                    None => Saw { text: "never".into(), number: None, holds: false },
                }
            }
            What::Course => {
                let course = o.course(scope.function.unwrap_or(0));
                let before = course.iter().rev().find(|(at, _)| *at < scope.from).copied();
                let within = course.iter().copied().filter(|(at, _)| scope.holds(*at));
                // The size that a phase begins with was set before it.
                let course: Vec<(f64, u32)> =
                    before.filter(|_| scope.from > 0.0).into_iter().chain(within).collect();
                let sizes: Vec<f64> = course.iter().map(|(_, n)| f64::from(*n)).collect();
                let words: Vec<String> =
                    course.iter().map(|(at, n)| format!("{n} (at {} s)", short(*at))).collect();
                let holds = (sizes == self.value.numbers) == (self.op == super::Op::Equal);
                Saw { text: words.join(" → "), number: sizes.last().copied(), holds }
            }
            What::Total(name) => judged(Some(scope.total(name)), ""),
            What::Aggregate { how, of: Of::Series(name) } => {
                let mut values: Vec<f64> = scope.series(name).into_iter().map(|(_, v)| v).collect();
                if how.starts_with('p') {
                    values.sort_by(f64::total_cmp);
                }
                judged(aggregate(how, &values), "")
            }
            What::Aggregate { how, of } => {
                let f = &self.value.filter;
                let fits = |r: &&Request| {
                    scope.function.is_none_or(|f| f == r.function)
                        && scope.holds(r.at)
                        && f.cold.is_none_or(|cold| cold == r.cold)
                };
                let some = |r: &&Request| {
                    f.status.is_none_or(|s| s == r.status)
                        && f.failed.is_none_or(|failed| failed == r.failure.is_some())
                };
                let all = o.requests.iter().filter(fits);
                match of {
                    Of::Count => judged(Some(all.filter(some).count() as f64), ""),
                    Of::Share => {
                        let (some, whole) = (all.clone().filter(some).count(), all.count());
                        judged((whole > 0).then(|| some as f64 / whole as f64), "")
                    }
                    Of::Series(_) => judged(None, ""),
                    Of::Times(name) => {
                        let mut values: Vec<f64> = all.filter(some).map(|r| time(r, name)).collect();
                        values.sort_by(f64::total_cmp);
                        judged(aggregate(how, &values), " s")
                    }
                }
            }
        }
    }

    fn scope<'a>(&self, o: &'a Observations, phases: &[Phase]) -> Scope<'a> {
        let f = &self.value.filter;
        let word = |is: &dyn Fn(&String) -> bool| f.words.iter().find(|w| is(w)).cloned();
        let function = f.function.clone().or_else(|| word(&|w| o.functions.contains(w)));
        let function = function.and_then(|name| o.functions.iter().position(|n| *n == name));
        let phase = f.phase.clone().or_else(|| word(&|w| phases.iter().any(|p| p.name == *w)));
        let span = phase.and_then(|name| phases.iter().find(|p| p.name == name));
        let (from, until) = span.map_or((0.0, f64::INFINITY), |p| (p.from.0, p.until.0));
        Scope { seen: o, function, from, until }
    }
}

fn time(r: &Request, name: &str) -> f64 {
    match name {
        "wait" => r.wait,
        "cold-wait" => r.parts.pod,
        "queue" => r.parts.queue,
        "fork" => r.parts.fork,
        "work" => r.parts.work,
        "transfer" => r.parts.transfer,
        _ => r.response,
    }
}

/// `values` are sorted where a quantile is asked for.
fn aggregate(how: &str, values: &[f64]) -> Option<f64> {
    let percent = how.strip_prefix('p').and_then(|n| n.parse::<f64>().ok());
    match (how, percent) {
        (_, Some(percent)) => quantile(values, percent / 100.0),
        _ if values.is_empty() => None,
        ("mean", _) => Some(values.iter().sum::<f64>() / values.len() as f64),
        ("max", _) => values.iter().copied().reduce(f64::max),
        ("min", _) => values.iter().copied().reduce(f64::min),
        _ => values.last().copied(),
    }
}

/// Four digits after the point at most, none that say nothing.
fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
