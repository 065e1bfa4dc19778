//! The past of every function, for charts. The cluster keeps none: a screen remembers what it saw.

use crate::cluster::function::FunctionId;
use crate::cluster::time::Time;
use crate::dashboard::view::View;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// How far back charts can look.
pub const LONGEST: Duration = Duration::from_secs(600);
/// Two views nearer to each other than this are one moment of the past.
const NEAR: Duration = Duration::from_millis(800);
/// A value holds until the next one, but not for longer than this: what was not seen is a gap.
const HOLDS: Duration = Duration::from_millis(2500);

/// One function at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When.
    pub at: Time,
    /// Pods that are wanted.
    pub desired: u32,
    /// Pods that take requests.
    pub ready: u32,
    /// CPU of its pods.
    pub cpu: Cpu,
    /// Median latency in milliseconds, when requests were answered.
    pub p50: Option<f32>,
    /// 95th percentile in milliseconds, when requests were answered.
    pub p95: Option<f32>,
}

/// CPU of the pods of one function, in millicores.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cpu {
    /// Pods that were measured.
    pub pods: u32,
    /// All of them together.
    pub total: u64,
    /// The busiest.
    pub most: u64,
}

impl Cpu {
    /// The mean over its pods; `None` without any.
    pub fn mean(&self) -> Option<f32> {
        (self.pods > 0).then(|| self.total as f32 / self.pods as f32)
    }
}

/// What the screen has seen.
#[derive(Clone, Debug, Default)]
pub struct History {
    past: BTreeMap<FunctionId, VecDeque<Sample>>,
}

impl History {
    /// Takes a view.
    pub fn observe(&mut self, now: Time, view: &View) {
        let functions = &view.snapshot.functions;
        self.past.retain(|id, _| functions.contains_key(id));
        let cpu = cpu(view);
        for (id, function) in functions {
            let traffic = view.traffic.get(id).copied().unwrap_or_default();
            let ms = |d: Duration| (!d.is_zero()).then_some(d.as_secs_f32() * 1e3);
            let past = self.past.entry(*id).or_default();
            let mut sample = Sample {
                at: now,
                desired: function.replicas,
                ready: function.ready,
                cpu: cpu.get(id).copied().unwrap_or_default(),
                p50: ms(traffic.p50),
                p95: ms(traffic.p95),
            };
            if let Some(last) = past.back()
                && now.since(last.at) < NEAR
            {
                sample.at = last.at;
                past.pop_back();
            }
            past.push_back(sample);
            while past.front().is_some_and(|first| now.since(first.at) > LONGEST) {
                past.pop_front();
            }
        }
    }

    /// How a function was at a moment: the last sample that is not after it.
    pub fn at(&self, function: FunctionId, now: Time) -> Option<&Sample> {
        self.past.get(&function)?.iter().rev().find(|s| s.at <= now)
    }

    /// The last `span` before `now` in so many columns, oldest first: the mean of what falls into each, or the
    /// value before it when nothing does. The last column is the present: its newest value, which legends print.
    pub fn columns(
        &self,
        function: FunctionId,
        now: Time,
        span: Duration,
        columns: usize,
        value: impl Fn(&Sample) -> Option<f32>,
    ) -> Vec<Option<f32>> {
        let mut sums = vec![(0.0f32, 0u32); columns];
        let mut held: Vec<Option<f32>> = vec![None; columns];
        let width = span.as_secs_f64() / columns.max(1) as f64;
        let start = now.as_secs_f64() - span.as_secs_f64();
        let reach = (HOLDS.as_secs_f64() / width).ceil() as usize;
        for sample in self.past.get(&function).into_iter().flatten().filter(|s| s.at <= now) {
            let Some(value) = value(sample) else { continue };
            let column = ((sample.at.as_secs_f64() - start) / width).floor();
            if column < -(reach as f64) {
                continue;
            }
            // What is seen this very moment belongs to the last one.
            let first = (column.max(0.0) as usize).min(columns.saturating_sub(1));
            if column >= 0.0
                && let Some(sum) = sums.get_mut(first)
            {
                *sum = (sum.0 + value, sum.1 + 1);
            }
            let end = (column + reach as f64).max(0.0) as usize;
            held.iter_mut().take(end.saturating_add(1)).skip(first).for_each(|h| *h = Some(value));
        }
        let means = sums.into_iter().zip(held).zip(1..);
        means
            .map(|(((sum, n), held), nth)| if n > 0 && nth < columns { Some(sum / n as f32) } else { held })
            .collect()
    }
}

/// CPU of every function's pods that are not stopping.
pub fn cpu(view: &View) -> BTreeMap<FunctionId, Cpu> {
    let mut all: BTreeMap<FunctionId, Cpu> = BTreeMap::new();
    for pod in view.snapshot.pods.values().filter(|p| p.deleting.is_none()) {
        if let Some(usage) = view.usage.get(&pod.uid) {
            let cpu = all.entry(pod.function).or_default();
            cpu.pods += 1;
            cpu.total += usage.cpu.0;
            cpu.most = cpu.most.max(usage.cpu.0);
        }
    }
    all
}
