//! Time-outs: when somebody loses patience with a request, and what becomes of it then.

use super::Phase;
use crate::cluster::time::Time;
use crate::sim::engine::function::Cuts;
use crate::sim::engine::{CpuModel, Event, Simulation};
use crate::sim::law::Seconds;
use crate::sim::observe::Observer;

impl<O: Observer> Simulation<O> {
    /// The gateway's patience with a request that need not wait.
    pub(super) fn patience_from_arrival(&mut self, slot: u32) {
        let function = self.requests[slot as usize].function;
        let queues = self.func(function).model.workers.is_some();
        if queues || self.cpu == CpuModel::Shared || !self.is_over_in_time(slot) {
            self.patience(slot, Cuts::Gateway, self.now);
        }
    }

    /// Whether a request whose work begins now, on cores of its own, ends before any time-out.
    pub(super) fn is_over_in_time(&mut self, slot: u32) -> bool {
        let r = &self.requests[slot as usize];
        let (function, end, arrived) = (r.function, self.now + Seconds(r.service).duration(), r.arrived);
        end.since(arrived) < self.func(function).shortest
    }

    /// Starts the time-outs of one kind for a request.
    pub(super) fn patience(&mut self, slot: u32, cuts: Cuts, now: Time) {
        let r = &self.requests[slot as usize];
        let (function, version, arrived) = (r.function, r.version, r.arrived);
        let Some(f) = self.functions.get_mut(function as usize).and_then(Option::as_mut) else { return };
        for (kind, deadline) in
            f.deadlines.iter_mut().enumerate().filter(|(_, d)| d.cuts == cuts && !d.after.is_zero())
        {
            let at = if cuts == Cuts::Gateway { arrived } else { now } + deadline.after;
            deadline.due.push_back((at, slot, version));
            if !std::mem::replace(&mut deadline.armed, true) {
                self.queue.push(at, Event::Deadline { function, kind: kind as u8 });
            }
        }
    }

    pub(in crate::sim::engine) fn deadline(&mut self, function: u32, kind: u8) {
        let now = self.now;
        loop {
            let f = self.func(function);
            let deadline = &mut f.deadlines[usize::from(kind)];
            let (cuts, status) = (deadline.cuts, deadline.status);
            let Some(&(at, slot, version)) = deadline.due.front() else {
                deadline.armed = false;
                return;
            };
            if self.requests[slot as usize].version != version {
                self.func(function).deadlines[usize::from(kind)].due.pop_front();
            } else if at <= now {
                self.func(function).deadlines[usize::from(kind)].due.pop_front();
                self.cut(slot, cuts, status);
            } else {
                self.queue.push(at, Event::Deadline { function, kind });
                return;
            }
        }
    }

    /// A time-out has come.
    pub(super) fn cut(&mut self, slot: u32, cuts: Cuts, status: u16) {
        let now = self.now;
        let r = &self.requests[slot as usize];
        let (function, answered, phase) = (r.function, r.answered, r.phase);
        match phase {
            Phase::Free => {}
            Phase::Working(_) | Phase::Sleeping if cuts == Cuts::Work => {
                self.stop_work(slot);
                if answered {
                    self.free(slot);
                } else {
                    self.answer(slot, status);
                }
            }
            _ if answered => {}
            Phase::Working(_) | Phase::Sleeping => self.answer(slot, status),
            Phase::Waiting(ticket) => {
                let f = self.func(function);
                f.endpoints.cancel(now, ticket);
                f.stats.queued.down(now);
                self.end(slot, status);
            }
            Phase::InPod => {
                // It stays in its pod's queue as nobody's.
                self.func(function).stats.queued.down(now);
                self.leave_in_queue(slot, status);
            }
            Phase::Gateway(task) => {
                self.nodes[0].cores_mut().cancel(now, task);
                self.reschedule(0);
                self.func(function).stats.queued.down(now);
                self.end(slot, status);
            }
        }
    }

    pub(super) fn leave_in_queue(&mut self, slot: u32, status: u16) {
        let pod = self.requests[slot as usize].pod;
        self.pods[pod as usize].queue.retain(|waiting| *waiting != slot);
        self.answer(slot, status);
    }
}
