//! Results that were written, read again: for a page that is made anew, and to be compared.

use super::Outcome;
use crate::cluster::scaling::decision::Decision;
use crate::lab::observations::{Exchange, Observations, Parts, PodLife, PodRow, Request, Row, Usage};
use crate::lab::scenario::Scenario;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folders of runs in a folder, itself among them; links are not followed.
pub fn find(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(next) = todo.pop() {
        if next.join("summary.json").is_file() && next.join("scenario.toml").is_file() {
            found.push(next);
            continue;
        }
        let inner = std::fs::read_dir(&next).into_iter().flatten().flatten().map(|e| e.path());
        todo.extend(inner.filter(|p| p.is_dir() && !p.is_symlink()));
    }
    found.sort();
    found
}

#[derive(serde::Deserialize)]
struct Kept {
    mode: String,
    values: BTreeMap<String, String>,
    seed: u64,
    routing: String,
    duration: f64,
    ended_early: bool,
    functions: Vec<KeptFunction>,
    notes: Vec<String>,
}

#[derive(serde::Deserialize)]
struct KeptFunction {
    name: String,
    usage: Usage,
}

/// Reads the folder of a run.
///
/// # Errors
/// A file is missing or is not what a run leaves: its name and why.
pub fn reread(folder: &Path) -> Result<Outcome, String> {
    let text = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).map_err(|e| format!("{} cannot be read: {e}", path.display()))
    };
    let bad = |name: &str, why: &dyn std::fmt::Display| format!("{}: {why}", folder.join(name).display());
    let kept: Kept = serde_json::from_str(&text("summary.json")?).map_err(|e| bad("summary.json", &e))?;
    let scenario_text = text("scenario.toml")?;
    let scenario: Scenario =
        toml::from_str(&scenario_text).map_err(|e| bad("scenario.toml", &e.message()))?;
    let mut seen = Observations {
        functions: kept.functions.iter().map(|f| f.name.clone()).collect(),
        duration: kept.duration,
        usage: kept.functions.iter().map(|f| f.usage).collect(),
        notes: kept.notes,
        ended_early: kept.ended_early,
        ..Observations::default()
    };
    pods(folder, &mut seen)?;
    samples(folder, &mut seen)?;
    decisions(folder, &mut seen)?;
    requests(folder, &mut seen)?;
    let mode = if kept.mode == "live" { "live" } else { "virtual" };
    let verdicts = scenario.expect.iter().map(|e| e.judge(&seen, &scenario.phase)).collect();
    Ok(Outcome {
        mode,
        values: kept.values,
        seed: kept.seed,
        scenario,
        text: scenario_text,
        routing: kept.routing,
        seen,
        verdicts,
    })
}

/// The rows of a table.
fn rows<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<Vec<T>, String> {
    let path = folder.join(name);
    let wrong = |e: csv::Error| format!("{}: {e}", path.display());
    let mut csv = csv::Reader::from_path(&path).map_err(wrong)?;
    csv.deserialize().collect::<Result<Vec<T>, csv::Error>>().map_err(wrong)
}

/// The place of a name among those that are known; new ones are put behind them.
fn place(all: &mut Vec<String>, name: &str) -> usize {
    match all.iter().position(|known| known == name) {
        Some(place) => place,
        None => {
            all.push(name.to_owned());
            all.len() - 1
        }
    }
}

fn pods(folder: &Path, seen: &mut Observations) -> Result<(), String> {
    type Line = (String, String, u16, f64, Option<f64>, Option<f64>);
    for (name, function, node, created, ready, ended) in rows::<Line>(folder, "pods.csv")? {
        let function = place(&mut seen.functions, &function);
        seen.pods.push(PodLife { name, function, node, created, ready, ended });
    }
    Ok(())
}

fn samples(folder: &Path, seen: &mut Observations) -> Result<(), String> {
    type Line = (f64, String, u32, u32, u32, u64, u64, f64, Option<f64>, Option<f64>, f64);
    for line in rows::<Line>(folder, "samples.csv")? {
        let (at, function, replicas, ready, pods, in_flight, queued, rate, p50, p95, cpu) = line;
        let function = place(&mut seen.functions, &function);
        seen.rows.push(Row { at, function, replicas, ready, pods, in_flight, queued, rate, p50, p95, cpu });
    }
    let by_name: BTreeMap<&str, usize> =
        seen.pods.iter().enumerate().map(|(i, p)| (p.name.as_str(), i)).collect();
    let mut pod_rows = Vec::new();
    for (at, pod, cpu, memory) in rows::<(f64, String, f64, u64)>(folder, "usage.csv")? {
        if let Some(pod) = by_name.get(pod.as_str()).copied() {
            pod_rows.push(PodRow { at, pod, cpu, memory });
        }
    }
    seen.pod_rows = pod_rows;
    Ok(())
}

fn decisions(folder: &Path, seen: &mut Observations) -> Result<(), String> {
    type Line = (f64, String, String, u32, u32, String, String, String);
    for (at, function, .., decision) in rows::<Line>(folder, "decisions.csv")? {
        let decision: Decision =
            serde_json::from_str(&decision).map_err(|e| format!("decisions.csv: at {at} s: {e}"))?;
        let function = place(&mut seen.functions, &function);
        seen.decisions.push((function, at, Arc::new(decision)));
    }
    Ok(())
}

#[derive(serde::Deserialize)]
struct Line {
    at: f64,
    function: String,
    load: String,
    user: u32,
    pod: String,
    wait: f64,
    response: f64,
    status: u16,
    cold: bool,
    failure: Option<String>,
    wait_for_pod: f64,
    wait_in_queue: f64,
    fork: f64,
    work: f64,
    transfer: f64,
    bytes: u64,
    first_byte: f64,
    connect: f64,
    request: String,
    body: String,
    reply: String,
}

fn requests(folder: &Path, seen: &mut Observations) -> Result<(), String> {
    let by_name: BTreeMap<String, usize> =
        seen.pods.iter().enumerate().map(|(i, p)| (p.name.clone(), i)).collect();
    for l in rows::<Line>(folder, "requests.csv")? {
        let exchange = Exchange { line: l.request, body: l.body, reply: l.reply };
        seen.requests.push(Request {
            function: place(&mut seen.functions, &l.function),
            load: place(&mut seen.loads, &l.load),
            user: l.user,
            pod: by_name.get(&l.pod).copied(),
            at: l.at,
            wait: l.wait,
            response: l.response,
            parts: Parts {
                pod: l.wait_for_pod,
                queue: l.wait_in_queue,
                fork: l.fork,
                work: l.work,
                transfer: l.transfer,
            },
            status: l.status,
            cold: l.cold,
            bytes: l.bytes,
            first_byte: l.first_byte,
            connect: l.connect,
            failure: l.failure.map(Arc::from),
            exchange: (!exchange.line.is_empty()).then(|| Arc::new(exchange)),
        });
    }
    Ok(())
}
