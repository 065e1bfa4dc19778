//! What is written down: rows on the way, and the sum at the end.

use super::{Event, Simulation};
use crate::sim::observe::{Observer, Sample};
use crate::sim::report::Report;

impl<O: Observer> Simulation<O> {
    /// Forgets what was measured so far: a warm-up is over.
    pub fn restart_measuring(&mut self) {
        self.measured_from = self.now;
        (self.offered, self.not_found, self.scalings) = (0, 0, 0);
        let cpu = self.cpu();
        for (f, cpu) in self.functions.iter_mut().zip(cpu) {
            if let Some(f) = f {
                f.stats.restart(self.now, cpu);
            }
        }
    }

    pub(super) fn sample(&mut self) {
        let Some(every) = self.sample_every else { return };
        self.queue.push(self.now + every, Event::Sample);
        let snapshot = self.cluster.snapshot(self.now);
        let mut rows = Vec::new();
        let cpu = self.cpu();
        for (f, cpu) in self.functions.iter_mut().zip(cpu) {
            if let Some(f) = f
                && let Some(state) = snapshot.functions.get(&f.id)
            {
                rows.push(f.row(every, state, cpu));
            }
        }
        let pods = self.measure().0;
        self.observer.sample(&Sample { at: self.now, snapshot: &snapshot, functions: &rows, pods: &pods });
    }

    /// The sum of what was measured.
    pub fn report(&mut self) -> Report {
        let mut functions = Vec::new();
        let cpu = self.cpu();
        for (f, cpu) in self.functions.iter().zip(cpu) {
            if let Some(f) = f {
                let replicas = self.cluster.replicas(f.id).unwrap_or(0);
                functions.push(f.report(self.now, self.measured_from, replicas, cpu));
            }
        }
        let cores: u64 = self.nodes.iter().map(|n| n.cores).sum();
        Report {
            seed: self.seed,
            routing: self.cluster.settings().routing,
            from_s: self.measured_from.as_secs_f64(),
            to_s: self.now.as_secs_f64(),
            cores,
            offered: self.offered,
            not_found: self.not_found,
            scalings: self.scalings,
            events: self.queue.pushed(),
            refusals: self.refusals.iter().map(|(at, text)| (at.as_secs_f64(), text.clone())).collect(),
            functions,
        }
    }
}
