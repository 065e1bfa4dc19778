//! An autoscaler as `kubectl get hpa -o yaml` prints it: `autoscaling/v2`, with its status.

use crate::cluster::function::FunctionName;
use crate::cluster::scaling::hpa::behavior::FullRules;
use crate::cluster::scaling::hpa::columns::{decimal, target_quantity};
use crate::cluster::scaling::hpa::spec::{
    Behavior, HpaSpec, MetricSpec, Resource, ResourceTarget, Rules, ValueTarget,
};
use crate::cluster::scaling::hpa::{Hpa, HpaStatus, MetricStatus};
use serde_json::{Map, Value, json};

/// An autoscaler as YAML; [`read_text`](super::read_text) reads it back.
pub fn yaml(name: &FunctionName, hpa: &Hpa) -> String {
    // A tree of text, numbers, lists and mappings can always be written.
    serde_norway::to_string(&object(name, hpa)).unwrap_or_default()
}

/// Several autoscalers as one object, as `kubectl get` prints more than one.
pub fn list<'a>(all: impl IntoIterator<Item = (&'a FunctionName, &'a Hpa)>) -> Value {
    let items: Vec<Value> = all.into_iter().map(|(name, hpa)| object(name, hpa)).collect();
    json!({ "apiVersion": "v1", "kind": "List", "metadata": { "resourceVersion": "" }, "items": items })
}

/// An autoscaler as an object, for JSON.
pub fn object(name: &FunctionName, hpa: &Hpa) -> Value {
    json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {
            "name": name.name,
            "namespace": name.namespace,
            "creationTimestamp": hpa.created_at.rfc3339(),
        },
        "spec": spec(&name.name, &hpa.spec),
        "status": status(&hpa.spec, &hpa.status),
    })
}

pub(super) fn spec(target: &str, spec: &HpaSpec) -> Value {
    let mut out = Map::new();
    out.insert(
        "scaleTargetRef".into(),
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": target }),
    );
    // The API server fills in the default.
    out.insert("minReplicas".into(), spec.min().into());
    out.insert("maxReplicas".into(), spec.max_replicas.into());
    out.insert("metrics".into(), spec.metrics.iter().map(metric).collect());
    if let Some(b) = &spec.behavior {
        out.insert("behavior".into(), behavior(b));
    }
    Value::Object(out)
}

fn metric(metric: &MetricSpec) -> Value {
    let (kind, details) = match metric {
        MetricSpec::Resource { name, target } => {
            ("Resource", json!({ "name": name.name(), "target": resource_target(*name, *target) }))
        }
        MetricSpec::ContainerResource { name, container, target } => (
            "ContainerResource",
            json!({ "name": name.name(), "container": container, "target": resource_target(*name, *target) }),
        ),
        MetricSpec::Pods { metric, target } => (
            "Pods",
            json!({
                "metric": { "name": metric },
                "target": { "type": "AverageValue", "averageValue": decimal(*target) },
            }),
        ),
        MetricSpec::Object { metric, object, target } => (
            "Object",
            json!({ "metric": { "name": metric }, "describedObject": object, "target": value_target(*target) }),
        ),
        MetricSpec::External { metric, target } => {
            ("External", json!({ "metric": { "name": metric }, "target": value_target(*target) }))
        }
        MetricSpec::Unknown { kind } => (kind.as_str(), Value::Null),
    };
    let mut out = Map::new();
    out.insert("type".into(), kind.into());
    if !details.is_null() {
        out.insert(metric.source().into(), details);
    }
    Value::Object(out)
}

fn resource_target(name: Resource, target: ResourceTarget) -> Value {
    match target {
        ResourceTarget::Utilization(percent) => {
            json!({ "type": "Utilization", "averageUtilization": percent })
        }
        ResourceTarget::AverageValue(v) => {
            json!({ "type": "AverageValue", "averageValue": target_quantity(name == Resource::Memory, v) })
        }
    }
}

fn value_target(target: ValueTarget) -> Value {
    match target {
        ValueTarget::Value(v) => json!({ "type": "Value", "value": decimal(v) }),
        ValueTarget::AverageValue(v) => json!({ "type": "AverageValue", "averageValue": decimal(v) }),
    }
}

/// With the defaults that the API server fills in once `behavior` is written at all. A window for scaling
/// down is not among them: the controller's own applies.
fn behavior(behavior: &Behavior) -> Value {
    let rules = |full: FullRules, rules: Option<&Rules>, window: Option<u64>| {
        let policies: Vec<Value> = full
            .policies
            .iter()
            .map(|p| {
                json!({
                    "type": format!("{:?}", p.kind),
                    "value": p.value,
                    "periodSeconds": p.period.as_secs(),
                })
            })
            .collect();
        let mut out = Map::new();
        if let Some(window) = window {
            out.insert("stabilizationWindowSeconds".into(), window.into());
        }
        out.insert("selectPolicy".into(), format!("{:?}", full.select).into());
        out.insert("policies".into(), policies.into());
        if let Some(tolerance) = rules.and_then(|r| r.tolerance) {
            out.insert("tolerance".into(), decimal((tolerance * 1000.0).round() as i64).into());
        }
        Value::Object(out)
    };
    let (up, down) = (behavior.scale_up.as_ref(), behavior.scale_down.as_ref());
    let full_up = FullRules::up(up);
    let up_window = full_up.stabilization.as_secs();
    let down_window = down.and_then(|r| r.stabilization).map(|w| w.as_secs());
    json!({
        "scaleUp": rules(full_up, up, Some(up_window)),
        "scaleDown": rules(FullRules::down(down, std::time::Duration::ZERO), down, down_window),
    })
}

fn status(spec: &HpaSpec, status: &HpaStatus) -> Value {
    let mut out = Map::new();
    if let Some(at) = status.last_scale_time {
        out.insert("lastScaleTime".into(), at.rfc3339().into());
    }
    out.insert("currentReplicas".into(), status.current_replicas.into());
    out.insert("desiredReplicas".into(), status.desired_replicas.into());
    let metrics = status.current_metrics.iter().flatten();
    let current: Vec<Value> = spec.metrics.iter().zip(metrics).map(|(m, s)| current_metric(m, s)).collect();
    out.insert("currentMetrics".into(), if current.is_empty() { Value::Null } else { current.into() });
    if !status.conditions.is_empty() {
        let one = |c: &crate::cluster::scaling::hpa::Condition| {
            json!({
                "type": c.kind.name(),
                "status": c.status_word(),
                "reason": c.reason,
                "message": c.message,
                "lastTransitionTime": c.last_transition.rfc3339(),
            })
        };
        out.insert("conditions".into(), status.conditions.iter().map(one).collect());
    }
    Value::Object(out)
}

/// A metric that failed is an entry with nothing in it, as the controller stores it.
fn current_metric(metric: &MetricSpec, status: &MetricStatus) -> Value {
    let mut current = Map::new();
    if let Some(percent) = status.average_utilization {
        current.insert("averageUtilization".into(), percent.into());
    }
    if let Some(v) = status.average_value {
        current.insert("averageValue".into(), decimal(v).into());
    }
    if let Some(v) = status.value {
        current.insert("value".into(), decimal(v).into());
    }
    if current.is_empty() {
        return json!({ "type": "" });
    }
    let mut out = super::write::metric(metric);
    let details = out.get_mut(metric.source()).and_then(Value::as_object_mut);
    if let Some(details) = details {
        details.remove("target");
        details.insert("current".into(), Value::Object(current));
    }
    out
}
