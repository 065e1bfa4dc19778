//! The shell around the core that runs in virtual time: it executes the core's actions on models, and tells the
//! core what came of them.
//!
//! | file | question |
//! |---|---|
//! | `engine` | what happens next? |
//! | `engine/requests` | what becomes of a request? |
//! | `engine/pods` | what becomes of a pod? |
//! | `engine/function` | what does a function know of itself while a run goes on? |

mod function;
mod pods;
mod requests;

use self::function::Func;
use self::pods::{NodeState, PodSlot, Stage};
use self::requests::Request;
use super::arrivals::{Running, Source};
use super::model::Model;
use super::observe::{Observer, PodEvent, Sample};
use super::queue::EventQueue;
use super::random::Stream;
use super::report::Report;
use crate::cluster::Cluster;
use crate::cluster::action::Action;
use crate::cluster::command::{Command, Refusal, Reply};
use crate::cluster::event::Event as Happened;
use crate::cluster::function::{FunctionId, FunctionName, FunctionSpec};
use crate::cluster::node::{Node, NodeId};
use crate::cluster::pod::PodUid;
use crate::cluster::routing::Closing;
use crate::cluster::settings::Settings;
use crate::cluster::snapshot::Snapshot;
use crate::cluster::time::Time;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Whether requests compete for cores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CpuModel {
    /// Each node's cores are shared by all that runs there.
    #[default]
    Shared,
    /// Every request runs as if alone: enough cores for all.
    Unlimited,
}

/// Something that is done at a moment of the run.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A wish, as a person has it.
    Command(Box<Command>),
    /// A pod is killed from outside (`docker kill`): the oldest that runs, or the one of this name.
    Kill {
        /// Of which function.
        function: FunctionName,
        /// Which pod; the oldest that runs if none.
        pod: Option<String>,
    },
    /// A pod is deleted, as `kubectl delete pod` does it: the oldest that is not being deleted already.
    Delete {
        /// Of which function.
        function: FunctionName,
    },
    /// A node stops, with all that runs there.
    StopNode(NodeId),
    /// A node that was stopped comes back.
    StartNode(NodeId),
}

/// What a run is made of.
#[derive(Debug)]
pub struct Setup {
    /// The core's settings.
    pub settings: Settings,
    /// The nodes, numbered from 0.
    pub nodes: Vec<Node>,
    /// Whether requests compete for the nodes' cores.
    pub cpu: CpuModel,
    /// Decides every random draw.
    pub seed: u64,
    /// How functions behave; one that is deployed without a model serves at once.
    pub models: BTreeMap<FunctionName, Model>,
    /// What arrives.
    pub sources: Vec<Source>,
    /// What is done when, in order of time.
    pub steps: Vec<(Time, Step)>,
    /// How often a row is written for plots.
    pub sample_every: Option<Duration>,
}

impl Setup {
    /// One node of two cores, nothing deployed.
    pub fn new(seed: u64) -> Self {
        Setup {
            settings: Settings::default(),
            nodes: vec![Node { id: NodeId(0), name: "node-1".into(), cores: 2 }],
            cpu: CpuModel::Shared,
            seed,
            models: BTreeMap::new(),
            sources: Vec::new(),
            steps: Vec::new(),
            sample_every: None,
        }
    }

    /// Deploys a function at the start that behaves like `model`.
    pub fn function(mut self, spec: FunctionSpec, model: Model) -> Self {
        self.models.insert(spec.full_name(), model);
        self.steps.push((Time::ZERO, Step::Command(Box::new(Command::Deploy(spec)))));
        self
    }

    /// Sends requests.
    pub fn load(mut self, source: Source) -> Self {
        self.sources.push(source);
        self
    }

    /// Does something at a moment, after what was asked for that moment before.
    pub fn at(mut self, when: Time, command: Command) -> Self {
        self.steps.push((when, Step::Command(Box::new(command))));
        self
    }
}

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
    queue: EventQueue<Event>,
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
    targets: Vec<FunctionName>,
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
            queue: EventQueue::default(),
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
            targets: setup.sources.iter().map(|s| FunctionName::parse(&s.function)).collect(),
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
        while self.step_until(end) {}
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
        self.cluster.handle(self.now, event);
        self.pump();
    }

    fn do_step(&mut self, index: u32) {
        match self.steps[index as usize].1.clone() {
            Step::Command(command) => {
                if let Err(refusal) = self.apply(*command) {
                    self.refusals.push((self.now, refusal.to_string()));
                }
            }
            Step::Delete { function } => {
                let snapshot = self.cluster.snapshot(self.now);
                let oldest = snapshot.function(&function).and_then(|f| {
                    snapshot.pods_of(f.id).find(|p| p.deleting.is_none()).map(|p| p.name.clone())
                });
                let answer = match oldest {
                    Some(name) => {
                        self.apply(Command::DeletePod { name }).map(drop).map_err(|e| e.to_string())
                    }
                    None => Err(format!("`{function}` has no pod that could be deleted")),
                };
                if let Err(why) = answer {
                    self.refusals.push((self.now, why));
                }
            }
            Step::StopNode(node) => self.stop_node(node),
            Step::StartNode(node) => self.tell(Happened::NodeBack { node }),
            Step::Kill { function, pod } => {
                if !self.kill(&function, pod.as_deref()) {
                    self.refusals
                        .push((self.now, format!("no pod of `{function}` runs that could be killed")));
                }
            }
        }
    }

    /// Does what the core asks for until it asks for nothing more.
    fn pump(&mut self) {
        while let Some(action) = self.cluster.poll_action() {
            self.execute(action);
        }
        self.due = self.cluster.poll_timeout().unwrap_or(Time::MAX);
    }

    fn execute(&mut self, action: Action) {
        match action {
            Action::StartPod { uid, name, function, spec, node, .. } => {
                self.observer.pod(uid, &name, function, node, self.now, PodEvent::Created);
                self.start_pod(uid, function, &spec, node);
            }
            Action::StopPod { uid, .. } => self.stop_pod(uid),
            Action::OpenPod { function, uid, .. } => self.open_pod(function, uid),
            Action::ClosePod { function, uid } => {
                if let Some(f) = self.func_of(function) {
                    f.endpoints.unready(uid);
                }
            }
            Action::DrainPod { function, uid } => {
                let now = self.now;
                if self.func_of(function).is_none_or(|f| f.endpoints.drain(now, uid)) {
                    self.cluster.handle(now, Happened::Drained { uid });
                }
            }
            Action::ForgetPod { function, uid } => {
                let now = self.now;
                if let Some(f) = self.func_of(function) {
                    f.endpoints.remove(now, uid);
                }
            }
            Action::OpenFunction { function, name, spec } => self.open_function(function, name, spec),
            Action::ForgetFunction { function } => self.forget_function(function),
            Action::CloseIfIdle { function, since } => {
                let now = self.now;
                let answer = match self.func_of(function).map(|f| f.endpoints.close_if_idle(now, since)) {
                    Some(Closing::StillUsed { since }) => Happened::StillUsed { function, since },
                    _ => Happened::Closed { function },
                };
                self.cluster.handle(now, answer);
            }
            Action::ExpirePodIfIdle { function, uid, since } => {
                let now = self.now;
                let answer = self.func_of(function).map(|f| f.endpoints.expire_pod_if_idle(now, uid, since));
                let happened = match answer {
                    Some(Closing::StillUsed { since }) => Happened::PodStillUsed { uid, since },
                    _ => Happened::PodExpired { uid },
                };
                self.cluster.handle(now, happened);
            }
            Action::Scrape { id } => {
                let (pods, functions) = self.measure();
                self.cluster.handle(self.now, Happened::Scraped { id, pods, functions });
            }
            Action::Persist(_) => {}
            Action::Decided { function, decision } => {
                self.scalings += u64::from(decision.changed());
                self.observer.decision(function, &decision);
            }
        }
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

    fn open_function(&mut self, id: FunctionId, name: FunctionName, spec: Arc<FunctionSpec>) {
        let (now, settings) = (self.now, self.cluster.settings().clone());
        if let Some(f) = self.func_of(id) {
            let given = f.respec(now, &spec, &settings);
            return self.hand_out(id.0, given);
        }
        let index = id.0 as usize;
        if self.functions.len() <= index {
            self.functions.resize_with(index + 1, || None);
        }
        let model = self.models.get(&name).cloned().unwrap_or_default();
        let f = Func::new(id, name.clone(), &spec, model, &settings, self.seed, now);
        self.functions[index] = Some(Box::new(f));
        for (target, at) in self.targets.iter().zip(&mut self.target_ids) {
            if *target == name {
                *at = id.0;
            }
        }
        self.names.insert(name, id.0);
    }

    /// The function is gone for those who call it; its requests and its numbers stay.
    fn forget_function(&mut self, id: FunctionId) {
        for at in &mut self.target_ids {
            if *at == id.0 {
                *at = NONE;
            }
        }
        self.names.retain(|_, at| *at != id.0);
        self.refuse_waiting(id.0);
    }

    /// Forgets what was measured so far: a warm-up is over.
    pub fn restart_measuring(&mut self) {
        self.measured_from = self.now;
        (self.offered, self.not_found, self.scalings) = (0, 0, 0);
        let cpu = self.cpu();
        for (f, cpu) in self.functions.iter_mut().zip(cpu) {
            if let Some(f) = f {
                f.stats.restart(self.now, cpu);
            }
        }
    }

    fn sample(&mut self) {
        let Some(every) = self.sample_every else { return };
        self.queue.push(self.now + every, Event::Sample);
        let snapshot = self.cluster.snapshot(self.now);
        let mut rows = Vec::new();
        let cpu = self.cpu();
        for (f, cpu) in self.functions.iter_mut().zip(cpu) {
            if let Some(f) = f
                && let Some(state) = snapshot.functions.get(&f.id)
            {
                rows.push(f.row(every, state, cpu));
            }
        }
        self.observer.sample(&Sample { at: self.now, snapshot: &snapshot, functions: &rows });
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

    /// The sum of what was measured.
    pub fn report(&mut self) -> Report {
        let mut functions = Vec::new();
        let cpu = self.cpu();
        for (f, cpu) in self.functions.iter().zip(cpu) {
            if let Some(f) = f {
                let replicas = self.cluster.replicas(f.id).unwrap_or(0);
                functions.push(f.report(self.now, self.measured_from, replicas, cpu));
            }
        }
        let cores: u64 = self.nodes.iter().map(|n| n.cores).sum();
        Report {
            seed: self.seed,
            routing: self.cluster.settings().routing,
            from_s: self.measured_from.as_secs_f64(),
            to_s: self.now.as_secs_f64(),
            cores,
            offered: self.offered,
            not_found: self.not_found,
            scalings: self.scalings,
            events: self.queue.pushed(),
            refusals: self.refusals.iter().map(|(at, text)| (at.as_secs_f64(), text.clone())).collect(),
            functions,
        }
    }

    fn slot(&self, uid: PodUid) -> u32 {
        let index = uid.0.checked_sub(self.first_uid);
        index.and_then(|i| self.by_uid.get(i as usize)).copied().unwrap_or(NONE)
    }

    fn stream(seed: u64, what: &str, name: &FunctionName) -> Stream {
        Stream::new(seed, &format!("{what} of {name}"))
    }
}
