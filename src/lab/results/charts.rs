//! The charts of a run.

use super::Outcome;
use crate::lab::chart::{self, Band, Bar, Mark, OverTime, Part, Series};
use crate::lab::observations::{Observations, Parts, Request, Row};
use std::fmt::Write as _;

/// A chart with its file's name and what it shows.
pub(super) struct Chart {
    pub name: &'static str,
    pub svg: String,
    /// A sentence or two for whoever reads it the first time.
    pub about: String,
}

/// So many functions are drawn; those with the most requests.
const FUNCTIONS: usize = 4;
/// So many pods have a line with a name each.
const PODS: usize = 8;
/// More dots than this say nothing more.
const DOTS: usize = 3000;

/// All of them, in the order of the page; those of requests where there were any.
pub(super) fn of(outcome: &Outcome) -> Vec<Chart> {
    let shown = shown(&outcome.seen);
    let bands = bands(outcome);
    let mut all = vec![replicas(outcome, &shown, &bands)];
    if !outcome.seen.requests.is_empty() {
        all.extend([latency(outcome, &bands), distribution(&outcome.seen), parts(outcome, &shown)]);
    }
    all.extend([cpu(outcome, &shown, &bands), pods(outcome)]);
    all
}

/// The functions that are drawn.
fn shown(o: &Observations) -> Vec<usize> {
    let mut counts = vec![0usize; o.functions.len()];
    o.requests.iter().for_each(|r| counts[r.function] += 1);
    let mut all: Vec<usize> = (0..o.functions.len()).collect();
    all.sort_by_key(|f| std::cmp::Reverse(counts[*f]));
    all.truncate(FUNCTIONS);
    all.sort_unstable();
    all
}

/// Phases as bands, steps as lines.
fn bands(outcome: &Outcome) -> Vec<Band> {
    let s = &outcome.scenario;
    let phases = s.phase.iter().map(|p| Band { name: p.name.clone(), from: p.from.0, until: p.until.0 });
    let step = |at: f64, name: String| Band { name, from: at, until: at };
    let steps = s.step.iter().map(|p| step(p.at().0, p.words()));
    let mut all: Vec<Band> = phases.chain(steps).collect();
    all.sort_by(|a, b| a.from.total_cmp(&b.from));
    all
}

fn line(o: &Observations, f: usize, value: impl Fn(&Row) -> f64) -> Vec<(f64, f64)> {
    o.rows_of(f).map(|r| (r.at, value(r))).collect()
}

/// Replicas of some functions over time.
pub(super) fn replica_series(o: &Observations, shown: &[usize]) -> Vec<Series> {
    let many = shown.len() > 1;
    let mut series = Vec::new();
    for (i, f) in shown.iter().enumerate() {
        let name = &o.functions[*f];
        let (wanted, ready) =
            if many { (name.clone(), String::new()) } else { ("wanted".into(), "ready".into()) };
        let colour = if many { [i, i] } else { [0, 1] };
        let ready = Series::new(ready, Mark::Dashed, line(o, *f, |r| f64::from(r.ready)));
        series.push(
            Series::new(wanted, Mark::Steps, line(o, *f, |r| f64::from(r.replicas))).coloured(colour[0]),
        );
        series.push(ready.coloured(colour[1]));
    }
    series
}

fn replicas(outcome: &Outcome, shown: &[usize], bands: &[Band]) -> Chart {
    let o = &outcome.seen;
    let series = replica_series(o, shown);
    let svg = OverTime {
        title: "Replicas",
        unit: "pods",
        end: o.duration,
        series: &series,
        bands,
        whole: true,
        ..OverTime::default()
    }
    .svg();
    let about = match o.functions.len() - shown.len() {
        0 => "How many pods are wanted (drawn through) and how many take requests (dashed).".into(),
        n => format!(
            "Pods that are wanted (drawn through) and that take requests (dashed), of the functions with the most \
             requests; {n} more are in samples.csv."
        ),
    };
    Chart { name: "replicas", svg, about }
}

/// Every so many of some requests, as points of a chart.
fn dots<'a>(all: impl Iterator<Item = &'a Request>) -> Vec<(f64, f64)> {
    let all: Vec<&Request> = all.collect();
    let every = all.len() / DOTS + 1;
    all.into_iter().step_by(every).map(|r| (r.at, r.response)).collect()
}

/// Response times over time, cold starts and failures marked.
pub(super) fn latency_series(o: &Observations) -> [Series; 3] {
    let warm = o.requests.iter().filter(|r| !r.cold && r.failure.is_none());
    let cold = o.requests.iter().filter(|r| r.cold && r.failure.is_none());
    let failed = o.requests.iter().filter(|r| r.failure.is_some());
    [
        Series::new("warm", Mark::Dots, dots(warm)),
        Series::new("cold start", Mark::Crosses, dots(cold)),
        Series::new("failed", Mark::Crosses, dots(failed)).coloured(3),
    ]
}

fn latency(outcome: &Outcome, bands: &[Band]) -> Chart {
    let o = &outcome.seen;
    let series = latency_series(o);
    let svg = OverTime {
        title: "Response time of each request, by when it was sent",
        unit: "",
        end: o.duration,
        series: &series,
        bands,
        log: true,
        ..OverTime::default()
    }
    .svg();
    let about = "The axis is logarithmic: each line up is a longer time by the same factor. A cold start is a request \
                 that had to wait for a pod to become ready.";
    Chart { name: "latency", svg, about: about.into() }
}

fn distribution(o: &Observations) -> Chart {
    let of = |fits: fn(&&Request) -> bool| o.requests.iter().filter(fits).map(|r| r.response).collect();
    let kinds = [
        ("warm", of(|r| !r.cold && r.failure.is_none())),
        ("cold start", of(|r| r.cold && r.failure.is_none())),
        ("failed", of(|r| r.failure.is_some())),
    ];
    let svg = chart::distribution("Distribution of response times", &kinds);
    let about = "How many requests took how long, on a logarithmic axis.";
    Chart { name: "distribution", svg, about: about.into() }
}

/// What the response times of some requests consist of.
fn part<'a>(name: String, requests: impl Iterator<Item = &'a Request>) -> Part {
    Part { name, values: Observations::mean_parts(requests).named().map(|(_, v)| v).to_vec() }
}

fn parts(outcome: &Outcome, shown: &[usize]) -> Chart {
    let o = &outcome.seen;
    let mut rows = Vec::new();
    for f in shown {
        let name = &o.functions[*f];
        let mine = || o.requests.iter().filter(move |r| r.function == *f);
        if mine().next().is_none() {
            continue;
        }
        if mine().any(|r| r.cold) {
            let many = if shown.len() > 1 { format!("{name}, ") } else { String::new() };
            rows.push(part(format!("{many}warm"), mine().filter(|r| !r.cold)));
            rows.push(part(format!("{many}cold start"), mine().filter(|r| r.cold)));
        } else {
            rows.push(part(name.clone(), mine()));
        }
    }
    let names = Parts::default().named().map(|(name, _)| name);
    let svg = chart::stacked("What a response time consists of, in the mean", &rows, &names);
    Chart { name: "parts", svg, about: which(outcome, shown) }
}

/// Which operation would be worth making faster.
fn which(outcome: &Outcome, shown: &[usize]) -> String {
    let o = &outcome.seen;
    let fits = |r: &&Request| shown.contains(&r.function);
    let mean = Observations::mean_parts(o.requests.iter().filter(fits));
    let whole: f64 = mean.named().iter().map(|(_, v)| v).sum();
    let largest = mean.named().into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
    let advice = |name: &str| match name {
        "wait for a pod" => "keep a pod ready (min), or make starting faster",
        "wait in queue" => "more pods, or more requests at once in each",
        "fork" => "a watchdog that keeps the process (mode http), or a program that starts faster",
        "work" => "the function itself, or more cores for it",
        _ => "the gateway and the network: nothing that the function could do",
    };
    let unit = "Work is the function's own time, with what it waits for the cores that it shares.";
    match largest.filter(|(_, v)| *v > 0.0 && whole > 0.0) {
        Some((name, value)) => format!(
            "The largest part is <b>{name}</b>, {:.0} % of the time. What would shorten it: {}. {unit}",
            100.0 * value / whole,
            advice(name)
        ),
        None => unit.into(),
    }
}

fn cpu(outcome: &Outcome, shown: &[usize], bands: &[Band]) -> Chart {
    let o = &outcome.seen;
    let drawn: Vec<usize> =
        (0..o.pods.len()).filter(|p| o.pods[*p].function == shown.first().copied().unwrap_or(0)).collect();
    let function = shown.first().and_then(|f| o.functions.get(*f)).cloned().unwrap_or_default();
    let mut lines: Vec<Vec<(f64, f64)>> = vec![Vec::new(); o.pods.len()];
    for row in &o.pod_rows {
        if let Some(line) = lines.get_mut(row.pod) {
            line.push((row.at, row.cpu * 1000.0));
        }
    }
    let few = drawn.len() <= PODS;
    let mut series: Vec<Series> = Vec::new();
    for (i, pod) in drawn.iter().enumerate().take(200) {
        let name = if few { o.pods[*pod].name.rsplit('-').next().unwrap_or_default() } else { "" };
        let line = std::mem::take(&mut lines[*pod]);
        series.push(Series::new(name, Mark::Thin, line).coloured(if few { i } else { 6 }));
    }
    if !few && let Some(f) = shown.first() {
        let mean = line(o, *f, |r| 1000.0 * r.cpu / f64::from(r.pods.max(1)));
        series.push(Series::new("mean of all", Mark::Line, mean).coloured(0));
    }
    let mut about = format!("CPU that each pod of {function} used, in thousandths of a core (millicores).");
    if let Some((request, target)) = request_and_target(outcome, &function) {
        about += &format!(
            " The autoscaler's target is {target} % of what a pod asks for ({request}m), so {}m: the board's cores and the \
             target's percent are different units.",
            request * u64::from(target) / 100
        );
        let at = (request * u64::from(target)) as f64 / 100.0;
        series.push(Series::new("target", Mark::Dashed, vec![(0.0, at), (o.duration, at)]).coloured(6));
    }
    let title = format!(
        "CPU of each pod{}",
        if o.functions.len() > 1 { format!(" of {function}") } else { String::new() }
    );
    let over = OverTime {
        title: &title,
        unit: "millicores",
        end: o.duration,
        series: &series,
        bands,
        ..OverTime::default()
    };
    Chart { name: "cpu", svg: over.svg(), about }
}

/// The CPU that a pod of a function asks for, in millicores, and its autoscaler's target in percent of it.
pub(super) fn request_and_target(outcome: &Outcome, function: &str) -> Option<(u64, u32)> {
    let s = &outcome.scenario;
    let request = s.function.iter().find(|f| f.name == function)?.spec().requests.cpu?.0;
    let target = s.autoscaler.iter().find(|a| a.function == function)?.cpu_percent;
    Some((request, target))
}

fn pods(outcome: &Outcome) -> Chart {
    let o = &outcome.seen;
    let bar = |p: &crate::lab::observations::PodLife| {
        let until = p.ended.unwrap_or(o.duration);
        let ready = p.ready.unwrap_or(until);
        Bar { name: p.name.clone(), group: p.function, from: p.created, ready, until }
    };
    let bars: Vec<Bar> = o.pods.iter().map(bar).collect();
    let svg = chart::gantt("Pods: pale while they start, full while they take requests", o.duration, &bars);
    let mut about = match o.functions.len() {
        1 => String::new(),
        _ => "Each function has its colour, in the order of the file. ".into(),
    };
    if chart::shares_rows(bars.len()) {
        let _ =
            write!(about, "There were {} pods: a row holds pods that came after one another.", bars.len());
    }
    Chart { name: "pods", svg, about }
}
