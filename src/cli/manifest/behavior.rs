//! `spec.behavior` of `autoscaling/v2`.

use super::read::Reader;
use crate::cli::yaml::schema::Field;
use crate::cli::yaml::tree::Node;
use crate::cluster::scaling::hpa::spec::{Behavior, Policy, PolicyKind, Rules, Select};
use std::time::Duration;

impl Reader<'_> {
    pub(super) fn behavior(&self, field: Field<'_>) -> Behavior {
        let path = "spec.behavior";
        let fields = self.fields(field.value, path, &["scaleUp", "scaleDown"]);
        let rules = |name: &str| fields.get(name).map(|f| self.rules(f.value, &format!("{path}.{name}")));
        Behavior { scale_up: rules("scaleUp"), scale_down: rules("scaleDown") }
    }

    fn rules(&self, node: &Node, path: &str) -> Rules {
        let known = ["stabilizationWindowSeconds", "selectPolicy", "policies", "tolerance"];
        let fields = self.fields(node, path, &known);
        let at = |name: &str| fields.get(name).map(|f| (*f, format!("{path}.{name}")));
        let seconds = at("stabilizationWindowSeconds").and_then(|(f, p)| self.whole(f, &p)).map(u64::from);
        let words = [("Max", Select::Max), ("Min", Select::Min), ("Disabled", Select::Disabled)];
        Rules {
            stabilization: seconds.map(Duration::from_secs),
            select: at("selectPolicy").and_then(|(f, p)| self.word(f, &p, &words)),
            policies: at("policies").map(|(f, p)| {
                self.items(f, &p).iter().filter_map(|(path, node)| self.policy(node, path)).collect()
            }),
            tolerance: at("tolerance").and_then(|(f, p)| self.quantity(f, &p)).map(|m| m as f64 / 1000.0),
        }
    }

    fn policy(&self, node: &Node, path: &str) -> Option<Policy> {
        let fields = self.fields(node, path, &["type", "value", "periodSeconds"]);
        let kinds = [("Pods", PolicyKind::Pods), ("Percent", PolicyKind::Percent)];
        let need = |name: &str| Some((self.need(&fields, name, path, node.id)?, format!("{path}.{name}")));
        let kind = need("type").and_then(|(f, p)| self.word(f, &p, &kinds));
        let value = need("value").and_then(|(f, p)| self.whole(f, &p));
        let period = need("periodSeconds").and_then(|(f, p)| self.whole(f, &p));
        Some(Policy { kind: kind?, value: value?, period: Duration::from_secs(period?.into()) })
    }
}
