//! What the API server refuses in an autoscaler's spec, each with the path of its field.

use super::spec::{HpaSpec, MetricSpec, Policy, Rules};
use std::fmt;
use std::time::Duration;

/// One field that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    /// Its path: `spec.maxReplicas`, `spec.behavior.scaleUp.policies[0].value`.
    pub field: String,
    /// What it must be.
    pub why: String,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.why)
    }
}

impl std::error::Error for SpecError {}

/// Kubernetes' longest window of `behavior`.
const LONGEST_WINDOW: Duration = Duration::from_secs(3600);
/// Kubernetes' longest period of a policy.
const LONGEST_PERIOD: Duration = Duration::from_secs(1800);

impl HpaSpec {
    /// The first thing that the API server refuses.
    ///
    /// # Errors
    /// The field, and what it must be.
    pub fn check(&self) -> Result<(), SpecError> {
        self.problems().into_iter().next().map_or(Ok(()), Err)
    }

    /// Everything that the API server refuses, in the order of the fields.
    pub fn problems(&self) -> Vec<SpecError> {
        let mut out = Vec::new();
        let mut wrong = |field: String, why: String| out.push(SpecError { field, why });
        let (min, max) = (self.min(), self.max_replicas);
        if max == 0 {
            wrong("spec.maxReplicas".into(), "must be greater than 0".into());
        } else if max < min {
            wrong(
                "spec.maxReplicas".into(),
                format!("must be greater than or equal to minReplicas ({min}), and is {max}"),
            );
        }
        let from_outside =
            |m: &MetricSpec| matches!(m, MetricSpec::Object { .. } | MetricSpec::External { .. });
        if min == 0 && !self.metrics.iter().any(from_outside) {
            let why = "must be at least 1, because with no pod there is no metric of pods: name an Object or \
                       External metric, or use the label com.openfaas.scale.zero instead";
            wrong("spec.minReplicas".into(), why.into());
        }
        for (i, metric) in self.metrics.iter().enumerate() {
            match metric {
                MetricSpec::Unknown { kind } => wrong(
                    format!("spec.metrics[{i}].type"),
                    format!("must be Resource, ContainerResource, Pods, Object or External, and is {kind}"),
                ),
                _ if metric.target_number() == Some(0) => wrong(
                    format!("spec.metrics[{i}].{}.target", metric.source()),
                    format!("the target of {} must be greater than 0", metric.short_name()),
                ),
                _ => {}
            }
        }
        let behavior = self.behavior.as_ref();
        for (name, rules) in [
            ("scaleUp", behavior.and_then(|b| b.scale_up.as_ref())),
            ("scaleDown", behavior.and_then(|b| b.scale_down.as_ref())),
        ] {
            if let Some(rules) = rules {
                rules.problems(&format!("spec.behavior.{name}"), &mut wrong);
            }
        }
        out
    }
}

impl Rules {
    fn problems(&self, path: &str, wrong: &mut dyn FnMut(String, String)) {
        if self.stabilization.is_some_and(|w| w > LONGEST_WINDOW) {
            let why = format!("must be between 0 and {}", LONGEST_WINDOW.as_secs());
            wrong(format!("{path}.stabilizationWindowSeconds"), why);
        }
        if self.tolerance.is_some_and(|t| !(t >= 0.0 && t.is_finite())) {
            wrong(format!("{path}.tolerance"), "must be 0 or more".into());
        }
        let policies = self.policies.as_deref();
        if policies.is_some_and(<[Policy]>::is_empty) {
            let why = "must have at least one entry; leave it out for the defaults";
            wrong(format!("{path}.policies"), why.into());
        }
        for (i, policy) in policies.unwrap_or_default().iter().enumerate() {
            if policy.value == 0 {
                wrong(format!("{path}.policies[{i}].value"), "must be greater than 0".into());
            }
            if policy.period.is_zero() || policy.period > LONGEST_PERIOD {
                let why = format!("must be between 1 and {}", LONGEST_PERIOD.as_secs());
                wrong(format!("{path}.policies[{i}].periodSeconds"), why);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scaling::hpa::spec::{Behavior, PolicyKind};

    #[test]
    fn a_spec_that_the_api_server_refuses_is_refused() {
        assert_eq!(HpaSpec::cpu(20, Some(2), 6).check(), Ok(()));
        for (spec, words) in [
            (
                HpaSpec::cpu(20, Some(7), 6),
                "spec.maxReplicas: must be greater than or equal to minReplicas (7), and is 6",
            ),
            (HpaSpec::cpu(20, None, 0), "spec.maxReplicas: must be greater than 0"),
            (
                HpaSpec::cpu(0, None, 3),
                "spec.metrics[0].resource.target: the target of cpu must be greater than 0",
            ),
        ] {
            assert_eq!(spec.check().unwrap_err().to_string(), words);
        }
        let zero = HpaSpec::cpu(20, Some(0), 3).check().unwrap_err();
        assert!(zero.why.contains("com.openfaas.scale.zero"), "{zero}");
    }

    #[test]
    fn every_mistake_in_behavior_is_named_with_its_path() {
        let rules = Rules {
            stabilization: Some(Duration::from_secs(3601)),
            select: None,
            policies: Some(vec![Policy { kind: PolicyKind::Pods, value: 0, period: Duration::ZERO }]),
            tolerance: Some(-0.1),
        };
        let none = Rules { policies: Some(Vec::new()), ..Rules::default() };
        let behavior = Some(Behavior { scale_up: Some(rules), scale_down: Some(none) });
        let spec = HpaSpec { behavior, ..HpaSpec::cpu(20, Some(2), 6) };
        let fields: Vec<String> = spec.problems().into_iter().map(|e| e.field).collect();
        assert_eq!(
            fields,
            [
                "spec.behavior.scaleUp.stabilizationWindowSeconds",
                "spec.behavior.scaleUp.tolerance",
                "spec.behavior.scaleUp.policies[0].value",
                "spec.behavior.scaleUp.policies[0].periodSeconds",
                "spec.behavior.scaleDown.policies",
            ]
        );
    }
}
