//! Percentiles of durations and of memory, which the trace of 2019 has in files of their own.

use super::{Trace, column, rows};
use crate::cluster::quantity::Bytes;
use crate::sim::law::{Law, Seconds};
use crate::sim::model::Model;
use std::collections::BTreeMap;
use std::io::Read;

/// Gives the functions of a trace of 2019 their durations: `function_durations_percentiles…`. The percentiles are of averages
/// over 30 s, so single calls vary more than this.
///
/// # Errors
/// The header is not that file's.
pub fn durations(trace: &mut Trace, reader: impl Read) -> Result<(), String> {
    percentiles(trace, reader, "percentile_average_", |model, points| {
        // A hundred values in the middle of each percent, on straight lines between those that are given.
        let values = (0..100).map(|i| Seconds(between(points, f64::from(i) + 0.5) / 1000.0)).collect();
        model.service = Law::Empirical { values };
    })
}

/// Gives the functions of a trace of 2019 their memory: `app_memory_percentiles…`, which is the application's.
///
/// # Errors
/// The header is not that file's.
pub fn memory(trace: &mut Trace, reader: impl Read) -> Result<(), String> {
    percentiles(trace, reader, "averageallocatedmb_pct", |model, points| {
        model.memory = Bytes((between(points, 50.0) * f64::from(1 << 20)) as u64);
    })
}

fn between(points: &[(f64, f64)], percent: f64) -> f64 {
    let after = points.iter().position(|(p, _)| *p >= percent).unwrap_or(points.len().saturating_sub(1));
    match (after.checked_sub(1).and_then(|i| points.get(i)), points.get(after)) {
        (Some((p0, v0)), Some((p1, v1))) if p1 > p0 => {
            v0 + (v1 - v0) * ((percent - p0) / (p1 - p0)).clamp(0.0, 1.0)
        }
        (_, Some((_, v))) => *v,
        _ => 0.0,
    }
}

fn percentiles(
    trace: &mut Trace,
    reader: impl Read,
    prefix: &str,
    mut set: impl FnMut(&mut Model, &[(f64, f64)]),
) -> Result<(), String> {
    let (mut csv, names) = rows(reader)?;
    let app = column(&names, "hashapp").ok_or("there is no column `HashApp`")?;
    // The memory file of the original has no functions, derived samples have.
    let function = column(&names, "hashfunction");
    let columns: Vec<(usize, f64)> = names
        .iter()
        .enumerate()
        .filter_map(|(i, n)| Some((i, n.strip_prefix(prefix)?.parse::<f64>().ok()?)))
        .collect();
    if columns.is_empty() {
        return Err(format!("there is no column `{prefix}…`"));
    }
    let mut by_hash: BTreeMap<(String, Option<String>), Vec<usize>> = BTreeMap::new();
    for (i, f) in trace.functions.iter().enumerate() {
        let (app, one) = f.hashes.clone();
        by_hash.entry((app, function.map(|_| one))).or_default().push(i);
    }
    for row in csv.records() {
        let Ok(row) = row else {
            trace.drop_row("no CSV");
            continue;
        };
        let text = |i: usize| row.get(i).unwrap_or_default().trim();
        let mut points: Vec<(f64, f64)> =
            columns.iter().filter_map(|(i, p)| Some((*p, text(*i).parse::<f64>().ok()?))).collect();
        points.retain(|(_, v)| v.is_finite() && *v >= 0.0);
        if points.is_empty() {
            trace.drop_row("percentiles that are no numbers");
            continue;
        }
        let hashes = (text(app).to_owned(), function.map(|f| text(f).to_owned()));
        match by_hash.get(&hashes) {
            Some(found) => found.iter().for_each(|i| set(&mut trace.functions[*i].model, &points)),
            None => trace.drop_row("a function that is never called"),
        }
    }
    Ok(())
}
