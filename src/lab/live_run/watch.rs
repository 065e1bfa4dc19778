//! Looks at the live cluster now and then, and remembers.

use crate::cluster::function::{FunctionId, FunctionName};
use crate::cluster::pod::PodUid;
use crate::cluster::time::Time;
use crate::dashboard::view::View;
use crate::lab::load::Ended;
use crate::lab::observations::{
    Exchange, Observations, Parts, PodLife, PodRow, Request, Row, Usage, quantile,
};
use crate::lab::scenario::{Load, Scenario};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Besides those that failed, one request of so many is kept with what was sent and what came back.
const SAMPLED: u64 = 50;
/// So many requests that failed are kept so.
const FAILED: usize = 200;

pub(super) struct Watch {
    began: Time,
    start: Instant,
    names: Vec<String>,
    loads: Vec<(usize, Load)>,
    seen: Observations,
    by_uid: BTreeMap<PodUid, usize>,
    /// Decisions that were seen already.
    decided: BTreeSet<(usize, Time)>,
    usage: Vec<Usage>,
    notes: Vec<String>,
    last: f64,
    failed: usize,
    duration: f64,
}

impl Watch {
    pub fn new(s: &Scenario, began: Time, start: Instant) -> Self {
        let names: Vec<String> = s.function.iter().map(|f| f.name.clone()).collect();
        let place = |l: &Load| names.iter().position(|n| *n == l.function).unwrap_or(0);
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64());
        Watch {
            began,
            start,
            usage: vec![Usage::default(); names.len()],
            loads: s.load.iter().map(|l| (place(l), l.clone())).collect(),
            seen: Observations {
                functions: names.clone(),
                loads: s.load.iter().enumerate().map(|(i, l)| l.label(i)).collect(),
                epoch: epoch - start.elapsed().as_secs_f64(),
                ..Observations::default()
            },
            names,
            by_uid: BTreeMap::new(),
            decided: BTreeSet::new(),
            notes: Vec::new(),
            last: 0.0,
            failed: 0,
            duration: s.duration.0,
        }
    }

    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// What was seen so far.
    pub fn seen(&self) -> &Observations {
        &self.seen
    }

    /// Takes the view of a moment, and the requests that have ended since the last one.
    pub fn row(&mut self, view: &View, ended: Vec<(usize, Ended)>) {
        let now = self.look(view);
        let since = std::mem::replace(&mut self.last, now);
        let span = now - since;
        let first_new = self.seen.requests.len();
        self.requests(ended);
        for f in view.snapshot.functions.values() {
            let Some(function) = self.place(&f.name()) else { continue };
            let mine = || view.snapshot.pods_of(f.id);
            let traffic = view.traffic.get(&f.id).copied().unwrap_or_default();
            let used = mine().filter_map(|p| view.usage.get(&p.uid));
            let (cpu, memory) = used.fold((0, 0), |(c, m), u| (c + u.cpu.0, m + u.memory.0));
            let pods = mine().filter(|p| p.deleting.is_none()).count() as u32;
            let new = self.seen.requests[first_new..].iter().filter(|r| r.function == function);
            let mut times: Vec<f64> = new.map(|r| r.response).collect();
            times.sort_by(f64::total_cmp);
            self.seen.rows.push(Row {
                at: now,
                function,
                replicas: f.replicas,
                ready: f.ready,
                pods,
                in_flight: u64::from(traffic.in_flight),
                queued: u64::from(traffic.waiting),
                rate: if span > 0.0 { times.len() as f64 / span } else { 0.0 },
                p50: quantile(&times, 0.5),
                p95: quantile(&times, 0.95),
                cpu: cpu as f64 / 1000.0,
            });
            for pod in mine() {
                if let (Some(used), Some(place)) = (view.usage.get(&pod.uid), self.by_uid.get(&pod.uid)) {
                    let cpu = used.cpu.0 as f64 / 1000.0;
                    self.seen.pod_rows.push(PodRow { at: now, pod: *place, cpu, memory: used.memory.0 });
                }
            }
            let usage = &mut self.usage[function];
            usage.pod_seconds += f64::from(pods) * span;
            usage.cpu_seconds += cpu as f64 / 1000.0 * span;
            usage.gb_seconds += memory as f64 / f64::from(1 << 30) * span;
        }
    }

    /// What ended after the last row.
    pub fn last(&mut self, view: &View, ended: Vec<(usize, Ended)>) {
        self.look(view);
        self.requests(ended);
    }

    pub fn finish(mut self, early: bool) -> Observations {
        self.seen.usage = self.usage;
        self.seen.notes = self.notes;
        self.seen.ended_early = early;
        self.seen.duration = if early { self.last } else { self.last.max(self.duration) };
        self.seen
    }

    fn place(&self, name: &FunctionName) -> Option<usize> {
        self.names.iter().position(|n| *n == name.name)
    }

    /// Pods and decisions as of a moment, which is returned.
    fn look(&mut self, view: &View) -> f64 {
        // Seconds since the start; what was before is negative.
        let began = self.began;
        let apart =
            move |t: Time| if t >= began { (t - began).as_secs_f64() } else { -(began - t).as_secs_f64() };
        let snapshot = &view.snapshot;
        let now = apart(snapshot.at).max(self.last);
        self.seen.duration = now;
        for f in snapshot.functions.values() {
            let Some(function) = self.place(&f.name()) else { continue };
            for d in &f.decisions {
                if d.at >= self.began && d.changed() && self.decided.insert((function, d.at)) {
                    self.seen.decisions.push((function, apart(d.at), d.clone()));
                }
            }
            self.pods(function, f.id, view, apart);
        }
        // Pods that were there at the last look and are not any more have ended since.
        for (uid, place) in &self.by_uid {
            if !snapshot.pods.contains_key(uid) {
                self.seen.pods[*place].ended.get_or_insert(now);
            }
        }
        now
    }

    fn pods(&mut self, function: usize, id: FunctionId, view: &View, apart: impl Fn(Time) -> f64) {
        for pod in view.snapshot.pods_of(id) {
            let place = *self.by_uid.entry(pod.uid).or_insert_with(|| {
                self.seen.pods.push(PodLife {
                    name: pod.name.clone(),
                    function,
                    node: pod.node.0,
                    created: apart(pod.created).max(0.0),
                    ready: None,
                    ended: None,
                });
                self.seen.pods.len() - 1
            });
            let life = &mut self.seen.pods[place];
            if pod.ready && life.ready.is_none() {
                life.ready = pod.ready_changed.map(|t| apart(t).max(0.0));
            }
            if let Some(deleting) = pod.deleting {
                life.ended.get_or_insert(apart(deleting.since));
            }
        }
    }

    fn requests(&mut self, ended: Vec<(usize, Ended)>) {
        for (load, e) in ended {
            let request = self.request(load, e);
            // What was cut off by the end of the run was not answered by the cluster.
            if request.status != 0 || request.at + request.response < self.duration {
                self.seen.requests.push(request);
            }
        }
    }

    fn request(&mut self, load: usize, e: Ended) -> Request {
        let response = e.ended.saturating_duration_since(e.intended).as_secs_f64();
        let keeps = match e.failure {
            Some(_) => {
                self.failed += 1;
                self.failed <= FAILED
            }
            None => e.place.is_multiple_of(SAMPLED) || e.cold,
        };
        let (function, plan) = &self.loads[load];
        let exchange = keeps.then(|| {
            Arc::new(Exchange {
                line: format!(
                    "{} /function/{}{}",
                    plan.method.as_deref().unwrap_or("POST"),
                    plan.function,
                    plan.path
                ),
                body: match (&plan.body_file, &plan.bodies) {
                    (None, None) => plan.body.chars().take(400).collect(),
                    (Some(file), _) | (_, Some(file)) => format!("from {}", file.display()),
                },
                reply: String::from_utf8_lossy(&e.head).into_owned(),
            })
        });
        let parts = parts(&e, response);
        Request {
            function: *function,
            load,
            user: e.user,
            pod: e.trace.pod.and_then(|uid| self.by_uid.get(&PodUid(uid))).copied(),
            at: e.intended.saturating_duration_since(self.start).as_secs_f64(),
            wait: parts.pod + parts.queue,
            response,
            parts,
            status: e.status.unwrap_or(0),
            cold: e.cold,
            bytes: e.bytes,
            first_byte: e.first_byte.as_secs_f64(),
            connect: e.connect.as_secs_f64(),
            failure: e.failure,
            exchange,
        }
    }
}

/// What a response time consists of. Without the pod's own word all but the waiting is work.
fn parts(e: &Ended, response: f64) -> Parts {
    let pod = if e.cold { e.waited.min(response) } else { 0.0 };
    let queue = e.trace.queue.min(response - pod);
    let left = response - pod - queue;
    let in_pod = e.trace.in_pod.unwrap_or(left).min(left);
    let fork = e.trace.fork.min(in_pod);
    Parts { pod, queue, fork, work: in_pod - fork, transfer: left - in_pod }
}
