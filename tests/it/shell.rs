//! A shell around the core for tests: it obeys every action at once, and its pods and callers do what a script
//! says. Minutes of the cluster's time pass in milliseconds.

use faasim::cluster::Cluster;
use faasim::cluster::action::Action;
use faasim::cluster::command::{Command, Reply};
use faasim::cluster::event::{Event, PodSample};
use faasim::cluster::function::{FunctionId, FunctionName, FunctionSpec, Resources};
use faasim::cluster::node::{Node, NodeId};
use faasim::cluster::pod::PodUid;
use faasim::cluster::quantity::{Bytes, MilliCpu};
use faasim::cluster::routing::Counters;
use faasim::cluster::scaling::decision::Decision;
use faasim::cluster::settings::Settings;
use faasim::cluster::snapshot::FunctionState;
use faasim::cluster::time::Time;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Second 0 of every script.
pub const T0: u64 = 1_700_000_000;

/// What goes on in one second of a script, for so many ready pods.
#[derive(Clone, Copy, Default)]
pub struct Load {
    /// Millicores of all pods together.
    pub cpu: u64,
    /// Calls that end in it, all with status 200.
    pub calls: u64,
    /// Calls in flight at its end.
    pub in_flight: u32,
}

/// The second (from 0) and the ready pods, to what goes on.
pub type Script = fn(i64, u64) -> Load;

/// One function in a cluster, and the script that it lives by.
pub struct Shell {
    pub cluster: Cluster,
    /// Seconds since [`T0`].
    pub second: i64,
    script: Script,
    pods: BTreeMap<PodUid, u64>,
    counters: Counters,
    /// Every decision, and the second it was taken in.
    pub decisions: Vec<(i64, Arc<Decision>)>,
}

pub fn name() -> FunctionName {
    FunctionName::parse("mltest")
}

/// A function that requests so many millicores.
pub fn function(cpu: u64, labels: &[(&str, &str)]) -> FunctionSpec {
    FunctionSpec {
        requests: Resources { cpu: Some(MilliCpu(cpu)), memory: None },
        labels: labels.iter().map(|(k, v)| (format!("com.openfaas.scale.{k}"), (*v).into())).collect(),
        ..FunctionSpec::new("mltest", "mltest:latest")
    }
}

fn at(second: i64) -> Time {
    Time::from_secs(T0.saturating_add_signed(second))
}

impl Shell {
    /// A cluster that begins 31 s before second 0, so that usage is measured in the last second before each
    /// look of an HPA that is made at second -15.
    pub fn new(settings: Settings, spec: FunctionSpec, script: Script) -> Self {
        let node = Node { id: NodeId(0), name: "node-1".into(), cores: 4 };
        let cluster = Cluster::new(at(-31), settings, vec![node], 1);
        let (pods, decisions) = (BTreeMap::new(), Vec::new());
        let mut shell =
            Shell { cluster, second: -31, script, pods, counters: Counters::default(), decisions };
        shell.apply(Command::Deploy(spec));
        shell.wake();
        shell
    }

    pub fn apply(&mut self, command: Command) -> Reply {
        let reply = self.cluster.apply(at(self.second), command).expect("the wish makes sense");
        self.obey();
        reply
    }

    /// Lets time pass, second by second, to the end of this one.
    pub fn until(&mut self, second: i64) {
        while self.second < second {
            self.live();
            self.second += 1;
            self.wake();
        }
    }

    fn wake(&mut self) {
        while self.cluster.poll_timeout().is_some_and(|due| due <= at(self.second)) {
            self.cluster.handle_timeout(at(self.second));
            self.obey();
        }
    }

    /// One second of work: the CPU is shared out evenly, to the last millicore.
    fn live(&mut self) {
        let n = self.pods.len() as u64;
        let load = (self.script)(self.second, n);
        for (i, used) in (0..).zip(self.pods.values_mut()) {
            let milli = load.cpu / n + u64::from(i < load.cpu % n);
            *used += milli * 1_000_000;
        }
        self.counters.started += load.calls;
        self.counters.completed += load.calls;
        self.counters.completed_ok += load.calls;
        self.counters.in_flight = load.in_flight;
        self.counters.peak_in_flight = self.counters.peak_in_flight.max(load.in_flight);
        if load.calls > 0 || load.in_flight > 0 {
            self.counters.last_activity = at(self.second + 1);
        }
    }

    fn obey(&mut self) {
        while let Some(action) = self.cluster.poll_action() {
            let now = at(self.second);
            match action {
                Action::StartPod { uid, .. } => {
                    self.pods.insert(uid, 0);
                    self.cluster.handle(now, Event::PodStarted { uid, address: "127.0.0.1:1".into() });
                    self.cluster.handle(now, Event::PodReady { uid });
                }
                Action::StopPod { uid, .. } => {
                    self.pods.remove(&uid);
                    self.cluster.handle(now, Event::PodGone { uid });
                }
                Action::DrainPod { uid, .. } => self.cluster.handle(now, Event::Drained { uid }),
                Action::CloseIfIdle { function, since } => {
                    let last = self.counters.last_activity;
                    let event = match self.counters.in_flight > 0 || last > since {
                        true => Event::StillUsed { function, since: last },
                        false => Event::Closed { function },
                    };
                    self.cluster.handle(now, event);
                }
                Action::Scrape { id } => {
                    let sample = |(uid, used): (&PodUid, &u64)| PodSample {
                        uid: *uid,
                        at: now,
                        cpu_total: *used,
                        memory: Bytes(1 << 20),
                    };
                    let pods = self.pods.iter().map(sample).collect();
                    let functions = vec![(FunctionId(1), self.counters)];
                    self.counters.peak_in_flight = self.counters.in_flight;
                    self.cluster.handle(now, Event::Scraped { id, pods, functions });
                }
                Action::Decided { decision, .. } => self.decisions.push((self.second, decision)),
                _ => {}
            }
        }
    }

    pub fn state(&self) -> FunctionState {
        self.cluster.snapshot(at(self.second)).function(&name()).expect("it is deployed").clone()
    }

    pub fn replicas(&self) -> u32 {
        self.state().replicas
    }

    /// Every change of size: the second, and the size after it.
    pub fn changes(&self) -> Vec<(i64, u32)> {
        self.decisions.iter().filter(|(_, d)| d.changed()).map(|(at, d)| (*at, d.to)).collect()
    }
}

/// Settings under which a pod counts from its first sample on.
pub fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.hpa.cpu_initialization_period = Duration::ZERO;
    settings.hpa.initial_readiness_delay = Duration::ZERO;
    settings
}
