//! The cores of one node, shared by everything that wants to run: exact processor sharing.
//!
//! A pod with `n` running tasks may use `min(n, limit)` cores (each task at most one). When all pods together want more
//! than there is, each gets `min(cap, weight × level)`, where the level is such that all of the node is used: the
//! fluid limit of Linux' fair scheduler with `cpu.weight` and `cpu.max`, known as water-filling. A pod's tasks
//! share what it gets equally.
//!
//! Pods with the same weight, cap and number of tasks form a *class*; they progress at the same rate, so a class
//! has one clock: CPU attained per task since the class came into use. A task's end is a fixed reading of its pod's
//! clock, and a pod's first end a fixed reading of its class' clock. While a class is at its cap that reading is
//! a fixed time; while it is below, it is a fixed reading of the level's own clock. So an event moves one pod
//! between two classes, and besides costs what the classes cost that cross the level: O(log n) each.
//!
//! CPU is in thousandths of a core, weights likewise, so which class is at its cap is decided in whole numbers.

//!
//! | file | question |
//! |---|---|
//! | `cores` | what may be asked of a node? |
//! | `cores/class` | which pods progress alike, and how far have they come? |
//! | `cores/level` | who is at its cap, and what do the others get? |

mod class;
mod level;
#[cfg(test)]
mod tests;

use self::class::Class;
use crate::cluster::time::Time;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// A pod's place on its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(u32);

/// A task's place on its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task(u32);

/// A number that is never NaN nor below zero: its bits order as it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u64);

impl Key {
    fn new(value: f64) -> Self {
        Key(value.max(0.0).to_bits())
    }

    fn value(self) -> f64 {
        f64::from_bits(self.0)
    }
}

#[derive(Clone, Debug)]
struct TaskState {
    place: Place,
    tag: u32,
    alive: bool,
}

#[derive(Clone, Debug)]
struct PodState {
    weight: u64,
    limit: u64,
    /// Running tasks.
    n: u64,
    class: Option<u32>,
    /// CPU attained per task, in nanoseconds, when it joined its class; and the class' clock then.
    attained: f64,
    joined: f64,
    /// CPU used by all its tasks until then, in nanoseconds.
    used: f64,
    /// Which of the class' entries is this pod's own now.
    version: u32,
    /// Ends as readings of the pod's own clock.
    ends: BinaryHeap<Reverse<(Key, u32)>>,
}

/// The cores of one node.
#[derive(Clone, Debug)]
pub struct Cores {
    /// In thousandths of a core.
    capacity: u64,
    now: f64,
    /// The level's clock: ∫ level dt, in nanoseconds × cores-per-weight.
    level_clock: f64,
    pods: Vec<PodState>,
    free_pods: Vec<u32>,
    tasks: Vec<TaskState>,
    free_tasks: Vec<u32>,
    classes: Vec<Class>,
    free_classes: Vec<u32>,
    by_kind: BTreeMap<(u64, u64, u64), u32>,
    capped: BTreeSet<(Key, u32)>,
    sharing: BTreeSet<(Key, u32)>,
    capped_heads: BTreeSet<(Key, u32)>,
    sharing_heads: BTreeSet<(Key, u32)>,
    /// Σ cap of the pods at their cap; Σ weight of the others.
    capped_sum: u64,
    weight_sum: u64,
}

impl Cores {
    /// A node with this many thousandths of a core.
    pub fn new(capacity: u64) -> Self {
        Cores {
            capacity,
            now: 0.0,
            level_clock: 0.0,
            pods: Vec::new(),
            free_pods: Vec::new(),
            tasks: Vec::new(),
            free_tasks: Vec::new(),
            classes: Vec::new(),
            free_classes: Vec::new(),
            by_kind: BTreeMap::new(),
            capped: BTreeSet::new(),
            sharing: BTreeSet::new(),
            capped_heads: BTreeSet::new(),
            sharing_heads: BTreeSet::new(),
            capped_sum: 0,
            weight_sum: 0,
        }
    }

    /// A pod comes to the node: `weight` is its request, `limit` the most it may use, both in thousandths of a
    /// core.
    pub fn join(&mut self, weight: u64, limit: Option<u64>) -> Place {
        let pod = PodState {
            weight: weight.max(1),
            limit: limit.unwrap_or(u64::MAX).max(1),
            n: 0,
            class: None,
            attained: 0.0,
            joined: 0.0,
            used: 0.0,
            version: 0,
            ends: BinaryHeap::new(),
        };
        match self.free_pods.pop() {
            Some(index) => {
                let old = &mut self.pods[index as usize];
                // The heap's memory is kept, and entries of the former pod's versions stay void.
                let (version, mut ends) = (old.version + 1, std::mem::take(&mut old.ends));
                ends.clear();
                *old = PodState { version, ends, ..pod };
                Place(index)
            }
            None => {
                self.pods.push(pod);
                Place(self.pods.len() as u32 - 1)
            }
        }
    }

    /// A pod leaves; what it still runs is ended.
    pub fn leave(&mut self, now: Time, place: Place) {
        self.advance(now);
        self.take_out(place);
        let pod = &mut self.pods[place.0 as usize];
        let ends = std::mem::take(&mut pod.ends);
        pod.n = 0;
        for Reverse((_, task)) in &ends {
            self.free_tasks.push(*task);
        }
        self.pods[place.0 as usize].ends = ends;
        self.pods[place.0 as usize].ends.clear();
        self.free_pods.push(place.0);
        self.rebalance();
    }

    /// A task that needs `work` nanoseconds of CPU begins. `tag` is given back when it ends.
    pub fn start(&mut self, now: Time, place: Place, work: f64, tag: u32) -> Task {
        self.advance(now);
        self.take_out(place);
        let state = TaskState { place, tag, alive: true };
        let task = match self.free_tasks.pop() {
            Some(index) => {
                self.tasks[index as usize] = state;
                index
            }
            None => {
                self.tasks.push(state);
                self.tasks.len() as u32 - 1
            }
        };
        let pod = &mut self.pods[place.0 as usize];
        if pod.n == 0 {
            // Nothing runs here: the clock may begin anew, which keeps it precise.
            pod.attained = 0.0;
        }
        pod.n += 1;
        pod.ends.push(Reverse((Key::new(pod.attained + work), task)));
        self.put_in(place);
        self.rebalance();
        Task(task)
    }

    /// A task is ended before its work is done.
    pub fn cancel(&mut self, now: Time, task: Task) {
        let state = &mut self.tasks[task.0 as usize];
        if !std::mem::take(&mut state.alive) {
            return;
        }
        let place = state.place;
        self.advance(now);
        self.take_out(place);
        self.pods[place.0 as usize].n -= 1;
        self.put_in(place);
        self.rebalance();
    }

    /// When the next task ends if nothing else changes; [`Time::MAX`] when none runs.
    pub fn due(&self) -> Time {
        let mut due = f64::INFINITY;
        if let Some((at, _)) = self.capped_heads.first() {
            due = at.value();
        }
        if let Some((reading, _)) = self.sharing_heads.first() {
            let left = (reading.value() - self.level_clock).max(0.0);
            due = due.min(self.now + left / self.level());
        }
        if due.is_finite() { Time::from_nanos(libm::ceil(due.max(self.now)) as u64) } else { Time::MAX }
    }

    /// A task that has ended by `now`, by its tag, if one has.
    pub fn finished(&mut self, now: Time) -> Option<u32> {
        self.advance(now);
        // Less than a nanosecond's work may be left where a time was rounded.
        let class = match (self.capped_heads.first(), self.sharing_heads.first()) {
            (Some((at, class)), _) if at.value() <= self.now + 1.0 => *class,
            (_, Some((reading, class))) if reading.value() <= self.level_clock + self.level() => *class,
            _ => return None,
        };
        let Reverse((_, place, _)) = *self.classes[class as usize].ends.peek()?;
        let place = Place(place);
        self.take_out(place);
        let pod = &mut self.pods[place.0 as usize];
        let Reverse((end, task)) = pod.ends.pop()?;
        // Exactly what was asked for, whatever the rounding.
        pod.attained = end.value();
        pod.n -= 1;
        self.tasks[task as usize].alive = false;
        self.free_tasks.push(task);
        self.put_in(place);
        self.rebalance();
        Some(self.tasks[task as usize].tag)
    }

    /// CPU that a pod has used since it joined, in nanoseconds.
    pub fn used(&mut self, now: Time, place: Place) -> u64 {
        self.advance(now);
        let pod = &self.pods[place.0 as usize];
        let since = pod.class.map_or(0.0, |class| (self.clock(class) - pod.joined) * pod.n as f64);
        (pod.used + since) as u64
    }
}
