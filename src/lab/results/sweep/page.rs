//! The page of a sweep: its table, each measure over each value, and every run in small.

use super::{Outcome, cell, groups, heads, lines};
use crate::lab::chart::{Group, OverTime, Point, escape, points};
use crate::lab::results::charts::{latency_series, replica_series};
use crate::lab::results::{html, short};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// So many combinations are drawn in small.
const MULTIPLES: usize = 24;

/// The page of all runs of one scenario.
pub fn page(all: &[&Outcome]) -> String {
    let Some(first) = all.first() else { return String::new() };
    let mut page = html::head(&format!("{}: {} runs", first.scenario.name, all.len()));
    let _ = write!(page, "<p>{}</p>", escape(&first.scenario.text));
    let (paths, measures) = heads(all);
    let lines = lines(all);
    let repeated = lines.iter().any(|l| l.runs > 1);
    page.push_str("<div class=\"wide\"><table><tr>");
    for path in &paths {
        let _ = write!(page, "<th>{}", escape(short(path)));
    }
    for measure in &measures {
        let _ = write!(page, "<th class=\"n\">{}", escape(measure));
    }
    for line in &lines {
        page.push_str("<tr>");
        for value in line.values.values() {
            let _ = write!(page, "<td>{}", escape(value));
        }
        for c in &line.cells {
            let _ = write!(page, "<td class=\"n\">{}", cell(*c));
        }
    }
    page.push_str("</table></div>");
    if repeated {
        let runs = lines.iter().map(|l| l.runs).max().unwrap_or(0);
        let _ = write!(
            page,
            "<p class=\"about\">Means of {runs} runs with different seeds, ± half the 95 % interval (Student's t).</p>"
        );
    }
    over_values(&mut page, all, &paths, &measures);
    multiples(&mut page, all);
    page.push_str("</html>\n");
    page
}

/// Each measure of the scenario over each value that the sweep tries, a line for each combination of the others.
fn over_values(page: &mut String, all: &[&Outcome], paths: &[String], measures: &[String]) {
    let lines = lines(all);
    let own = all.first().map_or(0, |o| o.scenario.measure.len());
    let count = if own == 0 { 2 } else { own };
    let mut charts = String::new();
    for path in paths {
        let mut values: Vec<String> = Vec::new();
        for line in &lines {
            if let Some(value) = line.values.get(path).filter(|v| !values.contains(v)) {
                values.push(value.clone());
            }
        }
        if values.len() < 2 {
            continue;
        }
        for (c, measure) in measures.iter().enumerate().take(count) {
            let mut groups: BTreeMap<String, Vec<Point>> = BTreeMap::new();
            for line in &lines {
                let others = line.values.iter().filter(|(k, _)| *k != path);
                let name: Vec<&str> = others.map(|(_, v)| v.as_str()).collect();
                let x = line.values.get(path).and_then(|v| values.iter().position(|w| w == v));
                let (y, half) = line.cells.get(c).copied().unwrap_or((f64::NAN, None));
                groups.entry(name.join(" · ")).or_default().push(Point { x: x.unwrap_or(0), y, half });
            }
            let groups: Vec<Group> =
                groups.into_iter().map(|(name, points)| Group { name, points }).collect();
            let unit = if measure.starts_with('p') || measure.ends_with(" s") { "seconds" } else { "" };
            let title = measure.trim_end_matches(" s");
            let others: Vec<&str> = paths.iter().filter(|k| *k != path).map(|k| letter(short(k))).collect();
            charts += &points(title, unit, short(path), &values, (&others.join(" · "), &groups));
        }
    }
    if !charts.is_empty() {
        let _ = write!(page, "<h2>By value</h2><div class=\"many\">{charts}</div>");
    }
}

/// A short name for a legend: `cpu-percent` is `cpu`.
fn letter(key: &str) -> &str {
    key.split('-').next().unwrap_or(key)
}

/// The first run of each combination in small: replicas above response times, on the same axes.
fn multiples(page: &mut String, all: &[&Outcome]) {
    let groups = groups(all);
    let runs: Vec<&Outcome> =
        groups.iter().filter_map(|(_, group)| group.first().copied()).take(MULTIPLES).collect();
    let most = runs.iter().flat_map(|o| &o.seen.rows).map(|r| f64::from(r.replicas)).fold(1.0, f64::max);
    let _ = write!(page, "<h2>Each in small</h2><div class=\"many\">");
    for o in &runs {
        let title: Vec<String> = o.values.iter().map(|(k, v)| format!("{} {v}", letter(short(k)))).collect();
        let title = if title.is_empty() { format!("seed {}", o.seed) } else { title.join(", ") };
        let series = replica_series(&o.seen, &[0]);
        let replicas = OverTime {
            title: &title,
            unit: "pods",
            end: o.seen.duration,
            series: &series,
            whole: true,
            small: true,
            high: Some(most),
            ..OverTime::default()
        };
        let series = latency_series(&o.seen);
        let series: Vec<_> =
            series.into_iter().map(|s| crate::lab::chart::Series { name: String::new(), ..s }).collect();
        let latency = OverTime {
            title: "response times",
            end: o.seen.duration,
            series: &series,
            small: true,
            log: true,
            ..OverTime::default()
        };
        let _ = write!(page, "<div>{}{}</div>", replicas.svg(), latency.svg());
    }
    page.push_str("</div>");
    if groups.len() > runs.len() {
        let _ = write!(page, "<p class=\"about\">And {} more, in sweep.csv.</p>", groups.len() - runs.len());
    }
}
