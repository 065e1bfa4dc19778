//! The runs that are to be done, and virtual ones on all cores.

use super::Done;
use super::bar::Bar;
use crate::cli::failure::Failure;
use crate::lab::observations::Observations;
use crate::lab::results::{Outcome, Provenance};
use crate::lab::runner::{self, Follow};
use crate::lab::scenario::{Scenario, Variant};
use crate::live::settings::{KEYS, Settings};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// One run to do.
pub(super) struct Job {
    /// Place of its file.
    pub file: usize,
    pub path: PathBuf,
    pub variant: Variant,
    pub seed: u64,
}

/// One run that is over.
pub(super) struct Finished {
    /// Place of its file.
    pub file: usize,
    pub outcome: Outcome,
    pub provenance: Provenance,
    /// Seconds.
    pub took: f64,
}

impl Finished {
    pub(super) fn of(job: &Job, outcome: Outcome, provenance: Provenance, took: f64) -> Self {
        let provenance = provenance.end(&outcome, took, changed(&job.variant.settings));
        Finished { file: job.file, outcome, provenance, took }
    }
}

/// Settings that are not as they are by themselves.
fn changed(settings: &Settings) -> BTreeMap<String, String> {
    let usual = Settings::default();
    let differs = KEYS.iter().filter(|key| (key.toml)(settings) != (key.toml)(&usual));
    differs.map(|key| (key.name.to_owned(), (key.toml)(settings))).collect()
}

/// Shows how far a run is, and ends it when the person wants.
pub(super) struct Watcher<'a> {
    pub scenario: &'a Scenario,
    pub bar: &'a Bar,
    pub stopped: &'a AtomicBool,
}

impl Follow for Watcher<'_> {
    fn look(&mut self, seen: &Observations, at: f64) -> bool {
        if !seen.functions.is_empty() {
            self.bar.show(self.scenario, at);
        }
        !self.stopped.load(Ordering::Relaxed)
    }
}

/// One of many virtual runs.
struct OneOfMany<'a> {
    place: usize,
    scenario: &'a Scenario,
    parts: &'a Mutex<Vec<f64>>,
    bar: &'a Bar,
    stopped: &'a AtomicBool,
}

impl Follow for OneOfMany<'_> {
    fn look(&mut self, _: &Observations, at: f64) -> bool {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts[self.place] = (at / self.scenario.duration.0).min(1.0);
        self.bar.share(parts.iter().sum(), &self.scenario.name);
        !self.stopped.load(Ordering::Relaxed)
    }
}

/// All virtual runs on all cores. They are told of in their order, each as soon as those before it are done, so that
/// nothing depends on the number of threads.
pub(super) fn all_virtual(
    jobs: &[Job],
    threads: Option<usize>,
    stopped: &AtomicBool,
    take: &mut dyn FnMut(&Finished) -> Done,
) -> Result<Vec<Finished>, Failure> {
    let threads = threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let next = AtomicUsize::new(0);
    let bar = Bar::many(jobs.len());
    let parts = Mutex::new(vec![0.0; jobs.len()]);
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, jobs.len().max(1)) {
            let (sender, next, bar, parts) = (sender.clone(), &next, &bar, &parts);
            scope.spawn(move || {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(place).filter(|_| !stopped.load(Ordering::Relaxed)) else {
                        return;
                    };
                    let scenario = &job.variant.scenario;
                    let mut follow = OneOfMany { place, scenario, parts, bar, stopped };
                    if sender.send((place, one(job, &mut follow))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting: Vec<Option<Result<Finished, Failure>>> = jobs.iter().map(|_| None).collect();
        let mut finished = Vec::new();
        for (place, done) in receiver {
            waiting[place] = Some(done);
            while let Some(done) = waiting.get_mut(finished.len()).and_then(Option::take) {
                let done = done?;
                bar.aside(|| take(&done))?;
                finished.push(done);
            }
        }
        bar.end();
        Ok(finished)
    })
}

/// One virtual run on the screen.
pub(super) fn on_screen(job: &Job, speed: f64) -> Result<Finished, Failure> {
    let provenance = Provenance::begin(&job.path);
    let start = Instant::now();
    let seen = super::screen::in_virtual_time(&job.variant, job.seed, speed)?;
    let outcome = Outcome::of("virtual", &job.variant, job.seed, seen);
    Ok(Finished::of(job, outcome, provenance, start.elapsed().as_secs_f64()))
}

fn one(job: &Job, follow: &mut dyn Follow) -> Result<Finished, Failure> {
    let runner = runner::of(false);
    let provenance = Provenance::begin(&job.path);
    let start = Instant::now();
    let seen = runner
        .run(&job.variant, job.seed, follow)
        .map_err(|why| Failure::failed(format_args!("{}: {why}", job.variant.scenario.name)))?;
    let outcome = Outcome::of(runner.mode(), &job.variant, job.seed, seen);
    Ok(Finished::of(job, outcome, provenance, start.elapsed().as_secs_f64()))
}
