//! The numbers that stand in a lesson's texts: those that the student sees at that moment, so that they can be checked
//! with a pocket calculator. `{{ replicas }}` is the first function's; `{{ functions.knn.replicas }}` is another's.

use super::want;
use crate::cluster::scaling::decision::{Decision, Step};
use crate::cluster::snapshot::FunctionState;
use crate::dashboard::tui::words::{latency, rate};
use crate::dashboard::view::{Answered, View};
use crate::lab::observations::Observations;
use minijinja::{Environment, UndefinedBehavior, Value, escape_formatter};
use regex::Regex;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

type Table = BTreeMap<&'static str, Value>;

/// What a text may name of a function, each with an example.
pub const NAMES: [(&str, Example); 25] = [
    ("replicas", Example::Number),
    ("ready", Example::Number),
    ("pods", Example::Number),
    ("pod", Example::Text),
    ("in_flight", Example::Number),
    ("waiting", Example::Number),
    ("total", Example::Number),
    ("cold_starts", Example::Number),
    ("rate", Example::Number),
    ("p50", Example::Text),
    ("p95", Example::Text),
    ("p50_ms", Example::Number),
    ("p95_ms", Example::Number),
    ("cpu", Example::Number),
    ("cpu_per_pod", Example::Number),
    ("request", Example::Number),
    ("target", Example::Number),
    ("current", Example::Number),
    ("min", Example::Number),
    ("max", Example::Number),
    ("course", Example::Text),
    ("age", Example::Number),
    ("last", Example::Table(&LAST)),
    ("look", Example::Table(&LOOK)),
    ("change", Example::Table(&LOOK)),
];

/// The last request that was answered.
const LAST: [&str; 10] =
    ["status", "took", "took_ms", "waited", "waited_ms", "queued", "queued_ms", "worked", "worked_ms", "pod"];
/// The last look of its scaler, and the last that changed its size.
const LOOK: [&str; 11] =
    ["from", "to", "pods", "usage", "requests", "percent", "wanted", "limit", "highest", "load", "working"];

/// What kind of value a name stands for.
#[derive(Clone, Copy, Debug)]
pub enum Example {
    /// `2`
    Number,
    /// `120ms`
    Text,
    /// More names, after a dot.
    Table(&'static [&'static str]),
}

/// What the texts of one moment may name.
#[derive(Clone, Debug)]
pub struct Values(BTreeMap<String, Value>);

impl Values {
    /// As the student sees them; `names` are the functions in the lesson's order.
    pub fn of(names: &[String], view: &View, seen: &Observations) -> Self {
        let tables = names.iter().enumerate().map(|(place, name)| {
            let f = view.snapshot.functions.values().find(|f| f.spec.name == *name);
            (name.clone(), f.map_or_else(examples, |f| of_function(f, view, seen, place)))
        });
        Self::from(tables.collect())
    }

    /// Made up, to try texts with.
    pub fn example(names: &[String]) -> Self {
        Self::from(names.iter().map(|name| (name.clone(), examples())).collect())
    }

    fn from(tables: Vec<(String, Table)>) -> Self {
        let first = tables.first().map(|(_, table)| table.clone()).unwrap_or_default();
        let mut all: BTreeMap<String, Value> = first.into_iter().map(|(k, v)| (k.into(), v)).collect();
        let functions: BTreeMap<String, Value> =
            tables.into_iter().map(|(name, table)| (name, Value::from_iter(table))).collect();
        all.insert("functions".into(), Value::from_iter(functions));
        Values(all)
    }

    /// The text with these values. A number that is not there is shown as `…`.
    pub fn put_into(&self, text: &str) -> String {
        let rendered = environment().render_str(text, Value::from_iter(self.0.clone()));
        rendered.unwrap_or_else(|_| {
            static HOLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\{\{[^}]*\}\}").ok());
            HOLE.as_ref().map_or_else(|| text.to_owned(), |hole| hole.replace_all(text, "…").into_owned())
        })
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // What cannot be worked out, such as a division by nothing, is no number.
    environment.set_formatter(|out, state, value| match f64::try_from(value.clone()) {
        Ok(number) if !number.is_finite() => out.write_str("…").map_err(Into::into),
        _ => escape_formatter(out, state, value),
    });
    environment.add_filter("ceil", |x: f64| x.ceil() as i64);
    environment.add_filter("floor", |x: f64| x.floor() as i64);
    environment.add_filter("fixed", |x: f64, digits: usize| format!("{x:.digits$}"));
    environment
}

/// What is wrong with a text: the line in it, from 1, and what.
///
/// # Errors
/// A name that there is not, or something that cannot be worked out.
pub fn check(text: &str, functions: &[String]) -> Result<(), (usize, String)> {
    let environment = environment();
    let wrong = |e: minijinja::Error| {
        (e.line().unwrap_or(1), e.detail().map_or_else(|| e.kind().to_string(), str::to_owned))
    };
    let template = environment.template_from_str(text).map_err(wrong)?;
    let mut known = Vec::new();
    for (name, example) in NAMES {
        known.push(name.to_owned());
        if let Example::Table(more) = example {
            known.extend(more.iter().map(|m| format!("{name}.{m}")));
        }
    }
    let of_functions: Vec<String> =
        functions.iter().flat_map(|f| known.iter().map(move |k| format!("functions.{f}.{k}"))).collect();
    known.extend(of_functions);
    for used in template.undeclared_variables(true) {
        if used != "functions" && !known.contains(&used) {
            let line = text.lines().position(|l| l.contains(&used)).map_or(1, |n| n + 1);
            let what = match crate::mistake::nearest(&used, known.iter().map(String::as_str)) {
                Some(meant) => format!("unknown number `{used}`: did you mean `{meant}`?"),
                None => format!("unknown number `{used}`: write one of {}", NAMES.map(|(n, _)| n).join(", ")),
            };
            return Err((line, what));
        }
    }
    let rendered = template.render(Value::from_iter(Values::example(functions).0));
    rendered.map(drop).map_err(wrong)
}

fn examples() -> Table {
    let table = |names: &[&'static str]| {
        Value::from_iter(names.iter().map(|name| (*name, Value::from(1))).collect::<Table>())
    };
    let example = |example: Example| match example {
        Example::Number => Value::from(1),
        Example::Text => Value::from("…"),
        Example::Table(names) => table(names),
    };
    NAMES.into_iter().map(|(name, e)| (name, example(e))).collect()
}

fn of_function(f: &FunctionState, view: &View, seen: &Observations, place: usize) -> Table {
    let traffic = view.traffic.get(&f.id).copied().unwrap_or_default();
    let pods: Vec<_> = view.snapshot.pods_of(f.id).filter(|p| p.deleting.is_none()).collect();
    let used = |p: &&std::sync::Arc<crate::cluster::pod::Pod>| view.usage.get(&p.uid).map_or(0, |u| u.cpu.0);
    let cpu: u64 = pods.iter().map(used).sum();
    let hpa = f.hpa.as_deref();
    let number = |n: Option<f64>| n.map_or(Value::from(0), whole);
    let decisions = f.decisions.iter().rev();
    let course: Vec<String> = seen.course(place).iter().map(|(_, n)| n.to_string()).collect();
    Table::from([
        ("replicas", f.replicas.into()),
        ("ready", f.ready.into()),
        ("pods", pods.len().into()),
        ("pod", pods.first().map_or("–".into(), |p| p.name.clone().into())),
        ("in_flight", traffic.in_flight.into()),
        ("waiting", traffic.waiting.into()),
        ("total", traffic.total.into()),
        ("cold_starts", traffic.cold_starts.into()),
        ("rate", rate(traffic.rate).parse::<f64>().unwrap_or(traffic.rate).into()),
        ("p50", latency(traffic.p50).into()),
        ("p95", latency(traffic.p95).into()),
        ("p50_ms", ms(traffic.p50)),
        ("p95_ms", ms(traffic.p95)),
        ("cpu", cpu.into()),
        ("cpu_per_pod", (cpu / pods.len().max(1) as u64).into()),
        ("request", f.spec.requests.cpu.map_or(0, |c| c.0).into()),
        ("target", number(hpa.and_then(want::target).map(f64::from))),
        ("current", number(hpa.and_then(want::current))),
        ("min", hpa.map_or(f.labels.min, |h| h.spec.min()).into()),
        ("max", hpa.map_or(f.labels.max, |h| h.spec.max_replicas).into()),
        ("course", course.join(" → ").into()),
        ("age", view.snapshot.at.since(f.created).as_secs().into()),
        ("last", last(view.recent.get(&f.id).and_then(|all| all.last()), view)),
        ("look", look(decisions.clone().next().map(|d| &**d))),
        ("change", look(decisions.clone().find(|d| d.changed()).map(|d| &**d))),
    ])
}

/// A whole number without a point.
fn whole(n: f64) -> Value {
    if (n - n.round()).abs() < 1e-9 { Value::from(n.round() as i64) } else { Value::from(n) }
}

/// Milliseconds, whole ones.
fn ms(time: Duration) -> Value {
    Value::from((time.as_secs_f64() * 1e3).round() as i64)
}

fn last(answered: Option<&Answered>, view: &View) -> Value {
    let a = answered.copied().unwrap_or_default();
    let pod = a.pod.and_then(|uid| view.snapshot.pods.get(&uid)).map_or("–".into(), |p| p.name.clone());
    let text = |time: Duration| Value::from(latency(time));
    Value::from_iter(Table::from([
        ("status", a.status.into()),
        ("took", text(a.took)),
        ("took_ms", ms(a.took)),
        ("waited", text(a.waited)),
        ("waited_ms", ms(a.waited)),
        ("queued", text(a.queued)),
        ("queued_ms", ms(a.queued)),
        ("worked", text(a.worked)),
        ("worked_ms", ms(a.worked)),
        ("pod", pod.into()),
    ]))
}

fn look(decision: Option<&Decision>) -> Value {
    let mut table: Table = LOOK.iter().map(|name| (*name, Value::from(0))).collect();
    table.insert("working", "…".into());
    let Some(d) = decision else { return Value::from_iter(table) };
    let lines = d.lines();
    let steps = lines.len().saturating_sub(1);
    let numbered = lines.iter().enumerate().map(|(n, line)| match n < steps {
        true => format!("    {}. {line}", n + 1),
        false => format!("       {line}"),
    });
    table.insert("working", numbered.collect::<Vec<_>>().join("\n").into());
    table.extend([("from", d.from.into()), ("to", d.to.into())]);
    for step in &d.working {
        match step {
            Step::Utilization { usage, request, percent, .. } => table.extend([
                ("usage", (*usage).into()),
                ("requests", (*request).into()),
                ("percent", (*percent).into()),
            ]),
            Step::Multiply { pods, result, .. } => {
                table.extend([("pods", (*pods).into()), ("wanted", (*result).into())]);
            }
            Step::StepLimit { limit, .. } => drop(table.insert("limit", (*limit).into())),
            Step::Stabilised { highest, .. } => drop(table.insert("highest", (*highest).into())),
            Step::Load { load, result, .. } => {
                table.extend([("load", whole(*load)), ("wanted", (*result).into())]);
            }
            _ => {}
        }
    }
    Value::from_iter(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_filled_in_and_a_wrong_name_is_said_with_its_line() {
        let functions = ["f".to_owned(), "g".to_owned()];
        for good in [
            "{{ replicas }} × {{ look.percent }} ÷ {{ functions.g.target }}",
            "{{ (2 * 5830 / 20) | ceil }} {{ (1 / 3) | fixed(2) }}",
            "no number",
        ] {
            assert_eq!(check(good, &functions), Ok(()), "{good}");
        }
        for (bad, line, words) in [
            ("one\n{{ replicsa }}", 2, "did you mean `replicas`"),
            ("{{ functions.h.replicas }}", 1, "unknown number"),
            ("{{ 1 + }}", 1, "unexpected"),
            ("{{ p50 / 2 }}", 1, ""),
        ] {
            let (at, what) = check(bad, &functions).unwrap_err();
            assert!(at == line && what.contains(words), "{bad}: {at} {what}");
        }
        let filled =
            Values::example(&functions).put_into("{{ (2 * 5830 / 20) | ceil }} pods, {{ replicas }}");
        assert_eq!(filled, "583 pods, 1");
        assert_eq!(Values::example(&functions).put_into("{{ 1 / 0 }} pods"), "… pods");
    }
}
