//! `spec.metrics` of `autoscaling/v2`.

use super::read::{Fields, Reader};
use crate::cli::yaml::schema::Field;
use crate::cli::yaml::tree::{Node, NodeId};
use crate::cluster::scaling::hpa::spec::{MetricSpec, ObjectRef, Resource, ResourceTarget, ValueTarget};

/// `type`, and the key that the details of each stand under.
const TYPES: [(&str, &str); 5] = [
    ("Resource", "resource"),
    ("ContainerResource", "containerResource"),
    ("Pods", "pods"),
    ("Object", "object"),
    ("External", "external"),
];

/// A target with whichever number it gives.
#[derive(Clone, Copy)]
enum Target {
    Utilization(u32),
    AverageValue(i64),
    Value(i64),
}

impl Reader<'_> {
    /// `None` when one of them has a mistake.
    pub(super) fn metrics(&self, field: Field<'_>) -> Option<Vec<MetricSpec>> {
        let items = self.items(field, "spec.metrics");
        let read: Vec<_> = items.iter().map(|(path, node)| self.metric(node, path)).collect();
        read.into_iter().collect()
    }

    fn metric(&self, node: &Node, path: &str) -> Option<MetricSpec> {
        let mut known = vec!["type"];
        known.extend(TYPES.map(|(_, key)| key));
        let fields = self.fields(node, path, &known);
        let kind = self.need(&fields, "type", path, node.id)?;
        let key = self.word(kind, &format!("{path}.type"), &TYPES.map(|(word, key)| (word, key)))?;
        for (other, field) in &fields {
            if ![key, "type"].contains(other) {
                let kind = TYPES.iter().find(|(_, k)| k == other).map_or("", |(word, _)| word);
                self.wrong(field.key, format!("{path}.{other} needs `type: {kind}`"));
            }
        }
        let details = self.need(&fields, key, path, node.id)?;
        let path = format!("{path}.{key}");
        let known: &[&str] = match key {
            "resource" => &["name", "target"],
            "containerResource" => &["name", "container", "target"],
            "object" => &["metric", "describedObject", "target"],
            _ => &["metric", "target"],
        };
        let fields = self.fields(details.value, &path, known);
        let target = self.target_of(&fields, key, &path, details.key);
        match key {
            "resource" => {
                let (name, target) = (self.resource(&fields, &path, details.key), target?);
                Some(MetricSpec::Resource { name: name?, target: resource_target(target) })
            }
            "containerResource" => {
                let name = self.resource(&fields, &path, details.key);
                let container = self.need(&fields, "container", &path, details.key);
                let container = container.and_then(|f| self.document.text(f, &format!("{path}.container")));
                let target = resource_target(target?);
                Some(MetricSpec::ContainerResource { name: name?, container: container?, target })
            }
            "pods" => {
                let metric = self.name_of(&fields, &path, details.key);
                let (Target::AverageValue(target) | Target::Value(target)) = target? else { return None };
                Some(MetricSpec::Pods { metric: metric?, target })
            }
            "object" => {
                let metric = self.name_of(&fields, &path, details.key);
                let object = self.described_object(&fields, &path, details.key);
                Some(MetricSpec::Object { metric: metric?, object: object?, target: value_target(target?)? })
            }
            _ => {
                let metric = self.name_of(&fields, &path, details.key);
                Some(MetricSpec::External { metric: metric?, target: value_target(target?)? })
            }
        }
    }

    fn resource(&self, fields: &Fields<'_>, path: &str, whose: NodeId) -> Option<Resource> {
        let name = self.need(fields, "name", path, whose)?;
        self.word(name, &format!("{path}.name"), &[("cpu", Resource::Cpu), ("memory", Resource::Memory)])
    }

    /// `metric.name`.
    fn name_of(&self, fields: &Fields<'_>, path: &str, whose: NodeId) -> Option<String> {
        let metric = self.need(fields, "metric", path, whose)?;
        let path = format!("{path}.metric");
        let fields = self.fields(metric.value, &path, &["name", "selector"]);
        if let Some(selector) = fields.get("selector") {
            let what = format!("{path}.selector cannot be used: metrics have no labels here, so remove it");
            self.wrong(selector.key, what);
        }
        let name = self.need(&fields, "name", &path, metric.key)?;
        self.document.text(name, &format!("{path}.name"))
    }

    fn described_object(&self, fields: &Fields<'_>, path: &str, whose: NodeId) -> Option<ObjectRef> {
        let object = self.need(fields, "describedObject", path, whose)?;
        let path = format!("{path}.describedObject");
        let fields = self.fields(object.value, &path, &["apiVersion", "kind", "name"]);
        let text = |key: &str| {
            let field = self.need(&fields, key, &path, object.key)?;
            self.document.text(field, &format!("{path}.{key}"))
        };
        let (kind, name) = (text("kind"), text("name"));
        let api_version = fields.get("apiVersion").and_then(|f| self.document.text(*f, &path));
        Some(ObjectRef { api_version: api_version.unwrap_or_default(), kind: kind?, name: name? })
    }

    /// `target`: its type, and the one number that belongs to it.
    fn target_of(&self, fields: &Fields<'_>, key: &str, path: &str, whose: NodeId) -> Option<Target> {
        let target = self.need(fields, "target", path, whose)?;
        let path = format!("{path}.target");
        let fields =
            self.fields(target.value, &path, &["type", "averageUtilization", "averageValue", "value"]);
        let allowed: &[(&str, &str)] = match key {
            "resource" | "containerResource" => {
                &[("Utilization", "averageUtilization"), ("AverageValue", "averageValue")]
            }
            "pods" => &[("AverageValue", "averageValue")],
            _ => &[("Value", "value"), ("AverageValue", "averageValue")],
        };
        let kind = self.need(&fields, "type", &path, target.key)?;
        let number = self.word(kind, &format!("{path}.type"), allowed)?;
        for (other, field) in &fields {
            if ![number, "type"].contains(other) {
                let what = format!("{path}.{other} does not go with this type: give only `{number}`");
                self.wrong(field.key, what);
            }
        }
        let field = self.need(&fields, number, &path, target.key)?;
        let at = format!("{path}.{number}");
        match number {
            "averageUtilization" => self.whole(field, &at).map(Target::Utilization),
            "averageValue" => self.quantity(field, &at).map(Target::AverageValue),
            _ => self.quantity(field, &at).map(Target::Value),
        }
    }
}

fn resource_target(target: Target) -> ResourceTarget {
    match target {
        Target::Utilization(percent) => ResourceTarget::Utilization(percent),
        Target::AverageValue(v) | Target::Value(v) => ResourceTarget::AverageValue(v),
    }
}

fn value_target(target: Target) -> Option<ValueTarget> {
    match target {
        Target::Value(v) => Some(ValueTarget::Value(v)),
        Target::AverageValue(v) => Some(ValueTarget::AverageValue(v)),
        Target::Utilization(_) => None,
    }
}
