//! The results tree, as JMeter's: the request and the reply of those that failed and of a sample of the others.

use super::time;
use crate::lab::chart::escape;
use crate::lab::observations::Request;
use crate::lab::results::Outcome;
use std::fmt::Write as _;

/// So many that failed, so many cold starts, and so many others are shown.
const FAILED: usize = 100;
const COLD: usize = 20;
const OTHERS: usize = 30;

pub(super) fn of(page: &mut String, outcome: &Outcome) {
    let all = &outcome.seen.requests;
    if all.is_empty() {
        return;
    }
    page.push_str("<h2>Results tree</h2>");
    let failed: Vec<&Request> = all.iter().filter(|r| r.failure.is_some()).collect();
    let cold = all.iter().filter(|r| r.cold && r.failure.is_none()).take(COLD);
    // Of a live run those whose reply was kept, else one of so many.
    let good: Vec<&Request> = all.iter().filter(|r| r.failure.is_none() && !r.cold).collect();
    let kept: Vec<&Request> = good.iter().copied().filter(|r| r.exchange.is_some()).collect();
    let chosen = if kept.is_empty() { good } else { kept };
    let every = chosen.len() / OTHERS + 1;
    let others = chosen.into_iter().step_by(every);
    let _ = write!(
        page,
        "<p class=\"about\">{} of {} requests failed{}. Besides, cold starts and a sample of the others.</p>",
        failed.len(),
        all.len(),
        if failed.len() > FAILED {
            format!("; the first {FAILED} are here, all in requests.csv")
        } else {
            String::new()
        }
    );
    let mut shown: Vec<&Request> = failed.into_iter().take(FAILED).chain(cold).chain(others).collect();
    shown.sort_by(|a, b| a.at.total_cmp(&b.at));
    for r in shown {
        one(page, outcome, r);
    }
}

fn one(page: &mut String, outcome: &Outcome, r: &Request) {
    let o = &outcome.seen;
    let class = if r.failure.is_some() { "no" } else { "ok" };
    let cold = if r.cold { ", cold start" } else { "" };
    let _ = write!(
        page,
        "<details><summary><span class=\"{class}\">{:.3} s</span> {} {} after {}{cold}</summary><pre>",
        r.at,
        escape(&o.functions[r.function]),
        if r.status == 0 { "no answer".into() } else { r.status.to_string() },
        time(r.response)
    );
    if let Some(e) = &r.exchange {
        let body = if e.body.is_empty() { String::new() } else { format!("\n\n{}", e.body) };
        let _ = write!(page, "{}{}\n\n", escape(&e.line), escape(&body));
        let reply = if e.reply.is_empty() { "(no body)" } else { &e.reply };
        let _ = write!(page, "→ {} ({} bytes)\n{}\n\n", r.status, r.bytes, escape(reply));
    }
    if let Some(failure) = &r.failure {
        let _ = writeln!(page, "failed: {}", escape(failure));
    }
    let load = o.loads.get(r.load).map_or("", String::as_str);
    let _ = writeln!(page, "sent by user {} of {}", r.user + 1, escape(load));
    if let Some(pod) = r.pod.and_then(|p| o.pods.get(p)) {
        let _ = writeln!(page, "served by {}", escape(&pod.name));
    }
    for (name, part) in r.parts.named().into_iter().filter(|(_, part)| *part > 0.0) {
        let _ = writeln!(page, "{name}: {}", time(part));
    }
    page.push_str("</pre></details>");
}
