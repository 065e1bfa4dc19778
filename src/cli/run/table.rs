//! A sweep as a table: one row per combination of values, means over the repetitions with their 95 % intervals.

use crate::lab::results::Outcome;
use std::collections::BTreeMap;

/// What is compared, of the first function.
const COLUMNS: [&str; 7] = ["p50 s", "p95 s", "p99 s", "cold", "max pods", "CPU·s", "passed"];

struct Line {
    values: BTreeMap<String, String>,
    /// Per column: mean, and half of the interval's width when there are several runs.
    cells: Vec<(f64, Option<f64>)>,
}

fn lines(all: &[&Outcome]) -> Vec<Line> {
    let mut groups: Vec<(&BTreeMap<String, String>, Vec<&Outcome>)> = Vec::new();
    for outcome in all {
        match groups.iter_mut().find(|(values, _)| **values == outcome.values) {
            Some((_, group)) => group.push(outcome),
            None => groups.push((&outcome.values, vec![outcome])),
        }
    }
    let numbers = |o: &Outcome| -> Vec<f64> {
        let s = o.summary();
        let most = o.seen.rows.iter().map(|r| r.pods).max().unwrap_or(0);
        let passed = if o.passed() { 1.0 } else { 0.0 };
        let phases = &o.scenario.phase;
        let measured = o.scenario.measure.iter().map(|m| m.value(&o.seen, phases).unwrap_or(f64::NAN));
        let usual = s.functions.first().map_or([0.0; COLUMNS.len()], |f| {
            let t = &f.response;
            [t.p50, t.p95, t.p99, f.cold_starts as f64, f64::from(most), f.usage.cpu_seconds, passed]
        });
        measured.chain(usual).collect()
    };
    groups
        .into_iter()
        .map(|(values, group)| {
            let rows: Vec<Vec<f64>> = group.iter().map(|o| numbers(o)).collect();
            let cells = (0..rows[0].len()).map(|c| interval(&rows.iter().map(|r| r[c]).collect::<Vec<_>>()));
            Line { values: values.clone(), cells: cells.collect() }
        })
        .collect()
}

/// The mean, and half the width of its 95 % interval: t·s/√n with Student's t.
fn interval(values: &[f64]) -> (f64, Option<f64>) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return (mean, None);
    }
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    (mean, Some(student(values.len() - 1) * (variance / n).sqrt()))
}

/// The 97.5 % quantile of Student's t.
fn student(degrees: usize) -> f64 {
    const T: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
        2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048,
        2.045, 2.042,
    ];
    T.get(degrees.saturating_sub(1)).copied().unwrap_or(1.960)
}

/// The sweep's paths, and what is measured.
fn heads(all: &[&Outcome]) -> (Vec<String>, Vec<String>) {
    let paths = all.first().map(|o| o.values.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let measured = all.iter().take(1).flat_map(|o| o.scenario.measure.iter().map(|m| m.text().to_owned()));
    (paths, measured.chain(COLUMNS.map(String::from)).collect())
}

/// As text, in columns.
pub fn of(all: &[&Outcome]) -> String {
    let (paths, measures) = heads(all);
    let lines = lines(all);
    let mut rows = vec![[paths, measures].concat()];
    for line in &lines {
        let cells = line.cells.iter().map(|(mean, half)| match half {
            Some(half) => format!("{mean:.3} ± {half:.3}"),
            None => format!("{mean:.3}"),
        });
        rows.push(line.values.values().cloned().chain(cells).collect());
    }
    let width = |c: usize| rows.iter().filter_map(|r| r.get(c)).map(|t| t.chars().count()).max().unwrap_or(0);
    let text = rows.iter().map(|row| {
        let cells = row.iter().enumerate().map(|(c, t)| format!("{t:<w$}", w = width(c)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    text.collect::<Vec<_>>().join("\n")
}

/// As a file for spreadsheets.
pub fn csv(all: &[&Outcome]) -> String {
    let (mut head, measures) = heads(all);
    let lines = lines(all);
    let mut text = String::new();
    for column in measures {
        head.extend([column.clone(), format!("{column} ±")]);
    }
    text.push_str(&(head.join(",") + "\n"));
    for line in lines {
        let mut row: Vec<String> = line.values.into_values().collect();
        for (mean, half) in line.cells {
            row.extend([mean.to_string(), half.map_or(String::new(), |h| h.to_string())]);
        }
        text.push_str(&(row.join(",") + "\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_students() {
        assert_eq!(interval(&[3.0]), (3.0, None));
        let (mean, half) = interval(&[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(mean, 2.5);
        // s = 1.29099, n = 4, t(3) = 3.182.
        assert!((half.unwrap() - 3.182 * 1.290_994 / 2.0).abs() < 1e-4);
    }
}
