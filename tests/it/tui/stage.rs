//! Views for the screen, made by the real core: a small world answers its actions second by second.

use faasim::cluster::Cluster;
use faasim::cluster::action::Action;
use faasim::cluster::command::Command;
use faasim::cluster::event::{Event, PodSample};
use faasim::cluster::function::{FunctionName, FunctionSpec};
use faasim::cluster::node::{Node, NodeId};
use faasim::cluster::pod::{Exit, PodUid};
use faasim::cluster::quantity::{Bytes, MilliCpu};
use faasim::cluster::settings::Settings;
use faasim::cluster::time::Time;
use faasim::dashboard::tui::app::{App, WhenClosed};
use faasim::dashboard::view::{Platform, Traffic, Usage, View};
use std::collections::BTreeMap;
use std::time::Duration;

/// When the world begins: a fixed day, so that what is drawn is the same each time.
const BEGIN: Time = Time::from_secs(1_790_000_000);

pub struct Stage {
    cluster: Cluster,
    second: u64,
    cpu_total: BTreeMap<PodUid, u64>,
    waiting: Vec<(u64, Event)>,
    /// Millicores that all pods of a function use together, and its requests.
    pub work: BTreeMap<String, (u64, Traffic)>,
    pub app: App,
}

impl Stage {
    pub fn new(when_closed: WhenClosed) -> Self {
        let mut settings = Settings::default();
        settings.hpa.cpu_initialization_period = Duration::ZERO;
        let nodes = vec![Node { id: NodeId(0), name: "laptop".into(), cores: 2 }];
        let cluster = Cluster::new(BEGIN, settings, nodes, 7);
        Stage {
            cluster,
            second: 0,
            cpu_total: BTreeMap::new(),
            waiting: Vec::new(),
            work: BTreeMap::new(),
            app: App::new(when_closed),
        }
    }

    fn now(&self) -> Time {
        BEGIN + Duration::from_secs(self.second)
    }

    pub fn wish(&mut self, command: Command) {
        self.cluster.apply(self.now(), command).expect("the cluster agrees");
        self.answer();
    }

    pub fn deploy(&mut self, name: &str) {
        let mut spec = FunctionSpec::new(name, "faasim/base:latest");
        spec.requests.cpu = Some(MilliCpu(10));
        spec.env_process = Some(format!("faasim function {name}"));
        self.wish(Command::Deploy(spec));
    }

    pub fn scale(&mut self, name: &str, replicas: u32) {
        self.wish(Command::Scale { function: FunctionName::parse(name), replicas });
    }

    /// From now on the function is worked by so many requests per second.
    pub fn works(&mut self, name: &str, milli: u64, rate: f64, p50_ms: u64) {
        let ms = Duration::from_millis;
        let traffic = Traffic {
            rate,
            p50: ms(p50_ms),
            p95: ms(p50_ms * 2),
            p99: ms(p50_ms * 3),
            in_flight: 4,
            total: 1234,
            cold_starts: 2,
            ..Traffic::default()
        };
        self.work.insert(name.into(), (milli, traffic));
    }

    /// A pod's container ends by itself.
    pub fn crash(&mut self, nth: usize) {
        let now = self.now();
        let uid = *self.cluster.snapshot(now).pods.keys().nth(nth).expect("a pod");
        self.cluster.handle(now, Event::PodExited { uid, exit: Exit { code: 1, oom_killed: false } });
        self.answer();
    }

    /// Lets seconds pass, and shows each to the screen.
    pub fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.second += 1;
            let now = self.now();
            let due = std::mem::take(&mut self.waiting);
            for (at, event) in due {
                match at <= self.second {
                    true => self.cluster.handle(now, event),
                    false => self.waiting.push((at, event)),
                }
            }
            while self.cluster.poll_timeout().is_some_and(|t| t <= now) {
                self.cluster.handle_timeout(now);
                self.answer();
            }
            self.answer();
            let usage = self.use_cpu();
            self.app.observe(Duration::from_secs(self.second), self.view(usage));
        }
    }

    fn use_cpu(&mut self) -> BTreeMap<PodUid, Usage> {
        let snapshot = self.cluster.snapshot(self.now());
        let mut usage = BTreeMap::new();
        for pod in snapshot.pods.values().filter(|p| p.ready) {
            let ready = snapshot.functions.get(&pod.function).map_or(1, |f| f.ready.max(1));
            let total = self.work.get(&pod.spec.name).map_or(0, |(milli, _)| *milli);
            // Not all work equally hard, so that the busiest differs from the mean.
            let cpu = total / u64::from(ready) + pod.uid.0 % 3 * u64::from(total > 0) * 20;
            *self.cpu_total.entry(pod.uid).or_default() += cpu * 1_000_000;
            let (memory, in_flight) = (Bytes((17 + pod.uid.0 % 5) << 20), u32::from(cpu > 0));
            usage.insert(pod.uid, Usage { cpu: MilliCpu(cpu), memory, in_flight });
        }
        usage
    }

    pub fn view(&self, usage: BTreeMap<PodUid, Usage>) -> View {
        let snapshot = self.cluster.snapshot(self.now());
        let traffic = snapshot.functions.values();
        let traffic = traffic.filter_map(|f| self.work.get(&f.spec.name).map(|(_, t)| (f.id, *t))).collect();
        let platform = Platform {
            version: "0.1.0".into(),
            provider: "process".into(),
            gateway: "http://127.0.0.1:8080".into(),
            ..Platform::default()
        };
        View { snapshot, traffic, usage, calls: BTreeMap::new(), recent: BTreeMap::new(), platform }
    }

    fn answer(&mut self) {
        let now = self.now();
        while let Some(action) = self.cluster.poll_action() {
            match action {
                Action::StartPod { uid, .. } => {
                    let address = format!("127.0.0.1:{}", 40_000 + uid.0 % 20_000);
                    self.cluster.handle(now, Event::PodStarted { uid, address });
                    self.waiting.push((self.second + 1, Event::PodReady { uid }));
                }
                Action::StopPod { uid, .. } => self.waiting.push((self.second + 1, Event::PodGone { uid })),
                Action::DrainPod { uid, .. } => self.waiting.push((self.second + 1, Event::Drained { uid })),
                Action::CloseIfIdle { function, since } => {
                    self.cluster.handle(now, Event::StillUsed { function, since });
                }
                Action::Scrape { id } => {
                    let sample = |(uid, total): (&PodUid, &u64)| PodSample {
                        uid: *uid,
                        at: now,
                        cpu_total: *total,
                        memory: Bytes(17 << 20),
                    };
                    let pods = self.cpu_total.iter().map(sample).collect();
                    self.cluster.handle(now, Event::Scraped { id, pods, functions: Vec::new() });
                }
                _ => {}
            }
        }
    }
}
