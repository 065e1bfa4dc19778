//! The end of a request: who is told, what is counted, and what becomes of its slot.

use super::Phase;
use crate::cluster::event::Event as Happened;
use crate::cluster::function::FunctionId;
use crate::sim::engine::{Event, NONE, Simulation};
use crate::sim::observe::{Observer, RequestEnd};

impl<O: Observer> Simulation<O> {
    /// The caller gets its answer, and the gateway's place on the pod is free again.
    pub(super) fn answer(&mut self, slot: u32, status: u16) {
        let now = self.now;
        let r = &self.requests[slot as usize];
        let (function, pod, phase, direct) = (r.function, r.pod, r.phase, r.direct);
        // What still works goes on as nobody's; it frees its slot when it is done.
        let goes_on = matches!(phase, Phase::Working(_) | Phase::Sleeping) && status != 200;
        let uid = self.pods.get(pod as usize).map(|p| p.uid);
        if goes_on {
            self.tell_end(slot, status);
            self.requests[slot as usize].answered = true;
        } else {
            self.end(slot, status);
        }
        let Some(uid) = uid.filter(|_| !direct) else { return };
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
    pub(super) fn end(&mut self, slot: u32, status: u16) {
        self.tell_end(slot, status);
        self.free(slot);
    }

    pub(super) fn tell_end(&mut self, slot: u32, status: u16) {
        let now = self.now;
        let (measured_from, windows) = (self.measured_from, self.sample_every.is_some());
        let r = &self.requests[slot as usize];
        let (function, source, user, direct) = (r.function, r.source, r.user, r.direct);
        let end = RequestEnd {
            function: FunctionId(function),
            source,
            user: if user == NONE { 0 } else { user },
            pod: self.pods.get(r.pod as usize).map(|p| p.uid),
            arrived: r.arrived,
            given: if r.pod == NONE { now } else { r.given },
            started: if matches!(r.phase, Phase::Waiting(_)) { now } else { r.started },
            ended: now,
            status,
            cold: r.cold,
        };
        let stats = &mut self.func(function).stats;
        stats.status(status, !direct);
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

    pub(super) fn user_replied(&mut self, source: u32, user: u32) {
        if user != NONE {
            let at = self.sources[source as usize].replied(self.now);
            self.queue.push(at, Event::User { source, user });
        }
    }

    pub(super) fn free(&mut self, slot: u32) {
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

    /// Everything that a pod still had ends, because the pod does.
    pub(in crate::sim::engine) fn fail_requests(&mut self, pod: u32) {
        let now = self.now;
        if self.pods[pod as usize].working.is_empty() && self.pods[pod as usize].queue.is_empty() {
            return;
        }
        let queued = std::mem::take(&mut self.pods[pod as usize].queue);
        for slot in queued {
            let function = self.requests[slot as usize].function;
            self.func(function).stats.queued.down(now);
            self.answer(slot, 502);
        }
        let mut working = self.pods[pod as usize].working.clone();
        // In an order that does not depend on which slots were free.
        working.sort_unstable_by_key(|slot| {
            let r = &self.requests[*slot as usize];
            (r.started, r.arrived, r.source, r.user)
        });
        for slot in working {
            let answered = self.requests[slot as usize].answered;
            self.stop_work(slot);
            if answered {
                self.free(slot);
            } else {
                self.answer(slot, 502);
            }
        }
    }

    /// Requests of a function that is gone will get no pod.
    pub(in crate::sim::engine) fn refuse_waiting(&mut self, function: u32) {
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
