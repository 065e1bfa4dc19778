//! Classes of pods that progress alike: how far each has come, and which of its tasks ends first.

use super::{Cores, Key, Place};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

#[derive(Clone, Debug)]
pub(super) struct Class {
    pub(super) weight: u64,
    pub(super) cap: u64,
    pub(super) n: u64,
    pub(super) pods: u64,
    pub(super) at_cap: bool,
    /// CPU attained per task in nanoseconds, as of `base`: a time, or a reading of the level's clock.
    pub(super) clock: f64,
    pub(super) base: f64,
    /// First ends of its pods as readings of the class' clock.
    pub(super) ends: BinaryHeap<Reverse<(Key, u32, u32)>>,
    /// What the node's list holds for this class.
    pub(super) head: Option<Key>,
}

impl Class {
    /// By how much its clock moves while time (at the cap) or the level's clock (below) moves by one.
    pub(super) fn rate(&self) -> f64 {
        let per_pod = if self.at_cap { self.cap } else { self.weight };
        per_pod as f64 / (1000 * self.n) as f64
    }

    /// The level at which it comes to its cap, for ordering only.
    pub(super) fn ratio(&self) -> Key {
        Key::new(self.cap as f64 / self.weight as f64)
    }
}

impl Cores {
    pub(super) fn clock(&self, class: u32) -> f64 {
        let class = &self.classes[class as usize];
        let at = if class.at_cap { self.now } else { self.level_clock };
        class.clock + (at - class.base) * class.rate()
    }

    pub(super) fn settle_class(&mut self, class: u32) {
        let clock = self.clock(class);
        let class = &mut self.classes[class as usize];
        class.clock = clock;
        class.base = if class.at_cap { self.now } else { self.level_clock };
    }

    /// Brings a pod's own clock up to now and takes it out of its class.
    pub(super) fn take_out(&mut self, place: Place) {
        let Some(class) = self.pods[place.0 as usize].class.take() else { return };
        let clock = self.clock(class);
        let pod = &mut self.pods[place.0 as usize];
        let passed = clock - pod.joined;
        pod.attained += passed;
        pod.used += passed * pod.n as f64;
        pod.version = pod.version.wrapping_add(1);
        let c = &mut self.classes[class as usize];
        c.pods -= 1;
        let (cap, weight) = (c.cap, c.weight);
        if c.at_cap {
            self.capped_sum -= cap;
        } else {
            self.weight_sum -= weight;
        }
        if c.pods == 0 {
            self.drop_class(class);
        } else {
            self.refresh_head(class);
        }
    }

    pub(super) fn put_in(&mut self, place: Place) {
        let tasks = &self.tasks;
        let pod = &mut self.pods[place.0 as usize];
        // Cancelled tasks leave when they come to the top, or when nothing else is there.
        while let Some(Reverse((_, task))) = pod.ends.peek()
            && !tasks[*task as usize].alive
        {
            self.free_tasks.push(*task);
            pod.ends.pop();
        }
        if pod.n == 0 {
            return;
        }
        let Some(Reverse((end, _))) = pod.ends.peek() else { return };
        let (left, n, version) = ((end.value() - pod.attained).max(0.0), pod.n, pod.version);
        let (weight, cap) = (pod.weight, (n * 1000).min(pod.limit));
        let class = self.class_of(weight, cap, n);
        let clock = self.clock(class);
        let pod = &mut self.pods[place.0 as usize];
        (pod.class, pod.joined) = (Some(class), clock);
        let c = &mut self.classes[class as usize];
        c.pods += 1;
        c.ends.push(Reverse((Key::new(clock + left), place.0, version)));
        if c.at_cap {
            self.capped_sum += cap;
        } else {
            self.weight_sum += weight;
        }
        self.refresh_head(class);
    }

    pub(super) fn class_of(&mut self, weight: u64, cap: u64, n: u64) -> u32 {
        if let Some(class) = self.by_kind.get(&(weight, cap, n)) {
            return *class;
        }
        let fresh = Class {
            weight,
            cap,
            n,
            pods: 0,
            at_cap: true,
            clock: 0.0,
            base: self.now,
            ends: BinaryHeap::new(),
            head: None,
        };
        let ratio = fresh.ratio();
        let class = match self.free_classes.pop() {
            Some(index) => {
                let ends = std::mem::take(&mut self.classes[index as usize].ends);
                self.classes[index as usize] = Class { ends, ..fresh };
                index
            }
            None => {
                self.classes.push(fresh);
                self.classes.len() as u32 - 1
            }
        };
        self.by_kind.insert((weight, cap, n), class);
        self.capped.insert((ratio, class));
        class
    }

    pub(super) fn drop_class(&mut self, class: u32) {
        self.set_head(class, None);
        let c = &mut self.classes[class as usize];
        c.ends.clear();
        let (kind, entry) = ((c.weight, c.cap, c.n), (c.ratio(), class));
        let side = if c.at_cap { &mut self.capped } else { &mut self.sharing };
        side.remove(&entry);
        self.by_kind.remove(&kind);
        self.free_classes.push(class);
        if self.sharing.is_empty() {
            self.level_clock = 0.0;
        }
    }

    /// The first end of a class, put into the list of its side.
    pub(super) fn refresh_head(&mut self, class: u32) {
        let pods = &self.pods;
        let c = &mut self.classes[class as usize];
        while let Some(Reverse((_, place, version))) = c.ends.peek()
            && pods[*place as usize].version != *version
        {
            c.ends.pop();
        }
        let head =
            c.ends.peek().map(|Reverse((end, ..))| Key::new(c.base + (end.value() - c.clock) / c.rate()));
        self.set_head(class, head);
    }

    pub(super) fn set_head(&mut self, class: u32, head: Option<Key>) {
        let c = &mut self.classes[class as usize];
        if c.head == head {
            return;
        }
        let heads = if c.at_cap { &mut self.capped_heads } else { &mut self.sharing_heads };
        if let Some(old) = std::mem::replace(&mut c.head, head) {
            heads.remove(&(old, class));
        }
        if let Some(new) = head {
            heads.insert((new, class));
        }
    }
}
