//! Whoever runs an experiment: the live cluster or virtual time, behind one trait.

use super::live_run::Live;
use super::observations::Observations;
use super::scenario::{Scenario, Variant};
use super::virtual_run::Virtual;
use crate::live::handle::Handle;

/// Runs variants of a scenario.
pub trait Runner {
    /// `live` or `virtual`.
    fn mode(&self) -> &'static str;

    /// Runs a variant with a seed, and lets `follow` look on.
    ///
    /// # Errors
    /// It could not be run at all: a sentence. What goes wrong in it is part of what is seen.
    fn run(&self, variant: &Variant, seed: u64, follow: &mut dyn Follow) -> Result<Observations, String>;
}

/// Looks on while an experiment runs.
pub trait Follow {
    /// A live cluster has begun; it is gone when the run ends.
    fn began(&mut self, _cluster: &Handle) {}

    /// What was seen so far, at a moment of the run; false ends it, and what was seen is kept.
    fn look(&mut self, seen: &Observations, at: f64) -> bool;
}

/// Looks at nothing and lets everything run to its end.
impl Follow for () {
    fn look(&mut self, _: &Observations, _: f64) -> bool {
        true
    }
}

/// Perhaps somebody.
impl<F: Follow> Follow for Option<F> {
    fn began(&mut self, cluster: &Handle) {
        if let Some(follow) = self {
            follow.began(cluster);
        }
    }

    fn look(&mut self, seen: &Observations, at: f64) -> bool {
        self.as_mut().is_none_or(|follow| follow.look(seen, at))
    }
}

/// Somebody who is lent.
impl<F: Follow> Follow for &mut F {
    fn began(&mut self, cluster: &Handle) {
        (**self).began(cluster);
    }

    fn look(&mut self, seen: &Observations, at: f64) -> bool {
        (**self).look(seen, at)
    }
}

/// Two who look on; a run goes on as long as both want it.
impl<A: Follow, B: Follow> Follow for (A, B) {
    fn began(&mut self, cluster: &Handle) {
        self.0.began(cluster);
        self.1.began(cluster);
    }

    fn look(&mut self, seen: &Observations, at: f64) -> bool {
        let first = self.0.look(seen, at);
        self.1.look(seen, at) && first
    }
}

/// The runner of a mode.
pub fn of(live: bool) -> Box<dyn Runner + Send + Sync> {
    if live { Box::new(Live) } else { Box::new(Virtual) }
}

/// Where a run stands, in words: its phase, and what is left of it.
pub fn words(s: &Scenario, at: f64) -> String {
    let left = crate::cluster::go_duration::print(std::time::Duration::from_secs(
        (s.duration.0 - at).max(0.0).round() as u64,
    ));
    match s.phase_at(at) {
        Some(phase) => format!("{}: {phase}, {left} left", s.name),
        None => format!("{}: {left} left", s.name),
    }
}
