//! The shell around the core that runs in virtual time: it executes the core's actions on models, and tells the
//! core what came of them.
//!
//! | file | question |
//! |---|---|
//! | `engine` | what happens next? |
//! | `engine/setup` | what is a run made of? |
//! | `engine/actions` | what does the core's wish lead to? |
//! | `engine/steps` | what is done to the cluster from outside? |
//! | `engine/ahead` | what may be done out of the order of time? |
//! | `engine/requests` | what becomes of a request? |
//! | `engine/pods` | what becomes of a pod? |
//! | `engine/usage` | what have pods used? |
//! | `engine/watched` | what does a person who watches ask and do? |
//! | `engine/function` | what does a function know of itself while a run goes on? |
//! | `engine/results` | what is written down? |

mod actions;
mod ahead;
mod function;
mod pods;
mod requests;
mod results;
mod setup;
mod steps;
mod usage;
mod watched;

pub use self::setup::{CpuModel, Setup, Step};

use self::ahead::Agenda;
use self::function::Func;
use self::pods::{NodeState, PodSlot, Stage};
use self::requests::Request;
use super::arrivals::{Running, Source};
use super::model::Model;
use super::observe::Observer;
use super::random::Stream;
use crate::cluster::Cluster;
use crate::cluster::command::{Command, Refusal, Reply};
use crate::cluster::event::Event as Happened;
use crate::cluster::function::{FunctionId, FunctionName};
use crate::cluster::pod::PodUid;
use crate::cluster::snapshot::Snapshot;
use crate::cluster::time::Time;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
enum Event {
    /// The next request of an open loop.
    Arrival { source: u32 },
    /// A user of a closed loop sends.
    User { source: u32, user: u32 },
    /// A request's work is over.
    Finish { request: u32, version: u32 },
    /// The oldest deadline of one kind of a function.
    Deadline { function: u32, kind: u8 },
    /// Something that runs on a node's cores may have ended.
    Cores { node: u16 },
    /// A pod comes to the next stage of its life.
    Pod { pod: u32, version: u32, stage: Stage },
    /// Something that the run was told to do.
    Step { index: u32 },
    /// A row for plots.
    Sample,
}

/// A cluster in virtual time.
///
/// ```
/// use faasim::cluster::function::FunctionSpec;
/// use faasim::cluster::time::Time;
/// use faasim::sim::{Arrivals, CpuModel, Law, Model, Setup, Simulation, Source};
///
/// let mut setup = Setup::new(1)
///     .function(FunctionSpec::new("echo", "echo"), Model::serving(Law::exponential(0.1)))
///     .load(Source::new("echo", Arrivals::poisson(2.0)));
/// setup.cpu = CpuModel::Unlimited;
/// let mut run = Simulation::new(setup, ());
/// run.until(Time::from_secs(1000));
/// let report = run.report();
/// assert!((report.functions[0].response.mean - 0.1).abs() < 0.01);
/// ```
#[derive(Debug)]
pub struct Simulation<O = ()> {
    now: Time,
    cluster: Cluster,
    /// When the core wants to be woken.
    due: Time,
    queue: Agenda,
    cpu: CpuModel,
    seed: u64,
    models: BTreeMap<FunctionName, Model>,
    nodes: Vec<NodeState>,
    functions: Vec<Option<Box<Func>>>,
    names: BTreeMap<FunctionName, u32>,
    pods: Vec<PodSlot>,
    free_pods: Vec<u32>,
    /// Slots of the pods from `first_uid` on; [`NONE`] where one is gone.
    by_uid: VecDeque<u32>,
    first_uid: u64,
    requests: Vec<Request>,
    free_requests: Vec<u32>,
    sources: Vec<Running>,
    /// Sources by the function that they send to.
    sources_of: BTreeMap<FunctionName, Vec<u32>>,
    /// The function that each source sends to, if it is there.
    target_ids: Vec<u32>,
    /// What a trace said of the request that each source sends next.
    services: Vec<Option<f64>>,
    steps: Vec<(Time, Step)>,
    sample_every: Option<Duration>,
    measured_from: Time,
    offered: u64,
    not_found: u64,
    refusals: Vec<(Time, String)>,
    scalings: u64,
    observer: O,
}

/// No slot.
const NONE: u32 = u32::MAX;

impl<O: Observer> Simulation<O> {
    /// Everything as it is at time zero. `observer` sees each request, decision and sample.
    pub fn new(setup: Setup, observer: O) -> Self {
        let cluster = Cluster::new(Time::ZERO, setup.settings, setup.nodes.clone(), setup.seed);
        let mut run = Simulation {
            now: Time::ZERO,
            due: Time::ZERO,
            cluster,
            queue: Agenda::default(),
            cpu: setup.cpu,
            seed: setup.seed,
            models: setup.models,
            nodes: setup.nodes.iter().map(NodeState::new).collect(),
            functions: Vec::new(),
            names: BTreeMap::new(),
            pods: Vec::new(),
            free_pods: Vec::new(),
            by_uid: VecDeque::new(),
            first_uid: 1,
            requests: Vec::new(),
            free_requests: Vec::new(),
            sources_of: by_function(&setup.sources),
            target_ids: vec![NONE; setup.sources.len()],
            services: vec![None; setup.sources.len()],
            sources: setup.sources.into_iter().map(|s| Running::new(s, setup.seed)).collect(),
            steps: setup.steps,
            sample_every: setup.sample_every,
            measured_from: Time::ZERO,
            offered: 0,
            not_found: 0,
            refusals: Vec::new(),
            scalings: 0,
            observer,
        };
        for index in 0..run.steps.len() {
            run.queue.push(run.steps[index].0, Event::Step { index: index as u32 });
        }
        for source in 0..run.sources.len() as u32 {
            let users = run.sources[source as usize].users();
            for (user, at) in users.into_iter().enumerate() {
                run.queue.push(at, Event::User { source, user: user as u32 });
            }
            run.schedule_arrival(source);
        }
        if let Some(every) = run.sample_every {
            run.queue.push(Time::ZERO + every, Event::Sample);
        }
        run
    }

    /// Runs up to and including everything that is due at `end`.
    pub fn until(&mut self, end: Time) {
        while self.run_ahead(end) || self.step_until(end) {}
        self.now = self.now.max(end);
    }

    /// Runs until `n` requests were offered, or until nothing is left to happen before `end`.
    pub fn until_offered(&mut self, n: u64, end: Time) {
        while self.offered < n && self.step_until(end) {}
    }

    /// Does the next thing, if it is due at `end` or before. The core's own timers come first where times are
    /// equal.
    fn step_until(&mut self, end: Time) -> bool {
        let queued = self.queue.due();
        let next = self.due.min(queued);
        if next > end || next == Time::MAX {
            return false;
        }
        self.now = next;
        if self.due <= queued {
            self.cluster.handle_timeout(next);
            self.pump();
        } else if let Some((_, event)) = self.queue.pop() {
            self.handle(event);
        }
        true
    }

    fn handle(&mut self, event: Event) {
        match event {
            // Silenced after it was scheduled.
            Event::Arrival { source } if self.sources[source as usize].until <= self.now => {}
            Event::Arrival { source } => {
                let service = self.services[source as usize].take();
                self.arrive(source, NONE, service);
                self.schedule_arrival(source);
            }
            Event::User { source, user } => {
                if self.sources[source as usize].sends(user, self.now) {
                    self.arrive(source, user, None);
                }
            }
            Event::Finish { request, version } => self.waited(request, version),
            Event::Deadline { function, kind } => self.deadline(function, kind),
            Event::Cores { node } => self.cores_due(node),
            Event::Pod { pod, version, stage } => self.stage(pod, version, stage),
            Event::Step { index } => self.do_step(index),
            Event::Sample => self.sample(),
        }
    }

    fn schedule_arrival(&mut self, source: u32) {
        if let Some((at, service)) = self.sources[source as usize].next() {
            self.services[source as usize] = service;
            self.queue.push(at, Event::Arrival { source });
        }
    }

    /// Tells the core of a wish now.
    ///
    /// # Errors
    /// What the core refuses, with its reason.
    pub fn apply(&mut self, command: Command) -> Result<Reply, Refusal> {
        let answer = self.cluster.apply(self.now, command);
        self.pump();
        answer
    }

    fn tell(&mut self, event: Happened) {
        debug_assert!(!self.queue.is_ahead(), "a function that runs ahead needs nobody: {event:?}");
        self.cluster.handle(self.now, event);
        self.pump();
    }

    fn func_of(&mut self, id: FunctionId) -> Option<&mut Func> {
        self.functions.get_mut(id.0 as usize)?.as_deref_mut()
    }

    fn func(&mut self, index: u32) -> &mut Func {
        match self.functions.get_mut(index as usize).and_then(Option::as_mut) {
            Some(f) => f,
            // Requests and pods name their function by its place, and it stays while they are there.
            None => unreachable!("a request or pod of a function that is gone"),
        }
    }

    fn slot(&self, uid: PodUid) -> u32 {
        let index = uid.0.checked_sub(self.first_uid);
        index.and_then(|i| self.by_uid.get(i as usize)).copied().unwrap_or(NONE)
    }

    /// The time of the run.
    pub fn now(&self) -> Time {
        self.now
    }

    /// When something happens next; [`Time::MAX`] when nothing is left.
    pub fn next(&self) -> Time {
        self.due.min(self.queue.due())
    }

    /// The cluster as it stands.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.cluster.snapshot(self.now)
    }

    /// Requests offered since measuring began.
    pub fn offered(&self) -> u64 {
        self.offered
    }

    /// The observer.
    pub fn observer(&mut self) -> &mut O {
        &mut self.observer
    }

    fn stream(seed: u64, what: &str, name: &FunctionName) -> Stream {
        Stream::new(seed, &format!("{what} of {name}"))
    }
}

fn by_function(sources: &[Source]) -> BTreeMap<FunctionName, Vec<u32>> {
    let mut all: BTreeMap<FunctionName, Vec<u32>> = BTreeMap::new();
    for (source, index) in sources.iter().zip(0..) {
        all.entry(FunctionName::parse(&source.function)).or_default().push(index);
    }
    all
}
