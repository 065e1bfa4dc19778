//! Writes down what happens in virtual time.

use crate::cluster::function::FunctionId;
use crate::cluster::node::NodeId;
use crate::cluster::pod::PodUid;
use crate::cluster::quantity::{Bytes, MilliCpu};
use crate::cluster::scaling::decision::Decision;
use crate::cluster::snapshot::Snapshot;
use crate::cluster::time::Time;
use crate::dashboard::view;
use crate::lab::observations::{Observations, Parts, PodLife, PodRow, Request, Row};
use crate::lab::scenario::{Load, Scenario};
use crate::sim::{Observer, PodEvent, RequestEnd, Sample};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

fn seconds(later: Time, earlier: Time) -> f64 {
    later.since(earlier).as_secs_f64()
}

#[derive(Debug)]
pub(super) struct Watch {
    pub seen: Observations,
    names: Vec<String>,
    loads: Vec<Load>,
    /// CPU that gateway and generator use for a request, by function.
    overheads: Vec<f64>,
    by_id: BTreeMap<FunctionId, usize>,
    by_uid: BTreeMap<PodUid, usize>,
    /// What each pod had used at the last row, in nanoseconds, and when.
    used: BTreeMap<PodUid, (u64, Time)>,
    /// What screens draw besides the snapshot.
    traffic: BTreeMap<FunctionId, view::Traffic>,
    usage: BTreeMap<PodUid, view::Usage>,
    totals: BTreeMap<usize, (u64, u64)>,
}

impl Watch {
    pub fn new(s: &Scenario) -> Self {
        let names: Vec<String> = s.function.iter().map(|f| f.name.clone()).collect();
        // Functions are numbered from 1 in the order of deployment, which is the file's.
        let by_id = (0..names.len()).map(|i| (FunctionId(i as u32 + 1), i)).collect();
        let loads = s.load.iter().enumerate().map(|(i, l)| l.label(i)).collect();
        let seen = Observations { functions: names.clone(), loads, ..Observations::default() };
        Watch {
            seen,
            names,
            loads: s.load.clone(),
            overheads: s.function.iter().map(|f| f.model.overhead.0).collect(),
            by_id,
            by_uid: BTreeMap::new(),
            used: BTreeMap::new(),
            traffic: BTreeMap::new(),
            usage: BTreeMap::new(),
            totals: BTreeMap::new(),
        }
    }

    fn function(&self, id: FunctionId) -> usize {
        self.by_id.get(&id).copied().unwrap_or(0)
    }

    /// What a screen draws.
    pub fn view(&self, snapshot: Arc<Snapshot>) -> view::View {
        view::View {
            snapshot,
            traffic: self.traffic.clone(),
            usage: self.usage.clone(),
            platform: view::Platform::default(),
            calls: Default::default(),
            recent: Default::default(),
        }
    }

    /// What a pod used since the last row.
    fn pod_rows(&mut self, sample: &Sample<'_>) {
        let at = seconds(sample.at, Time::ZERO);
        self.usage.clear();
        for pod in sample.pods {
            let Some(place) = self.by_uid.get(&pod.uid).copied() else { continue };
            let last = self.used.insert(pod.uid, (pod.cpu_total, sample.at));
            let since = match last {
                // A container that was started again counts from nothing.
                Some((used, then)) if used <= pod.cpu_total => (used, then),
                _ => (0, Time::ZERO + Duration::from_secs_f64(self.seen.pods[place].created)),
            };
            let span = seconds(sample.at, since.1);
            let cpu = if span > 0.0 { (pod.cpu_total - since.0) as f64 / 1e9 / span } else { 0.0 };
            self.seen.pod_rows.push(PodRow { at, pod: place, cpu, memory: pod.memory.0 });
            let usage = view::Usage {
                cpu: MilliCpu((cpu * 1000.0).round() as u64),
                memory: Bytes(pod.memory.0),
                in_flight: 0,
            };
            self.usage.insert(pod.uid, usage);
        }
        let usage = &self.usage;
        self.used.retain(|uid, _| usage.contains_key(uid));
    }
}

/// The parts of a request's way; what gateway and generator use of the cores before a pod is looked for is on its way.
fn parts(end: &RequestEnd, overhead: f64) -> Parts {
    let (to_pod, in_pod) = (seconds(end.given, end.arrived), seconds(end.started, end.given));
    let transfer = overhead.min(to_pod);
    let rest = to_pod - transfer;
    Parts {
        pod: if end.cold { rest } else { 0.0 },
        queue: in_pod + if end.cold { 0.0 } else { rest },
        fork: 0.0,
        work: seconds(end.ended, end.started),
        transfer,
    }
}

impl Observer for Watch {
    fn request(&mut self, end: &RequestEnd) {
        let function = self.function(end.function);
        let load = end.source as usize;
        let good = self.loads.get(load).is_none_or(|l| l.is_good(end.status));
        let response = seconds(end.ended, end.arrived);
        let totals = self.totals.entry(function).or_default();
        totals.0 += 1;
        totals.1 += u64::from(end.cold);
        self.seen.requests.push(Request {
            function,
            load,
            user: end.user,
            pod: end.pod.and_then(|uid| self.by_uid.get(&uid)).copied(),
            at: seconds(end.arrived, Time::ZERO),
            wait: seconds(end.started, end.arrived),
            response,
            parts: parts(end, self.overheads.get(function).copied().unwrap_or(0.0)),
            status: end.status,
            cold: end.cold,
            first_byte: response,
            failure: (!good).then(|| format!("status {}", end.status).into()),
            ..Request::default()
        });
    }

    fn decision(&mut self, function: FunctionId, decision: &Arc<Decision>) {
        let at = seconds(decision.at, Time::ZERO);
        self.seen.decisions.push((self.function(function), at, decision.clone()));
    }

    fn pod(
        &mut self,
        pod: PodUid,
        name: &str,
        function: FunctionId,
        node: NodeId,
        at: Time,
        event: PodEvent,
    ) {
        let at = seconds(at, Time::ZERO);
        match event {
            PodEvent::Created => {
                if self.by_uid.contains_key(&pod) {
                    return;
                }
                self.by_uid.insert(pod, self.seen.pods.len());
                let function = self.function(function);
                let life = PodLife {
                    name: name.into(),
                    function,
                    node: node.0,
                    created: at,
                    ready: None,
                    ended: None,
                };
                self.seen.pods.push(life);
            }
            PodEvent::Ready => {
                if let Some(place) = self.by_uid.get(&pod) {
                    self.seen.pods[*place].ready.get_or_insert(at);
                }
            }
            PodEvent::Ended => {
                if let Some(place) = self.by_uid.get(&pod) {
                    self.seen.pods[*place].ended = Some(at);
                }
            }
        }
    }

    fn sample(&mut self, sample: &Sample<'_>) {
        let at = seconds(sample.at, Time::ZERO);
        self.seen.duration = at;
        for f in sample.functions {
            let Some(function) = self.names.iter().position(|name| *name == f.function.name) else {
                continue;
            };
            self.seen.rows.push(Row {
                at,
                function,
                replicas: f.replicas,
                ready: f.ready,
                pods: f.pods,
                in_flight: f.in_flight,
                queued: f.queued,
                rate: f.rate,
                p50: f.p50,
                p95: f.p95,
                cpu: f.cpu,
            });
            let time = |s: Option<f64>| Duration::from_secs_f64(s.unwrap_or(0.0));
            let (total, cold_starts) = self.totals.get(&function).copied().unwrap_or_default();
            let traffic = view::Traffic {
                rate: f.rate,
                error_rate: 0.0,
                p50: time(f.p50),
                p95: time(f.p95),
                p99: time(f.p95),
                in_flight: u32::try_from(f.in_flight).unwrap_or(u32::MAX),
                waiting: u32::try_from(f.queued).unwrap_or(u32::MAX),
                total,
                cold_starts,
            };
            self.traffic.insert(FunctionId(function as u32 + 1), traffic);
        }
        self.pod_rows(sample);
    }
}
