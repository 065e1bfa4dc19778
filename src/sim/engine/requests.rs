//! A request's way in virtual time: arrival, gateway, a pod or a place in the queue, work, reply.
//!
//! | file | question |
//! |---|---|
//! | `requests` | what is a request, and how does it come to a pod? |
//! | `requests/work` | what does it do there? |
//! | `requests/timeouts` | who loses patience with it? |
//! | `requests/end` | what is told when it is over? |

mod end;
mod timeouts;
mod work;

use super::function::Cuts;
use super::{CpuModel, NONE, Simulation};
use crate::cluster::event::Event as Happened;
use crate::cluster::function::FunctionId;
use crate::cluster::pod::PodUid;
use crate::cluster::routing::{Admission, Ticket};
use crate::cluster::time::Time;
use crate::sim::cores::Task;
use crate::sim::observe::Observer;

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
    /// Its place among those that its pod works on.
    pub place: u32,
    pub phase: Phase,
    pub arrived: Time,
    pub given: Time,
    pub started: Time,
    /// What it takes alone, in seconds.
    pub service: f64,
    pub cold: bool,
    /// Its caller has been told something; the work goes on.
    pub answered: bool,
    /// It goes past the gateway, which sees nothing of it.
    pub direct: bool,
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
            place: 0,
            phase: Phase::InPod,
            arrived: now,
            given: now,
            started: now,
            service: service.unwrap_or(drawn),
            cold: false,
            answered: false,
            direct: self.sources[source as usize].direct,
        };
        let direct = request.direct;
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
        if shared && overhead.0 > 0.0 && !direct {
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

    /// Past the gateway: a user's connection stays with one of the pods that are open.
    fn go_direct(&mut self, slot: u32) {
        let r = &self.requests[slot as usize];
        let (function, user) = (r.function, if r.user == NONE { 0 } else { r.user as usize });
        let open = &self.func(function).open;
        match open.get(user % open.len().max(1)).copied() {
            Some((_, pod)) => self.give(slot, pod),
            None => self.end(slot, 503),
        }
    }

    /// The gateway looks for a pod.
    pub(super) fn admit(&mut self, slot: u32) {
        let now = self.now;
        let function = self.requests[slot as usize].function;
        if self.requests[slot as usize].direct {
            return self.go_direct(slot);
        }
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
}
