//! Two runs beside each other: a live one and its model, or any two.

use super::charts::{latency_series, replica_series};
use super::{FunctionSummary, Outcome, html};
use crate::lab::chart::{Mark, OverTime, Series, escape};
use crate::lab::observations::Observations;
use std::fmt::Write as _;

/// What of two runs is compared: a name, one's value, the other's, and whether less is the better.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The function.
    pub function: String,
    /// What it is: `p50`, `cold starts`.
    pub what: &'static str,
    /// In the first run.
    pub first: f64,
    /// In the second.
    pub second: f64,
    /// They are times in seconds.
    pub times: bool,
}

impl Line {
    /// By how much the second differs from the first, as a share of it; none where that means nothing.
    pub fn apart(&self) -> Option<f64> {
        (self.first > 0.0).then(|| self.second / self.first - 1.0)
    }
}

/// The numbers of both, function by function; those that only one has are left out.
pub fn lines(first: &Outcome, second: &Outcome) -> Vec<Line> {
    let (a, b) = (first.summary(), second.summary());
    let mut lines = Vec::new();
    for f in &a.functions {
        let Some(g) = b.functions.iter().find(|g| g.name == f.name) else { continue };
        let mut line = |what, times, of: fn(&FunctionSummary) -> f64| {
            lines.push(Line { function: f.name.clone(), what, first: of(f), second: of(g), times });
        };
        line("requests", false, |f| f.requests as f64);
        line("failed", false, |f| f.failed as f64);
        line("cold starts", false, |f| f.cold_starts as f64);
        line("p50", true, |f| f.response.p50);
        line("p95", true, |f| f.response.p95);
        line("p99", true, |f| f.response.p99);
        line("mean", true, |f| f.response.mean);
        line("most pods", false, |f| f64::from(f.pods_most));
        line("CPU, core·s", false, |f| f.usage.cpu_seconds);
        line("memory, GiB·s", false, |f| f.usage.gb_seconds);
    }
    lines
}

/// Share of the first run's rows at which the second had as many replicas, give or take one.
pub fn agreement(first: &Observations, second: &Observations) -> f64 {
    let near = first.rows.iter().filter(|row| {
        let name = &first.functions[row.function];
        let there = second.functions.iter().position(|n| n == name);
        let then = there.and_then(|f| second.rows_of(f).take_while(|v| v.at <= row.at + 0.5).last());
        then.is_some_and(|v| v.replicas.abs_diff(row.replicas) <= 1)
    });
    near.count() as f64 / first.rows.len().max(1) as f64
}

/// A number that a person reads.
fn shown(line: &Line, value: f64) -> String {
    if line.times {
        return html::time(value);
    }
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn apart(line: &Line) -> String {
    line.apart().map_or("–".into(), |share| format!("{:+.0} %", share * 100.0))
}

/// What each of two runs is called.
fn names(first: &Outcome, second: &Outcome) -> [String; 2] {
    let full = |o: &Outcome| format!("{} {}", o.scenario.name, o.folder());
    let (a, b) = (full(first), full(second));
    match first.mode != second.mode && first.scenario.name == second.scenario.name {
        true => [first.mode.into(), second.mode.into()],
        false if a == b => ["first".into(), "second".into()],
        false => [a, b],
    }
}

/// In columns, for a terminal.
pub fn text(first: &Outcome, second: &Outcome) -> String {
    let [a, b] = names(first, second);
    let short = |name: &str| name.chars().take(24).collect::<String>();
    let (a, b) = (short(&a), short(&b));
    let all = lines(first, second);
    let wide = all.iter().map(|l| l.function.chars().count()).max().unwrap_or(0).max(8);
    let mut text = format!("  {:wide$}  {:<14} {a:>24} {b:>24} {:>8}\n", "function", "", "apart");
    for line in &all {
        let _ = writeln!(
            text,
            "  {:wide$}  {:<14} {:>24} {:>24} {:>8}",
            line.function,
            line.what,
            shown(line, line.first),
            shown(line, line.second),
            apart(line)
        );
    }
    let share = agreement(&first.seen, &second.seen) * 100.0;
    let _ = writeln!(text, "  replicas within 1 for {share:.0} % of the time");
    text
}

/// How near a model comes to what was measured: the goals of a calibrated model, and whether they are reached.
pub fn fidelity(live: &Outcome, modelled: &Outcome) -> String {
    let (l, v) = (live.summary(), modelled.summary());
    let mut text = String::new();
    for f in l.functions.iter().filter(|f| f.requests > 0) {
        let Some(g) = v.functions.iter().find(|g| g.name == f.name) else { continue };
        for (what, live, model, goal) in
            [("p50", f.response.p50, g.response.p50, 0.10), ("p95", f.response.p95, g.response.p95, 0.20)]
        {
            let apart = if live > 0.0 { model / live - 1.0 } else { 0.0 };
            let mark = if apart.abs() <= goal { "✓" } else { "✗" };
            let _ = writeln!(
                text,
                "  {mark} {} {what}: live {}, virtual {}: {:+.0} % (goal: within {:.0} %)",
                f.name,
                html::time(live),
                html::time(model),
                apart * 100.0,
                goal * 100.0
            );
        }
    }
    let share = agreement(&live.seen, &modelled.seen);
    let mark = if share >= 0.9 { "✓" } else { "✗" };
    let _ = writeln!(text, "  {mark} replicas within 1 for {:.0} % of the time (goal: 90 %)", share * 100.0);
    text
}

/// As a page with the curves of both.
pub fn page(first: &Outcome, second: &Outcome) -> String {
    let [a, b] = names(first, second);
    let mut page = html::head(&format!("{} against {}", a, b));
    let _ = write!(
        page,
        "<div class=\"wide\"><table><tr><th>function<th><th class=\"n\">{}<th class=\"n\">{}<th class=\"n\">apart",
        escape(&a),
        escape(&b)
    );
    for line in lines(first, second) {
        let _ = write!(
            page,
            "<tr><td>{}<td>{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}",
            escape(&line.function),
            line.what,
            shown(&line, line.first),
            shown(&line, line.second),
            apart(&line)
        );
    }
    let share = agreement(&first.seen, &second.seen) * 100.0;
    let _ = write!(
        page,
        "</table></div><p>Replicas are within 1 of each other for {share:.0} % of the time.</p>"
    );
    let end = first.seen.duration.max(second.seen.duration);
    for f in 0..first.seen.functions.len().min(4) {
        let name = &first.seen.functions[f];
        let Some(g) = second.seen.functions.iter().position(|n| n == name) else { continue };
        let wanted = |o: &Observations, f: usize, name: &str, mark, colour| {
            let series = replica_series(o, &[f]).into_iter().next();
            series.map(|s| Series { name: name.into(), mark, ..s }.coloured(colour))
        };
        let series: Vec<Series> = [
            wanted(&first.seen, f, "first", Mark::Steps, 0),
            wanted(&second.seen, g, "second", Mark::Dashed, 1),
        ]
        .into_iter()
        .flatten()
        .collect();
        let title = format!("Replicas of {name}");
        let over = OverTime {
            title: &title,
            unit: "pods",
            end,
            series: &series,
            whole: true,
            ..OverTime::default()
        };
        page.push_str(&html::drawn(&over.svg()));
    }
    for (which, outcome) in [("first", first), ("second", second)] {
        let title = format!("Response times, {which}");
        let series = latency_series(&outcome.seen);
        let over = OverTime { title: &title, end, series: &series, log: true, ..OverTime::default() };
        page.push_str(&html::drawn(&over.svg()));
    }
    let _ = writeln!(page, "<p class=\"about\">First: {}. Second: {}.</p></html>", escape(&a), escape(&b));
    page
}
