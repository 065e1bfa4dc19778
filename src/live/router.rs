//! The live side of routing: one mutexed `Endpoints` per function, shared by all gateway threads.
//!
//! The controller says which functions and pods there are; gateway threads find a [`Route`] by name and ask it
//! for a [`Seat`]. A seat is one request on one pod: dropping it, however the request ended, is what ends it.

mod route;

pub use route::{Admitted, FunctionGone, Route, Seat, Waiting};

use crate::cluster::function::FunctionId;
use crate::cluster::pod::PodUid;
use crate::cluster::routing::{Closing, Counters, RoutingPolicy};
use crate::cluster::time::Time;
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::mpsc::UnboundedSender;

/// The namespace that a name without one means.
pub const DEFAULT_NAMESPACE: &str = "openfaas-fn";

/// Where routing reads the time. Live it is the controller's clock, so that both speak of the same moments.
pub type Clock = Arc<dyn Fn() -> Time + Send + Sync>;

/// What the gateway's threads tell the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouterEvent {
    /// A request found no pod of this function and waits; said once, not for each that joins it.
    NoPod(FunctionId),
    /// A pod that was told to drain has finished its last request.
    Drained(FunctionId, PodUid),
}

/// How one function's requests are routed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RouteLimits {
    /// Which pod takes a request.
    pub policy: RoutingPolicy,
    /// Requests at once per pod; none: no limit.
    pub max_inflight: Option<u32>,
    /// Requests that may wait at once; none: no limit.
    pub queue_limit: Option<usize>,
    /// Each request that has to wait says so: the function is scaled per request.
    pub wake_each: bool,
}

#[derive(Clone, Default)]
pub(crate) struct Table {
    /// `mltest.openfaas-fn`, and `mltest` beside it for the default namespace.
    by_name: HashMap<Arc<str>, Arc<Route>>,
    by_id: BTreeMap<FunctionId, Arc<Route>>,
}

/// All routes of this cluster.
pub struct Router {
    /// Replaced as a whole; threads keep the one they know until `version` says there is another.
    table: RwLock<Arc<Table>>,
    version: AtomicU64,
    events: UnboundedSender<RouterEvent>,
    clock: Clock,
}

impl Router {
    /// No functions yet. Events go to `events`; a closed channel loses them, as at shutdown.
    pub fn new(clock: Clock, events: UnboundedSender<RouterEvent>) -> Self {
        Router { table: RwLock::default(), version: AtomicU64::new(1), events, clock }
    }

    /// Adds a function under its full name (`mltest.openfaas-fn`), or changes its limits.
    pub fn upsert(&self, id: FunctionId, name: &str, limits: RouteLimits) {
        if let Some(route) = self.route(id)
            && &*route.name == name
        {
            return route.set_limits(limits);
        }
        let route = Arc::new(Route::new(id, name, limits, self.events.clone(), self.clock.clone()));
        self.change(|table| {
            table.forget(id);
            if let Some(short) = name.strip_suffix(DEFAULT_NAMESPACE).and_then(|n| n.strip_suffix('.')) {
                table.by_name.insert(short.into(), route.clone());
            }
            table.by_name.insert(name.into(), route.clone());
            table.by_id.insert(id, route);
        });
    }

    /// Forgets a function. Requests that run go on; those that wait are told that it is gone.
    pub fn remove_function(&self, id: FunctionId) {
        if let Some(route) = self.change(|table| table.forget(id)) {
            route.close();
        }
    }

    /// See [`Endpoints::expect`](crate::cluster::routing::Endpoints::expect).
    pub fn expect_pod(&self, id: FunctionId, uid: PodUid) {
        if let Some(route) = self.route(id) {
            route.expect_pod(uid);
        }
    }

    /// A pod answers at `address` and takes requests, first of all those that wait.
    pub fn pod_ready(&self, id: FunctionId, uid: PodUid, address: SocketAddr) {
        if let Some(route) = self.route(id) {
            route.pod_ready(uid, address);
        }
    }

    /// A pod's probe fails: no new requests until it is ready again.
    pub fn pod_unready(&self, id: FunctionId, uid: PodUid) {
        if let Some(route) = self.route(id) {
            route.pod_unready(uid);
        }
    }

    /// A pod is to be stopped. [`RouterEvent::Drained`] follows when its last request is over: at once when it
    /// has none, or is not known.
    pub fn drain(&self, id: FunctionId, uid: PodUid) {
        match self.route(id) {
            Some(route) => route.drain(uid),
            None => drop(self.events.send(RouterEvent::Drained(id, uid))),
        }
    }

    /// A pod is gone.
    pub fn remove_pod(&self, id: FunctionId, uid: PodUid) {
        if let Some(route) = self.route(id) {
            route.remove_pod(uid);
        }
    }

    /// See [`Endpoints::close_if_idle`](crate::cluster::routing::Endpoints::close_if_idle).
    pub fn close_if_idle(&self, id: FunctionId, since: Time) -> Closing {
        self.route(id).map_or(Closing::Closed, |route| route.close_if_idle(since))
    }

    /// See [`Endpoints::expire_pod_if_idle`](crate::cluster::routing::Endpoints::expire_pod_if_idle).
    pub fn expire_pod_if_idle(&self, id: FunctionId, uid: PodUid, since: Time) -> Closing {
        self.route(id).map_or(Closing::Closed, |route| route.expire_pod_if_idle(uid, since))
    }

    /// Each function's counters; reading them starts a new peak.
    pub fn counters(&self) -> Vec<(FunctionId, Counters)> {
        self.current().by_id.iter().map(|(&id, route)| (id, route.counters())).collect()
    }

    /// Each function's requests in flight, and of these the ones that wait for a pod. Changes no counter.
    pub fn load(&self) -> Vec<(FunctionId, u32, u32)> {
        let load = |(&id, route): (&FunctionId, &Arc<Route>)| {
            let (in_flight, waiting) = route.load();
            (id, in_flight, waiting)
        };
        self.current().by_id.iter().map(load).collect()
    }

    /// Requests in flight on one pod.
    pub fn pod_in_flight(&self, id: FunctionId, uid: PodUid) -> u32 {
        self.route(id).map_or(0, |route| route.pod_in_flight(uid))
    }

    /// A handle for one gateway thread.
    pub fn reader(self: &Arc<Self>) -> RouterReader {
        RouterReader { router: self.clone(), version: 0, table: Arc::default() }
    }

    fn route(&self, id: FunctionId) -> Option<Arc<Route>> {
        self.current().by_id.get(&id).cloned()
    }

    fn current(&self) -> Arc<Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change<T>(&self, edit: impl FnOnce(&mut Table) -> T) -> T {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let result = edit(Arc::make_mut(&mut table));
        self.version.fetch_add(1, Ordering::Release);
        result
    }
}

impl Table {
    fn forget(&mut self, id: FunctionId) -> Option<Arc<Route>> {
        let route = self.by_id.remove(&id)?;
        self.by_name.retain(|_, r| r.id != id);
        Some(route)
    }
}

/// One thread's view of the table: a lookup takes no lock while the table stays the same.
pub struct RouterReader {
    router: Arc<Router>,
    version: u64,
    table: Arc<Table>,
}

impl RouterReader {
    /// The function of this name; a name without a namespace means [`DEFAULT_NAMESPACE`].
    pub fn find(&mut self, name: &str) -> Option<&Arc<Route>> {
        let version = self.router.version.load(Ordering::Acquire);
        if version != self.version {
            self.table = self.router.current();
            self.version = version;
        }
        self.table.by_name.get(name)
    }
}
