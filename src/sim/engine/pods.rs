//! A pod's way in virtual time: image, container, function, probe; work; crash, stop.

use super::requests::Purpose;
use super::{CpuModel, Event, NONE, Simulation};
use crate::cluster::event::Event as Happened;
use crate::cluster::function::{FunctionId, FunctionSpec};
use crate::cluster::node::{Node, NodeId};
use crate::cluster::pod::{Exit, PodUid};
use crate::cluster::time::Time;
use crate::sim::cores::{Cores, Place};
use crate::sim::law::Seconds;
use crate::sim::observe::{Observer, PodEvent};
use std::collections::{BTreeSet, VecDeque};

/// What happens to a pod next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The image is there.
    Pulled,
    /// The container runs.
    Started,
    /// The CPU part of the function's start is done.
    Loaded,
    /// The function listens.
    Listens,
    /// The first probe has passed.
    Ready,
    /// It crashes.
    Crashes,
    /// Nothing is left of it.
    Gone,
}

#[derive(Clone, Debug)]
pub struct PodSlot {
    /// Grows with each start and stop, so that what was scheduled before is void.
    pub version: u32,
    pub uid: PodUid,
    pub function: u32,
    pub node: u16,
    /// Its share of the node's cores.
    pub place: Place,
    /// It takes part in its node: from being asked to start until its container ends.
    pub placed: bool,
    /// Its container runs.
    pub running: bool,
    pub since: Time,
    /// Requests that it works on, in no order; each knows its place here.
    pub working: Vec<u32>,
    /// Requests that wait in it.
    pub queue: VecDeque<u32>,
    /// The part of its start that is no CPU, in seconds.
    pub rest: f64,
    /// ∫ requests worked on dt, in nanoseconds, until `settled`.
    pub worked: u64,
    pub settled: Time,
}

impl PodSlot {
    /// How many it works on.
    pub fn in_service(&self) -> u32 {
        self.working.len() as u32
    }

    /// How many it works on is about to change.
    pub fn settle(&mut self, now: Time) {
        self.worked += now.since(self.settled).as_nanos() as u64 * u64::from(self.in_service());
        self.settled = now;
    }
}

/// A node of the run.
#[derive(Debug)]
pub struct NodeState {
    pub cores: u64,
    shared: Cores,
    /// What gateway and load generator take.
    platform: Option<Place>,
    /// For when an event is scheduled.
    scheduled: Time,
    images: BTreeSet<String>,
}

impl NodeState {
    pub fn new(node: &Node) -> Self {
        let cores = u64::from(node.cores);
        let shared = Cores::new(cores * 1000);
        NodeState { cores, shared, platform: None, scheduled: Time::MAX, images: BTreeSet::new() }
    }

    pub fn cores_mut(&mut self) -> &mut Cores {
        &mut self.shared
    }

    /// The place of gateway and load generator: as much weight as a core.
    pub fn platform(&mut self) -> Place {
        let shared = &mut self.shared;
        *self.platform.get_or_insert_with(|| shared.join(1000, None))
    }
}

/// CPU that a pod without a request weighs: Kubernetes gives such a container the least share there is.
const LEAST_WEIGHT: u64 = 2;
impl<O: Observer> Simulation<O> {
    pub(super) fn start_pod(&mut self, uid: PodUid, function: FunctionId, spec: &FunctionSpec, node: NodeId) {
        let now = self.now;
        let weight = spec.requests.cpu.or(spec.limits.cpu).map_or(LEAST_WEIGHT, |c| c.0.max(LEAST_WEIGHT));
        let place = self.nodes[usize::from(node.0)].cores_mut().join(weight, spec.limits.cpu.map(|c| c.0));
        let mut slot = self.slot(uid);
        if slot == NONE {
            slot = self.free_pods.pop().unwrap_or(self.pods.len() as u32);
            let version = self.pods.get(slot as usize).map_or(0, |p| p.version);
            let pod = PodSlot {
                version,
                uid,
                function: function.0,
                node: node.0,
                place,
                placed: false,
                running: false,
                since: now,
                working: Vec::new(),
                queue: VecDeque::new(),
                rest: 0.0,
                worked: 0,
                settled: now,
            };
            if slot as usize == self.pods.len() {
                self.pods.push(pod);
            } else {
                self.pods[slot as usize] = pod;
            }
            let index = (uid.0 - self.first_uid) as usize;
            if self.by_uid.len() <= index {
                self.by_uid.resize(index + 1, NONE);
            }
            self.by_uid[index] = slot;
        }
        let p = &mut self.pods[slot as usize];
        p.version = p.version.wrapping_add(1);
        (p.place, p.node, p.since, p.settled, p.worked) = (place, node.0, now, now, 0);
        p.placed = true;
        let f = self.func(function.0);
        f.endpoints.expect(uid);
        f.stats.pods_started += 1;
        f.stats.pods.up(now);
        let pull = f.laws.image.draw(&mut f.startup_draws);
        let here = &mut self.nodes[usize::from(node.0)].images;
        let pull = if here.contains(&spec.image) { 0.0 } else { pull };
        if pull > 0.0 || !here.contains(&spec.image) {
            here.insert(spec.image.clone());
        }
        self.after(slot, pull, Stage::Pulled);
    }

    /// The next stage of a pod comes after so many seconds, or at once.
    fn after(&mut self, pod: u32, seconds: f64, stage: Stage) {
        let version = self.pods[pod as usize].version;
        if seconds > 0.0 {
            self.queue.push(self.now + Seconds(seconds).duration(), Event::Pod { pod, version, stage });
        } else {
            self.enter(pod, stage);
        }
    }

    pub(super) fn stage(&mut self, pod: u32, version: u32, stage: Stage) {
        if self.pods[pod as usize].version == version {
            self.enter(pod, stage);
            self.pump();
        }
    }

    fn enter(&mut self, pod: u32, stage: Stage) {
        let now = self.now;
        let p = &mut self.pods[pod as usize];
        let (uid, function, node, place) = (p.uid, p.function, p.node, p.place);
        match stage {
            Stage::Pulled => {
                let f = self.func(function);
                let seconds = f.laws.container.draw(&mut f.startup_draws);
                self.after(pod, seconds, Stage::Started);
            }
            Stage::Started => {
                (p.running, p.since, p.settled) = (true, now, now);
                self.cluster.handle(now, Happened::PodStarted { uid, address: "virtual".into() });
                let shared = self.cpu == CpuModel::Shared;
                let f = self.func(function);
                let whole = f.laws.function.draw(&mut f.startup_draws);
                let work = whole * f.model.startup.cpu;
                if shared && work > 0.0 {
                    let tag = Purpose::Startup.tag(pod);
                    self.nodes[usize::from(node)].cores_mut().start(now, place, work * 1e9, tag);
                    let p = &mut self.pods[pod as usize];
                    (p.worked, p.rest) = (0, whole - work);
                    self.reschedule(node);
                } else {
                    self.after(pod, whole, Stage::Listens);
                }
            }
            Stage::Loaded => {
                let rest = self.pods[pod as usize].rest;
                self.after(pod, rest, Stage::Listens);
            }
            Stage::Listens => {
                let f = self.func(function);
                let seconds = f.laws.probe.draw(&mut f.startup_draws);
                self.after(pod, seconds, Stage::Ready);
            }
            Stage::Ready => {
                let f = self.func(function);
                let crash = f.laws.crash.as_ref().map(|law| law.draw(&mut f.startup_draws));
                if let Some(seconds) = crash {
                    self.after(pod, seconds.max(1e-9), Stage::Crashes);
                }
                self.cluster.handle(now, Happened::PodReady { uid });
            }
            Stage::Crashes => self.exit(pod, 1),
            Stage::Gone => {
                if let Some(at) = uid.0.checked_sub(self.first_uid)
                    && let Some(slot) = self.by_uid.get_mut(at as usize)
                {
                    *slot = NONE;
                }
                while self.by_uid.front() == Some(&NONE) {
                    self.by_uid.pop_front();
                    self.first_uid += 1;
                }
                self.pods[pod as usize].version = self.pods[pod as usize].version.wrapping_add(1);
                self.free_pods.push(pod);
                self.cluster.handle(now, Happened::PodGone { uid });
            }
        }
    }

    /// The pod's start has had the CPU that it needs.
    pub(super) fn loaded(&mut self, pod: u32) {
        self.enter(pod, Stage::Loaded);
        self.pump();
    }

    pub(super) fn open_pod(&mut self, function: FunctionId, uid: PodUid) {
        let now = self.now;
        let pod = self.slot(uid);
        if pod != NONE {
            self.func(function.0).opened(uid, pod);
            let node = NodeId(self.pods[pod as usize].node);
            self.observer.pod(uid, "", function, node, now, PodEvent::Ready);
        }
        let Some(f) = self.func_of(function) else { return };
        let given = f.endpoints.ready(now, uid);
        for (ticket, _) in &given {
            let f = self.func(function.0);
            if let Ok(place) = f.waiting.binary_search_by_key(ticket, |(ticket, _)| *ticket) {
                let request = f.waiting[place].1;
                self.requests[request as usize].cold = true;
            }
        }
        self.hand_out(function.0, given);
    }

    pub(super) fn stop_pod(&mut self, uid: PodUid) {
        let pod = self.slot(uid);
        if pod == NONE {
            self.cluster.handle(self.now, Happened::PodGone { uid });
            return;
        }
        self.end_container(pod);
        let f = self.func(self.pods[pod as usize].function);
        let seconds = f.laws.stop.draw(&mut f.startup_draws);
        self.after(pod, seconds, Stage::Gone);
    }

    /// Nothing of the pod runs any more.
    pub(super) fn end_container(&mut self, pod: u32) {
        let now = self.now;
        if !std::mem::take(&mut self.pods[pod as usize].placed) {
            return;
        }
        self.fail_requests(pod);
        let cpu = self.pod_cpu(pod);
        let p = &mut self.pods[pod as usize];
        p.version = p.version.wrapping_add(1);
        let (function, node, place) = (p.function, p.node, p.place);
        p.running = false;
        let uid = p.uid;
        self.observer.pod(uid, "", FunctionId(function), NodeId(node), now, PodEvent::Ended);
        self.nodes[usize::from(node)].cores_mut().leave(now, place);
        self.reschedule(node);
        let f = self.func(function);
        f.closed(uid);
        f.gone_cpu += cpu;
        f.stats.pods.down(now);
    }

    pub(super) fn exit(&mut self, pod: u32, code: i32) {
        let (uid, function) = (self.pods[pod as usize].uid, self.pods[pod as usize].function);
        // No waiting request may be given to it while its own fail one by one.
        self.func(function).endpoints.unready(uid);
        self.end_container(pod);
        self.cluster.handle(self.now, Happened::PodExited { uid, exit: Exit { code, oom_killed: false } });
    }

    /// Something on a node's cores may have ended.
    pub(super) fn cores_due(&mut self, node: u16) {
        self.nodes[usize::from(node)].scheduled = Time::MAX;
        let now = self.now;
        while let Some(tag) = self.nodes[usize::from(node)].cores_mut().finished(now) {
            match Purpose::of(tag) {
                (Purpose::Request, slot) => self.worked(slot),
                (Purpose::Gateway, slot) => self.through_gateway(slot),
                (Purpose::Startup, pod) => self.loaded(pod),
            }
        }
        self.reschedule(node);
    }

    /// Schedules the node's next event if it is earlier than the one that is. One that comes too early does
    /// nothing.
    pub(super) fn reschedule(&mut self, node: u16) {
        let state = &mut self.nodes[usize::from(node)];
        let due = state.shared.due().max(self.now);
        if due < state.scheduled {
            state.scheduled = due;
            self.queue.push(due, Event::Cores { node });
        }
    }
}
