//! What `describe` prints about a function, a deployment and a pod.

use super::rows::{kind, seen};
use crate::cluster::function::FunctionSpec;
use crate::cluster::pod::{Container, Pod};
use crate::cluster::scaling::hpa::columns::{DescribedEvent, aligned};
use crate::cluster::snapshot::{FunctionState, Happening, Snapshot};
use crate::cluster::time::Time;
use crate::cluster::timeouts;
use crate::dashboard::view::View;
use std::collections::BTreeMap;
use std::fmt::Write;

const NONE: &str = "<none>";

/// `Tue, 24 Nov 2026 04:00:00 +0000`, as kubectl writes a moment.
pub fn moment(at: Time) -> String {
    match jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())) {
        Ok(t) => t.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string(),
        Err(_) => "<unknown>".into(),
    }
}

/// Lines of a title and what it says; a title's further lines stand below the first.
#[derive(Default)]
struct Page(String);

impl Page {
    fn put(&mut self, title: &str, text: impl std::fmt::Display) {
        // Writing into a String cannot fail.
        let _ = writeln!(self.0, "{title}:\t{text}");
    }

    fn map<'a>(&mut self, title: &str, entries: impl IntoIterator<Item = (&'a String, &'a String)>) {
        let mut title = format!("{title}:");
        let mut empty = true;
        for (key, value) in entries {
            let _ = writeln!(self.0, "{title}\t{key}={value}");
            title.clear();
            empty = false;
        }
        if empty {
            let _ = writeln!(self.0, "{title}\t{NONE}");
        }
    }

    fn line(&mut self, text: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{text}");
    }

    fn resources(&mut self, indent: &str, spec: &FunctionSpec) {
        for (title, resources) in [("Limits", &spec.limits), ("Requests", &spec.requests)] {
            if resources.is_empty() {
                continue;
            }
            self.line(format_args!("{indent}{title}:"));
            if let Some(cpu) = resources.cpu {
                self.put(&format!("{indent}  cpu"), cpu);
            }
            if let Some(memory) = resources.memory {
                self.put(&format!("{indent}  memory"), memory);
            }
        }
    }

    fn environment(&mut self, indent: &str, spec: &FunctionSpec) {
        let process = spec.env_process.iter().map(|p| ("fprocess", p.as_str()));
        let all: Vec<(&str, &str)> =
            process.chain(spec.env_vars.iter().map(|(k, v)| (k.as_str(), v.as_str()))).collect();
        if all.is_empty() {
            return self.put(&format!("{indent}Environment"), NONE);
        }
        self.line(format_args!("{indent}Environment:"));
        for (key, value) in all {
            self.put(&format!("{indent}  {key}"), value);
        }
    }

    fn events<'a>(&mut self, events: impl Iterator<Item = &'a Happening>, now: Time, from: &str) {
        let mut events = events.peekable();
        if events.peek().is_none() {
            return self.put("Events", NONE);
        }
        self.line("Events:");
        self.line("  Type\tReason\tAge\tFrom\tMessage");
        self.line("  ----\t------\t----\t----\t-------");
        for e in events {
            self.line(format_args!("  {}\t{}\t{}\t{from}\t{}", kind(e), e.reason, seen(e, now), e.message));
        }
    }

    fn finish(self) -> String {
        aligned(&self.0)
    }
}

/// `kubectl describe pod`.
pub fn pod(snapshot: &Snapshot, pod: &Pod, now: Time) -> String {
    let spec = &pod.spec;
    let node = snapshot.nodes.iter().find(|n| n.id == pod.node).map_or(NONE, |n| &n.name);
    let ip = pod.address.as_deref().and_then(|a| a.rsplit_once(':')).map_or(NONE, |(ip, _)| ip);
    let mut page = Page::default();
    page.put("Name", &pod.name);
    page.put("Namespace", &spec.namespace);
    page.put("Node", node);
    page.put("Start Time", moment(pod.created));
    let own = [("faas_function", &spec.name), ("pod-template-hash", &pod.template_hash)];
    let own: BTreeMap<String, String> = own.map(|(k, v)| (k.to_owned(), v.clone())).into();
    page.map("Labels", own.iter().chain(&spec.labels));
    page.map("Annotations", &spec.annotations);
    let deleting = pod.deleting.map(|d| d.since);
    match deleting {
        Some(since) => {
            page.put("Status", format_args!("Terminating (lasts {})", super::age(now.since(since))));
        }
        None => page.put("Status", format_args!("{:?}", pod.phase)),
    }
    page.put("IP", ip);
    page.put("Controlled By", format_args!("ReplicaSet/{}-{}", spec.name, pod.template_hash));
    page.line("Containers:");
    page.line(format_args!("  {}:", spec.name));
    page.put("    Image", &spec.image);
    page.put("    Address", pod.address.as_deref().unwrap_or(NONE));
    container(&mut page, pod);
    page.put("    Ready", title_case(pod.ready));
    page.put("    Restart Count", pod.restarts);
    page.resources("    ", spec);
    page.put("    Liveness", "the watchdog's process");
    page.put("    Readiness", "the watchdog's report that it takes requests");
    page.environment("    ", spec);
    page.line("Conditions:");
    page.line("  Type\tStatus");
    let started = pod.started.is_some();
    for (condition, holds) in
        [("Initialized", true), ("Ready", pod.ready), ("ContainersReady", pod.ready), ("PodScheduled", true)]
    {
        page.line(format_args!("  {condition}\t{}", title_case(holds && (started || condition != "Ready"))));
    }
    let object = format!("pod/{}", pod.name);
    page.events(snapshot.events.iter().map(|e| &**e).filter(|e| e.object == object), now, "faasim");
    page.finish()
}

fn container(page: &mut Page, pod: &Pod) {
    match &pod.container {
        Container::Creating => {
            page.put("    State", "Waiting");
            page.put("      Reason", "ContainerCreating");
        }
        Container::Running { since } => {
            page.put("    State", "Running");
            page.put("      Started", moment(*since));
        }
        Container::Waiting { reason, message, until } => {
            page.put("    State", "Waiting");
            page.put("      Reason", reason);
            page.put("      Message", message);
            page.put("      Next try", moment(*until));
        }
    }
    if let Some((exit, at)) = &pod.last_exit {
        page.put("    Last State", "Terminated");
        page.put("      Reason", exit.reason());
        page.put("      Exit Code", exit.code);
        page.put("      Finished", moment(*at));
    }
}

fn title_case(holds: bool) -> &'static str {
    if holds { "True" } else { "False" }
}

/// `kubectl describe deployment`.
pub fn deployment(snapshot: &Snapshot, function: &FunctionState, now: Time) -> String {
    let spec = &function.spec;
    let mut page = Page::default();
    page.put("Name", &spec.name);
    page.put("Namespace", &spec.namespace);
    page.put("CreationTimestamp", moment(function.created));
    page.map("Labels", &spec.labels);
    page.map("Annotations", &spec.annotations);
    page.put("Selector", format_args!("faas_function={}", spec.name));
    let (all, ready) = (function.current, function.ready);
    let unavailable = all.max(function.replicas).saturating_sub(ready);
    page.put(
        "Replicas",
        format_args!(
            "{} desired | {} updated | {all} total | {ready} available | {unavailable} unavailable",
            function.replicas, function.updated
        ),
    );
    page.put("StrategyType", "RollingUpdate");
    page.put("RollingUpdateStrategy", "0 max unavailable, 1 max surge");
    page.put("Scaling", function.in_charge());
    page.line("Pod Template:");
    page.line("  Containers:");
    page.line(format_args!("   {}:", spec.name));
    page.put("    Image", &spec.image);
    page.resources("    ", spec);
    page.environment("    ", spec);
    page.put(
        "NewReplicaSet",
        format_args!("{}-{} ({all}/{all} replicas created)", spec.name, function.template_hash),
    );
    let object = format!("deployment/{}", spec.name);
    let events =
        snapshot.events.iter().map(|e| &**e).filter(|e| e.function == function.id && e.object == object);
    page.events(events, now, "deployment-controller");
    page.finish()
}

/// `faas-cli describe`, and what OpenFaaS does not tell: who scales it, and why it has the size it has.
pub fn function(view: &View, function: &FunctionState) -> String {
    let spec = &function.spec;
    let now = view.snapshot.at;
    let traffic = view.traffic.get(&function.id).copied().unwrap_or_default();
    let gateway = &view.platform.gateway;
    let mut page = Page::default();
    page.put("Name", &spec.name);
    page.put("Namespace", &spec.namespace);
    page.put("Status", if function.ready > 0 { "Ready" } else { "Not Ready" });
    page.put("Replicas", function.replicas);
    page.put("Available Replicas", function.ready);
    page.put("Invocations", traffic.total);
    page.put("Image", &spec.image);
    page.put("Function Process", spec.env_process.as_deref().unwrap_or("<default>"));
    let suffix = match spec.namespace == crate::cluster::function::DEFAULT_NAMESPACE {
        true => spec.name.clone(),
        false => spec.full_name().to_string(),
    };
    page.put("URL", format_args!("{gateway}/function/{suffix}"));
    page.put("Async URL", format_args!("{gateway}/async-function/{suffix}"));
    page.map("Labels", &spec.labels);
    page.map("Annotations", &spec.annotations);
    page.put("Constraints", list(&spec.constraints));
    page.environment("", spec);
    page.put("Secrets", list(&spec.secrets));
    page.resources("", spec);
    page.put("Time-outs", timeouts::summary(view.snapshot.settings.gateway, spec));
    for advice in timeouts::advice(view.snapshot.settings.gateway, spec) {
        page.line(format_args!("\t{advice}"));
    }
    page.put("Scaling", function.in_charge());
    for (index, ignored) in function.ignored_labels.iter().enumerate() {
        page.line(format_args!("{}\t{ignored}", if index == 0 { "Ignored Labels:" } else { "" }));
    }
    page.put("Age", super::age(now.since(function.created)));
    let mut text = page.finish();
    if let Some(decision) = function.decisions.back() {
        let _ = writeln!(
            text,
            "Last decision ({} ago, {}):",
            super::age(now.since(decision.at)),
            decision.scaler
        );
        for line in decision.lines_at(now) {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

fn list(names: &[String]) -> String {
    if names.is_empty() { NONE.into() } else { names.join(", ") }
}

/// `kubectl describe hpa`; nothing for a function without one.
pub fn hpa(snapshot: &Snapshot, function: &FunctionState, now: Time) -> Option<String> {
    let hpa = function.hpa.as_ref()?;
    let object = format!("horizontalpodautoscaler/{}", function.spec.name);
    let events: Vec<DescribedEvent> = snapshot
        .events
        .iter()
        .filter(|e| e.function == function.id && e.object == object)
        .map(|e| DescribedEvent {
            warning: e.warning,
            reason: e.reason.clone(),
            age: seen(e, now),
            from: "horizontal-pod-autoscaler".into(),
            message: e.message.clone(),
        })
        .collect();
    let (name, namespace) = (&function.spec.name, &function.spec.namespace);
    Some(hpa.describe(name, namespace, name, &events))
}
