//! The sum of a run: no wall time and no path in it, so the same seed gives the same bytes.

use super::stats::Histogram;
use crate::cluster::routing::RoutingPolicy;
use serde::Serialize;
use std::collections::BTreeMap;

/// Mean, quantiles and range of some times, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// How many.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// The smallest.
    pub min: f64,
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

impl Spread {
    /// Of a histogram, and of so many zeros that are not in it.
    pub fn with_zeros(h: &Histogram, zeros: u64) -> Self {
        let count = h.count() + zeros;
        if zeros == 0 || count == 0 {
            return Self::of(h);
        }
        let share = h.count() as f64 / count as f64;
        let q = |q: f64| {
            if h.count() == 0 || q <= 1.0 - share { 0.0 } else { h.quantile(1.0 - (1.0 - q) / share) }
        };
        let (p50, p90, p95, p99) = (q(0.5), q(0.9), q(0.95), q(0.99));
        let max = if h.count() == 0 { 0.0 } else { h.range().1 };
        Spread { count, mean: h.mean() * share, min: 0.0, p50, p90, p95, p99, max }
    }

    /// Of a histogram.
    pub fn of(h: &Histogram) -> Self {
        let (min, max) = h.range();
        let q = |q| h.quantile(q);
        let (p50, p90, p95, p99) = (q(0.5), q(0.9), q(0.95), q(0.99));
        Spread { count: h.count(), mean: h.mean(), min, p50, p90, p95, p99, max }
    }
}

/// What was measured of one function.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunctionReport {
    /// `mltest.openfaas-fn`.
    pub name: String,
    /// Requests sent to it.
    pub offered: u64,
    /// Of those, turned away with 429.
    pub refused: u64,
    /// Requests answered, whatever the status, refused ones not counted.
    pub completed: u64,
    /// Answers by status, refused ones included.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests that waited for a pod to become ready.
    pub cold_starts: u64,
    /// Pods that were started, restarts included.
    pub pods_started: u64,
    /// Replicas that are wanted at the end.
    pub replicas: u32,
    /// From being sent to being answered.
    pub response: Spread,
    /// From being sent to the start of the work; zeros count.
    pub wait: Spread,
    /// Requests whose wait was not zero.
    pub waited: u64,
    /// What the requests would have taken alone, in seconds.
    pub mean_service: f64,
    /// Answers per second.
    pub throughput: f64,
    /// Requests waiting or running, over time.
    pub mean_in_system: f64,
    /// Requests waiting, over time.
    pub mean_queued: f64,
    /// Requests running, over time.
    pub mean_busy: f64,
    /// Variance of the requests running, over time.
    pub variance_busy: f64,
    /// Share of the time with no request running.
    pub prob_empty: f64,
    /// Pods that exist (starting, busy, idle), over time.
    pub mean_pods: f64,
    /// The most pods at once.
    pub max_pods: u64,
    /// ∫ pods dt.
    pub pod_seconds: f64,
    /// CPU that its pods used.
    pub cpu_seconds: f64,
    /// Memory of its pods over time, in GiB·s.
    pub gb_seconds: f64,
}

/// The sum of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Which pod took a request: it changes cold starts by a factor of 100, so it is always said.
    pub routing: RoutingPolicy,
    /// When measuring began, in seconds of the run.
    pub from_s: f64,
    /// When it ended.
    pub to_s: f64,
    /// Cores of all nodes.
    pub cores: u64,
    /// Requests sent.
    pub offered: u64,
    /// Of those, to a function that was not there (404).
    pub not_found: u64,
    /// Decisions that changed a function's size.
    pub scalings: u64,
    /// Events of the run so far, warm-up included.
    pub events: u64,
    /// What the cluster refused to do: when, and why.
    pub refusals: Vec<(f64, String)>,
    /// One entry per function, in order of deployment.
    pub functions: Vec<FunctionReport>,
}
