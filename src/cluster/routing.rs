//! Which pod takes a request; queues; waiting for a pod.
//!
//! Requests do not pass through the [cluster](super), but their routing is decided once, here: one
//! [`Endpoints`] per function. The live gateway holds it behind a short mutex, the simulator by value. No
//! operation is slower than O(log pods), and none allocates once it has seen its largest load.

mod answers;
mod policy;
mod queue;
mod ranking;
#[cfg(test)]
mod tests;

pub use answers::{Admission, Closing, Counters, Done, RefuseReason, Ticket};
pub use policy::{RoutingPolicy, UnknownPolicy};

use super::pod::PodUid;
use super::time::Time;
use queue::Queue;
use rand::{Rng, RngExt};
use ranking::{Key, Ranking};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ready,
    /// Its probe fails; it keeps what it has and gets nothing new.
    Unready,
    /// It refused a connection: nothing new until it takes one again, or the cluster knows more.
    Refusing,
    Draining,
    /// It no longer exists, but some of its requests have not reported their end yet.
    Gone,
}

#[derive(Clone, Debug)]
struct Pod {
    uid: PodUid,
    state: State,
    in_flight: u32,
    /// Orders pods by their last use (or turn): a count, since many things happen at one time.
    stamp: u64,
    last_activity: Time,
}

/// The pods of one function and the requests that want one.
#[derive(Clone, Debug)]
pub struct Endpoints {
    policy: RoutingPolicy,
    max_inflight: Option<u32>,
    queue_limit: Option<usize>,
    wake_each: bool,
    /// Pods that were started each for a request that waits.
    expected: BTreeSet<PodUid>,
    slots: Vec<Pod>,
    free: Vec<u32>,
    by_uid: BTreeMap<PodUid, u32>,
    ranking: Ranking,
    queue: Queue,
    ready_pods: usize,
    stamp: u64,
    woken: bool,
    counters: Counters,
}

impl Endpoints {
    /// A function without pods. `max_inflight` is per pod (none: no limit, 0 counts as 1), `queue_limit` is how
    /// many requests may wait at once (none: no limit).
    pub fn new(policy: RoutingPolicy, max_inflight: Option<u32>, queue_limit: Option<usize>) -> Self {
        Endpoints {
            policy,
            max_inflight: max_inflight.map(|m| m.max(1)),
            queue_limit,
            wake_each: false,
            expected: BTreeSet::new(),
            slots: Vec::new(),
            free: Vec::new(),
            by_uid: BTreeMap::new(),
            ranking: Ranking::default(),
            queue: Queue::default(),
            ready_pods: 0,
            stamp: 0,
            woken: false,
            counters: Counters::default(),
        }
    }

    /// Changes policy and limits; returns the waiting requests that now run, with their pods.
    pub fn set_limits(
        &mut self,
        now: Time,
        policy: RoutingPolicy,
        max_inflight: Option<u32>,
        queue_limit: Option<usize>,
    ) -> Vec<(Ticket, PodUid)> {
        (self.policy, self.max_inflight) = (policy, max_inflight.map(|m| m.max(1)));
        self.queue_limit = queue_limit;
        let slots: Vec<u32> = self.by_uid.values().copied().collect();
        slots.into_iter().for_each(|slot| self.rank(slot));
        self.assign_waiting(now)
    }

    /// Whether each request that has to wait says so ([`Admission::Wait`]'s `wake`), not only the first that
    /// finds no ready pod: for functions that are scaled per request.
    pub fn set_wake_each(&mut self, each: bool) {
        self.wake_each = each;
        self.expected.clear();
    }

    /// A pod has been asked to start. Where functions are scaled per request it is for one that waits, and that one
    /// waits for it: a pod that becomes free meanwhile stays free for the next.
    pub fn expect(&mut self, uid: PodUid) {
        if self.wake_each {
            self.expected.insert(uid);
        }
    }

    /// Requests that wait for no pod in particular.
    fn unbound(&self) -> bool {
        self.queue.len() > self.expected.len()
    }

    /// A request arrives.
    pub fn admit(&mut self, now: Time, rng: &mut (impl Rng + ?Sized)) -> Admission {
        let choice = match self.policy {
            RoutingPolicy::Random if self.ranking.len() > 1 => {
                // 32 bits, so that the same seed draws the same on every platform.
                self.ranking.nth(rng.random_range(0..self.ranking.len() as u32) as usize)
            }
            _ => self.ranking.best(),
        };
        if choice.is_none() && self.queue_limit.is_some_and(|limit| self.queue.len() >= limit) {
            return Admission::Refuse(RefuseReason::QueueFull);
        }
        self.counters.started += 1;
        self.counters.in_flight += 1;
        self.counters.peak_in_flight = self.counters.peak_in_flight.max(self.counters.in_flight);
        self.counters.last_activity = now;
        if let Some(slot) = choice {
            return Admission::Pod(self.give(now, slot));
        }
        let wake = self.wake_each || self.ready_pods == 0 && !self.woken;
        self.woken |= wake;
        Admission::Wait { ticket: self.queue.push(), wake }
    }

    /// A request on `uid` is over, however it ended. Also due for each request of a pod that was
    /// [removed](Self::remove).
    pub fn done(&mut self, now: Time, uid: PodUid) -> Done {
        let Some(&slot) = self.by_uid.get(&uid) else { return Done::default() };
        if self.slots[slot as usize].in_flight == 0 {
            return Done::default();
        }
        self.complete(now);
        let stamp = self.next_stamp();
        let pod = &mut self.slots[slot as usize];
        pod.in_flight -= 1;
        pod.last_activity = now;
        if self.policy != RoutingPolicy::RoundRobin {
            pod.stamp = stamp;
        }
        let (state, idle) = (pod.state, pod.in_flight == 0);
        match state {
            State::Ready => {
                self.rank(slot);
                if self.unbound() && self.has_room(slot) {
                    let next = self.queue.pop();
                    self.give(now, slot);
                    return Done { next, drained: false };
                }
            }
            State::Gone if idle => self.forget(slot),
            _ => {}
        }
        Done { next: None, drained: idle && state == State::Draining }
    }

    /// A pod takes requests from now on; returns the waiting requests that now run, with their pods.
    pub fn ready(&mut self, now: Time, uid: PodUid) -> Vec<(Ticket, PodUid)> {
        let stamp = self.next_stamp();
        let slot = match self.by_uid.get(&uid) {
            Some(&slot) if self.slots[slot as usize].state == State::Ready => return Vec::new(),
            Some(&slot) => slot,
            None => {
                let pod = Pod { uid, state: State::Gone, in_flight: 0, stamp, last_activity: now };
                let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
                if slot as usize == self.slots.len() {
                    self.slots.push(pod);
                } else {
                    self.slots[slot as usize] = pod;
                }
                self.by_uid.insert(uid, slot);
                slot
            }
        };
        let pod = &mut self.slots[slot as usize];
        (pod.state, pod.last_activity) = (State::Ready, now);
        self.ready_pods += 1;
        self.woken = false;
        self.rank(slot);
        if self.expected.remove(&uid)
            && let Some(ticket) = self.queue.pop()
        {
            return vec![(ticket, self.give(now, slot))];
        }
        self.assign_waiting(now)
    }

    /// A pod's probe fails: it gets nothing new until it is [ready](Self::ready) again.
    pub fn unready(&mut self, uid: PodUid) {
        if let Some(&slot) = self.by_uid.get(&uid)
            && matches!(self.slots[slot as usize].state, State::Ready | State::Refusing)
        {
            self.leave(slot, State::Unready);
        }
    }

    /// A ready pod refused a connection: it gets nothing new until it has [recovered](Self::recovered) or is made
    /// [ready](Self::ready) again. True when this is the first to be said of it.
    pub fn refused(&mut self, uid: PodUid) -> bool {
        let slot = self.by_uid.get(&uid).copied();
        let slot = slot.filter(|slot| self.slots[*slot as usize].state == State::Ready);
        slot.inspect(|slot| self.leave(*slot, State::Refusing)).is_some()
    }

    /// Whether a pod [refused](Self::refused) a connection, and nothing else was heard of it since.
    pub fn is_refusing(&self, uid: PodUid) -> bool {
        self.by_uid.get(&uid).is_some_and(|slot| self.slots[*slot as usize].state == State::Refusing)
    }

    /// A pod that refused a connection takes them again; returns the waiting requests that now run, with their pods.
    pub fn recovered(&mut self, now: Time, uid: PodUid) -> Vec<(Ticket, PodUid)> {
        if self.is_refusing(uid) { self.ready(now, uid) } else { Vec::new() }
    }

    /// A pod is to be stopped: it gets nothing new. True when it has nothing left to finish (or is not known).
    pub fn drain(&mut self, _now: Time, uid: PodUid) -> bool {
        self.expected.remove(&uid);
        let Some(&slot) = self.by_uid.get(&uid) else { return true };
        self.leave(slot, State::Draining);
        self.slots[slot as usize].in_flight == 0
    }

    /// A pod is gone. Its requests end one by one: each still reports [`done`](Self::done).
    pub fn remove(&mut self, _now: Time, uid: PodUid) {
        self.expected.remove(&uid);
        let Some(&slot) = self.by_uid.get(&uid) else { return };
        self.leave(slot, State::Gone);
        if self.slots[slot as usize].in_flight == 0 {
            self.forget(slot);
        }
    }

    /// Whoever waited gave up. False when the ticket no longer waits: it was given a pod, and owes a
    /// [`done`](Self::done).
    pub fn cancel(&mut self, now: Time, ticket: Ticket) -> bool {
        let waited = self.queue.cancel(ticket);
        if waited {
            self.complete(now);
            if self.queue.len() == 0 {
                self.woken = false;
            }
        }
        waited
    }

    /// Scale to zero: if no request was there after `since`, no pod takes another one. A request that comes
    /// later waits for a new pod, so a request and a stop cannot race.
    pub fn close_if_idle(&mut self, now: Time, since: Time) -> Closing {
        if self.counters.in_flight > 0 {
            return Closing::StillUsed { since: now };
        }
        if self.counters.last_activity > since {
            return Closing::StillUsed { since: self.counters.last_activity };
        }
        let slots: Vec<u32> = self.by_uid.values().copied().collect();
        slots.into_iter().for_each(|slot| self.leave(slot, State::Draining));
        self.woken = false;
        Closing::Closed
    }

    /// Keep-alive: if this pod had no request after `since`, it takes no more.
    pub fn expire_pod_if_idle(&mut self, now: Time, uid: PodUid, since: Time) -> Closing {
        let Some(&slot) = self.by_uid.get(&uid) else { return Closing::Closed };
        let pod = &self.slots[slot as usize];
        if pod.in_flight > 0 {
            return Closing::StillUsed { since: now };
        }
        if pod.last_activity > since {
            return Closing::StillUsed { since: pod.last_activity };
        }
        self.leave(slot, State::Draining);
        Closing::Closed
    }

    /// The totals, and the peak since they were last read here.
    pub fn counters(&mut self) -> Counters {
        let queued = self.queue.len() as u32;
        let counters = Counters { queued, ..self.counters };
        self.counters.peak_in_flight = self.counters.in_flight;
        counters
    }

    /// Requests accepted and not yet answered, waiting ones included.
    pub fn in_flight_total(&self) -> u32 {
        self.counters.in_flight
    }

    /// Requests that run on one pod.
    pub fn in_flight(&self, uid: PodUid) -> u32 {
        self.by_uid.get(&uid).map_or(0, |&slot| self.slots[slot as usize].in_flight)
    }

    /// When a pod last started or finished a request, or became ready.
    pub fn pod_last_activity(&self, uid: PodUid) -> Option<Time> {
        self.by_uid.get(&uid).map(|&slot| self.slots[slot as usize].last_activity)
    }

    /// Requests that wait for a pod.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Pods that take requests, busy ones included.
    pub fn ready_pods(&self) -> usize {
        self.ready_pods
    }

    /// The policy in use.
    pub fn policy(&self) -> RoutingPolicy {
        self.policy
    }

    /// Whether requests come and go without anything changing that somebody else has to know: there is a pod that takes
    /// them, none that is to end, and nobody is asked for more.
    pub fn is_settled(&self) -> bool {
        self.ready_pods > 0 && self.ready_pods == self.by_uid.len() && !self.wake_each
    }

    fn next_stamp(&mut self) -> u64 {
        self.stamp += 1;
        self.stamp
    }

    fn has_room(&self, slot: u32) -> bool {
        self.max_inflight.is_none_or(|max| self.slots[slot as usize].in_flight < max)
    }

    /// Puts a pod where it belongs among those with room.
    fn rank(&mut self, slot: u32) {
        let pod = &self.slots[slot as usize];
        if pod.state != State::Ready || !self.has_room(slot) {
            return self.ranking.remove(slot);
        }
        let busy = if self.max_inflight.is_none() { pod.in_flight } else { 0 };
        let key: Key = match self.policy {
            RoutingPolicy::LeastInflight => (pod.in_flight, pod.stamp),
            RoutingPolicy::RoundRobin => (0, pod.stamp),
            RoutingPolicy::Random => (0, 0),
            RoutingPolicy::MostRecentlyUsed => (busy, u64::MAX - pod.stamp),
            RoutingPolicy::LeastRecentlyUsed => (busy, pod.stamp),
        };
        self.ranking.set(slot, key);
    }

    fn give(&mut self, now: Time, slot: u32) -> PodUid {
        let stamp = self.next_stamp();
        let pod = &mut self.slots[slot as usize];
        pod.in_flight += 1;
        pod.stamp = stamp;
        pod.last_activity = now;
        let uid = pod.uid;
        self.rank(slot);
        uid
    }

    fn assign_waiting(&mut self, now: Time) -> Vec<(Ticket, PodUid)> {
        let mut given = Vec::new();
        while self.unbound()
            && let Some(slot) = self.ranking.best()
            && let Some(ticket) = self.queue.pop()
        {
            given.push((ticket, self.give(now, slot)));
        }
        given
    }

    fn complete(&mut self, now: Time) {
        self.counters.completed += 1;
        self.counters.in_flight -= 1;
        self.counters.last_activity = now;
    }

    fn leave(&mut self, slot: u32, to: State) {
        let pod = &mut self.slots[slot as usize];
        if pod.state == State::Ready {
            self.ready_pods -= 1;
        }
        // A pod that no longer exists does not come back by being told to drain.
        if pod.state != State::Gone {
            pod.state = to;
        }
        self.ranking.remove(slot);
    }

    fn forget(&mut self, slot: u32) {
        self.by_uid.remove(&self.slots[slot as usize].uid);
        self.free.push(slot);
    }
}
