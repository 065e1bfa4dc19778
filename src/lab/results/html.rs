//! One page with everything: no script, no network.

use super::Outcome;
use crate::lab::chart::escape;
use std::fmt::Write as _;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:820px;margin:2em auto;padding:0 1em;color:#222;\
background:#fff}table{border-collapse:collapse;margin:1em 0;width:100%}td,th{text-align:left;padding:.25em .6em;\
border-bottom:1px solid #8884}td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}.ok::before{content:'✓ '}\
.no{font-weight:600}.no::before{content:'✗ '}.ok{color:#00694a}.no{color:#b23a00}svg{width:100%;height:auto;margin:1em 0}\
details{margin:.3em 0}pre{overflow:auto}@media(prefers-color-scheme:dark){body{color:#ddd;background:#16181d}\
.ok{color:#4cc9a0}.no{color:#ff9566}}";

/// The page of a run.
pub fn report(outcome: &Outcome, charts: &[(&'static str, String)]) -> String {
    let s = outcome.summary();
    let mut page = String::new();
    let title = escape(&s.name);
    let _ = write!(
        page,
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style><h1>{title}</h1><p>{}</p>",
        escape(&outcome.scenario.text)
    );
    let cores = outcome.scenario.platform.cores;
    let _ = write!(
        page,
        "<p>{} run, seed {}, {} s; {} node{} of {cores} core{}; a request goes to the pod that is <b>{}</b>.</p>",
        if s.mode == "virtual" { "Virtual" } else { "Live" },
        s.seed,
        s.duration,
        outcome.scenario.platform.nodes,
        if outcome.scenario.platform.nodes == 1 { "" } else { "s" },
        if cores == 1 { "" } else { "s" },
        routing(outcome),
    );
    if !s.values.is_empty() {
        let all: Vec<String> =
            s.values.iter().map(|(k, v)| format!("{} = {}", escape(k), escape(v))).collect();
        let _ = write!(page, "<p>With {}.</p>", all.join(", "));
    }
    if !s.expectations.is_empty() {
        page.push_str("<h2>What was expected</h2><table><tr><th>expected<th>seen");
        for v in &s.expectations {
            let class = if v.holds { "ok" } else { "no" };
            let _ = write!(page, "<tr><td class={class}>{}<td>{}", escape(&v.expected), escape(&v.seen));
        }
        page.push_str("</table>");
    }
    page.push_str(
        "<h2>Requests</h2><table><tr><th>function<th class=n>requests<th class=n>not 200<th class=n>cold<th class=n>mean\
         <th class=n>p50<th class=n>p95<th class=n>p99<th class=n>max<th class=n>waited (mean)",
    );
    for f in &s.functions {
        let good = f.statuses.get(&200).copied().unwrap_or(0);
        let t = &f.response;
        let _ = write!(
            page,
            "<tr><td>{}<td class=n>{}<td class=n>{}<td class=n>{}",
            escape(&f.name),
            f.requests,
            f.requests - good,
            f.cold_starts
        );
        for value in [t.mean, t.p50, t.p95, t.p99, t.max, f.wait.mean] {
            let _ = write!(page, "<td class=n>{}", time(value));
        }
    }
    page.push_str("</table>");
    for (_, svg) in charts {
        page.push_str(svg);
    }
    page.push_str(
        "<h2>What it used</h2><table><tr><th>function<th class=n>pods started<th class=n>pod·s<th class=n>CPU, core·s\
         <th class=n>memory, GiB·s<th class=n>cost<th class=n>cost, always on",
    );
    for f in &s.functions {
        let u = &f.usage;
        let _ = write!(
            page,
            "<tr><td>{}<td class=n>{}<td class=n>{:.1}<td class=n>{:.2}<td class=n>{:.2}<td class=n>{:.6}<td class=n>{:.6}",
            escape(&f.name),
            f.pods_started,
            u.pod_seconds,
            u.cpu_seconds,
            u.gb_seconds,
            f.cost,
            f.cost_always_on
        );
    }
    page.push_str("</table><h2>Decisions that changed a size</h2>");
    let changes = outcome.seen.decisions.iter().filter(|(_, _, d)| d.changed());
    let mut any = false;
    for (f, at, d) in changes.take(200) {
        any = true;
        let _ = write!(
            page,
            "<details><summary>{at:.1} s, {}: {}</summary><pre>{}</pre></details>",
            escape(&outcome.seen.functions[*f]),
            escape(&d.headline()),
            escape(&d.lines().join("\n"))
        );
    }
    if !any {
        page.push_str("<p>None.</p>");
    }
    let failed: Vec<_> = outcome.seen.requests.iter().filter(|r| r.status != 200).take(100).collect();
    if !failed.is_empty() {
        page.push_str(
            "<h2>Requests that failed</h2><table><tr><th class=n>sent at<th>function<th>pod<th class=n>status<th class=n>after",
        );
        for r in failed {
            let pod = r.pod.and_then(|p| outcome.seen.pods.get(p)).map_or("", |p| &p.name);
            let _ = write!(
                page,
                "<tr><td class=n>{:.3} s<td>{}<td>{}<td class=n>{}<td class=n>{}",
                r.at,
                escape(&outcome.seen.functions[r.function]),
                escape(pod),
                r.status,
                time(r.response)
            );
        }
        page.push_str("</table>");
    }
    for note in &s.notes {
        let _ = write!(page, "<p>Note: {}</p>", escape(note));
    }
    page.push_str("</html>\n");
    page
}

fn routing(outcome: &Outcome) -> String {
    let chosen = outcome.scenario.platform.settings.get("routing.policy").and_then(|v| v.as_str());
    chosen.unwrap_or("least-inflight").to_owned()
}

fn time(seconds: f64) -> String {
    if seconds >= 1.0 {
        format!("{seconds:.2} s")
    } else if seconds >= 0.001 {
        format!("{:.1} ms", seconds * 1e3)
    } else {
        format!("{:.0} µs", seconds * 1e6)
    }
}
