//! One run: how far it is, and what came of it.

use crate::lab::expect::Verdict;
use crate::lab::observations::Observations;
use crate::lab::results::{FunctionSummary, Outcome};
use crate::lab::scenario::Scenario;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The file that says it all, written when it is over.
const FILE: &str = "run.json";
/// Moments of a curve: about as many as a chart has pixels.
const MOMENTS: usize = 600;

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Another one runs.
    Waiting,
    /// It runs.
    Running,
    /// All of it was run.
    Done,
    /// A person stopped it; what was done by then is kept.
    Cancelled,
    /// It was stopped for this reason.
    Failed(String),
}

impl State {
    /// Whether nothing more will come.
    pub fn is_over(&self) -> bool {
        !matches!(self, State::Waiting | State::Running)
    }
}

/// A run of one scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// Nobody guesses it: whoever has it may read the reports.
    pub id: String,
    /// The scenario's name.
    pub name: String,
    /// What the scenario shows.
    pub text: String,
    /// Milliseconds of Unix time.
    pub began: f64,
    /// Seconds that it has taken.
    pub took: f64,
    /// Seconds of virtual time of each part.
    pub duration: f64,
    /// How far it is.
    pub state: State,
    /// The share that is done, 0 to 1.
    pub share: f64,
    /// How many parts it has in all.
    pub of: usize,
    /// The parts that are done.
    pub parts: Vec<Part>,
    #[serde(skip)]
    pub(super) cancelled: Arc<AtomicBool>,
}

/// One value of the sweep with one seed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// Its folder within the run's.
    pub folder: String,
    /// The sweep's values.
    pub values: BTreeMap<String, String>,
    /// The seed.
    pub seed: u64,
    /// Whether all that was expected was seen.
    pub passed: bool,
    /// Each expectation.
    pub expectations: Vec<Expectation>,
    /// One entry per function.
    pub functions: Vec<Numbers>,
    /// What went wrong besides requests.
    pub notes: Vec<String>,
}

/// What was expected and what was seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Expectation {
    expected: String,
    seen: String,
    holds: bool,
}

impl From<&Verdict> for Expectation {
    fn from(v: &Verdict) -> Self {
        Expectation { expected: v.expected.clone(), seen: v.seen.clone(), holds: v.holds }
    }
}

/// The numbers of a function that a list shows; the report has all.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Numbers {
    name: String,
    requests: usize,
    failed: usize,
    cold_starts: usize,
    /// Seconds.
    p50: f64,
    /// Seconds.
    p95: f64,
    pods_started: usize,
    cost: f64,
}

impl From<&FunctionSummary> for Numbers {
    fn from(f: &FunctionSummary) -> Self {
        let good: usize = f.statuses.iter().filter(|(s, _)| (200..400).contains(*s)).map(|(_, n)| n).sum();
        Numbers {
            name: f.name.clone(),
            requests: f.requests,
            failed: f.requests - good,
            cold_starts: f.cold_starts,
            p50: f.response.p50,
            p95: f.response.p95,
            pods_started: f.pods_started,
            cost: f.cost,
        }
    }
}

impl Part {
    pub(super) fn of(outcome: &Outcome) -> Self {
        let summary = outcome.summary();
        Part {
            folder: outcome.folder(),
            values: summary.values,
            seed: summary.seed,
            passed: summary.passed,
            expectations: summary.expectations.iter().map(Expectation::from).collect(),
            functions: summary.functions.iter().map(Numbers::from).collect(),
            notes: summary.notes,
        }
    }
}

/// A function over virtual time, to be drawn: columns of equal length.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Curve {
    /// The function's name.
    pub function: String,
    /// Seconds since the start.
    pub at: Vec<f64>,
    /// Replicas that are wanted.
    pub replicas: Vec<u32>,
    /// Pods that take requests.
    pub ready: Vec<u32>,
    /// Answers per second.
    pub rate: Vec<f64>,
    /// Milliseconds; none where nothing was answered.
    pub p50: Vec<Option<f64>>,
    /// Milliseconds.
    pub p95: Vec<Option<f64>>,
    /// Millicores per pod.
    pub cpu: Vec<f64>,
    /// Requests not yet answered.
    pub in_flight: Vec<u64>,
    /// Each change of its size: when, from, to, and why.
    pub changes: Vec<(f64, u32, u32, String)>,
}

impl Curve {
    /// Where the curves of a part are.
    pub const FILE: &str = "curves.json";

    /// Of every function of a run.
    pub fn all(seen: &Observations) -> Vec<Curve> {
        let mut curves: Vec<Curve> =
            seen.functions.iter().map(|name| Curve { function: name.clone(), ..Curve::default() }).collect();
        for (place, curve) in curves.iter_mut().enumerate() {
            let every = seen.rows_of(place).count() / MOMENTS + 1;
            for row in seen.rows_of(place).step_by(every) {
                let round = |x: f64| (x * 1000.0).round() / 1000.0;
                curve.at.push(round(row.at));
                curve.replicas.push(row.replicas);
                curve.ready.push(row.ready);
                curve.rate.push(round(row.rate));
                curve.p50.push(row.p50.map(|s| round(s * 1000.0)));
                curve.p95.push(row.p95.map(|s| round(s * 1000.0)));
                curve.cpu.push(round(row.cpu * 1000.0 / f64::from(row.pods.max(1))));
                curve.in_flight.push(row.in_flight);
            }
            let changes = seen.decisions.iter().filter(|(f, _, d)| *f == place && d.from != d.to);
            curve.changes =
                changes.map(|(_, at, d)| (*at, d.from, d.to, d.headline())).take(MOMENTS).collect();
        }
        curves
    }
}

impl Run {
    pub(super) fn new(scenario: &Scenario, of: usize) -> Self {
        Run {
            id: uuid::Uuid::new_v4().simple().to_string(),
            name: scenario.name.clone(),
            text: scenario.text.clone(),
            began: jiff::Timestamp::now().as_millisecond() as f64,
            took: 0.0,
            duration: scenario.duration.duration().as_secs_f64(),
            state: State::Waiting,
            share: 0.0,
            of,
            parts: Vec::new(),
            cancelled: Arc::default(),
        }
    }

    /// Keeps it for the next start.
    pub(super) fn keep(&self, folder: &Path) -> std::io::Result<()> {
        std::fs::write(folder.join(&self.id).join(FILE), serde_json::to_vec(self)?)
    }
}

/// The runs of a folder, newest first. What has no such file was broken off, and is removed.
pub(super) fn kept(folder: &Path) -> Vec<Run> {
    let mut runs = Vec::new();
    for place in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let read = std::fs::read(place.path().join(FILE)).ok();
        match read.and_then(|bytes| serde_json::from_slice::<Run>(&bytes).ok()) {
            Some(run) => runs.push(run),
            None => drop(std::fs::remove_dir_all(place.path())),
        }
    }
    runs.sort_by(|a, b| b.began.total_cmp(&a.began));
    runs
}
