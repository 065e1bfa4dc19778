//! The families: names, helps and buckets are those of OpenFaaS' gateway.

use super::text::Text;
use super::{CallGauges, Gauges, cadvisor, kube, node};
use crate::cluster::function::FunctionId;
use crate::cluster::snapshot::Snapshot;
use crate::live::gateway::traffic::{Asked, BUCKETS, CodeTotals, FunctionTotals, Traffic};
use std::collections::BTreeMap;
use std::fmt::Display;

pub(super) fn write(traffic: &Traffic, gauges: &Gauges) -> String {
    let mut text = Text::default();
    invocations(&mut text, &traffic.totals());
    api(&mut text, &traffic.api_totals());
    replicas(&mut text, gauges);
    pods(&mut text, gauges);
    calls(&mut text, gauges);
    if let Some(cluster) = &gauges.cluster {
        targets(&mut text, cluster);
        kube::write(&mut text, cluster);
        cadvisor::write(&mut text, gauges, cluster);
    }
    node::write(&mut text, &gauges.state);
    process(&mut text);
    text.finish()
}

fn invocations(text: &mut Text, totals: &BTreeMap<FunctionId, FunctionTotals>) {
    let name = "gateway_function_invocation_total";
    text.family(name, "counter", "Function metrics");
    for function in totals.values() {
        for (code, ended) in &function.codes {
            text.sample(name, &[("code", code), ("function_name", &function.name)], ended.count);
        }
    }
    let name = "gateway_function_invocation_started";
    text.family(name, "counter", "The total number of function HTTP requests started.");
    for function in totals.values() {
        text.sample(name, &[("function_name", &function.name)], function.started);
    }
    text.family("gateway_functions_seconds", "histogram", "Function time taken");
    for function in totals.values() {
        for (code, ended) in &function.codes {
            let labels: [(&str, &dyn Display); 2] = [("code", code), ("function_name", &function.name)];
            histogram(text, "gateway_functions_seconds", &labels, ended);
        }
    }
    let name = "faasim_cold_starts_total";
    text.family(name, "counter", "Requests that had to wait for a pod to become ready.");
    for function in totals.values() {
        text.sample(name, &[("function_name", &function.name)], function.cold_starts);
    }
}

/// Requests to the API itself: OpenFaaS Pro's families.
fn api(text: &mut Text, totals: &BTreeMap<Asked, CodeTotals>) {
    text.family("http_requests_total", "counter", "Requests to the API");
    for (asked, ended) in totals {
        let (method, path, status) = asked;
        let labels: [(&str, &dyn Display); 3] = [("method", method), ("path", path), ("status", status)];
        text.sample("http_requests_total", &labels, ended.count);
    }
    text.family("http_request_duration_seconds", "histogram", "Time until the API has answered");
    for (asked, ended) in totals {
        let (method, path, status) = asked;
        let labels: [(&str, &dyn Display); 3] = [("method", method), ("path", path), ("status", status)];
        histogram(text, "http_request_duration_seconds", &labels, ended);
    }
}

fn histogram(text: &mut Text, name: &str, labels: &[(&str, &dyn Display)], ended: &CodeTotals) {
    let bucket = format!("{name}_bucket");
    let with = |bound: &dyn Display, text: &mut Text, count: u64| {
        let labels: Vec<(&str, &dyn Display)> = labels.iter().copied().chain([("le", bound)]).collect();
        text.sample(&bucket, &labels, count);
    };
    let mut up_to = 0;
    for (bound, count) in BUCKETS.iter().zip(ended.buckets) {
        up_to += count;
        with(bound, text, up_to);
    }
    with(&"+Inf", text, ended.count);
    text.sample(&format!("{name}_sum"), labels, ended.seconds);
    text.sample(&format!("{name}_count"), labels, ended.count);
}

fn replicas(text: &mut Text, gauges: &Gauges) {
    let name = "gateway_service_count";
    text.family(name, "gauge", "Current count of replicas for function");
    for function in &gauges.functions {
        text.sample(name, &[("function_name", &function.name)], function.desired);
    }
    let name = "gateway_service_ready_count";
    text.family(name, "gauge", "Replicas of the function that take requests");
    for function in &gauges.functions {
        text.sample(name, &[("function_name", &function.name)], function.ready);
    }
    let name = "gateway_function_invocation_inflight";
    text.family(name, "gauge", "Requests of the function accepted and not yet answered");
    for function in &gauges.functions {
        text.sample(name, &[("function_name", &function.name)], function.in_flight);
    }
}

/// As OpenFaaS Pro's queue worker names them.
fn calls(text: &mut Text, gauges: &Gauges) {
    type Value = fn(&CallGauges) -> u64;
    let families: [(&str, &str, &str, Value); 5] = [
        ("queue_worker_pending_messages", "gauge", "Calls that wait to be processed", |c| c.pending),
        ("queue_worker_messages_processed_total", "counter", "Calls processed", |c| c.processed),
        ("queue_worker_messages_submitted_total", "counter", "Calls submitted to the queue", |c| c.submitted),
        ("queue_worker_function_invocation_inflight", "gauge", "Calls that are being processed", |c| {
            c.running
        }),
        ("faasim_dead_calls", "gauge", "Calls that were given up and are kept to be looked at", |c| c.dead),
    ];
    for (name, kind, help, value) in families {
        text.family(name, kind, help);
        for call in &gauges.calls {
            let labels: [(&str, &dyn Display); 2] =
                [("function_name", &call.function), ("queue_name", &call.queue)];
            text.sample(name, &labels, value(call));
        }
    }
}

/// What OpenFaaS' own scaler aims at.
fn targets(text: &mut Text, cluster: &Snapshot) {
    let name = "gateway_service_min";
    text.family(name, "gauge", "The fewest replicas of the function");
    for function in cluster.functions.values() {
        text.sample(name, &[("function_name", &function.name())], function.labels.min);
    }
    let name = "gateway_service_target_load";
    text.family(name, "gauge", "The load per replica that scaling aims at");
    for function in cluster.functions.values() {
        let kind = function.labels.kind.name();
        let labels: [(&str, &dyn Display); 2] =
            [("function_name", &function.name()), ("scaling_type", &kind)];
        text.sample(name, &labels, function.labels.target);
    }
}

fn pods(text: &mut Text, gauges: &Gauges) {
    let name = "pod_cpu_usage_seconds_total";
    text.family(name, "counter", "CPU time that the pod has used, in seconds");
    for pod in &gauges.pods {
        let labels: [(&str, &dyn Display); 3] =
            [("function_name", &pod.function), ("namespace", &pod.namespace), ("pod_name", &pod.pod)];
        text.sample(name, &labels, pod.cpu_total.as_secs_f64());
    }
    let name = "pod_memory_working_set_bytes";
    text.family(name, "gauge", "Memory that the pod holds, in bytes");
    for pod in &gauges.pods {
        let labels: [(&str, &dyn Display); 3] =
            [("function_name", &pod.function), ("namespace", &pod.namespace), ("pod_name", &pod.pod)];
        text.sample(name, &labels, pod.memory_bytes);
    }
}

/// faasim itself, where the system tells.
fn process(text: &mut Text) {
    let Ok(this) = procfs::process::Process::myself() else { return };
    if let Ok(stat) = this.stat() {
        let name = "process_cpu_seconds_total";
        text.family(name, "counter", "CPU time that faasim itself has used, in seconds");
        text.sample(name, &[], (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64);
        let name = "process_resident_memory_bytes";
        text.family(name, "gauge", "Memory that faasim itself holds, in bytes");
        text.sample(name, &[], stat.rss * procfs::page_size());
    }
    if let Ok(status) = this.status() {
        let name = "process_virtual_memory_bytes";
        text.family(name, "gauge", "Address space that faasim has mapped, in bytes");
        text.sample(name, &[], status.vmsize.unwrap_or_default() * 1024);
    }
    if let Ok(limits) = this.limits()
        && let procfs::process::LimitValue::Value(most) = limits.max_open_files.soft_limit
    {
        text.family("process_max_fds", "gauge", "Files and sockets that faasim may have open");
        text.sample("process_max_fds", &[], most);
    }
    if let (Ok(stat), Ok(all)) = (this.stat(), std::fs::read_to_string("/proc/stat")) {
        let boot = all.lines().find_map(|l| l.strip_prefix("btime ")?.parse::<f64>().ok());
        if let Some(boot) = boot {
            let name = "process_start_time_seconds";
            text.family(name, "gauge", "When faasim started, in Unix seconds");
            text.sample(name, &[], boot + stat.starttime as f64 / procfs::ticks_per_second() as f64);
        }
    }
    if let Ok(count) = this.fd_count() {
        text.family("process_open_fds", "gauge", "Files and sockets that faasim has open");
        text.sample("process_open_fds", &[], count);
    }
}
