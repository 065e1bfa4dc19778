//! The runs of a sweep beside each other: one row per combination of values, means over the repetitions with their 95 %
//! intervals.

mod page;

pub use page::page;

use super::Outcome;
use std::collections::BTreeMap;

/// What is compared besides the scenario's own measures, of the first function.
const COLUMNS: [&str; 7] = ["p50 s", "p95 s", "p99 s", "cold", "max pods", "CPU·s", "passed"];

/// All runs of one combination of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The values.
    pub values: BTreeMap<String, String>,
    /// How many runs there were.
    pub runs: usize,
    /// Per column: the mean, and half the width of its interval when there are several runs.
    pub cells: Vec<(f64, Option<f64>)>,
}

fn groups<'a>(all: &[&'a Outcome]) -> Vec<(&'a BTreeMap<String, String>, Vec<&'a Outcome>)> {
    let mut groups: Vec<(&BTreeMap<String, String>, Vec<&Outcome>)> = Vec::new();
    for outcome in all {
        match groups.iter_mut().find(|(values, _)| **values == outcome.values) {
            Some((_, group)) => group.push(outcome),
            None => groups.push((&outcome.values, vec![outcome])),
        }
    }
    groups
}

fn numbers(o: &Outcome) -> Vec<f64> {
    let s = o.summary();
    let passed = if o.passed() { 1.0 } else { 0.0 };
    let phases = &o.scenario.phase;
    let measured = o.scenario.measure.iter().map(|m| m.value(&o.seen, phases).unwrap_or(f64::NAN));
    let usual = s.functions.first().map_or([0.0; COLUMNS.len()], |f| {
        let t = &f.response;
        [t.p50, t.p95, t.p99, f.cold_starts as f64, f64::from(f.pods_most), f.usage.cpu_seconds, passed]
    });
    measured.chain(usual).collect()
}

/// One line for each combination of values.
pub fn lines(all: &[&Outcome]) -> Vec<Line> {
    let line = |(values, group): (&BTreeMap<String, String>, Vec<&Outcome>)| {
        let rows: Vec<Vec<f64>> = group.iter().map(|o| numbers(o)).collect();
        let columns = rows.first().map_or(0, Vec::len);
        let cells = (0..columns).map(|c| interval(&rows.iter().map(|r| r[c]).collect::<Vec<_>>()));
        Line { values: values.clone(), runs: group.len(), cells: cells.collect() }
    };
    groups(all).into_iter().map(line).collect()
}

/// The mean, and half the width of its 95 % interval: t·s/√n with Student's t. What was not measured does not count.
fn interval(values: &[f64]) -> (f64, Option<f64>) {
    let values: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let n = values.len() as f64;
    let mean = if values.is_empty() { f64::NAN } else { values.iter().sum::<f64>() / n };
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
pub fn heads(all: &[&Outcome]) -> (Vec<String>, Vec<String>) {
    let paths = all.first().map(|o| o.values.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let measured = all.iter().take(1).flat_map(|o| o.scenario.measure.iter().map(|m| m.text().to_owned()));
    (paths, measured.chain(COLUMNS.map(String::from)).collect())
}

/// A mean with its interval.
fn cell((mean, half): (f64, Option<f64>)) -> String {
    let digits = if mean.abs() >= 100.0 { 1 } else { 3 };
    match half {
        _ if !mean.is_finite() => "–".into(),
        Some(half) if half > 0.0 => format!("{mean:.digits$} ± {half:.digits$}"),
        _ => {
            let text = format!("{mean:.digits$}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

/// As text, in columns.
pub fn text(all: &[&Outcome]) -> String {
    let (paths, measures) = heads(all);
    let paths = paths.iter().map(|p| super::short(p).to_owned());
    let mut rows: Vec<Vec<String>> = vec![paths.chain(measures).collect()];
    for line in lines(all) {
        let cells = line.cells.iter().copied().map(cell);
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
///
/// # Errors
/// It cannot be put together, which would be a bug of the writer.
pub fn csv(all: &[&Outcome]) -> Result<Vec<u8>, std::io::Error> {
    let mut csv = ::csv::Writer::from_writer(Vec::new());
    let (mut head, measures) = heads(all);
    head.push("runs".into());
    for column in measures {
        head.extend([column.clone(), format!("{column} ±")]);
    }
    csv.write_record(&head)?;
    for line in lines(all) {
        let mut row: Vec<String> = line.values.into_values().collect();
        row.push(line.runs.to_string());
        for (mean, half) in line.cells {
            let mean = if mean.is_finite() { mean.to_string() } else { String::new() };
            row.extend([mean, half.map_or(String::new(), |h| h.to_string())]);
        }
        csv.write_record(&row)?;
    }
    csv.into_inner().map_err(|e| e.into_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_students() {
        assert_eq!(interval(&[3.0]), (3.0, None));
        let (mean, half) = interval(&[1.0, 2.0, 3.0, 4.0, f64::NAN]);
        assert_eq!(mean, 2.5);
        // s = 1.29099, n = 4, t(3) = 3.182.
        assert!((half.unwrap() - 3.182 * 1.290_994 / 2.0).abs() < 1e-4);
        assert_eq!(cell((2.5, Some(0.25))), "2.500 ± 0.250");
        assert_eq!([cell((1.0, Some(0.0))), cell((f64::NAN, None))], ["1", "–"]);
    }
}
