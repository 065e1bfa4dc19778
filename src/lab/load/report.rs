//! What a load measured.

use super::Run;
use super::plan::{LoadPlan, Shape};
use super::record::{Bucket, Failure, Latency};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// How coordinated omission was dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Correction {
    /// Open loop: latency counts from the intended send, so nothing is omitted.
    Corrected,
    /// Closed loop: users who wait send nothing, and what they did not send is not measured.
    Uncorrected,
}

/// Requests that the generator could not send when they were due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LateSends {
    /// Sent more than 5 ms late although there was room: the generator was the limit.
    pub requests: u64,
    /// The latest of them, in milliseconds.
    pub worst_ms: f64,
    /// Waited because as many as allowed were in flight: the server was the limit.
    pub held_back: u64,
}

/// The result of a load.
#[derive(Clone, Debug, Serialize)]
pub struct LoadReport {
    /// Where it went.
    pub target: String,
    /// The method.
    pub method: String,
    /// The load in one line.
    pub load: String,
    /// Seconds from the start to the last answer.
    pub seconds: f64,
    /// Requests that were sent.
    pub requests: u64,
    /// Requests that were answered, whatever the status.
    pub answered: u64,
    /// Requests without an answer or with a status of 400 or more.
    pub failed: u64,
    /// Answers per second.
    pub throughput: f64,
    /// How often each status came.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without an answer, and why.
    pub errors: BTreeMap<Failure, u64>,
    /// Answers whose header says that they waited for a pod.
    pub cold_starts: u64,
    /// Bytes of all answers' bodies.
    pub bytes: u64,
    /// Connections that were opened.
    pub connections: u64,
    /// Latencies of the answers in milliseconds, corrected as `correction` says.
    pub latency: Latency,
    /// How coordinated omission was dealt with.
    pub correction: Correction,
    /// Latencies from the actual send in milliseconds; in a closed loop the same as `latency`.
    pub uncorrected: Latency,
    /// How the latencies of the answers are spread: equal steps from the fastest to the slowest.
    pub histogram: Vec<Bucket>,
    /// Sends that were late.
    pub late: LateSends,
    /// It was ended before its time.
    pub ended_early: bool,
    /// What must be known to read the numbers right.
    pub notes: Vec<String>,
}

impl LoadReport {
    /// Not a single request went well.
    pub fn all_failed(&self) -> bool {
        self.failed >= self.requests
    }
}

pub(super) fn of(run: &Run) -> LoadReport {
    let tally = run.recorder.tally();
    let seconds = run.start.elapsed().as_secs_f64();
    let answered = tally.statuses.values().sum::<u64>();
    let late = LateSends {
        requests: tally.late,
        worst_ms: tally.latest.as_secs_f64() * 1e3,
        held_back: tally.held_back,
    };
    let correction = match run.plan.shape {
        Shape::Open { .. } => Correction::Corrected,
        Shape::Closed { .. } => Correction::Uncorrected,
    };
    LoadReport {
        target: run.target.to_string(),
        method: run.plan.method.to_string(),
        load: describe(&run.plan),
        seconds,
        requests: tally.ended(),
        answered,
        failed: tally.failed(),
        throughput: if seconds > 0.0 { answered as f64 / seconds } else { 0.0 },
        cold_starts: tally.cold_starts,
        bytes: tally.bytes,
        connections: tally.connections,
        latency: Latency::of(&tally.corrected),
        correction,
        uncorrected: Latency::of(&tally.uncorrected),
        histogram: Bucket::spread(&tally.corrected),
        notes: notes(&run.plan, &late, tally.ended()),
        late,
        ended_early: run.stop.is_cancelled(),
        statuses: tally.statuses,
        errors: tally.failures,
    }
}

/// The load in one line.
fn describe(plan: &LoadPlan) -> String {
    let span = |d: Duration| crate::cluster::go_duration::print(d);
    let mut text = match plan.shape {
        Shape::Closed { users, ramp_up, think } => {
            let mut text = format!("closed loop, {users} user{}", if users == 1 { "" } else { "s" });
            if !ramp_up.is_zero() {
                text += &format!(", ramp-up {}", span(ramp_up));
            }
            if !think.is_zero() {
                text += &format!(", think time {}", span(think));
            }
            text
        }
        Shape::Open { rate, arrivals, .. } => {
            format!(
                "open loop, {rate}/s, {} arrivals",
                match arrivals {
                    super::Arrivals::Constant => "constant",
                    super::Arrivals::Poisson => "Poisson",
                }
            )
        }
    };
    if let Some(duration) = plan.duration {
        text += &format!(", for {}", span(duration));
    }
    if let Some(requests) = plan.requests {
        text += &format!(", {requests} requests{}", if plan.duration.is_some() { " at most" } else { "" });
    }
    text
}

fn notes(plan: &LoadPlan, late: &LateSends, requests: u64) -> Vec<String> {
    let mut notes = Vec::new();
    match plan.shape {
        Shape::Closed { .. } => notes.push(
            "closed loop: users who wait for a slow answer send nothing meanwhile, so slow moments are \
             under-represented in the latencies (coordinated omission). Use --rate to measure what steady traffic \
             would see."
                .into(),
        ),
        Shape::Open { .. } => notes.push(
            "open loop: latency counts from when a request was due, so coordinated omission is corrected.".into(),
        ),
    }
    if late.requests > 0 {
        notes.push(format!(
            "the generator itself was late with {} of {requests} requests (by {:.1} ms at worst): part of the latency \
             is its own. Lower the rate, or give it more CPU.",
            late.requests, late.worst_ms
        ));
    }
    if late.held_back > 0
        && let Shape::Open { in_flight, .. } = plan.shape
    {
        notes.push(format!(
            "{} requests waited because {in_flight} were unanswered already: the server did not keep up with the rate.",
            late.held_back
        ));
    }
    notes
}
