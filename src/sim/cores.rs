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

#[derive(Clone, Debug)]
struct Class {
    weight: u64,
    cap: u64,
    n: u64,
    pods: u64,
    at_cap: bool,
    /// CPU attained per task in nanoseconds, as of `base`: a time, or a reading of the level's clock.
    clock: f64,
    base: f64,
    /// First ends of its pods as readings of the class' clock.
    ends: BinaryHeap<Reverse<(Key, u32, u32)>>,
    /// What the node's list holds for this class.
    head: Option<Key>,
}

impl Class {
    /// By how much its clock moves while time (at the cap) or the level's clock (below) moves by one.
    fn rate(&self) -> f64 {
        let per_pod = if self.at_cap { self.cap } else { self.weight };
        per_pod as f64 / (1000 * self.n) as f64
    }

    /// The level at which it comes to its cap, for ordering only.
    fn ratio(&self) -> Key {
        Key::new(self.cap as f64 / self.weight as f64)
    }
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

    /// What each unit of weight gets, in cores per core of weight.
    fn level(&self) -> f64 {
        self.capacity.saturating_sub(self.capped_sum) as f64 / self.weight_sum.max(1) as f64
    }

    fn advance(&mut self, now: Time) {
        let now = now.as_nanos() as f64;
        if now > self.now {
            if self.weight_sum > 0 {
                self.level_clock += self.level() * (now - self.now);
            }
            self.now = now;
        }
    }

    fn clock(&self, class: u32) -> f64 {
        let class = &self.classes[class as usize];
        let at = if class.at_cap { self.now } else { self.level_clock };
        class.clock + (at - class.base) * class.rate()
    }

    fn settle_class(&mut self, class: u32) {
        let clock = self.clock(class);
        let class = &mut self.classes[class as usize];
        class.clock = clock;
        class.base = if class.at_cap { self.now } else { self.level_clock };
    }

    /// Brings a pod's own clock up to now and takes it out of its class.
    fn take_out(&mut self, place: Place) {
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

    fn put_in(&mut self, place: Place) {
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

    fn class_of(&mut self, weight: u64, cap: u64, n: u64) -> u32 {
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

    fn drop_class(&mut self, class: u32) {
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
    fn refresh_head(&mut self, class: u32) {
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

    fn set_head(&mut self, class: u32, head: Option<Key>) {
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

    /// Finds the level: classes whose cap lies below it are at their cap, all others share what is left.
    fn rebalance(&mut self) {
        loop {
            let left = i128::from(self.capacity) - i128::from(self.capped_sum);
            let sum = i128::from(self.weight_sum);
            // cap ≤ weight × left ÷ sum, in whole numbers.
            let below = |c: &Class| i128::from(c.cap) * sum <= i128::from(c.weight) * left;
            if let Some(&(_, class)) = self.sharing.first()
                && below(&self.classes[class as usize])
            {
                self.cross(class);
            } else if let Some(&(_, class)) = self.capped.last()
                && if sum == 0 { left < 0 } else { !below(&self.classes[class as usize]) }
            {
                self.cross(class);
            } else {
                return;
            }
        }
    }

    fn cross(&mut self, class: u32) {
        self.settle_class(class);
        self.set_head(class, None);
        let c = &mut self.classes[class as usize];
        let (entry, caps, weights) = ((c.ratio(), class), c.cap * c.pods, c.weight * c.pods);
        c.at_cap = !c.at_cap;
        if c.at_cap {
            self.sharing.remove(&entry);
            self.capped.insert(entry);
            self.capped_sum += caps;
            self.weight_sum -= weights;
            self.classes[class as usize].base = self.now;
        } else {
            self.capped.remove(&entry);
            self.sharing.insert(entry);
            self.capped_sum -= caps;
            self.weight_sum += weights;
            self.classes[class as usize].base = self.level_clock;
        }
        self.refresh_head(class);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: f64) -> Time {
        Time::from_nanos((seconds * 1e9) as u64)
    }

    /// Runs until nothing is left; ends in seconds by tag.
    fn ends(cores: &mut Cores) -> Vec<(u32, f64)> {
        let mut all = Vec::new();
        while cores.due() < Time::MAX {
            let now = cores.due();
            while let Some(tag) = cores.finished(now) {
                all.push((tag, (now.as_secs_f64() * 1e6).round() / 1e6));
            }
        }
        all
    }

    #[test]
    fn cores_are_shared_by_weight_up_to_the_cap() {
        // Three single tasks on two cores: each gets 2/3.
        let mut cores = Cores::new(2000);
        for tag in 0..3 {
            let pod = cores.join(100, None);
            cores.start(at(0.0), pod, 1e9, tag);
        }
        assert_eq!(ends(&mut cores).iter().map(|e| e.1).collect::<Vec<_>>(), [1.5, 1.5, 1.5]);

        // A limit of half a core leaves more to the others: 0.5 + 0.75 + 0.75.
        let mut cores = Cores::new(2000);
        let limited = cores.join(100, Some(500));
        cores.start(at(0.0), limited, 0.5e9, 0);
        for tag in 1..3 {
            let pod = cores.join(100, None);
            cores.start(at(0.0), pod, 0.75e9, tag);
        }
        assert!(ends(&mut cores).iter().all(|e| e.1 == 1.0));

        // Weights 1 and 3 on one core: 1/4 and 3/4; when the heavy one is done, the other has the core.
        let mut cores = Cores::new(1000);
        let (light, heavy) = (cores.join(100, None), cores.join(300, None));
        cores.start(at(0.0), light, 1e9, 0);
        cores.start(at(0.0), heavy, 0.75e9, 1);
        assert_eq!(ends(&mut cores), [(1, 1.0), (0, 1.75)]);

        // One pod's tasks share what the pod gets; one that is cancelled leaves the rest to the other.
        let mut cores = Cores::new(1000);
        let pod = cores.join(100, None);
        cores.start(at(0.0), pod, 1e9, 0);
        let other = cores.start(at(0.0), pod, 9e9, 1);
        cores.cancel(at(1.0), other);
        assert_eq!(ends(&mut cores), [(0, 1.5)]);
        assert_eq!(cores.used(at(9.0), pod), 1_500_000_000);
    }

    /// The same, by looking at every pod at every step: slow, and plainly right.
    struct Plain {
        capacity: f64,
        pods: Vec<PlainPod>,
    }

    /// Weight, limit, and what is left of each task.
    type PlainPod = (f64, f64, Vec<(u32, f64)>);

    impl Plain {
        fn rates(&self) -> Vec<f64> {
            let cap = |p: &PlainPod| p.1.min(p.2.len() as f64);
            let mut rates = vec![0.0; self.pods.len()];
            let mut open: Vec<usize> = (0..self.pods.len()).filter(|i| !self.pods[*i].2.is_empty()).collect();
            let mut left = self.capacity;
            loop {
                let sum: f64 = open.iter().map(|i| self.pods[*i].0).sum();
                let full = |i: &usize| cap(&self.pods[*i]) <= self.pods[*i].0 * left / sum;
                let filled: Vec<usize> = open.iter().copied().filter(full).collect();
                if filled.is_empty() {
                    open.iter().for_each(|i| rates[*i] = self.pods[*i].0 * left / sum);
                    return rates;
                }
                for i in filled {
                    rates[i] = cap(&self.pods[i]);
                    left -= rates[i];
                    open.retain(|o| *o != i);
                }
            }
        }

        fn run(&mut self, mut span: f64, ended: &mut Vec<(u32, f64)>, mut now: f64) {
            while span > 0.0 {
                let rates = self.rates();
                let next = self
                    .pods
                    .iter()
                    .zip(&rates)
                    .flat_map(|(p, r)| p.2.iter().map(move |t| t.1 * p.2.len() as f64 / r));
                let step = next.fold(span, f64::min);
                for (p, r) in self.pods.iter_mut().zip(rates) {
                    let each = r * step / p.2.len().max(1) as f64;
                    p.2.iter_mut().for_each(|t| t.1 -= each);
                    p.2.retain(|t| {
                        if t.1 <= 1e-9 {
                            ended.push((t.0, now + step));
                        }
                        t.1 > 1e-9
                    });
                }
                (span, now) = (span - step, now + step);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn as_by_looking_at_every_pod(
            capacity in 500_u64..6000,
            pods in proptest::collection::vec((1_u64..400, proptest::option::of(50_u64..2500)), 1..7),
            tasks in proptest::collection::vec((0_usize..7, 0.001_f64..2.0, 0.0_f64..0.4), 1..60),
        ) {
            let mut cores = Cores::new(capacity);
            let places: Vec<Place> = pods.iter().map(|(w, l)| cores.join(*w, *l)).collect();
            let mut plain = Plain {
                capacity: capacity as f64 / 1000.0,
                pods: pods.iter().map(|(w, l)| (*w as f64, l.map_or(f64::MAX, |l| l as f64 / 1000.0), Vec::new())).collect(),
            };
            let (mut seen, mut expected, mut now) = (Vec::new(), Vec::new(), 0.0);
            let drain = |cores: &mut Cores, until: Time, seen: &mut Vec<(u32, f64)>| {
                while cores.due() <= until && cores.due() < Time::MAX {
                    let now = cores.due();
                    while let Some(tag) = cores.finished(now) {
                        seen.push((tag, now.as_secs_f64()));
                    }
                }
            };
            for (tag, (pod, work, gap)) in tasks.into_iter().enumerate() {
                let gap = (gap * 1e9).round() / 1e9;
                plain.run(gap, &mut expected, now);
                now += gap;
                drain(&mut cores, at(now), &mut seen);
                let pod = pod % places.len();
                cores.start(at(now), places[pod], work * 1e9, tag as u32);
                plain.pods[pod].2.push((tag as u32, work));
            }
            drain(&mut cores, Time::from_nanos(u64::MAX - 1), &mut seen);
            plain.run(1e6, &mut expected, now);
            seen.sort_by_key(|e| e.0);
            expected.sort_by_key(|e| e.0);
            prop_assert_eq!(seen.len(), expected.len());
            for (a, b) in seen.iter().zip(&expected) {
                prop_assert!(a.0 == b.0 && (a.1 - b.1).abs() < 1e-6, "{:?} for {:?}", a, b);
            }
        }
    }
}
