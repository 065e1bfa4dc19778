//! One function's way to its pods.

use super::{Clock, RouteLimits, RouterEvent};
use crate::cluster::function::FunctionId;
use crate::cluster::pod::PodUid;
use crate::cluster::routing::{Admission, Closing, Counters, Endpoints, RefuseReason, Ticket};
use crate::cluster::time::Time;
use rand_pcg::Pcg64Mcg;
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

/// A pod that takes a request which waited, and whether it has just become ready.
type Place = (PodUid, SocketAddr, bool);

/// A function as the gateway sees it.
pub struct Route {
    /// Whose requests these are.
    pub id: FunctionId,
    /// Its full name: `mltest.openfaas-fn`.
    pub name: Arc<str>,
    state: Mutex<State>,
    events: UnboundedSender<RouterEvent>,
    clock: Clock,
}

struct State {
    endpoints: Endpoints,
    waiters: HashMap<Ticket, oneshot::Sender<Place>>,
    addresses: BTreeMap<PodUid, SocketAddr>,
    rng: Pcg64Mcg,
}

/// What becomes of a request.
pub enum Admitted {
    /// It has a pod.
    Seat(Seat),
    /// It has to wait for one; dropping this gives up.
    Waiting(Waiting),
    /// It is turned away.
    Refused(RefuseReason),
}

/// The function was removed while a request waited for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the function was removed while the request waited for a pod")]
pub struct FunctionGone;

impl Route {
    pub(super) fn new(
        id: FunctionId,
        name: &str,
        limits: RouteLimits,
        events: UnboundedSender<RouterEvent>,
        clock: Clock,
    ) -> Self {
        let mut endpoints = Endpoints::new(limits.policy, limits.max_inflight, limits.queue_limit);
        endpoints.set_wake_each(limits.wake_each);
        let state =
            State { endpoints, waiters: HashMap::new(), addresses: BTreeMap::new(), rng: rand::make_rng() };
        Route { id, name: name.into(), state: Mutex::new(state), events, clock }
    }

    /// A request arrives. Without `from_zero` one that finds no ready pod is refused instead of waking the function.
    pub fn admit(self: &Arc<Self>, from_zero: bool) -> Admitted {
        let now = (self.clock)();
        let mut guard = self.lock();
        let state = &mut *guard;
        if !from_zero && state.endpoints.ready_pods() == 0 {
            return Admitted::Refused(RefuseReason::NoPod);
        }
        match state.endpoints.admit(now, &mut state.rng) {
            Admission::Pod(uid) => {
                let address = state.address(uid);
                Admitted::Seat(Seat { route: self.clone(), uid, address, started: false })
            }
            Admission::Wait { ticket, wake } => {
                let (sender, place) = oneshot::channel();
                state.waiters.insert(ticket, sender);
                let cold = state.endpoints.ready_pods() == 0;
                drop(guard);
                if wake {
                    self.tell(RouterEvent::NoPod(self.id));
                }
                Admitted::Waiting(Waiting { route: self.clone(), ticket, place, cold, settled: false })
            }
            Admission::Refuse(reason) => Admitted::Refused(reason),
        }
    }

    pub(super) fn set_limits(&self, limits: RouteLimits) {
        let mut state = self.lock();
        let (policy, max, queue) = (limits.policy, limits.max_inflight, limits.queue_limit);
        state.endpoints.set_wake_each(limits.wake_each);
        let given = state.endpoints.set_limits((self.clock)(), policy, max, queue);
        state.hand_out(given, false);
    }

    pub(super) fn expect_pod(&self, uid: PodUid) {
        self.lock().endpoints.expect(uid);
    }

    pub(super) fn pod_ready(&self, uid: PodUid, address: SocketAddr) {
        let mut state = self.lock();
        state.addresses.insert(uid, address);
        let given = state.endpoints.ready((self.clock)(), uid);
        state.hand_out(given, true);
    }

    pub(super) fn pod_unready(&self, uid: PodUid) {
        self.lock().endpoints.unready(uid);
    }

    pub(super) fn drain(&self, uid: PodUid) {
        let idle = self.lock().endpoints.drain((self.clock)(), uid);
        if idle {
            self.tell(RouterEvent::Drained(self.id, uid));
        }
    }

    pub(super) fn remove_pod(&self, uid: PodUid) {
        let mut state = self.lock();
        state.endpoints.remove((self.clock)(), uid);
        state.addresses.remove(&uid);
    }

    pub(super) fn close_if_idle(&self, since: Time) -> Closing {
        self.lock().endpoints.close_if_idle((self.clock)(), since)
    }

    pub(super) fn expire_pod_if_idle(&self, uid: PodUid, since: Time) -> Closing {
        self.lock().endpoints.expire_pod_if_idle((self.clock)(), uid, since)
    }

    pub(super) fn load(&self) -> (u32, u32) {
        let inner = self.lock();
        let waiting = u32::try_from(inner.endpoints.waiting()).unwrap_or(u32::MAX);
        (inner.endpoints.in_flight_total(), waiting)
    }

    pub(super) fn counters(&self) -> Counters {
        self.lock().endpoints.counters()
    }

    pub(super) fn pod_in_flight(&self, uid: PodUid) -> u32 {
        self.lock().endpoints.in_flight(uid)
    }

    /// Whoever waits learns that nothing will come, and whoever looks after a pod that it is over.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.waiters.clear();
        let State { endpoints, addresses, .. } = &mut *state;
        addresses.keys().for_each(|uid| endpoints.unready(*uid));
    }

    /// A pod refused a connection: others take its requests. True when somebody has to see when it
    /// [recovers](Route::recovered).
    pub fn refused(&self, uid: PodUid) -> bool {
        self.lock().endpoints.refused(uid)
    }

    /// See [`Endpoints::is_refusing`].
    pub fn is_refusing(&self, uid: PodUid) -> bool {
        self.lock().endpoints.is_refusing(uid)
    }

    /// A pod that refused a connection takes them again.
    pub fn recovered(&self, uid: PodUid) {
        let mut state = self.lock();
        let given = state.endpoints.recovered((self.clock)(), uid);
        state.hand_out(given, false);
    }

    fn done(&self, uid: PodUid) {
        let mut state = self.lock();
        let done = state.endpoints.done((self.clock)(), uid);
        if let Some(ticket) = done.next {
            state.hand_out(vec![(ticket, uid)], false);
        }
        drop(state);
        if done.drained {
            self.tell(RouterEvent::Drained(self.id, uid));
        }
    }

    fn tell(&self, event: RouterEvent) {
        // Nobody listens any more at shutdown only.
        let _ = self.events.send(event);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A pod that routing offers was made ready with its address; one that is just gone refuses connections.
    fn address(&self, uid: PodUid) -> SocketAddr {
        self.addresses.get(&uid).copied().unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Under the same lock as the assignment, so that giving up knows whether it owns a pod.
    fn hand_out(&mut self, given: Vec<(Ticket, PodUid)>, started: bool) {
        for (ticket, uid) in given {
            let place = (uid, self.address(uid), started);
            if let Some(waiter) = self.waiters.remove(&ticket) {
                // Whoever dropped the other end is about to take the lock and find its ticket used.
                let _ = waiter.send(place);
            }
        }
    }
}

/// One request's right to one pod, until it is dropped.
pub struct Seat {
    route: Arc<Route>,
    uid: PodUid,
    address: SocketAddr,
    started: bool,
}

impl Seat {
    /// The request waited until this pod had become ready: a cold start.
    pub fn is_cold(&self) -> bool {
        self.started
    }

    /// The pod.
    pub fn uid(&self) -> PodUid {
        self.uid
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.route.done(self.uid);
    }
}

/// A request that waits for a pod. It is a future of its [`Seat`].
pub struct Waiting {
    route: Arc<Route>,
    ticket: Ticket,
    place: oneshot::Receiver<Place>,
    cold: bool,
    settled: bool,
}

impl Waiting {
    /// There was no ready pod at all (the others wait because all pods are full).
    pub fn is_cold(&self) -> bool {
        self.cold
    }
}

impl Future for Waiting {
    type Output = Result<Seat, FunctionGone>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let place = ready!(Pin::new(&mut self.place).poll(context));
        self.settled = place.is_ok();
        Poll::Ready(
            place
                .map(|(uid, address, started)| Seat { route: self.route.clone(), uid, address, started })
                .map_err(|_| FunctionGone),
        )
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let mut state = self.route.lock();
        state.waiters.remove(&self.ticket);
        let waited = state.endpoints.cancel((self.route.clock)(), self.ticket);
        drop(state);
        if !waited && let Ok((uid, ..)) = self.place.try_recv() {
            self.route.done(uid);
        }
    }
}
