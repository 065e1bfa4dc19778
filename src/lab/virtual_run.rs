//! A scenario in virtual time.

pub(super) mod setup;
mod watch;

use super::observations::{Observations, Usage};
use super::runner::{Follow, Runner};
use super::scenario::Variant;
use crate::cluster::command::{Command, Refusal, Reply};
use crate::cluster::snapshot::Snapshot;
use crate::cluster::time::Time;
use crate::dashboard::view::View;
use crate::sim::Simulation;
use std::sync::Arc;
use std::time::{Duration, Instant};
use watch::Watch;

/// Whoever looks on is told about this often.
const SOON: Duration = Duration::from_millis(100);

/// Virtual time.
#[derive(Clone, Copy, Debug)]
pub struct Virtual;

impl Runner for Virtual {
    fn mode(&self) -> &'static str {
        "virtual"
    }

    fn run(&self, variant: &Variant, seed: u64, follow: &mut dyn Follow) -> Result<Observations, String> {
        let mut session = Session::new(variant, seed);
        let end = session.end;
        let widest = (end.as_nanos() / 200).max(1);
        let (mut slice, mut at) = (widest.min(1_000_000_000), 0);
        while at < end.as_nanos() {
            let began = Instant::now();
            at = (at + slice).min(end.as_nanos());
            session.advance(Time::from_nanos(at));
            let now = session.now().as_secs_f64();
            if !follow.look(session.seen(), now) {
                return Ok(session.finish(true));
            }
            // Where much happens, whoever watches is still told often, and can stop it soon.
            slice = match began.elapsed() {
                took if took > SOON => (slice / 2).max(1),
                took if took < SOON / 8 => (slice * 2).min(widest),
                _ => slice,
            };
        }
        session.advance(end);
        Ok(session.finish(false))
    }
}

/// Runs a variant with a seed. `progress` is told the share that is done, and says whether to go on.
pub fn run(variant: &Variant, seed: u64, progress: impl FnMut(f64) -> bool) -> Observations {
    struct Share<F>(F, f64);
    impl<F: FnMut(f64) -> bool> Follow for Share<F> {
        fn look(&mut self, _: &Observations, at: f64) -> bool {
            (self.0)(at / self.1)
        }
    }
    let mut follow = Share(progress, variant.scenario.duration.0.max(1e-9));
    // Virtual time can always be run.
    Virtual.run(variant, seed, &mut follow).unwrap_or_default()
}

/// A run in virtual time that goes on as far as it is told to.
pub struct Session {
    simulation: Simulation<Watch>,
    end: Time,
}

impl Session {
    /// At the beginning of a variant.
    pub fn new(variant: &Variant, seed: u64) -> Self {
        let s = &variant.scenario;
        let simulation = Simulation::new(setup::of(variant, seed), Watch::new(s));
        Session { simulation, end: Time::ZERO + s.duration.duration() }
    }

    /// Runs up to a moment, or to the end.
    pub fn advance(&mut self, to: Time) {
        self.simulation.until(to.min(self.end));
    }

    /// The time of the run.
    pub fn now(&self) -> Time {
        self.simulation.now()
    }

    /// Whether it has come to its end.
    pub fn is_over(&self) -> bool {
        self.now() >= self.end
    }

    /// Does what a person wishes.
    ///
    /// # Errors
    /// What the cluster refuses.
    pub fn apply(&mut self, command: Command) -> Result<Reply, Refusal> {
        self.simulation.apply(command)
    }

    /// The cluster as it stands.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.simulation.snapshot()
    }

    /// What was seen so far.
    pub fn seen(&mut self) -> &Observations {
        &self.simulation.observer().seen
    }

    /// What a screen draws of it.
    pub fn view(&mut self) -> View {
        let snapshot = self.simulation.snapshot();
        self.simulation.observer().view(snapshot)
    }

    /// All that was seen.
    pub fn finish(mut self, early: bool) -> Observations {
        let report = self.simulation.report();
        let now = self.simulation.now();
        let mut seen = std::mem::take(&mut self.simulation.observer().seen);
        seen.duration = now.as_secs_f64();
        seen.ended_early = early;
        let usage = |f: &crate::sim::FunctionReport| Usage {
            pod_seconds: f.pod_seconds,
            cpu_seconds: f.cpu_seconds,
            gb_seconds: f.gb_seconds,
        };
        seen.usage = report.functions.iter().map(usage).collect();
        let refused = |(at, why): &(f64, String)| format!("at {at} s: {why}");
        seen.notes = report.refusals.iter().map(refused).collect();
        seen
    }
}
