//! What a cluster is and how it decides. Pure: no clock, no I/O, no async, no randomness of its own.
//!
//! ```text
//! cluster.apply(now, command) -> Result<Reply, Refusal>   a person's or a client's wish
//! cluster.handle(now, event)                              something happened
//! cluster.poll_timeout() -> Option<Time>                  when it wants to be woken
//! cluster.handle_timeout(now)
//! cluster.poll_action() -> Option<Action>                 what to do
//! cluster.snapshot(now) -> Arc<Snapshot>                  what every screen and API is made from
//! Cluster::restore(now, …, records, found_pods)           after a restart
//! ```
//!
//! | file | question |
//! |---|---|
//! | `wishes` | what does a command change, and when is it refused? |
//! | `lifecycle` | what does an event about a pod change? |
//! | `probing` | what follows from a probe that fails or passes? |
//! | `reconcile` | which pods are missing, which are too many? |
//! | [`namespaces`] | which rooms for functions are there? |
//! | [`placement`] | which node takes a pod, and what if one is lost? |
//! | `metering` | what do cumulative samples say about now? |
//! | `autoscale` | when does which scaler look, and what follows? |
//! | [`scaling`] | the rules themselves |
//! | [`routing`] | which pod takes a request |
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

pub mod action;
pub mod command;
pub mod event;
pub mod function;
pub mod go_duration;
pub mod node;
pub mod pod;
pub mod probe;
pub mod quantity;
pub mod record;
pub mod routing;
pub mod scaling;
pub mod settings;
pub mod snapshot;
pub mod time;
pub mod timeouts;

mod autoscale;
mod happenings;
mod lifecycle;
mod metering;
pub mod namespaces;
pub mod placement;
mod probing;
mod reconcile;
mod restore;
mod state;
mod wishes;

use self::action::Action;
use self::event::{Event, ScrapeId};
use self::function::{FunctionId, FunctionName};
use self::happenings::Happenings;
use self::namespaces::Namespace;
use self::node::{Node, NodeId};
use self::placement::NodeLoad;
use self::pod::{Pod, PodUid};
use self::record::Record;
use self::settings::Settings;
use self::snapshot::Snapshot;
use self::state::Function;
use self::time::Time;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The cluster as a value: functions, pods, nodes, autoscalers, and what is due when.
///
/// It can be written down and read back whole ([`Serialize`]); a journal begins with such a checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cluster {
    settings: Arc<Settings>,
    /// A portable generator with a seed from outside: it draws pods' names and nothing else.
    rng: Pcg64Mcg,
    nodes: Vec<Node>,
    #[serde(default)]
    loads: Vec<NodeLoad>,
    functions: BTreeMap<FunctionId, Function>,
    names: Names,
    #[serde(default = "Cluster::first_namespaces")]
    namespaces: BTreeMap<String, Namespace>,
    pods: BTreeMap<PodUid, Arc<Pod>>,
    next_function: u32,
    next_pod: u64,
    next_scrape: u64,
    /// When usage is next turned into what the autoscalers read (the metrics server's own period).
    metrics_due: Time,
    timers: BTreeSet<(Time, Timer)>,
    actions: VecDeque<Action>,
    happenings: Happenings,
}

/// Functions by name. (A list of pairs when written down: JSON's keys are text.)
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<(FunctionName, FunctionId)>", into = "Vec<(FunctionName, FunctionId)>")]
struct Names(BTreeMap<FunctionName, FunctionId>);

impl From<Vec<(FunctionName, FunctionId)>> for Names {
    fn from(pairs: Vec<(FunctionName, FunctionId)>) -> Self {
        Names(pairs.into_iter().collect())
    }
}

impl From<Names> for Vec<(FunctionName, FunctionId)> {
    fn from(names: Names) -> Self {
        names.0.into_iter().collect()
    }
}

/// What a wake-up is for. One that is no longer true when it fires does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Timer {
    Scrape,
    Hpa(FunctionId),
    Restart(PodUid),
    Deadline(PodUid),
    KeepAlive(PodUid),
    NodeLost(NodeId),
}

impl Cluster {
    /// An empty cluster. `seed` decides the random part of pods' names.
    pub fn new(now: Time, settings: Settings, nodes: Vec<Node>, seed: u64) -> Self {
        let mut cluster = Cluster {
            settings: Arc::new(settings),
            rng: Pcg64Mcg::new(u128::from(seed) << 64 | u128::from(seed)),
            nodes,
            loads: Vec::new(),
            functions: BTreeMap::new(),
            names: Names::default(),
            namespaces: Cluster::first_namespaces(),
            pods: BTreeMap::new(),
            next_function: 1,
            next_pod: 1,
            next_scrape: 1,
            metrics_due: now,
            timers: BTreeSet::new(),
            actions: VecDeque::new(),
            happenings: Happenings::default(),
        };
        cluster.timers.insert((now, Timer::Scrape));
        cluster
    }

    /// Tells the cluster what happened.
    pub fn handle(&mut self, now: Time, event: Event) {
        match event {
            Event::PodStarted { uid, address } => self.pod_started(now, uid, address),
            Event::PodStartFailed { uid, reason, message } => {
                self.pod_start_failed(now, uid, reason, message);
            }
            Event::PodReady { uid } => self.pod_ready(now, uid),
            Event::PodUnready { uid, message } => self.pod_unready(now, uid, &message),
            Event::PodProbed { uid, ready, message } => self.pod_probed(now, uid, ready, &message),
            Event::PodUnhealthy { uid, message } => self.pod_unhealthy(now, uid, &message),
            Event::PodExited { uid, exit } => self.pod_exited(now, uid, exit),
            Event::PodGone { uid } => self.pod_gone(now, uid),
            Event::Drained { uid } => self.pod_drained(now, uid),
            Event::NoPod { function } => self.no_pod(now, function),
            Event::Closed { function } => self.closed(now, function),
            Event::StillUsed { function, since } => self.still_used(function, since),
            Event::PodExpired { uid } => self.pod_expired(now, uid),
            Event::PodStillUsed { uid, since } => self.keep_pod(uid, since),
            Event::NodeLost { node } => self.node_lost(now, node),
            Event::NodeBack { node } => self.node_back(now, node),
            Event::Scraped { id: _, pods, functions } => self.scraped(now, pods, &functions),
        }
    }

    /// When the cluster wants to be woken next.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Wakes the cluster: everything that is due at `now` happens.
    pub fn handle_timeout(&mut self, now: Time) {
        while let Some(&(at, timer)) = self.timers.first()
            && at <= now
        {
            self.timers.pop_first();
            match timer {
                Timer::Scrape => self.scrape(now),
                Timer::Hpa(function) => self.look_at_hpa(now, at, function),
                Timer::Restart(uid) => self.restart_due(now, uid),
                Timer::Deadline(uid) => self.deadline(now, uid),
                Timer::NodeLost(node) => self.node_given_up(now, node),
                Timer::KeepAlive(uid) => self.keep_alive_over(now, at, uid),
            }
        }
    }

    /// The next thing to do, in order.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The cluster as it stands, for screens, APIs and reports.
    pub fn snapshot(&self, now: Time) -> Arc<Snapshot> {
        let state = |f: &Function| f.state(&self.pods, &self.settings);
        Arc::new(Snapshot {
            at: now,
            settings: self.settings.clone(),
            nodes: self.nodes.clone(),
            namespaces: self.namespaces.clone(),
            functions: self.functions.iter().map(|(id, f)| (*id, state(f))).collect(),
            pods: self.pods.clone(),
            events: self.happenings.list(),
        })
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Replicas that are wanted of a function, if it exists.
    pub fn replicas(&self, function: FunctionId) -> Option<u32> {
        self.functions.get(&function).map(|f| f.replicas)
    }

    fn find(&self, name: &FunctionName) -> Option<FunctionId> {
        self.names.0.get(name).copied()
    }

    fn pod_mut(&mut self, uid: PodUid) -> Option<&mut Pod> {
        self.pods.get_mut(&uid).map(Arc::make_mut)
    }

    fn persist(&mut self, function: FunctionId) {
        if let Some(f) = self.functions.get(&function) {
            self.actions.push_back(Action::Persist(Record::Function(f.record())));
        }
    }

    fn scrape(&mut self, now: Time) {
        let id = ScrapeId(self.next_scrape);
        self.next_scrape += 1;
        self.actions.push_back(Action::Scrape { id });
        self.timers.insert((now + self.scrape_interval(), Timer::Scrape));
    }

    fn scrape_interval(&self) -> std::time::Duration {
        self.settings.metrics_interval.min(self.settings.openfaas_interval)
    }
}
