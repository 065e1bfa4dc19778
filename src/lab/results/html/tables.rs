//! The tables of a page.

use super::time;
use crate::lab::chart::escape;
use crate::lab::results::charts::request_and_target;
use crate::lab::results::{Outcome, Summary};
use std::fmt::Write as _;

/// So many rows a table has at most.
const ROWS: usize = 60;

pub(super) fn expected(page: &mut String, s: &Summary) {
    if s.expectations.is_empty() {
        return;
    }
    page.push_str("<h2>What was expected</h2><div class=\"wide\"><table><tr><th>expected<th>seen");
    for v in &s.expectations {
        let class = if v.holds { "ok" } else { "no" };
        let _ = write!(page, "<tr><td class=\"{class}\">{}<td>{}", escape(&v.expected), escape(&v.seen));
    }
    page.push_str("</table></div>");
}

pub(super) fn requests(page: &mut String, s: &Summary) {
    page.push_str(
        "<h2>Requests</h2><div class=\"wide\"><table><tr><th>function<th class=\"n\">requests<th class=\"n\">failed\
         <th class=\"n\">cold<th class=\"n\">per s<th class=\"n\">mean<th class=\"n\">p50<th class=\"n\">p95\
         <th class=\"n\">p99<th class=\"n\">max",
    );
    for f in s.functions.iter().take(ROWS) {
        let t = &f.response;
        let _ = write!(
            page,
            "<tr><td>{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{:.2}",
            escape(&f.name),
            f.requests,
            f.failed,
            f.cold_starts,
            f.throughput
        );
        for value in [t.mean, t.p50, t.p95, t.p99, t.max] {
            let _ = write!(page, "<td class=\"n\">{}", time(value));
        }
    }
    page.push_str("</table></div>");
    more(page, s.functions.len(), "summary.json");
}

fn more(page: &mut String, all: usize, file: &str) {
    if all > ROWS {
        let _ = write!(page, "<p class=\"about\">And {} more, in {file}.</p>", all - ROWS);
    }
}

fn mebibytes(bytes: f64) -> String {
    format!("{:.0}Mi", bytes / f64::from(1 << 20))
}

/// As `kubectl top pods` has it, and what share of its request that is.
pub(super) fn pods(page: &mut String, outcome: &Outcome) {
    let pods = outcome.pods();
    page.push_str(
        "<h2>Pods</h2><p class=\"about\">As <code>kubectl top pods</code> has it: CPU in thousandths of a core, memory; and \
         beside it the share of what the pod asks for, which is what an autoscaler's target is measured in.</p>\
         <div class=\"wide\"><table><tr><th>pod<th class=\"n\">requests<th class=\"n\">CPU, mean<th class=\"n\">of its request\
         <th class=\"n\">CPU, most<th class=\"n\">memory, most<th class=\"n\">lived",
    );
    for p in pods.iter().take(ROWS) {
        let asked = outcome.scenario.function.iter().find(|f| f.name == p.function);
        let asked = asked.and_then(|f| f.spec().requests.cpu).map(|c| c.0 as f64 / 1000.0);
        let share = asked.map_or("–".into(), |asked| format!("{:.0} %", 100.0 * p.cpu_mean / asked));
        let _ = write!(
            page,
            "<tr><td>{}<td class=\"n\">{}<td class=\"n\">{:.0}m<td class=\"n\">{share}<td class=\"n\">{:.0}m\
             <td class=\"n\">{}<td class=\"n\">{}",
            escape(&p.name),
            p.requests,
            p.cpu_mean * 1000.0,
            p.cpu_most * 1000.0,
            mebibytes(p.memory_most as f64),
            crate::lab::chart::clock(p.lived.max(0.0).round())
        );
    }
    page.push_str("</table></div>");
    more(page, pods.len(), "pods.csv");
    for f in &outcome.seen.functions {
        if let Some((request, target)) = request_and_target(outcome, f) {
            let _ = write!(
                page,
                "<p class=\"about\">The target of {}'s autoscaler: {target} % of {request}m = {}m a pod.</p>",
                escape(f),
                request * u64::from(target) / 100
            );
        }
    }
}

pub(super) fn used(page: &mut String, outcome: &Outcome, s: &Summary) {
    let prices = outcome.scenario.prices;
    let priced = prices.gb_second > 0.0 || prices.cpu_second > 0.0 || prices.million_requests > 0.0;
    page.push_str(
        "<h2>What it used</h2><div class=\"wide\"><table><tr><th>function<th class=\"n\">pods started<th class=\"n\">pod·s\
         <th class=\"n\">CPU, core·s<th class=\"n\">memory, GiB·s",
    );
    if priced {
        page.push_str("<th class=\"n\">cost<th class=\"n\">always on<th class=\"n\">saved");
    }
    let money = |value: f64| if value >= 1.0 { format!("{value:.2}") } else { format!("{value:.6}") };
    let mut sums = (0.0, 0.0);
    for f in s.functions.iter().take(ROWS) {
        let u = &f.usage;
        let _ = write!(
            page,
            "<tr><td>{}<td class=\"n\">{}<td class=\"n\">{:.1}<td class=\"n\">{:.2}<td class=\"n\">{:.2}",
            escape(&f.name),
            f.pods_started,
            u.pod_seconds,
            u.cpu_seconds,
            u.gb_seconds
        );
        if priced {
            sums = (sums.0 + f.cost, sums.1 + f.cost_always_on);
            let saved = if f.cost_always_on > 0.0 { 100.0 * (1.0 - f.cost / f.cost_always_on) } else { 0.0 };
            let _ = write!(
                page,
                "<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{saved:.0} %",
                money(f.cost),
                money(f.cost_always_on)
            );
        }
    }
    page.push_str("</table></div>");
    more(page, s.functions.len(), "summary.json");
    if priced {
        let _ = write!(
            page,
            "<p class=\"about\">At {} for a GiB·s, {} for a core·s and {} for a million requests, in {}: {} in all. Always on \
             is as many pods as there were at most, for the whole time: {}. For a month of thirty days: {} against {}.</p>",
            prices.gb_second,
            prices.cpu_second,
            prices.million_requests,
            crate::lab::chart::clock(s.duration),
            money(sums.0),
            money(sums.1),
            money(sums.0 * 2_592_000.0 / s.duration.max(1e-9)),
            money(sums.1 * 2_592_000.0 / s.duration.max(1e-9))
        );
    }
}
