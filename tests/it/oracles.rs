//! Kubernetes' own test values, run against the autoscaler in each dialect they hold for.
//!
//! The folder is `tests/data/oracles`, or the one named by `FAASIM_ORACLES`.

use faasim::cluster::quantity::{Bytes, MilliCpu};
use faasim::cluster::scaling::hpa::behavior::{self, FullRules, ScaleEvent};
use faasim::cluster::scaling::hpa::limits::{self, Recommendation};
use faasim::cluster::scaling::hpa::replicas::{
    Calculator, Class, PerPod, Proposal, Row, Sample, Samples, Tolerance, classify, usage_ratio,
    utilization_ratio,
};
use faasim::cluster::scaling::hpa::spec::{
    Behavior, ObjectRef, Policy, PolicyKind, Resource, ResourceTarget, Rules, Select, ValueTarget,
};
use faasim::cluster::scaling::hpa::{
    CustomMetrics, Dialect, Hpa, HpaSettings, HpaSpec, MetricSource, MetricSpec, PodPhase, PodState,
    PodUsage, TargetState,
};
use faasim::cluster::scaling::step::{Direction, Unit};
use faasim::cluster::time::Time;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// "Now": late enough for 1000000000 s ago to be a time.
const NOW: Time = Time::from_secs(2_000_000_000);

type Outcome = Result<(), String>;

#[test]
fn oracle_hpa_replicas() {
    run("hpa-replica-cases.json", replica_case);
}

#[test]
fn oracle_hpa_controller() {
    run("hpa-controller-cases.json", controller_case);
}

/// The text of a file of cases, from the folder that `FAASIM_ORACLES` names.
pub fn cases_of(file: &str) -> Value {
    let named = std::env::var_os("FAASIM_ORACLES").map(PathBuf::from);
    let folder =
        named.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/oracles"));
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| {
        let path = path.display();
        panic!("{path} cannot be read ({e}); FAASIM_ORACLES names the folder that holds it")
    });
    let all: Value = serde_json::from_str(&text)
        .unwrap_or_else(|e| panic!("{} is not a file of cases: {e}", path.display()));
    assert!(all["cases"].as_array().is_some_and(|c| !c.is_empty()), "{} holds no case", path.display());
    all
}

/// What a case comes to; one that cannot be understood fails alone, and is named like any other.
pub fn judged(case: impl FnOnce() -> Outcome) -> Outcome {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(case)).unwrap_or_else(|why| {
        let text = why.downcast_ref::<String>().map(String::as_str);
        Err(text.or_else(|| why.downcast_ref::<&str>().copied()).unwrap_or("it panics").to_owned())
    })
}

/// Prints `N passed, N failed` and the names of those that failed, and fails if there is one.
pub fn verdict(file: &str, passed: usize, failed: &[String]) {
    println!("{file}: {passed} passed, {} failed", failed.len());
    failed.iter().for_each(|name| println!("  {name}"));
    assert!(failed.is_empty(), "{file}: {passed} passed, {} failed:\n{}", failed.len(), failed.join("\n"));
}

fn run(file: &str, case: impl Fn(&Value, Dialect) -> Outcome) {
    let all = cases_of(file);
    let (mut passed, mut failed) = (0, Vec::new());
    for one in list(&all["cases"]) {
        let name = one["name"].as_str().unwrap_or("unnamed");
        if list(&one["applies_to"]).is_empty() {
            failed.push(format!("{name}: applies_to names no dialect"));
        }
        for dialect in list(&one["applies_to"]) {
            let outcome = judged(|| match dialect.as_str() {
                Some("legacy") => case(one, Dialect::Legacy),
                Some("current") => case(one, Dialect::Current),
                _ => Err("it is neither `legacy` nor `current`".into()),
            });
            match outcome {
                Ok(()) => passed += 1,
                Err(why) => failed.push(format!("{name} [{}]: {why}", dialect.as_str().unwrap_or("?"))),
            }
        }
    }
    verdict(file, passed, &failed);
}

fn int(v: &Value) -> Option<i64> {
    v.as_i64().or_else(|| v.as_u64().map(|n| i64::try_from(n).unwrap_or(i64::MAX)))
}

fn need(case: &Value, key: &str) -> i64 {
    int(&case[key]).unwrap_or_else(|| panic!("{}: {key} is missing", case["name"]))
}

fn ago(v: &Value) -> Option<Time> {
    int(v).map(|s| NOW.before(Duration::from_secs(u64::try_from(s).unwrap_or(0))))
}

fn secs(v: &Value, default: u64) -> Duration {
    Duration::from_secs(v.as_u64().unwrap_or(default))
}

fn list(v: &Value) -> &[Value] {
    v.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, got: T, want: T) -> Outcome {
    if got == want { Ok(()) } else { Err(format!("{what} is {got:?}, should be {want:?}")) }
}

fn settings(case: &Value, dialect: Dialect) -> HpaSettings {
    let config = &case["config"];
    let either = |key: &str, default| {
        let here = if case[key].is_null() { &config[key] } else { &case[key] };
        secs(here, default)
    };
    // Kubernetes' tests raise the factor of one step in these two kinds.
    let raised = matches!(case["kind"].as_str(), Some("reconcile" | "clamp_no_behavior"));
    HpaSettings {
        dialect,
        cpu_initialization_period: either("cpu_init_period_s", 120),
        initial_readiness_delay: either("readiness_delay_s", 10),
        downscale_stabilization: secs(&config["downscale_window_s"], 300),
        scale_up_limit_factor: config["scale_up_limit_factor"]
            .as_u64()
            .map_or(if raised { 8 } else { 2 }, |n| n as u32),
        scale_up_limit_minimum: config["scale_up_limit_minimum"].as_u64().map_or(4, |n| n as u32),
        tolerance: config["tolerance"].as_f64().unwrap_or(0.1),
        ..HpaSettings::default()
    }
}

fn pod(v: &Value, index: usize) -> PodState {
    PodState {
        name: v["name"].as_str().map_or_else(|| format!("pod-{index}"), str::to_owned),
        phase: match v["phase"].as_str() {
            Some("Pending") => PodPhase::Pending,
            Some("Failed") => PodPhase::Failed,
            Some("Succeeded") => PodPhase::Succeeded,
            _ => PodPhase::Running,
        },
        deleting: v["deletion"].as_bool().unwrap_or(false),
        ready: v["ready"].as_bool(),
        started: ago(&v["started_s_ago"]),
        ready_changed: ago(&v["ready_since_s_ago"]),
        cpu_request: v["request_milli"].as_u64().map(MilliCpu),
        memory_request: None,
        usage: None,
        custom: BTreeMap::new(),
    }
}

fn sample(v: &Value) -> Option<Sample> {
    Some(Sample {
        value: int(&v["usage_milli"])?,
        at: ago(&v["metric_s_ago"]).unwrap_or(NOW),
        window: secs(&v["metric_window_s"], 60),
    })
}

fn replica_case(case: &Value, dialect: Dialect) -> Outcome {
    let settings = settings(case, dialect);
    let mut tolerance = Tolerance::both(0.1, dialect);
    match &case["tolerance"] {
        Value::Object(both) => {
            tolerance.down = both["down"].as_f64().unwrap_or(0.1);
            tolerance.up = both["up"].as_f64().unwrap_or(0.1);
        }
        Value::Number(n) => tolerance = Tolerance::both(n.as_f64().unwrap_or(0.1), dialect),
        _ => {}
    }
    let calculator = Calculator { now: NOW, settings: &settings, tolerance };
    let pods: Vec<PodState> = list(&case["pods"]).iter().enumerate().map(|(i, v)| pod(v, i)).collect();
    let rows: Vec<Row<'_>> = list(&case["pods"])
        .iter()
        .zip(&pods)
        .map(|(v, pod)| Row { pod, request: int(&v["request_milli"]), sample: sample(v) })
        .collect();
    let strangers: Vec<i64> = list(&case["extra_metrics"])
        .iter()
        .filter_map(|v| int(&v["usage_milli"]).or_else(|| int(v)))
        .collect();
    let samples = Samples { rows: &rows, strangers: &strangers };
    let cpu = case["resource"].as_str().is_none_or(|r| r == "cpu");
    let current = int(&case["current_replicas"]).unwrap_or(0);
    // External values are summed; an object has one.
    let value = list(&case["metric_values"]).iter().filter_map(int).fold(0i64, i64::saturating_add);
    let mut working = Vec::new();
    let kind = case["kind"].as_str().unwrap_or_default();
    let result: Result<Proposal, String> = match kind {
        "resource_utilization" => {
            let resource = case["resource"].as_str().unwrap_or("cpu");
            let per_pod = PerPod::Utilization { resource, target: need(case, "target_utilization") };
            calculator.per_pod(current, samples, cpu, Unit::Cores, per_pod, &mut working)
        }
        "pods_metric" => {
            let per_pod = PerPod::Average { metric: "qps", target: need(case, "target_value") };
            calculator.per_pod(current, samples, false, Unit::Count, per_pod, &mut working)
        }
        "object_value" | "external_value" => {
            calculator.value(current, &pods, "qps", value, need(case, "target_value"), &mut working)
        }
        "object_average_value" | "external_average_value" => {
            Ok(calculator.average_value(current, "qps", value, need(case, "target_value"), &mut working))
        }
        "group_pods" => return group_pods(case, &rows, cpu, &settings),
        "utilization_ratio" | "usage_ratio" => return ratio(case, kind),
        other => return Err(format!("unknown kind {other}")),
    };
    match (result, case["expect_error"].as_str()) {
        (Err(why), Some(part)) if why.contains(part) => Ok(()),
        (Err(why), Some(part)) => Err(format!("error is `{why}`, should contain `{part}`")),
        (Ok(got), Some(part)) => Err(format!("{got:?}, should fail with `{part}`")),
        (Err(why), None) => Err(format!("failed: {why}")),
        (Ok(got), None) => {
            let expect = &case["expect"];
            equal("replicas", Some(got.replicas), int(&expect["replicas"]))?;
            if let Some(want) = int(&expect["utilization"]) {
                equal("utilization", got.utilization.map(i64::from), Some(want))?;
            }
            match int(&expect["raw_value"]) {
                Some(want) => equal("raw_value", got.raw, want),
                None => Ok(()),
            }
        }
    }
}

fn group_pods(case: &Value, rows: &[Row<'_>], cpu: bool, settings: &HpaSettings) -> Outcome {
    let names = |class: Class| -> Vec<String> {
        let mut names: Vec<String> = rows
            .iter()
            .filter(|r| classify(r, cpu, NOW, settings) == class)
            .map(|r| r.pod.name.clone())
            .collect();
        names.sort();
        names
    };
    let expect = &case["expect"];
    if let Some(want) = int(&expect["ready"]) {
        equal("ready", names(Class::Ready).len() as i64, want)?;
    }
    for (key, class) in
        [("unready", Class::Unready), ("missing", Class::Missing), ("ignored", Class::Ignored)]
    {
        if expect.get(key).is_some() {
            let mut want: Vec<String> =
                list(&expect[key]).iter().filter_map(|v| v.as_str().map(str::to_owned)).collect();
            want.sort();
            equal(key, names(class), want)?;
        }
    }
    Ok(())
}

fn ratio(case: &Value, kind: &str) -> Outcome {
    let entries: Vec<(String, i64)> = match &case["values"] {
        Value::Object(map) => map.iter().filter_map(|(k, v)| Some((k.clone(), int(v)?))).collect(),
        _ => list(&case["values"])
            .iter()
            .chain(list(&case["metric_values"]))
            .filter_map(int)
            .enumerate()
            .map(|(i, v)| (format!("pod-{i}"), v))
            .collect(),
    };
    let target = int(&case["target_utilization"]).or_else(|| int(&case["target_value"])).expect("a target");
    let (got, utilization, raw) = if kind == "utilization_ratio" {
        let values = entries.iter().map(|(name, v)| (*v, int(&case["requests"][name.as_str()])));
        match utilization_ratio(values, target) {
            Ok((ratio, percent, raw)) => (ratio, Some(i64::from(percent)), raw),
            Err(why) => {
                return match case["expect_error"].as_str() {
                    Some(part) if why.contains(part) => Ok(()),
                    other => Err(format!("error is `{why}`, should be {other:?}")),
                };
            }
        }
    } else {
        let (ratio, raw) = usage_ratio(entries.iter().map(|(_, v)| *v), target);
        (ratio, None, raw)
    };
    if let Some(part) = case["expect_error"].as_str() {
        return Err(format!("ratio is {got}, should fail with `{part}`"));
    }
    let expect = &case["expect"];
    if let Some(want) = expect["ratio"].as_f64()
        && (got - want).abs() > 1e-12
    {
        return Err(format!("ratio is {got}, should be {want}"));
    }
    if let (Some(want), Some(got)) = (int(&expect["utilization"]), utilization) {
        equal("utilization", got, want)?;
    }
    for key in ["raw_value", "usage", "current_usage"] {
        if let Some(want) = int(&expect[key]) {
            equal(key, raw, want)?;
        }
    }
    Ok(())
}

fn rules(v: &Value) -> Option<Rules> {
    let map = v.as_object()?;
    let policies = map.get("policies").and_then(Value::as_array).map(|all| {
        all.iter()
            .map(|p| Policy {
                kind: if p["type"] == "Percent" { PolicyKind::Percent } else { PolicyKind::Pods },
                value: p["value"].as_u64().unwrap_or(0) as u32,
                period: secs(&p["period_s"], 15),
            })
            .collect()
    });
    Some(Rules {
        stabilization: map.get("stabilization_s").and_then(Value::as_u64).map(Duration::from_secs),
        select: map.get("select").and_then(Value::as_str).map(|s| match s {
            "Min" => Select::Min,
            "Disabled" => Select::Disabled,
            _ => Select::Max,
        }),
        policies,
        tolerance: map.get("tolerance").and_then(Value::as_f64),
    })
}

fn scale_events(v: &Value) -> Vec<ScaleEvent> {
    list(v)
        .iter()
        .map(|e| ScaleEvent {
            change: int(&e["change"]).unwrap_or(0),
            at: ago(&e["s_ago"]).unwrap_or(NOW),
            outdated: e["outdated"].as_bool().unwrap_or(false),
        })
        .collect()
}

fn recommendations(v: &Value) -> Option<Vec<Recommendation>> {
    let all = v.as_array()?;
    Some(
        all.iter()
            .map(|r| Recommendation {
                replicas: int(&r["replicas"]).unwrap_or(0),
                at: ago(&r["s_ago"]).unwrap_or(NOW),
            })
            .collect(),
    )
}

fn controller_case(case: &Value, dialect: Dialect) -> Outcome {
    let settings = settings(case, dialect);
    let expect = &case["expect"];
    let (ups, downs) = (scale_events(&case["up_events"]), scale_events(&case["down_events"]));
    match case["kind"].as_str().unwrap_or_default() {
        "clamp_no_behavior" => {
            let (got, reason, _) = limits::clamp(
                need(case, "current_replicas"),
                need(case, "desired_replicas"),
                need(case, "min"),
                need(case, "max"),
                &settings,
            );
            equal("replicas", Some(got), int(&expect["replicas"]))?;
            equal("reason", Some(reason.name()), expect["reason"].as_str())
        }
        "stabilize_no_behavior" => {
            let mut log = recommendations(&case["recommendations"]).unwrap_or_default();
            let window = settings.downscale_stabilization;
            let (got, _) = limits::stabilize(&mut log, need(case, "desired_replicas"), NOW, window);
            equal("replicas", Some(got), int(&expect["replicas"]))?;
            equal("log_length", Some(log.len() as i64), int(&expect["log_length"]))
        }
        "clamp_behavior" => {
            let (current, desired) = (need(case, "current_replicas"), need(case, "desired_replicas"));
            let (direction, full) = if desired > current {
                (Direction::Up, FullRules::up(rules(&case["behavior"]["up"]).as_ref()))
            } else {
                let window = settings.downscale_stabilization;
                (Direction::Down, FullRules::down(rules(&case["behavior"]["down"]).as_ref(), window))
            };
            let (limit, _) = behavior::rate_limit(direction, current, &full, &ups, &downs, NOW);
            let (got, reason) =
                behavior::clamp(current, desired, need(case, "min"), need(case, "max"), limit);
            equal("replicas", Some(got), int(&expect["replicas"]))?;
            equal("reason", Some(reason.name()), expect["reason"].as_str())
        }
        "rate_limit" => {
            let rules = rules(&case["rules"]);
            let (direction, full) = if case["direction"] == "up" {
                (Direction::Up, FullRules::up(rules.as_ref()))
            } else {
                (Direction::Down, FullRules::down(rules.as_ref(), settings.downscale_stabilization))
            };
            let current = need(case, "current_replicas");
            let (limit, _) = behavior::rate_limit(direction, current, &full, &ups, &downs, NOW);
            equal("replicas", Some(limit), int(&expect["replicas"]))
        }
        "store_event" => [1, -1].into_iter().try_for_each(|sign| store_event(case, &settings, sign)),
        "stabilize_behavior" => {
            let mut log = recommendations(&case["recommendations"]).unwrap_or_default();
            let got = behavior::stabilize(
                &mut log,
                need(case, "current_replicas"),
                need(case, "desired_replicas"),
                NOW,
                secs(&case["up_window_s"], 0),
                secs(&case["down_window_s"], 300),
            );
            equal("replicas", Some(got.result), int(&expect["replicas"]))?;
            if expect.get("log").is_some() {
                let want: Vec<i64> = list(&expect["log"]).iter().filter_map(int).collect();
                equal("log", log.iter().map(|r| r.replicas).collect(), want)?;
            }
            Ok(())
        }
        "reconcile" => reconcile(case, &settings),
        other => Err(format!("unknown kind {other}")),
    }
}

/// Drives a whole autoscaler through one change of size in one direction.
fn store_event(case: &Value, settings: &HpaSettings, sign: i64) -> Outcome {
    let change = need(case, "change");
    let mut events = scale_events(&case["events"]);
    let expect = &case["expect"];
    let before = behavior::change_within(&events, NOW, Duration::from_secs(60));
    if let Some(want) = int(&expect["change_in_60s_before"]) {
        equal("change_in_60s_before", before, want)?;
    }
    // Without rules there is no behavior, and nothing is kept.
    if let Some(rules) = rules(&case["rules"]) {
        let full = if sign > 0 {
            FullRules::up(Some(&rules))
        } else {
            FullRules::down(Some(&rules), settings.downscale_stabilization)
        };
        behavior::store_event(&mut events, change, NOW, full.longest_period());
    }
    let want: Vec<(i64, bool)> = list(&expect["events"])
        .iter()
        .map(|e| (int(&e["change"]).unwrap_or(0), e["outdated"].as_bool().unwrap_or(false)))
        .collect();
    equal("events", events.iter().map(|e| (e.change, e.outdated)).collect(), want)
}

fn metric(v: &Value) -> MetricSpec {
    let value = || {
        int(&v["target_value"])
            .map(ValueTarget::Value)
            .or_else(|| int(&v["target_average_value"]).map(ValueTarget::AverageValue))
            .expect("a target")
    };
    match v["type"].as_str() {
        Some("resource") => MetricSpec::Resource {
            name: Resource::Cpu,
            target: match int(&v["target_utilization"]) {
                Some(percent) => ResourceTarget::Utilization(percent as u32),
                None => ResourceTarget::AverageValue(
                    int(&v["target_average_value"]).or_else(|| int(&v["target_value"])).expect("a target"),
                ),
            },
        },
        Some("pods") => MetricSpec::Pods {
            metric: "qps".into(),
            target: int(&v["target_average_value"]).or_else(|| int(&v["target_value"])).expect("a target"),
        },
        Some("object") => MetricSpec::Object {
            metric: "qps".into(),
            object: ObjectRef { api_version: "v1".into(), kind: "Function".into(), name: "echo".into() },
            target: value(),
        },
        Some("external") => MetricSpec::External { metric: "qps".into(), target: value() },
        other => MetricSpec::Unknown { kind: other.unwrap_or_default().into() },
    }
}

fn reconcile(case: &Value, settings: &HpaSettings) -> Outcome {
    let values: Vec<i64> = list(&case["metric_values"]).iter().filter_map(int).collect();
    let pods: Vec<PodState> = list(&case["pods"])
        .iter()
        .enumerate()
        .map(|(i, v)| {
            let mut pod = pod(v, i);
            pod.usage = v["usage_milli"].as_u64().map(|cpu| PodUsage {
                at: ago(&v["metric_s_ago"]).unwrap_or(NOW),
                window: secs(&v["metric_window_s"], 60),
                cpu: MilliCpu(cpu),
                memory: Bytes(0),
            });
            if let Some(value) = values.get(i) {
                pod.custom.insert("qps".into(), *value);
            }
            pod
        })
        .collect();
    let mut custom = CustomMetrics::default();
    if let Some(first) = values.first() {
        custom.objects.insert(("qps".into(), "echo".into()), *first);
        custom.external.insert("qps".into(), values.clone());
    }
    custom.strangers = list(&case["extra_metrics"])
        .iter()
        .filter_map(|v| int(&v["usage_milli"]).or_else(|| int(v)))
        .collect();
    for source in list(&case["failing"]) {
        let source = match source.as_str() {
            Some("resource") => MetricSource::Resource,
            Some("pods") => MetricSource::Pods,
            Some("object") => MetricSource::Object,
            _ => MetricSource::External,
        };
        custom.failing.insert(source, "something went wrong".into());
    }
    let hpa = &case["hpa"];
    let behavior = hpa["behavior"].as_object().map(|b| Behavior {
        scale_up: b.get("up").and_then(rules),
        scale_down: b.get("down").and_then(rules),
    });
    let spec = HpaSpec {
        min_replicas: hpa["min"].as_u64().map(|n| n as u32),
        max_replicas: need(hpa, "max") as u32,
        metrics: list(&hpa["metrics"]).iter().map(metric).collect(),
        behavior,
    };
    let mut hpa = Hpa::new(spec, NOW);
    hpa.recommendations = recommendations(&case["recommendations"]);
    hpa.up_events = scale_events(&case["up_events"]);
    hpa.down_events = scale_events(&case["down_events"]);
    let scale = &case["scale"];
    let target = TargetState {
        spec_replicas: need(scale, "spec") as u32,
        status_replicas: need(scale, "status") as u32,
        pods: &pods,
        custom: &custom,
    };
    let sync = hpa.sync(NOW, settings, &target);

    let expect = &case["expect"];
    equal("desired_replicas", Some(i64::from(sync.decision.to)), int(&expect["desired_replicas"]))?;
    equal("recomputed", sync.decision.recompute(), sync.decision.to)?;
    if let Some(want) = expect["rescaled"].as_bool() {
        equal("rescaled", sync.decision.changed(), want)?;
    }
    let got: BTreeMap<&str, (&str, &str)> =
        hpa.status.conditions.iter().map(|c| (c.kind.name(), (c.status_word(), c.reason.as_str()))).collect();
    let want: BTreeMap<&str, (&str, &str)> = expect["conditions"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(kind, c)| {
            (kind.as_str(), (c["status"].as_str().unwrap_or(""), c["reason"].as_str().unwrap_or("")))
        })
        .collect();
    equal("conditions", got, want)?;
    if let Some(want) = int(&expect["cpu_utilization"]) {
        let got =
            hpa.status.current_metrics.iter().flatten().find_map(|m| m.average_utilization).map(i64::from);
        equal("cpu_utilization", got, Some(want))?;
    }
    if let Some(want) = expect["event"].as_str() {
        let got = sync.events.iter().find(|e| e.reason == "SuccessfulRescale").map(|e| e.message.as_str());
        equal("event", got, Some(want))?;
    }
    Ok(())
}
