//! What is left of a run in a folder: files for people, spreadsheets and programs.
//!
//! None holds a wall time or a path, so a virtual run of the same seed leaves the same bytes; `provenance.json` does, and
//! stands apart.

mod html;

use super::chart::{self, Bar, Mark, Series};
use super::expect::Verdict;
use super::observations::{Observations, quantile};
use super::scenario::Scenario;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

/// One run with all that came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// `virtual` or `live`.
    pub mode: &'static str,
    /// The sweep's values.
    pub values: BTreeMap<String, String>,
    /// The seed.
    pub seed: u64,
    /// The scenario as it was run.
    pub scenario: Scenario,
    /// What was seen.
    pub seen: Observations,
    /// What was expected.
    pub verdicts: Vec<Verdict>,
}

/// The numbers of one function.
#[derive(Clone, Debug, Serialize)]
pub struct FunctionSummary {
    /// Its name.
    pub name: String,
    /// Requests answered.
    pub requests: usize,
    /// Answers by status.
    pub statuses: BTreeMap<u16, usize>,
    /// Requests that waited for a pod to become ready.
    pub cold_starts: usize,
    /// Response times, in seconds.
    pub response: Times,
    /// Waits before the work, in seconds.
    pub wait: Times,
    /// Each size in turn: seconds and replicas.
    pub course: Vec<(f64, u32)>,
    /// Pods that were started.
    pub pods_started: usize,
    /// What was used.
    pub usage: super::observations::Usage,
    /// What that cost, with the file's prices.
    pub cost: f64,
    /// The same on as many pods as there were at most, all the time.
    pub cost_always_on: f64,
}

/// Mean and quantiles of times, in seconds.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Times {
    /// Their mean.
    pub mean: f64,
    /// The median.
    pub p50: f64,
    /// 90 % do not exceed it.
    pub p90: f64,
    /// 95 % do not exceed it.
    pub p95: f64,
    /// 99 % do not exceed it.
    pub p99: f64,
    /// The largest.
    pub max: f64,
}

impl Times {
    fn of(mut all: Vec<f64>) -> Self {
        all.sort_by(f64::total_cmp);
        let q = |q| quantile(&all, q).unwrap_or(0.0);
        let mean = all.iter().sum::<f64>() / all.len().max(1) as f64;
        Times { mean, p50: q(0.5), p90: q(0.9), p95: q(0.95), p99: q(0.99), max: q(1.0) }
    }
}

/// `summary.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The scenario's name.
    pub name: String,
    /// `virtual` or `live`.
    pub mode: String,
    /// The sweep's values.
    pub values: BTreeMap<String, String>,
    /// The seed.
    pub seed: u64,
    /// How long it ran, in seconds.
    pub duration: f64,
    /// Whether all that was expected was seen.
    pub passed: bool,
    /// Each expectation.
    pub expectations: Vec<Verdict>,
    /// One entry per function.
    pub functions: Vec<FunctionSummary>,
    /// What was refused, and the like.
    pub notes: Vec<String>,
}

impl Outcome {
    /// Whether all that was expected was seen.
    pub fn passed(&self) -> bool {
        self.verdicts.iter().all(|v| v.holds)
    }

    /// The name of its folder within the scenario's: mode, the sweep's values, the seed.
    pub fn folder(&self) -> String {
        let clean = |text: &str| -> String {
            text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect()
        };
        let mut name = self.mode.to_owned();
        for (path, value) in &self.values {
            let key = path.trim_end_matches('"').rsplit(['.', '"']).next().unwrap_or(path);
            name.push_str(&format!("_{}={}", clean(key), clean(value)));
        }
        name.push_str(&format!("_seed={}", self.seed));
        name
    }

    /// The numbers.
    pub fn summary(&self) -> Summary {
        let functions = (0..self.seen.functions.len()).map(|f| self.function(f)).collect();
        Summary {
            name: self.scenario.name.clone(),
            mode: self.mode.into(),
            values: self.values.clone(),
            seed: self.seed,
            duration: self.seen.duration,
            passed: self.passed(),
            expectations: self.verdicts.clone(),
            functions,
            notes: self.seen.notes.clone(),
        }
    }

    fn function(&self, f: usize) -> FunctionSummary {
        let mine = || self.seen.requests.iter().filter(|r| r.function == f);
        let mut statuses = BTreeMap::new();
        mine().for_each(|r| *statuses.entry(r.status).or_insert(0) += 1);
        let usage = self.seen.usage.get(f).copied().unwrap_or_default();
        let (prices, requests) = (self.scenario.prices, mine().count());
        let per_requests = requests as f64 / 1e6 * prices.million_requests;
        let most = self.seen.rows_of(f).map(|r| r.pods).max().unwrap_or(0);
        let held = if usage.pod_seconds > 0.0 { usage.gb_seconds / usage.pod_seconds } else { 0.0 };
        let always = held * f64::from(most) * self.seen.duration * prices.gb_second;
        FunctionSummary {
            name: self.seen.functions[f].clone(),
            requests,
            statuses,
            cold_starts: mine().filter(|r| r.cold).count(),
            response: Times::of(mine().map(|r| r.response).collect()),
            wait: Times::of(mine().map(|r| r.wait).collect()),
            course: self.seen.course(f),
            pods_started: self.seen.pods.iter().filter(|p| p.function == f).count(),
            usage,
            cost: usage.gb_seconds * prices.gb_second + usage.cpu_seconds * prices.cpu_second + per_requests,
            cost_always_on: always + usage.cpu_seconds * prices.cpu_second + per_requests,
        }
    }

    /// Writes everything into a folder.
    ///
    /// # Errors
    /// The folder or a file cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let summary = serde_json::to_string_pretty(&self.summary())?;
        std::fs::write(folder.join("summary.json"), summary + "\n")?;
        self.write_requests(&folder.join("requests.csv"))?;
        self.write_jtl(&folder.join("requests.jtl"))?;
        self.write_samples(&folder.join("samples.csv"))?;
        self.write_decisions(&folder.join("decisions.csv"))?;
        self.write_pods(&folder.join("pods.csv"))?;
        let charts = self.charts();
        for (name, svg) in &charts {
            std::fs::write(folder.join(format!("{name}.svg")), svg)?;
        }
        std::fs::write(folder.join("report.html"), html::report(self, &charts))
    }

    fn write_requests(&self, path: &Path) -> io::Result<()> {
        let mut csv = csv::Writer::from_path(path)?;
        csv.write_record(["at", "function", "pod", "wait", "response", "status", "cold"])?;
        for r in &self.seen.requests {
            csv.serialize((
                seconds(r.at),
                &self.seen.functions[r.function],
                r.pod.and_then(|p| self.seen.pods.get(p)).map_or("", |p| &p.name),
                seconds(r.wait),
                seconds(r.response),
                r.status,
                r.cold,
            ))?;
        }
        csv.flush()
    }

    /// JMeter's CSV: milliseconds, and a time stamp that counts from the start.
    fn write_jtl(&self, path: &Path) -> io::Result<()> {
        let mut csv = csv::Writer::from_path(path)?;
        csv.write_record([
            "timeStamp",
            "elapsed",
            "label",
            "responseCode",
            "responseMessage",
            "threadName",
            "success",
            "bytes",
            "grpThreads",
            "allThreads",
            "Latency",
            "IdleTime",
            "Connect",
        ])?;
        for r in &self.seen.requests {
            let milli = |s: f64| (s * 1000.0).round() as u64;
            let good = r.status == 200;
            csv.serialize((
                milli(r.at),
                milli(r.response),
                &self.seen.functions[r.function],
                r.status,
                if good { "OK" } else { "" },
                "faasim 1-1",
                good,
                0,
                1,
                1,
                milli(r.response),
                0,
                0,
            ))?;
        }
        csv.flush()
    }

    fn write_samples(&self, path: &Path) -> io::Result<()> {
        let mut csv = csv::Writer::from_path(path)?;
        csv.write_record([
            "at",
            "function",
            "replicas",
            "ready",
            "pods",
            "in_flight",
            "queued",
            "rate",
            "p50",
            "p95",
            "cpu",
        ])?;
        for r in &self.seen.rows {
            csv.serialize((
                seconds(r.at),
                &self.seen.functions[r.function],
                r.replicas,
                r.ready,
                r.pods,
                r.in_flight,
                r.queued,
                seconds(r.rate),
                r.p50.map(seconds),
                r.p95.map(seconds),
                seconds(r.cpu),
            ))?;
        }
        csv.flush()
    }

    fn write_decisions(&self, path: &Path) -> io::Result<()> {
        let mut csv = csv::Writer::from_path(path)?;
        csv.write_record(["at", "function", "scaler", "from", "to", "reason", "working"])?;
        for (f, at, d) in &self.seen.decisions {
            let working = d.lines().join("; ");
            csv.serialize((
                seconds(*at),
                &self.seen.functions[*f],
                d.scaler.to_string(),
                d.from,
                d.to,
                &d.reason,
                working,
            ))?;
        }
        csv.flush()
    }

    fn write_pods(&self, path: &Path) -> io::Result<()> {
        let mut csv = csv::Writer::from_path(path)?;
        csv.write_record(["pod", "function", "node", "created", "ready", "ended"])?;
        for p in &self.seen.pods {
            let function = &self.seen.functions[p.function];
            csv.serialize((
                &p.name,
                function,
                p.node,
                seconds(p.created),
                p.ready.map(seconds),
                p.ended.map(seconds),
            ))?;
        }
        csv.flush()
    }

    /// The charts by their file's name.
    pub fn charts(&self) -> Vec<(&'static str, String)> {
        let (o, end) = (&self.seen, self.seen.duration);
        let many = o.functions.len() > 1;
        let called =
            |f: usize, what: &str| if many { format!("{what} {}", o.functions[f]) } else { what.to_owned() };
        let line =
            |what: &str, mark: Mark, of: fn(&super::observations::Row) -> Option<f64>| -> Vec<Series> {
                (0..o.functions.len())
                    .map(|f| Series {
                        name: called(f, what),
                        mark,
                        points: o.rows_of(f).filter_map(|r| of(r).map(|y| (r.at, y))).collect(),
                    })
                    .collect()
            };
        let mut replicas = line("wanted", Mark::Steps, |r| Some(f64::from(r.replicas)));
        replicas.extend(line("ready", Mark::Steps, |r| Some(f64::from(r.ready))));
        let mut cpu = line("per pod", Mark::Line, |r| (r.pods > 0).then(|| r.cpu / f64::from(r.pods)));
        cpu.extend(line("all pods", Mark::Line, |r| Some(r.cpu)));
        let requests = |cold: bool| -> Vec<(f64, f64)> {
            let all: Vec<_> = o.requests.iter().filter(|r| r.cold == cold).collect();
            // More dots than pixels say nothing more.
            let every = all.len() / 3000 + 1;
            all.into_iter().step_by(every).map(|r| (r.at, r.response)).collect()
        };
        let latency = [
            Series { name: "warm".into(), mark: Mark::Dots, points: requests(false) },
            Series { name: "cold start".into(), mark: Mark::Crosses, points: requests(true) },
        ];
        let bars: Vec<Bar> = o
            .pods
            .iter()
            .map(|p| {
                let until = p.ended.unwrap_or(end);
                Bar { name: p.name.clone(), from: p.created, ready: p.ready.unwrap_or(until), until }
            })
            .collect();
        let responses: Vec<f64> = o.requests.iter().map(|r| r.response).collect();
        vec![
            ("replicas", chart::over_time("Replicas", "pods", end, &replicas)),
            ("cpu", chart::over_time("CPU", "cores", end, &cpu)),
            ("latency", chart::over_time("Response time of each request", "seconds", end, &latency)),
            ("distribution", chart::distribution("Response times", &responses)),
            ("pods", chart::gantt("Pods: pale while they start", end, &bars)),
        ]
    }
}

/// Microseconds are enough for people, and keep files the same whatever the last bit of a float is.
fn seconds(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// Where a result comes from.
#[derive(Clone, Debug, Serialize)]
pub struct Provenance {
    /// faasim's version.
    pub version: String,
    /// The file that was run.
    pub scenario: String,
    /// When it began, RFC 3339.
    pub began: String,
    /// How long it took, in seconds.
    pub took: f64,
    /// Cores of the machine.
    pub cores: usize,
    /// The kernel's version.
    pub kernel: String,
    /// Load average over the last minute when it ended: how busy the machine was.
    pub load_average: f64,
}

impl Provenance {
    /// Of a run that ends now.
    pub fn of(scenario: &Path, began: jiff::Timestamp, took: f64) -> Self {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Provenance {
            version: env!("CARGO_PKG_VERSION").into(),
            scenario: scenario.display().to_string(),
            began: began.to_string(),
            took,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().into(),
            load_average: load.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0.0),
        }
    }

    /// Writes it beside the results.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let mut file = std::fs::File::create(folder.join("provenance.json"))?;
        writeln!(file, "{}", serde_json::to_string_pretty(self)?)
    }
}
