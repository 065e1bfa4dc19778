//! The load generator and the pods share the machine's cores: they are kept apart where there are enough, and it is
//! said when the generator was the limit.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::{Instant, sleep_until};

/// From so many cores on the generator has one of its own without being asked to.
const ENOUGH: usize = 4;

/// How often the generator's own clock is looked at, and from when on it is late.
const LOOK: Duration = Duration::from_millis(20);
const LATE: Duration = Duration::from_millis(10);

/// Above this share of late looks, the generator was the limit.
const LIMIT: f64 = 0.02;

/// The threads that send requests.
pub struct Generator {
    runtime: Option<Runtime>,
    /// What this thread may run on when the run is over.
    before: Option<CpuSet>,
    /// Its cores and those of the rest, where they are kept apart.
    pinned: Option<(Vec<usize>, Vec<usize>)>,
    clock: Arc<Clock>,
    late_sends: (u64, u64),
}

/// How late the generator's threads were to look at the clock.
#[derive(Debug, Default)]
struct Clock {
    looks: AtomicU64,
    late: AtomicU64,
    /// In microseconds.
    worst: AtomicU64,
}

/// The cores that this process may run on.
pub fn cores() -> Vec<usize> {
    let Ok(set) = sched_getaffinity(None) else { return Vec::new() };
    (0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect()
}

/// The generator's cores and all others: a quarter of them, one at least. None where they are not to be kept apart.
fn split(cores: &[usize], wish: Option<bool>) -> Option<(Vec<usize>, Vec<usize>)> {
    if !wish.unwrap_or(cores.len() >= ENOUGH) || cores.len() < 2 {
        return None;
    }
    let own = (cores.len() / 4).max(1);
    let (rest, generator) = cores.split_at(cores.len() - own);
    Some((generator.to_vec(), rest.to_vec()))
}

fn set_of(cores: &[usize]) -> CpuSet {
    let mut set = CpuSet::new();
    cores.iter().for_each(|core| set.set(*core));
    set
}

impl Generator {
    /// Starts its threads. Whatever this thread starts from now on, pods that are processes among it, runs on the other
    /// cores, until [`Generator::stop`].
    ///
    /// # Errors
    /// Threads cannot be started.
    pub fn start(wish: Option<bool>) -> Result<Self, String> {
        let pinned = split(&cores(), wish);
        let mut builder = Builder::new_multi_thread();
        let threads = pinned.as_ref().map_or(2, |(own, _)| own.len().max(2));
        builder.worker_threads(threads).thread_name("load").enable_all();
        if let Some((own, _)) = &pinned {
            let set = set_of(own);
            // A thread that cannot be pinned works all the same.
            builder.on_thread_start(move || _ = sched_setaffinity(None, &set));
        }
        let runtime = builder.build().map_err(|e| format!("threads cannot be started: {e}"))?;
        let before = pinned.as_ref().and_then(|(_, rest)| {
            let before = sched_getaffinity(None).ok()?;
            sched_setaffinity(None, &set_of(rest)).ok()?;
            Some(before)
        });
        let clock = Arc::new(Clock::default());
        runtime.spawn(watch(clock.clone()));
        Ok(Generator { runtime: Some(runtime), before, pinned, clock, late_sends: (0, 0) })
    }

    /// Where load is sent from.
    ///
    /// # Panics
    /// After [`Generator::stop`].
    pub fn handle(&self) -> &Handle {
        self.runtime.as_ref().expect("the generator runs until it is stopped").handle()
    }

    /// Requests of an open loop that it was late with, of all of a load.
    pub fn late(&mut self, late: u64, all: u64) {
        self.late_sends = (self.late_sends.0 + late, self.late_sends.1 + all);
    }

    /// What must be known to read the numbers right.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some((own, rest)) = &self.pinned {
            notes.push(format!(
                "the load generator had the core{} {} of its own, the rest {}",
                if own.len() == 1 { "" } else { "s" },
                listed(own),
                listed(rest)
            ));
        }
        let (looks, late) =
            (self.clock.looks.load(Ordering::Relaxed), self.clock.late.load(Ordering::Relaxed));
        if looks > 0 && late as f64 > looks as f64 * LIMIT {
            notes.push(format!(
                "the load generator was a limit: in {:.0} % of the looks at its own clock it was late by more than {} ms \
                 ({:.0} ms at worst), because it shares the cores with what it measures",
                100.0 * late as f64 / looks as f64,
                LATE.as_millis(),
                self.clock.worst.load(Ordering::Relaxed) as f64 / 1000.0
            ));
        }
        if self.late_sends.0 > 0 {
            let (late, all) = self.late_sends;
            notes.push(format!("the load generator sent {late} of {all} requests of an open loop late"));
        }
        notes
    }

    /// Ends its threads, and gives this one its cores back.
    pub fn stop(mut self) {
        if let Some(before) = self.before.take() {
            let _ = sched_setaffinity(None, &before);
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn watch(clock: Arc<Clock>) {
    loop {
        let due = Instant::now() + LOOK;
        sleep_until(due).await;
        let behind = Instant::now().saturating_duration_since(due);
        clock.looks.fetch_add(1, Ordering::Relaxed);
        if behind > LATE {
            clock.late.fetch_add(1, Ordering::Relaxed);
        }
        clock.worst.fetch_max(behind.as_micros() as u64, Ordering::Relaxed);
    }
}

fn listed(cores: &[usize]) -> String {
    cores.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_split_where_there_are_enough() {
        let eight: Vec<usize> = (0..8).collect();
        assert_eq!(split(&eight, None), Some((vec![6, 7], vec![0, 1, 2, 3, 4, 5])));
        assert_eq!(split(&[0, 1], None), None);
        assert_eq!(split(&[0, 1], Some(true)), Some((vec![1], vec![0])));
        assert_eq!(split(&[3], Some(true)), None);
        assert_eq!(split(&eight, Some(false)), None);
    }

    #[test]
    fn threads_of_the_generator_are_on_its_cores() {
        let all = cores();
        if all.len() < 2 {
            return;
        }
        std::thread::spawn(move || {
            let generator = Generator::start(Some(true)).unwrap();
            let (own, rest) = generator.pinned.clone().unwrap();
            let there = generator.handle().spawn(async { cores() });
            let there = generator.handle().block_on(there).unwrap();
            assert_eq!((there, cores()), (own, rest));
            generator.stop();
            assert_eq!(cores(), all);
        })
        .join()
        .unwrap();
    }
}
