//! The thread that runs what is on the desk, one after the other, and ends when nothing is left.

use super::{Curve, Desk, Job, Part, State};
use crate::lab::results::{Outcome, Provenance};
use crate::lab::virtual_run;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The longest that one run may take.
const TIME: Duration = Duration::from_secs(600);
/// The memory that a run may add to the cluster's own, in bytes.
const MEMORY: u64 = 2 << 30;
/// A thread of this niceness has what functions and the gateway leave.
const NICE: i32 = 10;
/// How often progress is told at most.
const TELL: Duration = Duration::from_millis(100);

pub(super) fn attend(desk: &Desk) {
    // On Linux this is the calling thread's alone. Without it the run is a little ruder.
    let _ = rustix::process::setpriority_process(None, NICE);
    loop {
        let job = {
            let mut table = desk.table();
            let job = table.jobs.pop_front();
            table.attended = job.is_some();
            job
        };
        let Some(job) = job else { return };
        let began = Instant::now();
        desk.change(&job.id, |run| run.state = State::Running);
        let state = match work(desk, &job, began) {
            Ok(state) => state,
            Err(error) => State::Failed(format!("its results cannot be written: {error}")),
        };
        desk.change(&job.id, |run| {
            run.state = state;
            run.took = began.elapsed().as_secs_f64();
            if let Err(error) = run.keep(&desk.0.folder) {
                tracing::warn!("the experiment {} will be forgotten: {error}", run.name);
            }
        });
    }
}

fn work(desk: &Desk, job: &Job, began: Instant) -> io::Result<State> {
    let before = resident();
    let many = job.variants.len() as f64;
    for (place, (variant, seed)) in job.variants.iter().enumerate() {
        let start = Instant::now();
        let provenance = Provenance::begin(&job.path);
        let mut told = Instant::now();
        let mut stop = None;
        let seen = virtual_run::run(variant, *seed, |share| {
            stop = reason(desk, job, began, before);
            if told.elapsed() >= TELL {
                told = Instant::now();
                desk.change(&job.id, |run| {
                    run.share = (place as f64 + share) / many;
                    run.took = began.elapsed().as_secs_f64();
                });
            }
            stop.is_none()
        });
        // A part that was broken off is none.
        if let Some(state) = stop {
            return Ok(state);
        }
        let outcome = Outcome::of("virtual", variant, *seed, seen);
        let folder = desk.0.folder.join(&job.id).join(outcome.folder());
        let provenance = provenance.end(&outcome, start.elapsed().as_secs_f64(), BTreeMap::new());
        write(&outcome, &folder, &provenance)?;
        let part = Part::of(&outcome);
        desk.change(&job.id, |run| {
            run.share = (place as f64 + 1.0) / many;
            run.parts.push(part);
        });
    }
    Ok(State::Done)
}

fn write(outcome: &Outcome, folder: &Path, provenance: &Provenance) -> io::Result<()> {
    outcome.write(folder)?;
    std::fs::write(folder.join(Curve::FILE), serde_json::to_vec(&Curve::all(&outcome.seen))?)?;
    provenance.write(folder)
}

/// Why it must stop now.
fn reason(desk: &Desk, job: &Job, began: Instant, before: u64) -> Option<State> {
    if job.cancelled.load(Ordering::Relaxed) || desk.0.shutdown.is_cancelled() {
        return Some(State::Cancelled);
    }
    if began.elapsed() > TIME {
        let most = TIME.as_secs() / 60;
        return Some(State::Failed(format!(
            "it took more than {most} minutes: `faasim run` has no such limit"
        )));
    }
    (resident() > before + MEMORY).then(|| {
        let most = MEMORY >> 30;
        State::Failed(format!("it took more than {most} GiB of memory: `faasim run` has no such limit"))
    })
}

/// Bytes of memory of this process; 0 where the system does not say.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = pages.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    pages * rustix::param::page_size() as u64
}
