//! A request's way in virtual time: arrival, gateway, a pod or a place in the queue, work, reply.

use super::function::Cuts;
use super::{CpuModel, Event, NONE, Simulation};
use crate::cluster::event::Event as Happened;
use crate::cluster::function::FunctionId;
use crate::cluster::pod::PodUid;
use crate::cluster::routing::{Admission, Ticket};
use crate::cluster::time::Time;
use crate::sim::cores::Task;
use crate::sim::law::Seconds;
use crate::sim::observe::{Observer, RequestEnd};

/// Where a request is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Phase {
    /// Nowhere: the slot is free.
    Free,
    /// The gateway works on it.
    Gateway(Task),
    /// It waits for a pod.
    Waiting(Ticket),
    /// It waits in its pod.
    InPod,
    /// Its CPU part runs.
    Working(Task),
    /// The rest of it runs, which needs no cores.
    Sleeping,
}

#[derive(Clone, Debug)]
pub struct Request {
    /// Grows when the slot is used anew, so that what was scheduled for the former request is void.
    pub version: u32,
    pub function: u32,
    pub source: u32,
    pub user: u32,
    /// Slot of its pod.
    pub pod: u32,
    pub phase: Phase,
    pub arrived: Time,
    pub given: Time,
    pub started: Time,
    /// What it takes alone, in seconds.
    pub service: f64,
    pub cold: bool,
    /// Its caller has been told something; the work goes on.
    pub answered: bool,
}

/// What a task on a node's cores is for: two bits of its tag, the rest is a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Request = 0,
    Gateway = 1,
    Startup = 2,
}

impl Purpose {
    pub fn tag(self, slot: u32) -> u32 {
        (self as u32) << 30 | slot
    }

    pub fn of(tag: u32) -> (Self, u32) {
        let purpose = match tag >> 30 {
            0 => Purpose::Request,
            1 => Purpose::Gateway,
            _ => Purpose::Startup,
        };
        (purpose, tag & 0x3fff_ffff)
    }
}

impl<O: Observer> Simulation<O> {
    /// A request is sent by a source, and by one of its users if it has any.
    pub(super) fn arrive(&mut self, source: u32, user: u32, service: Option<f64>) {
        self.offered += 1;
        let function = self.target_ids[source as usize];
        if function == NONE {
            self.not_found += 1;
            self.user_replied(source, user);
            return;
        }
        let now = self.now;
        let shared = self.cpu == CpuModel::Shared;
        let f = self.func(function);
        f.stats.offered += 1;
        let drawn = f.laws.service.draw(&mut f.service_draws);
        let overhead = f.model.overhead;
        let request = Request {
            version: 0,
            function,
            source,
            user,
            pod: NONE,
            phase: Phase::InPod,
            arrived: now,
            given: now,
            started: now,
            service: service.unwrap_or(drawn),
            cold: false,
            answered: false,
        };
        let slot = match self.free_requests.pop() {
            Some(slot) => {
                let version = self.requests[slot as usize].version;
                self.requests[slot as usize] = Request { version, ..request };
                slot
            }
            None => {
                self.requests.push(request);
                self.requests.len() as u32 - 1
            }
        };
        if shared && overhead.0 > 0.0 {
            let (place, tag) = (self.nodes[0].platform(), Purpose::Gateway.tag(slot));
            let task = self.nodes[0].cores_mut().start(now, place, overhead.0 * 1e9, tag);
            self.requests[slot as usize].phase = Phase::Gateway(task);
            self.func(function).stats.queued.up(now);
            self.reschedule(0);
        } else {
            self.admit(slot);
        }
    }

    /// The gateway's own work on a request is done.
    pub(super) fn through_gateway(&mut self, slot: u32) {
        let (now, function) = (self.now, self.requests[slot as usize].function);
        self.func(function).stats.queued.down(now);
        self.admit(slot);
    }

    /// The gateway looks for a pod.
    pub(super) fn admit(&mut self, slot: u32) {
        let now = self.now;
        let function = self.requests[slot as usize].function;
        let f = self.func(function);
        match f.endpoints.admit(now, f.routing_draws.rng()) {
            Admission::Pod(uid) => {
                self.patience_from_arrival(slot);
                let pod = self.slot(uid);
                self.give(slot, pod);
            }
            Admission::Wait { ticket, wake } => {
                f.waiting.push_back((ticket, slot));
                f.stats.queued.up(now);
                self.requests[slot as usize].phase = Phase::Waiting(ticket);
                self.patience(slot, Cuts::Gateway, now);
                if wake {
                    self.tell(Happened::NoPod { function: FunctionId(function) });
                }
            }
            Admission::Refuse(_) => {
                f.stats.refused += 1;
                self.end(slot, 429);
            }
        }
    }

    /// Requests that waited have their pods.
    pub(super) fn hand_out(&mut self, function: u32, given: Vec<(Ticket, PodUid)>) {
        let now = self.now;
        for (ticket, uid) in given {
            let f = self.func(function);
            if let Some(request) = f.take_waiting(ticket) {
                f.stats.queued.down(now);
                let pod = self.slot(uid);
                self.give(request, pod);
            }
        }
    }

    /// The gateway's patience with a request that need not wait.
    fn patience_from_arrival(&mut self, slot: u32) {
        let function = self.requests[slot as usize].function;
        let queues = self.func(function).model.workers.is_some();
        if queues || self.cpu == CpuModel::Shared || !self.is_over_in_time(slot) {
            self.patience(slot, Cuts::Gateway, self.now);
        }
    }

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
        if p.in_service + p.queue.len() as u32 >= limit {
            return self.answer(slot, 429);
        }
        let waits = p.in_service >= workers;
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

    /// Whether a request whose work begins now, on cores of its own, ends before any time-out.
    fn is_over_in_time(&mut self, slot: u32) -> bool {
        let r = &self.requests[slot as usize];
        let (function, end, arrived) = (r.function, self.now + Seconds(r.service).duration(), r.arrived);
        end.since(arrived) < self.func(function).shortest
    }

    /// Its work begins.
    fn work(&mut self, slot: u32) {
        let now = self.now;
        let r = &mut self.requests[slot as usize];
        r.started = now;
        let (function, pod, service, version, arrived) = (r.function, r.pod, r.service, r.version, r.arrived);
        self.pods[pod as usize].busy(now, 1);
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
    pub(super) fn worked(&mut self, slot: u32) {
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
    pub(super) fn waited(&mut self, slot: u32, version: u32) {
        let r = &self.requests[slot as usize];
        if r.version == version && r.phase == Phase::Sleeping {
            self.finish(slot);
        }
    }

    fn finish(&mut self, slot: u32) {
        let answered = self.requests[slot as usize].answered;
        self.stop_work(slot);
        if answered {
            self.free(slot);
        } else {
            self.answer(slot, 200);
        }
    }

    /// Its work is over or ended: the pod takes the next one that waits in it.
    fn stop_work(&mut self, slot: u32) {
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
        self.pods[pod as usize].busy(now, -1);
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

    /// The caller gets its answer, and the gateway's place on the pod is free again.
    fn answer(&mut self, slot: u32, status: u16) {
        let now = self.now;
        let r = &self.requests[slot as usize];
        let (function, pod, phase) = (r.function, r.pod, r.phase);
        // What still works goes on as nobody's; it frees its slot when it is done.
        let goes_on = matches!(phase, Phase::Working(_) | Phase::Sleeping) && status != 200;
        let uid = self.pods.get(pod as usize).map(|p| p.uid);
        if goes_on {
            self.tell_end(slot, status);
            self.requests[slot as usize].answered = true;
        } else {
            self.end(slot, status);
        }
        let Some(uid) = uid else { return };
        let f = self.func(function);
        let done = f.endpoints.done(now, uid);
        if let Some(next) = done.next.and_then(|ticket| f.take_waiting(ticket)) {
            f.stats.queued.down(now);
            self.give(next, pod);
        }
        if done.drained {
            self.tell(Happened::Drained { uid });
        }
    }

    /// Told, counted and forgotten.
    fn end(&mut self, slot: u32, status: u16) {
        self.tell_end(slot, status);
        self.free(slot);
    }

    fn tell_end(&mut self, slot: u32, status: u16) {
        let now = self.now;
        let (measured_from, windows) = (self.measured_from, self.sample_every.is_some());
        let r = &self.requests[slot as usize];
        let (function, source, user) = (r.function, r.source, r.user);
        let end = RequestEnd {
            function: FunctionId(function),
            source,
            pod: self.pods.get(r.pod as usize).map(|p| p.uid),
            arrived: r.arrived,
            given: if r.pod == NONE { now } else { r.given },
            started: if matches!(r.phase, Phase::Waiting(_)) { now } else { r.started },
            ended: now,
            status,
            cold: r.cold,
        };
        let stats = &mut self.func(function).stats;
        stats.status(status);
        if status != 429 || end.pod.is_some() {
            stats.completed += 1;
            if end.arrived >= measured_from {
                stats.cold += u64::from(end.cold);
                stats.responded(now.since(end.arrived).as_nanos() as u64, windows);
            }
        }
        self.observer.request(&end);
        self.user_replied(source, user);
    }

    fn user_replied(&mut self, source: u32, user: u32) {
        if user != NONE {
            let at = self.sources[source as usize].replied(self.now);
            self.queue.push(at, Event::User { source, user });
        }
    }

    fn free(&mut self, slot: u32) {
        let r = &mut self.requests[slot as usize];
        let function = r.function;
        r.version = r.version.wrapping_add(1);
        r.phase = Phase::Free;
        self.free_requests.push(slot);
        // Deadlines of requests that are over go with them, so that few are kept.
        let Some(f) = self.functions.get_mut(function as usize).and_then(Option::as_mut) else { return };
        for deadline in &mut f.deadlines {
            while let Some(&(_, request, version)) = deadline.due.front()
                && self.requests[request as usize].version != version
            {
                deadline.due.pop_front();
            }
        }
    }

    /// Starts the time-outs of one kind for a request.
    fn patience(&mut self, slot: u32, cuts: Cuts, now: Time) {
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

    pub(super) fn deadline(&mut self, function: u32, kind: u8) {
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
    fn cut(&mut self, slot: u32, cuts: Cuts, status: u16) {
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

    fn leave_in_queue(&mut self, slot: u32, status: u16) {
        let pod = self.requests[slot as usize].pod;
        self.pods[pod as usize].queue.retain(|waiting| *waiting != slot);
        self.answer(slot, status);
    }

    /// Everything that a pod still had ends, because the pod does.
    pub(super) fn fail_requests(&mut self, pod: u32) {
        let now = self.now;
        if self.pods[pod as usize].in_service == 0 && self.pods[pod as usize].queue.is_empty() {
            return;
        }
        let queued = std::mem::take(&mut self.pods[pod as usize].queue);
        for slot in queued {
            let function = self.requests[slot as usize].function;
            self.func(function).stats.queued.down(now);
            self.answer(slot, 502);
        }
        for slot in 0..self.requests.len() as u32 {
            let r = &self.requests[slot as usize];
            if r.pod == pod && matches!(r.phase, Phase::Working(_) | Phase::Sleeping) {
                let answered = r.answered;
                self.stop_work(slot);
                if answered {
                    self.free(slot);
                } else {
                    self.answer(slot, 502);
                }
            }
        }
    }

    /// Requests of a function that is gone will get no pod.
    pub(super) fn refuse_waiting(&mut self, function: u32) {
        let now = self.now;
        let waiting = match self.functions.get_mut(function as usize).and_then(Option::as_mut) {
            Some(f) => std::mem::take(&mut f.waiting),
            None => return,
        };
        for (ticket, slot) in waiting {
            if self.requests[slot as usize].phase == Phase::Waiting(ticket) {
                let f = self.func(function);
                f.endpoints.cancel(now, ticket);
                f.stats.queued.down(now);
                self.end(slot, 404);
            }
        }
    }
}
