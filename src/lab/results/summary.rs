//! The numbers of a run: `summary.json`.

use super::Outcome;
use crate::lab::expect::Verdict;
use crate::lab::observations::{Observations, Parts, Usage, quantile};
use serde::Serialize;
use std::collections::BTreeMap;

/// The numbers of one function.
#[derive(Clone, Debug, Serialize)]
pub struct FunctionSummary {
    /// Its name.
    pub name: String,
    /// Requests answered.
    pub requests: usize,
    /// Of those, not as they should be.
    pub failed: usize,
    /// Answers by status.
    pub statuses: BTreeMap<u16, usize>,
    /// Requests that waited for a pod to become ready.
    pub cold_starts: usize,
    /// Response times, in seconds.
    pub response: Times,
    /// Those of cold starts.
    pub cold: Times,
    /// Waits before the work, in seconds.
    pub wait: Times,
    /// What a response time consists of, in the mean, in seconds.
    pub parts: Parts,
    /// Answers per second between the first request and the last answer.
    pub throughput: f64,
    /// Each size in turn: seconds and replicas.
    pub course: Vec<(f64, u32)>,
    /// Pods that were started.
    pub pods_started: usize,
    /// The most pods at once.
    pub pods_most: u32,
    /// What was used.
    pub usage: Usage,
    /// What that cost, with the file's prices.
    pub cost: f64,
    /// The same on as many pods as there were at most, all the time.
    pub cost_always_on: f64,
}

/// What one pod used, as `kubectl top pods` tells it.
#[derive(Clone, Debug, Serialize)]
pub struct PodSummary {
    /// Its name.
    pub name: String,
    /// Its function.
    pub function: String,
    /// Requests that it answered.
    pub requests: usize,
    /// CPU in the mean while it ran, in cores.
    pub cpu_mean: f64,
    /// The most in one sample.
    pub cpu_most: f64,
    /// The most memory, in bytes.
    pub memory_most: u64,
    /// Seconds from its creation to its end.
    pub lived: f64,
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
    /// Of all of some times.
    pub fn of(mut all: Vec<f64>) -> Self {
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
    /// Which pod takes a request: it changes cold starts by a factor of 100.
    pub routing: String,
    /// How long it ran, in seconds.
    pub duration: f64,
    /// It was ended before its time.
    pub ended_early: bool,
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
    /// The numbers.
    pub fn summary(&self) -> Summary {
        let functions = (0..self.seen.functions.len()).map(|f| self.function(f)).collect();
        Summary {
            name: self.scenario.name.clone(),
            mode: self.mode.into(),
            values: self.values.clone(),
            seed: self.seed,
            routing: self.routing.clone(),
            duration: self.seen.duration,
            ended_early: self.seen.ended_early,
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
        let pods_most = self.seen.rows_of(f).map(|r| r.pods).max().unwrap_or(0);
        let held = if usage.pod_seconds > 0.0 { usage.gb_seconds / usage.pod_seconds } else { 0.0 };
        let always = held * f64::from(pods_most) * self.seen.duration * prices.gb_second;
        let first = mine().map(|r| r.at).fold(f64::INFINITY, f64::min);
        let last = mine().map(|r| r.at + r.response).fold(0.0, f64::max);
        FunctionSummary {
            name: self.seen.functions[f].clone(),
            requests,
            failed: mine().filter(|r| r.failure.is_some()).count(),
            statuses,
            cold_starts: mine().filter(|r| r.cold).count(),
            response: Times::of(mine().map(|r| r.response).collect()),
            cold: Times::of(mine().filter(|r| r.cold).map(|r| r.response).collect()),
            wait: Times::of(mine().map(|r| r.wait).collect()),
            parts: Observations::mean_parts(mine()),
            throughput: if last > first { requests as f64 / (last - first) } else { 0.0 },
            course: self.seen.course(f),
            pods_started: self.seen.pods.iter().filter(|p| p.function == f).count(),
            pods_most,
            usage,
            cost: usage.gb_seconds * prices.gb_second + usage.cpu_seconds * prices.cpu_second + per_requests,
            cost_always_on: always + usage.cpu_seconds * prices.cpu_second + per_requests,
        }
    }

    /// What each pod used.
    pub fn pods(&self) -> Vec<PodSummary> {
        let mut rows: Vec<Vec<(f64, u64)>> = vec![Vec::new(); self.seen.pods.len()];
        for row in &self.seen.pod_rows {
            if let Some(mine) = rows.get_mut(row.pod) {
                mine.push((row.cpu, row.memory));
            }
        }
        let mut requests = vec![0; self.seen.pods.len()];
        for pod in self.seen.requests.iter().filter_map(|r| r.pod) {
            requests[pod] += 1;
        }
        let one = |(i, p): (usize, &crate::lab::observations::PodLife)| PodSummary {
            name: p.name.clone(),
            function: self.seen.functions[p.function].clone(),
            requests: requests[i],
            cpu_mean: rows[i].iter().map(|r| r.0).sum::<f64>() / rows[i].len().max(1) as f64,
            cpu_most: rows[i].iter().map(|r| r.0).fold(0.0, f64::max),
            memory_most: rows[i].iter().map(|r| r.1).max().unwrap_or(0),
            lived: p.ended.unwrap_or(self.seen.duration) - p.created,
        };
        self.seen.pods.iter().enumerate().map(one).collect()
    }
}
