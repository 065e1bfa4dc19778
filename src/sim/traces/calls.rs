//! Who was called when: the file of calls of either year.

use super::{CallsAt, Trace, TraceFunction, column, rows};
use crate::sim::law::{Law, Seconds};
use crate::sim::model::Model;
use std::collections::BTreeMap;
use std::io::Read;

/// The hashes of owner, application and function; one of a function alone where no more is there.
type Hashes = (String, String, String);

fn short(owner: &str, function: &str) -> String {
    let part = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).take(8).collect::<String>().to_lowercase()
    };
    format!("f-{}-{}", part(owner), part(function))
}

/// Reads a file of calls: `invocations_per_function…` of 2019 or the one file of 2021.
///
/// # Errors
/// The header is neither's; it says which columns are missing.
pub fn calls(reader: impl Read) -> Result<Trace, String> {
    let (csv, names) = rows(reader)?;
    if column(&names, "end_timestamp").is_some() {
        calls_2021(csv, &names)
    } else if column(&names, "hashfunction").is_some() {
        calls_2019(csv, &names)
    } else {
        Err(format!(
            "neither a trace of 2019 (HashOwner, HashApp, HashFunction, Trigger, 1, 2, …) nor of 2021 (app, func, \
             end_timestamp, duration): the columns are {}",
            names.iter().take(8).cloned().collect::<Vec<_>>().join(", ")
        ))
    }
}

fn named(mut trace: Trace, mut all: BTreeMap<Hashes, TraceFunction>) -> Trace {
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for f in all.values_mut() {
        let n = taken.entry(f.name.clone()).or_default();
        *n += 1;
        if *n > 1 {
            f.name = format!("{}-{n}", f.name);
        }
    }
    trace.functions = all.into_values().filter(|f| f.calls > 0).collect();
    trace.functions.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.name.cmp(&b.name)));
    trace
}

fn calls_2019<R: Read>(mut csv: csv::Reader<R>, names: &[String]) -> Result<Trace, String> {
    let need = |name: &str| column(names, name).ok_or_else(|| format!("there is no column `{name}`"));
    let (owner, app, function) = (need("hashowner")?, need("hashapp")?, need("hashfunction")?);
    // Samples are cut shorter than a day: as many minutes as there are.
    let minutes: Vec<(usize, u32)> = names
        .iter()
        .enumerate()
        .filter_map(|(i, n)| Some((i, n.parse::<u32>().ok()?.checked_sub(1)?)))
        .collect();
    if minutes.is_empty() {
        return Err("there is no column of a minute: `1`, `2`, …".into());
    }
    let last = minutes.iter().map(|(_, m)| m + 1).max().unwrap_or(0);
    let mut trace = Trace { duration: 60.0 * f64::from(last), ..Trace::default() };
    let mut all = BTreeMap::new();
    for row in csv.records() {
        let Ok(row) = row else {
            trace.drop_row("no CSV");
            continue;
        };
        let text = |i: usize| row.get(i).unwrap_or_default().trim();
        if text(function).is_empty() {
            trace.drop_row("no function");
            continue;
        }
        let mut counts = Vec::new();
        let mut good = true;
        for (i, minute) in &minutes {
            match text(*i) {
                "" | "0" => {}
                n => match n.parse::<f64>() {
                    Ok(n) if (0.0..=4e9).contains(&n) => counts.push((*minute, n as u32)),
                    _ => good = false,
                },
            }
        }
        if !good {
            trace.drop_row("a count that is no number");
            continue;
        }
        counts.retain(|(_, n)| *n > 0);
        let calls = counts.iter().map(|(_, n)| u64::from(*n)).sum();
        let key = (text(owner).to_owned(), text(app).to_owned(), text(function).to_owned());
        let (name, hashes) = (short(text(app), text(function)), (key.1.clone(), key.2.clone()));
        let calls_at = CallsAt::Minutes(counts);
        let f = TraceFunction { name, calls, model: Model::default(), hashes, calls_at };
        if all.insert(key, f).is_some() {
            trace.drop_row("a function that comes twice");
        }
    }
    Ok(named(trace, all))
}

fn calls_2021<R: Read>(mut csv: csv::Reader<R>, names: &[String]) -> Result<Trace, String> {
    let need = |name: &str| column(names, name).ok_or_else(|| format!("there is no column `{name}`"));
    let (app, func, end, duration) = (need("app")?, need("func")?, need("end_timestamp")?, need("duration")?);
    let mut trace = Trace::default();
    let mut all: BTreeMap<Hashes, Vec<(f64, f64)>> = BTreeMap::new();
    for row in csv.records() {
        let Ok(row) = row else {
            trace.drop_row("no CSV");
            continue;
        };
        let number =
            |i: usize| row.get(i).and_then(|t| t.trim().parse::<f64>().ok()).filter(|n| n.is_finite());
        let (Some(end), Some(duration)) = (number(end), number(duration)) else {
            trace.drop_row("a time that is no number");
            continue;
        };
        // Timestamps were altered before publication: some calls would have begun before the trace did.
        let at = end - duration;
        if duration < 0.0 || end < 0.0 {
            trace.drop_row("a time below zero");
            continue;
        }
        trace.duration = trace.duration.max(end);
        let text = |i: usize| row.get(i).unwrap_or_default().trim().to_owned();
        // A function's name is its own within its application only.
        all.entry((text(app), text(func), String::new())).or_default().push((at.max(0.0), duration));
    }
    let all = all.into_iter().map(|(key, mut calls)| {
        calls.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let values = calls.iter().map(|c| Seconds(c.1)).collect();
        let model = Model::serving(Law::Empirical { values });
        let (name, count) = (short(&key.0, &key.1), calls.len() as u64);
        let hashes = (key.0.clone(), key.1.clone());
        (key, TraceFunction { name, calls: count, model, hashes, calls_at: CallsAt::Calls(calls) })
    });
    let all = all.collect();
    Ok(named(trace, all))
}
