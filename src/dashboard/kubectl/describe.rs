//! What `describe` prints about a function, a deployment and a pod.

pub(super) mod page;
mod pod;

pub use pod::pod;

use super::rows::{kind, seen};
use super::trouble;
use crate::cluster::scaling::hpa::columns::DescribedEvent;
use crate::cluster::snapshot::{FunctionState, Snapshot};
use crate::cluster::time::Time;
use crate::cluster::timeouts;
use crate::dashboard::view::View;
use page::{NONE, Page};
use std::fmt::Write;

/// `Tue, 24 Nov 2026 04:00:00 +0000`, as kubectl writes a moment.
pub fn moment(at: Time) -> String {
    match jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())) {
        Ok(t) => t.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string(),
        Err(_) => "<unknown>".into(),
    }
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
    if let Some(trouble) = trouble::of_function(&view.snapshot, function) {
        page.put("Reason", trouble);
    }
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
    if function.ready == 0 && function.replicas > 0 {
        text += &last_events(&view.snapshot, function);
    }
    text
}

/// The last things that happened to a function and its pods.
fn last_events(snapshot: &Snapshot, function: &FunctionState) -> String {
    const MOST: usize = 5;
    let mut events: Vec<_> =
        snapshot.events.iter().rev().filter(|e| e.function == function.id).take(MOST).collect();
    events.reverse();
    let mut page = Page::default();
    page.line("Last events:");
    for e in events {
        page.line(format_args!(
            "  {}\t{}\t{}\t{}\t{}",
            kind(e),
            e.reason,
            seen(e, snapshot.at),
            e.object,
            e.message
        ));
    }
    page.finish()
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
