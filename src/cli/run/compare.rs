//! A live run beside the same in virtual time.

use crate::lab::observations::Observations;
use crate::lab::results::Outcome;
use std::fmt::Write as _;

/// Latency and replicas of each function, and how far apart they are.
pub fn of(live: &Outcome, modelled: &Outcome) -> String {
    let mut text =
        format!("  {:<20} {:>12} {:>12} {:>9}\n", "live against virtual", "live", "virtual", "apart");
    for (l, v) in live.summary().functions.iter().zip(&modelled.summary().functions) {
        for (what, l, v) in [
            ("p50", l.response.p50, v.response.p50),
            ("p95", l.response.p95, v.response.p95),
            ("mean", l.response.mean, v.response.mean),
        ] {
            let apart = if l > 0.0 { format!("{:+.0} %", (v / l - 1.0) * 100.0) } else { "—".into() };
            let _ =
                writeln!(text, "  {:<20} {l:>10.3} s {v:>10.3} s {apart:>9}", format!("{what} of requests"));
        }
        let _ = writeln!(text, "  {:<20} {:>12} {:>12}", "requests", l.requests, v.requests);
    }
    let share = agreement(&live.seen, &modelled.seen);
    let _ = writeln!(text, "  replicas within 1 for {:.0} % of the time", share * 100.0);
    text
}

/// Share of the live rows at which the virtual run had as many replicas, give or take one.
fn agreement(live: &Observations, modelled: &Observations) -> f64 {
    let near = live.rows.iter().filter(|row| {
        let then = modelled.rows_of(row.function).take_while(|v| v.at <= row.at + 0.5).last();
        then.is_some_and(|v| v.replicas.abs_diff(row.replicas) <= 1)
    });
    near.count() as f64 / live.rows.len().max(1) as f64
}
