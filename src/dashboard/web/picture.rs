//! What the portal draws: a view in words and plain numbers.
//!
//! A browser has the numbers of every function at once, and events, pods and decisions of the one that
//! it looks at. What a scaler's step says is put into words here, once for all screens, not in the browser.

use crate::cluster::function::{FunctionId, FunctionName};
use crate::cluster::pod::Pod;
use crate::cluster::quantity::MilliCpu;
use crate::cluster::scaling::decision::Decision;
use crate::cluster::scaling::hpa::HpaSpec;
use crate::cluster::snapshot::{FunctionState, Happening};
use crate::cluster::time::Time;
use crate::dashboard::tui::app::explain::cpu_target;
use crate::dashboard::view::{Platform, Usage, View};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Decisions and events that are sent of one function: more than a person reads, and the newest.
const LATEST: usize = 60;

/// Pods of a function that are charted, the newest: as many lines as can be told apart.
const CHARTED: usize = 12;

/// Everything that a page needs at one moment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Picture<'a> {
    /// Milliseconds of Unix time.
    pub at: f64,
    /// Where it runs.
    pub platform: &'a Platform,
    /// `pro` or `ce`, the routing policy, the HPA's dialect, and its period in seconds.
    pub rules: Rules,
    /// Nodes: name, cores.
    pub nodes: Vec<(&'a str, u32)>,
    /// Every function, in the order of deployment.
    pub functions: Vec<Row<'a>>,
    /// More about the function that was asked for, if it is there.
    pub detail: Option<Detail<'a>>,
}

/// The rules that the cluster is run by.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rules {
    edition: serde_json::Value,
    routing: serde_json::Value,
    dialect: serde_json::Value,
    sync_seconds: f64,
    max_replicas: u32,
}

/// One function.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row<'a> {
    id: u64,
    name: &'a str,
    namespace: &'a str,
    image: &'a str,
    env_process: Option<&'a str>,
    /// `Ready`, `Not ready`, `Asleep`.
    status: &'static str,
    replicas: u32,
    ready: u32,
    invocations: u64,
    cold_starts: u64,
    in_flight: u32,
    waiting: u32,
    /// Requests a second, all and failed ones.
    rate: f64,
    errors: f64,
    /// Milliseconds.
    p50: f64,
    p95: f64,
    p99: f64,
    /// Millicores and bytes of all pods.
    cpu: u64,
    memory: u64,
    /// Name and millicores of its newest pods: a chart of them goes on while another page is looked at.
    pods_cpu: Vec<(&'a str, u64)>,
    /// Millicores that a pod requests, and that a pod's autoscaler aims at.
    cpu_request: Option<u64>,
    cpu_target: Option<u64>,
    created: f64,
    secrets: &'a [String],
    /// Who changes its replicas, in one word and in a sentence.
    scaler: String,
    in_charge: String,
    hpa: Option<HpaRow<'a>>,
}

/// A function's autoscaler.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HpaRow<'a> {
    targets: String,
    min: u32,
    max: u32,
    spec: &'a HpaSpec,
}

/// More about one function.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Detail<'a> {
    name: &'a str,
    namespace: &'a str,
    env_vars: &'a BTreeMap<String, String>,
    labels: &'a BTreeMap<String, String>,
    annotations: &'a BTreeMap<String, String>,
    secrets: &'a [String],
    limits: &'a crate::cluster::function::Resources,
    requests: &'a crate::cluster::function::Resources,
    revision: u32,
    /// Labels that do nothing, each with its reason.
    ignored_labels: &'a [String],
    pods: Vec<PodRow<'a>>,
    /// Newest first.
    events: Vec<EventRow<'a>>,
    /// Newest first.
    decisions: Vec<DecisionRow>,
    next_look: Option<f64>,
}

/// One pod.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodRow<'a> {
    uid: u64,
    name: &'a str,
    status: &'a str,
    ready: bool,
    stopping: bool,
    restarts: u32,
    created: f64,
    node: &'a str,
    cpu: u64,
    memory: u64,
    in_flight: u32,
}

/// One event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventRow<'a> {
    last: f64,
    count: u32,
    warning: bool,
    reason: &'a str,
    object: &'a str,
    message: &'a str,
}

/// One decision.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionRow {
    at: f64,
    from: u32,
    to: u32,
    headline: String,
    lines: Vec<String>,
}

impl<'a> Picture<'a> {
    /// Draws it, with the details of one function when it is there.
    pub fn new(view: &'a View, of: Option<&FunctionName>) -> Self {
        let snapshot = &view.snapshot;
        let settings = &snapshot.settings;
        let mut used: BTreeMap<FunctionId, Vec<(&Pod, Usage)>> = BTreeMap::new();
        for pod in snapshot.pods.values() {
            let now = view.usage.get(&pod.uid).map(|u| (&**pod, *u));
            used.entry(pod.function).or_default().extend(now);
        }
        // Fieldless names become strings.
        let word = |value: Result<serde_json::Value, _>| value.unwrap_or_default();
        Picture {
            at: millis(snapshot.at),
            platform: &view.platform,
            rules: Rules {
                edition: word(serde_json::to_value(settings.edition)),
                routing: word(serde_json::to_value(settings.routing)),
                dialect: word(serde_json::to_value(settings.hpa.dialect)),
                sync_seconds: settings.hpa.sync_period.as_secs_f64(),
                max_replicas: settings.max_replicas,
            },
            nodes: snapshot.nodes.iter().map(|n| (n.name.as_str(), n.cores)).collect(),
            functions: snapshot.functions.values().map(|f| row(view, f, used.get(&f.id))).collect(),
            detail: of.and_then(|name| snapshot.function(name)).map(|f| detail(view, f)),
        }
    }
}

fn row<'a>(view: &'a View, f: &'a FunctionState, used: Option<&Vec<(&'a Pod, Usage)>>) -> Row<'a> {
    let traffic = view.traffic.get(&f.id).copied().unwrap_or_default();
    let ms = |d: Duration| d.as_secs_f64() * 1e3;
    let used = used.map_or(&[][..], Vec::as_slice);
    let (cpu, memory) = used.iter().fold((0, 0), |(c, m), (_, u)| (c + u.cpu.0, m + u.memory.0));
    let newest = &used[used.len().saturating_sub(CHARTED)..];
    Row {
        id: f.id.0.into(),
        name: &f.spec.name,
        namespace: &f.spec.namespace,
        image: &f.spec.image,
        env_process: f.spec.env_process.as_deref(),
        status: match (f.replicas, f.ready) {
            (0, 0) => "Asleep",
            (_, 0) => "Not ready",
            _ => "Ready",
        },
        replicas: f.replicas,
        ready: f.ready,
        invocations: traffic.total,
        cold_starts: traffic.cold_starts,
        in_flight: traffic.in_flight,
        waiting: traffic.waiting,
        rate: traffic.rate,
        errors: traffic.error_rate,
        p50: ms(traffic.p50),
        p95: ms(traffic.p95),
        p99: ms(traffic.p99),
        cpu,
        memory,
        pods_cpu: newest.iter().map(|(p, u)| (p.name.as_str(), u.cpu.0)).collect(),
        cpu_request: f.spec.requests.cpu.map(|MilliCpu(n)| n),
        cpu_target: cpu_target(f).map(|MilliCpu(n)| n),
        created: millis(f.created),
        secrets: &f.spec.secrets,
        scaler: f.scaler.to_string(),
        in_charge: f.in_charge(),
        hpa: f.hpa.as_ref().map(|hpa| HpaRow {
            targets: hpa.targets_column_named(),
            min: hpa.spec.min(),
            max: hpa.spec.max_replicas,
            spec: &hpa.spec,
        }),
    }
}

fn detail<'a>(view: &'a View, f: &'a FunctionState) -> Detail<'a> {
    let snapshot = &view.snapshot;
    let events = snapshot.events.iter().rev().filter(|e| e.function == f.id);
    Detail {
        name: &f.spec.name,
        namespace: &f.spec.namespace,
        env_vars: &f.spec.env_vars,
        labels: &f.spec.labels,
        annotations: &f.spec.annotations,
        secrets: &f.spec.secrets,
        limits: &f.spec.limits,
        requests: &f.spec.requests,
        revision: f.revisions.last().map_or(0, |(number, _)| *number),
        ignored_labels: &f.ignored_labels,
        pods: snapshot.pods_of(f.id).map(|p| pod(view, p)).collect(),
        events: events.take(LATEST).map(|e| event(e)).collect(),
        decisions: f.decisions.iter().rev().take(LATEST).map(|d| decision(d)).collect(),
        next_look: f.decisions.back().and_then(|d| d.next_look).map(millis),
    }
}

fn pod<'a>(view: &'a View, pod: &'a Pod) -> PodRow<'a> {
    let usage = view.usage.get(&pod.uid).copied().unwrap_or_default();
    let node = view.snapshot.nodes.iter().find(|n| n.id == pod.node);
    PodRow {
        uid: pod.uid.0,
        name: &pod.name,
        status: pod.status(),
        ready: pod.ready,
        stopping: pod.deleting.is_some(),
        restarts: pod.restarts,
        created: millis(pod.created),
        node: node.map_or("", |n| n.name.as_str()),
        cpu: usage.cpu.0,
        memory: usage.memory.0,
        in_flight: usage.in_flight,
    }
}

fn event(event: &Happening) -> EventRow<'_> {
    EventRow {
        last: millis(event.last),
        count: event.count,
        warning: event.warning,
        reason: &event.reason,
        object: &event.object,
        message: &event.message,
    }
}

fn decision(d: &Decision) -> DecisionRow {
    DecisionRow { at: millis(d.at), from: d.from, to: d.to, headline: d.headline(), lines: d.lines() }
}

/// Unix time in milliseconds, as browsers count it.
fn millis(t: Time) -> f64 {
    t.as_secs_f64() * 1e3
}
