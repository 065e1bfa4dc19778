//! One page with everything: no script, no network.

mod tables;
mod tree;

use super::Outcome;
use super::charts::Chart;
use crate::lab::chart::escape;
use std::fmt::Write as _;

/// The style of every page.
pub(super) const STYLE: &str = "<style>body{font:15px/1.5 system-ui,sans-serif;max-width:860px;margin:2em auto;padding:0 1em;\
color:#222;background:#fff}h1{margin-bottom:.2em}h2{margin-top:1.8em}\
.wide{overflow-x:auto}.wide td:first-child{white-space:nowrap}table{border-collapse:collapse;\
margin:1em 0;width:100%}td,th{text-align:left;padding:.25em .6em;border-bottom:1px solid #8884;vertical-align:top}\
th{font-weight:600;color:#555}td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\
.ok::before{content:'✓ '}.no{font-weight:600}.no::before{content:'✗ '}.ok{color:#00694a}.no{color:#b23a00}\
.badge{display:inline-block;padding:.1em .6em;border:1px solid;border-radius:1em;font-size:13px}\
svg{width:100%;height:auto;margin:1em 0 0}.chart svg{min-width:600px}.about{color:#666;font-size:14px;margin:0 0 1.6em}details{margin:.3em 0}\
summary{cursor:pointer}pre{overflow:auto;background:#8881;padding:.6em;margin:.4em 0;white-space:pre-wrap;font-size:13px}\
.muted{color:#666}.many{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,370px),1fr));gap:.6em}\
@media(prefers-color-scheme:dark){body{color:#ddd;background:#16181d}th,.about,.muted{color:#a0a4ab}.ok{color:#4cc9a0}\
.no{color:#ff9566}a{color:#7ab8ff}}</style>";

/// The beginning of every page.
pub(super) fn head(title: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{0}</title>{STYLE}<h1>{0}</h1>",
        escape(title)
    )
}

/// A chart on a page: on a phone it keeps its size and can be moved sideways, so that its words can be read.
pub(super) fn drawn(svg: &str) -> String {
    format!("<div class=\"wide chart\">{svg}</div>")
}

/// The page of a run.
pub(super) fn report(outcome: &Outcome, charts: &[Chart]) -> String {
    let s = outcome.summary();
    let mut page = head(&s.name);
    let (class, word) = if s.passed { ("ok", "as expected") } else { ("no", "not as expected") };
    let _ = write!(
        page,
        "<p><span class=\"badge {class}\">{word}</span></p><p>{}</p>",
        escape(&outcome.scenario.text)
    );
    facts(&mut page, outcome);
    tables::expected(&mut page, &s);
    tables::requests(&mut page, &s);
    for chart in charts {
        let _ = write!(page, "{}<p class=\"about\">{}</p>", drawn(&chart.svg), chart.about);
    }
    tables::pods(&mut page, outcome);
    tables::used(&mut page, outcome, &s);
    decisions(&mut page, outcome);
    tree::of(&mut page, outcome);
    if !s.notes.is_empty() {
        page.push_str("<h2>Notes</h2>");
    }
    for note in &s.notes {
        let _ = write!(page, "<p>{}</p>", escape(note));
    }
    let _ = writeln!(
        page,
        "<h2>The experiment</h2><details><summary>The scenario as it was run</summary><pre>{}</pre></details>\
         <p class=\"muted\">Beside this page: summary.json, requests.csv, samples.csv, usage.csv, decisions.csv, pods.csv, \
         requests.jtl (for JMeter), each chart as SVG, and provenance.json, which says when, where and by which version \
         this was measured.</p></html>",
        escape(&outcome.text)
    );
    page
}

fn facts(page: &mut String, outcome: &Outcome) {
    let (platform, seen) = (&outcome.scenario.platform, &outcome.seen);
    let plural = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let place = match outcome.mode {
        "virtual" => format!(
            "in virtual time on {} of {}",
            plural(u64::from(platform.nodes), "node"),
            plural(u64::from(platform.cores), "core")
        ),
        _ => format!(
            "live, pods are {}",
            match platform.provider.name() {
                "docker" => "containers",
                _ => "processes",
            }
        ),
    };
    let early = if seen.ended_early { ", ended before its time" } else { "" };
    let _ = write!(
        page,
        "<p>Run {place}, seed {}, {}{early}. A request goes to the pod that is <b>{}</b>.</p>",
        outcome.seed,
        crate::lab::chart::clock(seen.duration),
        escape(&outcome.routing)
    );
    if !outcome.values.is_empty() {
        let value = |(k, v): (&String, &String)| format!("{} = {}", escape(k), escape(v));
        let all: Vec<String> = outcome.values.iter().map(value).collect();
        let _ = write!(page, "<p>With {}.</p>", all.join(", "));
    }
}

/// So many decisions are on the page; all are in decisions.csv.
const DECISIONS: usize = 200;

fn decisions(page: &mut String, outcome: &Outcome) {
    page.push_str("<h2>Decisions that changed a size</h2>");
    let changes: Vec<_> = outcome.seen.decisions.iter().filter(|(_, _, d)| d.changed()).collect();
    if changes.is_empty() {
        page.push_str("<p>None.</p>");
        return;
    }
    page.push_str(
        "<p class=\"about\">Each opens to its working, to be checked with a pocket calculator.</p>",
    );
    for (f, at, d) in changes.iter().take(DECISIONS) {
        let _ = write!(
            page,
            "<details><summary>{} {}: {}</summary><pre>{}</pre></details>",
            crate::lab::chart::clock((at * 10.0).round() / 10.0),
            escape(&outcome.seen.functions[*f]),
            escape(&d.headline()),
            escape(&d.lines().join("\n"))
        );
    }
    if changes.len() > DECISIONS {
        let _ = write!(page, "<p>And {} more, in decisions.csv.</p>", changes.len() - DECISIONS);
    }
}

/// A time in the unit that people say it in.
pub(super) fn time(seconds: f64) -> String {
    if seconds >= 1.0 {
        format!("{seconds:.2} s")
    } else if seconds >= 0.001 {
        format!("{:.1} ms", seconds * 1e3)
    } else if seconds > 0.0 {
        format!("{:.0} µs", seconds * 1e6)
    } else {
        "0".into()
    }
}
