//! A run on the terminal.

use crate::lab::results::Outcome;
use std::path::Path;

/// `3 runs`, `1 run`.
pub(super) fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// One of `many` that passed is a line; others tell all.
pub(super) fn outcome(outcome: &Outcome, took: f64, many: bool, folder: Option<&Path>) {
    let s = &outcome.scenario;
    let values: Vec<String> = outcome.values.iter().map(|(k, v)| format!(", {k} = {v}")).collect();
    let mark = if outcome.passed() { "✓" } else { "✗" };
    let early = if outcome.seen.ended_early { ", ended before its time," } else { "" };
    println!(
        "{mark} {} ({}, seed {}{}): {:.0} s{early} in {took:.2} s",
        s.name,
        outcome.mode,
        outcome.seed,
        values.concat(),
        outcome.seen.duration
    );
    if many && outcome.passed() {
        return;
    }
    let width = outcome.verdicts.iter().map(|v| v.expected.chars().count()).max().unwrap_or(0);
    for v in &outcome.verdicts {
        println!("  {} {:width$}   seen: {}", if v.holds { "✓" } else { "✗" }, v.expected, v.seen);
    }
    for note in &outcome.seen.notes {
        println!("  note: {note}");
    }
    if let Some(folder) = folder {
        println!("  {}", folder.join("report.html").display());
    }
}
