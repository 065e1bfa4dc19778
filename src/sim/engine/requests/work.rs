//! A request on its pod: its turn, its CPU, and the rest that needs no cores.

use super::{Phase, Purpose};
use crate::sim::engine::function::Cuts;
use crate::sim::engine::{CpuModel, Event, NONE, Simulation};
use crate::sim::law::Seconds;
use crate::sim::observe::Observer;

impl<O: Observer> Simulation<O> {
    /// A request is on its pod.
    pub(super) fn give(&mut self, slot: u32, pod: u32) {
        let now = self.now;
        let r = &mut self.requests[slot as usize];
        (r.pod, r.given, r.started) = (pod, now, now);
        if pod == NONE {
            return self.answer(slot, 502);
        }
        let function = r.function;
        let (workers, limit) = {
            let f = self.func(function);
            (f.model.workers.unwrap_or(u32::MAX), f.watchdog_limit)
        };
        let p = &mut self.pods[pod as usize];
        if p.in_service() + p.queue.len() as u32 >= limit {
            return self.answer(slot, 429);
        }
        let waits = p.in_service() >= workers;
        if waits || self.cpu == CpuModel::Shared || !self.is_over_in_time(slot) {
            self.patience(slot, Cuts::Watchdog, now);
        }
        let p = &mut self.pods[pod as usize];
        if waits {
            p.queue.push_back(slot);
            self.requests[slot as usize].phase = Phase::InPod;
            self.func(function).stats.queued.up(now);
        } else {
            self.work(slot);
        }
    }

    /// Its work begins.
    pub(super) fn work(&mut self, slot: u32) {
        let now = self.now;
        let r = &mut self.requests[slot as usize];
        r.started = now;
        let (function, pod, service, version, arrived) = (r.function, r.pod, r.service, r.version, r.arrived);
        let p = &mut self.pods[pod as usize];
        p.settle(now);
        r.place = p.working.len() as u32;
        p.working.push(slot);
        let measured_from = self.measured_from;
        let f = self.func(function);
        let share = f.model.cpu;
        f.stats.busy.up(now);
        if arrived >= measured_from {
            let wait = now.since(arrived).as_nanos() as u64;
            if wait > 0 {
                f.stats.wait.record(wait);
            }
            f.stats.service += service;
            f.stats.served += 1;
        }
        if self.cpu == CpuModel::Shared || !self.is_over_in_time(slot) {
            self.patience(slot, Cuts::Work, now);
        }
        if self.cpu == CpuModel::Shared && share > 0.0 && service > 0.0 {
            let p = &self.pods[pod as usize];
            let (node, place) = (p.node, p.place);
            let work = service * share * 1e9;
            let task =
                self.nodes[usize::from(node)].cores_mut().start(now, place, work, Purpose::Request.tag(slot));
            self.requests[slot as usize].phase = Phase::Working(task);
            self.reschedule(node);
        } else {
            self.requests[slot as usize].phase = Phase::Sleeping;
            self.queue.push(now + Seconds(service).duration(), Event::Finish { request: slot, version });
        }
    }

    /// The CPU part of a request is done.
    pub(in crate::sim::engine) fn worked(&mut self, slot: u32) {
        let r = &self.requests[slot as usize];
        let (function, service, version) = (r.function, r.service, r.version);
        let rest = service * (1.0 - self.func(function).model.cpu);
        self.requests[slot as usize].phase = Phase::Sleeping;
        if rest > 0.0 {
            self.queue.push(self.now + Seconds(rest).duration(), Event::Finish { request: slot, version });
        } else {
            self.finish(slot);
        }
    }

    /// The part of a request that needs no cores is over.
    pub(in crate::sim::engine) fn waited(&mut self, slot: u32, version: u32) {
        let r = &self.requests[slot as usize];
        if r.version == version && r.phase == Phase::Sleeping {
            self.finish(slot);
        }
    }

    pub(super) fn finish(&mut self, slot: u32) {
        let answered = self.requests[slot as usize].answered;
        self.stop_work(slot);
        if answered {
            self.free(slot);
        } else {
            self.answer(slot, 200);
        }
    }

    /// The pod does not work on it any more.
    fn leave_pod(&mut self, slot: u32, pod: u32) {
        let (now, place) = (self.now, self.requests[slot as usize].place);
        self.pods[pod as usize].settle(now);
        let working = &mut self.pods[pod as usize].working;
        working.swap_remove(place as usize);
        if let Some(&moved) = working.get(place as usize) {
            self.requests[moved as usize].place = place;
        }
    }

    /// Its work is over or ended: the pod takes the next one that waits in it.
    pub(super) fn stop_work(&mut self, slot: u32) {
        let now = self.now;
        let r = &mut self.requests[slot as usize];
        let (function, pod) = (r.function, r.pod);
        let phase = std::mem::replace(&mut r.phase, Phase::InPod);
        if let Phase::Working(task) = phase {
            let node = self.pods[pod as usize].node;
            // Void if the task has ended by itself.
            self.nodes[usize::from(node)].cores_mut().cancel(now, task);
            self.reschedule(node);
        }
        self.leave_pod(slot, pod);
        self.func(function).stats.busy.down(now);
        while let Some(next) = self.pods[pod as usize].queue.pop_front() {
            if self.requests[next as usize].answered {
                self.free(next);
                continue;
            }
            self.func(function).stats.queued.down(now);
            self.work(next);
            break;
        }
    }
}
