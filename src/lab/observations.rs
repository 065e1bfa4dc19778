//! What was seen in a run, live or virtual, in one form.

use crate::cluster::scaling::decision::Decision;
use std::sync::Arc;

/// Everything of one run. Times are seconds since its start.
#[derive(Clone, Debug, Default)]
pub struct Observations {
    /// The functions' names; other parts name them by place.
    pub functions: Vec<String>,
    /// The loads' names; requests name them by place.
    pub loads: Vec<String>,
    /// How long it ran.
    pub duration: f64,
    /// One row per function and moment, in order of time.
    pub rows: Vec<Row>,
    /// One row per pod that runs and moment, in order of time.
    pub pod_rows: Vec<PodRow>,
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
    /// It was ended before its time.
    pub ended_early: bool,
    /// Where time stamps of other programs begin: seconds since 1970; 0 in virtual time.
    pub epoch: f64,
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

/// A pod at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PodRow {
    /// When.
    pub at: f64,
    /// Place of the pod in [`Observations::pods`].
    pub pod: usize,
    /// CPU since the last row, in cores.
    pub cpu: f64,
    /// Memory, in bytes.
    pub memory: u64,
}

/// The parts of a response time, in seconds; they add up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Parts {
    /// Waiting for a pod to become ready: a cold start.
    pub pod: f64,
    /// Waiting for a pod, or in a pod, that has room.
    pub queue: f64,
    /// Starting the function's process.
    pub fork: f64,
    /// The function at work, sharing the cores with others.
    pub work: f64,
    /// The rest: gateway and network.
    pub transfer: f64,
}

impl Parts {
    /// The names of the parts, and each of them.
    pub fn named(&self) -> [(&'static str, f64); 5] {
        [
            ("wait for a pod", self.pod),
            ("wait in queue", self.queue),
            ("fork", self.fork),
            ("work", self.work),
            ("transfer", self.transfer),
        ]
    }
}

/// What was sent and what came back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exchange {
    /// The request in a line: `POST /function/mltest`.
    pub line: String,
    /// The beginning of its body.
    pub body: String,
    /// The beginning of the reply's body.
    pub reply: String,
}

/// A request that has ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// Which function.
    pub function: usize,
    /// Place of its load in [`Observations::loads`].
    pub load: usize,
    /// The user who sent it, from 0.
    pub user: u32,
    /// Place of its pod in [`Observations::pods`].
    pub pod: Option<usize>,
    /// When it was sent.
    pub at: f64,
    /// How long it waited until its work began.
    pub wait: f64,
    /// Until its answer.
    pub response: f64,
    /// What that consists of.
    pub parts: Parts,
    /// The answer's status; 0 if there was none.
    pub status: u16,
    /// It waited for a pod to become ready.
    pub cold: bool,
    /// Bytes of the answer.
    pub bytes: u64,
    /// Until the answer's first byte; the response time where that is not known.
    pub first_byte: f64,
    /// Connecting, in seconds.
    pub connect: f64,
    /// Why it counts as failed; none if it does not.
    pub failure: Option<Arc<str>>,
    /// What was sent and what came back, for some of them.
    pub exchange: Option<Arc<Exchange>>,
}

/// A pod from its creation to its end.
#[derive(Clone, Debug, PartialEq)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Usage {
    /// ∫ pods dt, in seconds.
    pub pod_seconds: f64,
    /// CPU, in core-seconds.
    pub cpu_seconds: f64,
    /// Memory over time, in GiB·s.
    pub gb_seconds: f64,
}

impl Observations {
    /// Every number to a millionth: enough for people, the same whatever the last bit of a float is, and what tables hold, so
    /// that results which are read again are the same results.
    pub fn round(&mut self) {
        self.duration = micro(self.duration);
        for r in &mut self.rows {
            for value in [&mut r.at, &mut r.rate, &mut r.cpu] {
                *value = micro(*value);
            }
            (r.p50, r.p95) = (r.p50.map(micro), r.p95.map(micro));
        }
        for r in &mut self.pod_rows {
            (r.at, r.cpu) = (micro(r.at), micro(r.cpu));
        }
        for r in &mut self.requests {
            let p = &mut r.parts;
            let parts = [&mut p.pod, &mut p.queue, &mut p.fork, &mut p.work, &mut p.transfer];
            let times = [&mut r.at, &mut r.wait, &mut r.response, &mut r.first_byte, &mut r.connect];
            parts.into_iter().chain(times).for_each(|value| *value = micro(*value));
        }
        for (_, at, _) in &mut self.decisions {
            *at = micro(*at);
        }
        for p in &mut self.pods {
            (p.created, p.ready, p.ended) = (micro(p.created), p.ready.map(micro), p.ended.map(micro));
        }
        for u in &mut self.usage {
            for value in [&mut u.pod_seconds, &mut u.cpu_seconds, &mut u.gb_seconds] {
                *value = micro(*value);
            }
        }
    }

    /// The rows of one function.
    pub fn rows_of(&self, function: usize) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.function == function)
    }

    /// The rows of the pods of one function.
    pub fn pod_rows_of(&self, function: usize) -> impl Iterator<Item = &PodRow> {
        self.pod_rows.iter().filter(move |row| self.pods.get(row.pod).is_some_and(|p| p.function == function))
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

    /// The mean of the parts of the response times of some requests; all zero without any.
    pub fn mean_parts<'a>(requests: impl Iterator<Item = &'a Request>) -> Parts {
        let mut sum = Parts::default();
        let mut n = 0.0;
        for r in requests {
            n += 1.0;
            sum.pod += r.parts.pod;
            sum.queue += r.parts.queue;
            sum.fork += r.parts.fork;
            sum.work += r.parts.work;
            sum.transfer += r.parts.transfer;
        }
        let of = |sum: f64| if n > 0.0 { sum / n } else { 0.0 };
        Parts {
            pod: of(sum.pod),
            queue: of(sum.queue),
            fork: of(sum.fork),
            work: of(sum.work),
            transfer: of(sum.transfer),
        }
    }
}

/// To a millionth.
fn micro(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// The value that a share `q` of sorted values does not exceed, by the nearest rank.
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1).min(sorted.len().saturating_sub(1))).copied()
}
