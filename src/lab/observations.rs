//! What was seen in a run, live or virtual, in one form.

use crate::cluster::scaling::decision::Decision;
use std::sync::Arc;

/// Everything of one run. Times are seconds since its start.
#[derive(Clone, Debug, Default)]
pub struct Observations {
    /// The functions' names; other parts name them by place.
    pub functions: Vec<String>,
    /// How long it ran.
    pub duration: f64,
    /// One row per function and moment, in order of time.
    pub rows: Vec<Row>,
    /// Every request, in the order of its answer.
    pub requests: Vec<Request>,
    /// Every look of a scaler.
    pub decisions: Vec<(usize, f64, Arc<Decision>)>,
    /// Every pod that there was.
    pub pods: Vec<PodLife>,
    /// What was used, per function.
    pub usage: Vec<Usage>,
    /// What went wrong besides requests: refused steps.
    pub notes: Vec<String>,
}

/// A function at a moment.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// When.
    pub at: f64,
    /// Which function.
    pub function: usize,
    /// Replicas that are wanted.
    pub replicas: u32,
    /// Pods that take requests.
    pub ready: u32,
    /// Pods that exist.
    pub pods: u32,
    /// Accepted and not yet answered.
    pub in_flight: u64,
    /// Of those, waiting for a pod.
    pub queued: u64,
    /// Answers per second since the last row.
    pub rate: f64,
    /// Median response time since the last row, in seconds.
    pub p50: Option<f64>,
    /// Its 95th percentile.
    pub p95: Option<f64>,
    /// CPU of all pods since the last row, in cores.
    pub cpu: f64,
}

/// A request that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Which function.
    pub function: usize,
    /// Place of its pod in [`Observations::pods`].
    pub pod: Option<usize>,
    /// When it was sent.
    pub at: f64,
    /// How long it waited until its work began.
    pub wait: f64,
    /// Until its answer.
    pub response: f64,
    /// The answer's status; 0 if there was none.
    pub status: u16,
    /// It waited for a pod to become ready.
    pub cold: bool,
}

/// A pod from its creation to its end.
#[derive(Clone, Debug)]
pub struct PodLife {
    /// Its name.
    pub name: String,
    /// Which function.
    pub function: usize,
    /// On which node.
    pub node: u16,
    /// When it was made.
    pub created: f64,
    /// When it first took requests.
    pub ready: Option<f64>,
    /// When it was told to stop or was lost.
    pub ended: Option<f64>,
}

/// What a function used in all.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub struct Usage {
    /// ∫ pods dt, in seconds.
    pub pod_seconds: f64,
    /// CPU, in core-seconds.
    pub cpu_seconds: f64,
    /// Memory over time, in GiB·s.
    pub gb_seconds: f64,
}

impl Observations {
    /// The rows of one function.
    pub fn rows_of(&self, function: usize) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.function == function)
    }

    /// Replicas over time: the first value and each change of it.
    pub fn course(&self, function: usize) -> Vec<(f64, u32)> {
        let mut course: Vec<(f64, u32)> = Vec::new();
        for (at, replicas) in self.rows_of(function).map(|r| (r.at, r.replicas)) {
            if course.last().is_none_or(|(_, last)| *last != replicas) {
                course.push((at, replicas));
            }
        }
        course
    }
}

/// The value that a share `q` of sorted values does not exceed, by the nearest rank.
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1).min(sorted.len().saturating_sub(1))).copied()
}
