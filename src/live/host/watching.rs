//! What screens draw and what Prometheus scrapes, put together when they ask.

use crate::cluster::function::FunctionName;
use crate::cluster::snapshot::Snapshot;
use crate::dashboard::view::{Platform, Traffic as TrafficView, View};
use crate::live::asynchronous::{Queue, queue_of};
use crate::live::gateway::traffic::Traffic;
use crate::live::metrics::{CallGauges, FunctionGauges, Gauges, PodGauges};
use crate::live::provider::Provider;
use crate::live::router::{Clock, Router};
use crate::live::sampler::Sampler;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// How much of the past a screen's rates and percentiles cover.
const TRAFFIC_WINDOW: Duration = Duration::from_secs(5);

/// All that is to be seen of a running faasim.
#[derive(Clone)]
pub(super) struct Watching {
    pub(super) clock: Clock,
    pub(super) latest: watch::Receiver<Arc<Snapshot>>,
    pub(super) traffic: Arc<Traffic>,
    pub(super) router: Arc<Router>,
    pub(super) sampler: Arc<Sampler>,
    pub(super) provider: Arc<dyn Provider>,
    pub(super) platform: Arc<Mutex<Platform>>,
    pub(super) queue: Queue,
}

impl Watching {
    /// The cluster, its traffic and its usage as of now.
    pub(super) fn view(&self) -> View {
        // Taken at the last change; a person asks how old things are now.
        let snapshot = Snapshot { at: (self.clock)(), ..Snapshot::clone(&self.latest.borrow()) };
        let mut usage = self.sampler.usage();
        for (uid, usage) in &mut usage {
            if let Some(pod) = snapshot.pods.get(uid) {
                usage.in_flight = self.router.pod_in_flight(pod.function, *uid);
            }
        }
        let platform = self.platform.lock().map(|p| p.clone()).unwrap_or_default();
        let calls = self.queue.lines().into_iter().map(|(function, line)| (function, line.counts)).collect();
        let recent = self.traffic.recent(snapshot.at);
        View { snapshot: Arc::new(snapshot), traffic: self.traffic(), usage, calls, recent, platform }
    }

    fn traffic(&self) -> BTreeMap<crate::cluster::function::FunctionId, TrafficView> {
        let mut lines = BTreeMap::new();
        for (id, t) in self.traffic.read(TRAFFIC_WINDOW) {
            let line = TrafficView {
                rate: t.rate_per_s,
                error_rate: t.errors_per_s,
                p50: t.p50.unwrap_or_default(),
                p95: t.p95.unwrap_or_default(),
                p99: t.p99.unwrap_or_default(),
                total: t.total,
                cold_starts: t.total_cold_starts,
                ..TrafficView::default()
            };
            lines.insert(id, line);
        }
        for (id, in_flight, waiting) in self.router.load() {
            let line: &mut TrafficView = lines.entry(id).or_default();
            (line.in_flight, line.waiting) = (in_flight, waiting);
        }
        lines
    }

    /// What the cluster knows and the gateway's counters do not.
    pub(super) fn gauges(&self) -> Gauges {
        let snapshot = self.latest.borrow().clone();
        let load = self.router.load();
        let functions = snapshot.functions.values().map(|f| FunctionGauges {
            name: f.name().to_string(),
            desired: f.replicas,
            ready: f.ready,
            in_flight: load.iter().find(|(id, ..)| *id == f.id).map_or(0, |(_, in_flight, _)| *in_flight),
        });
        let samples = self.provider.samples().into_iter();
        let pods = samples.filter_map(|sample| {
            let pod = snapshot.pods.get(&sample.uid)?;
            let function = snapshot.functions.get(&pod.function)?;
            Some(PodGauges {
                uid: sample.uid,
                function: function.spec.name.clone(),
                namespace: function.spec.namespace.clone(),
                pod: pod.name.clone(),
                cpu_total: Duration::from_nanos(sample.cpu_total),
                memory_bytes: sample.memory.0,
            })
        });
        let state = self.platform.lock().map(|p| p.state_dir.clone().into()).unwrap_or_default();
        let (functions, pods) = (functions.collect(), pods.collect());
        let cluster = Snapshot { at: (self.clock)(), ..Snapshot::clone(&snapshot) };
        let calls = self.call_gauges(&snapshot);
        Gauges { functions, pods, calls, cluster: Some(Arc::new(cluster)), state }
    }

    fn call_gauges(&self, snapshot: &Snapshot) -> Vec<CallGauges> {
        let (lines, submitted, processed) =
            (self.queue.lines(), self.queue.submitted(), self.queue.processed());
        // A name that only a dead call bears is nobody's: it would be a series for ever.
        let unfinished = lines.iter().filter(|(_, line)| line.is_unfinished()).map(|(name, _)| name);
        let deployed = |name: &&String| snapshot.function(&FunctionName::parse(name)).is_some();
        let functions: BTreeSet<&String> = unfinished
            .chain(lines.keys().chain(submitted.keys()).chain(processed.keys()).filter(deployed))
            .collect();
        let gauge = |function: &String| {
            let counts = lines.get(function).map(|line| line.counts).unwrap_or_default();
            let known = snapshot.function(&FunctionName::parse(function));
            CallGauges {
                queue: queue_of(known.map(|f| &*f.spec)).to_owned(),
                function: function.clone(),
                pending: counts.queued + counts.retrying,
                running: counts.running,
                dead: counts.dead,
                submitted: submitted.get(function).copied().unwrap_or_default(),
                processed: processed.get(function).copied().unwrap_or_default(),
            }
        };
        functions.into_iter().map(gauge).collect()
    }
}
