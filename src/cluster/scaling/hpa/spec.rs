//! What a person writes: the autoscaling/v2 model.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The `spec` of an autoscaler, without its target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HpaSpec {
    /// `minReplicas`; absent means 1.
    pub min_replicas: Option<u32>,
    /// `maxReplicas`.
    pub max_replicas: u32,
    /// What is measured, and its target. Never empty once in an autoscaler: CPU at 80 % is filled in.
    pub metrics: Vec<MetricSpec>,
    /// `behavior`; absent means the old limits, not the v2 policies.
    pub behavior: Option<Behavior>,
}

impl HpaSpec {
    /// What `kubectl autoscale --cpu-percent=PERCENT --min=MIN --max=MAX` makes.
    pub fn cpu(percent: u32, min: Option<u32>, max: u32) -> Self {
        HpaSpec {
            min_replicas: min,
            max_replicas: max,
            metrics: vec![MetricSpec::Resource {
                name: Resource::Cpu,
                target: ResourceTarget::Utilization(percent),
            }],
            behavior: None,
        }
    }

    /// Whether one of its metrics is a share of the pods' CPU request.
    pub fn needs_cpu_request(&self) -> bool {
        let share_of_cpu = |name: Resource, target: ResourceTarget| {
            name == Resource::Cpu && matches!(target, ResourceTarget::Utilization(_))
        };
        self.metrics.iter().any(|m| match m {
            MetricSpec::Resource { name, target } | MetricSpec::ContainerResource { name, target, .. } => {
                share_of_cpu(*name, *target)
            }
            _ => false,
        })
    }

    /// `minReplicas`, or its default 1.
    pub fn min(&self) -> u32 {
        self.min_replicas.unwrap_or(1)
    }

    /// With what the API server fills in: CPU at 80 % when no metric is named.
    pub fn with_defaults(mut self) -> Self {
        if self.metrics.is_empty() {
            self.metrics = HpaSpec::cpu(80, None, 1).metrics;
        }
        self
    }
}

/// A resource that pods use and request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    /// `cpu`.
    Cpu,
    /// `memory`.
    Memory,
}

impl Resource {
    /// `cpu` or `memory`.
    pub fn name(self) -> &'static str {
        match self {
            Resource::Cpu => "cpu",
            Resource::Memory => "memory",
        }
    }
}

/// The target of a resource metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ResourceTarget {
    /// Percent of the pods' requests.
    Utilization(u32),
    /// Mean use per pod, in thousandths (milli-cores, milli-bytes).
    AverageValue(i64),
}

/// The target of an object or external metric, in thousandths of its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ValueTarget {
    /// The value itself should be this.
    Value(i64),
    /// The value divided by the replicas should be this.
    AverageValue(i64),
}

/// The object that an object metric describes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// `apiVersion`, may be empty.
    #[serde(default)]
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `name`.
    pub name: String,
}

/// One entry of `spec.metrics`. Numbers are in thousandths of the metric's unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum MetricSpec {
    /// CPU or memory of the pods.
    Resource {
        /// Which.
        name: Resource,
        /// Its target.
        target: ResourceTarget,
    },
    /// CPU or memory of one container; a pod here has one container, so it counts as `Resource`.
    ContainerResource {
        /// Which.
        name: Resource,
        /// The container's name.
        container: String,
        /// Its target.
        target: ResourceTarget,
    },
    /// A number that each pod has: `requests_per_second`, `in_flight` …
    Pods {
        /// Its name.
        metric: String,
        /// The mean that is aimed at.
        target: i64,
    },
    /// A number that describes one object, such as the function itself.
    Object {
        /// Its name.
        metric: String,
        /// The object.
        object: ObjectRef,
        /// Its target.
        target: ValueTarget,
    },
    /// Numbers from outside; they are summed.
    External {
        /// Its name.
        metric: String,
        /// Its target.
        target: ValueTarget,
    },
    /// A type that no controller knows.
    Unknown {
        /// What was written.
        kind: String,
    },
}

impl MetricSpec {
    /// The target as a number, for checks.
    pub fn target_number(&self) -> Option<i64> {
        match self {
            MetricSpec::Resource { target, .. } | MetricSpec::ContainerResource { target, .. } => {
                Some(match target {
                    ResourceTarget::Utilization(percent) => i64::from(*percent),
                    ResourceTarget::AverageValue(v) => *v,
                })
            }
            MetricSpec::Pods { target, .. } => Some(*target),
            MetricSpec::Object { target: ValueTarget::Value(v) | ValueTarget::AverageValue(v), .. }
            | MetricSpec::External { target: ValueTarget::Value(v) | ValueTarget::AverageValue(v), .. } => {
                Some(*v)
            }
            MetricSpec::Unknown { .. } => None,
        }
    }

    /// The key that its details stand under in a manifest.
    pub fn source(&self) -> &'static str {
        match self {
            MetricSpec::Resource { .. } => "resource",
            MetricSpec::ContainerResource { .. } => "containerResource",
            MetricSpec::Pods { .. } => "pods",
            MetricSpec::Object { .. } => "object",
            MetricSpec::External { .. } | MetricSpec::Unknown { .. } => "external",
        }
    }

    /// A name short enough for a column: `cpu`, `requests_per_second`.
    pub fn short_name(&self) -> &str {
        match self {
            MetricSpec::Resource { name, .. } | MetricSpec::ContainerResource { name, .. } => name.name(),
            MetricSpec::Pods { metric, .. }
            | MetricSpec::Object { metric, .. }
            | MetricSpec::External { metric, .. } => metric,
            MetricSpec::Unknown { kind } => kind,
        }
    }
}

/// `spec.behavior`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Behavior {
    /// `scaleUp`; absent takes the defaults.
    pub scale_up: Option<Rules>,
    /// `scaleDown`; absent takes the defaults.
    pub scale_down: Option<Rules>,
}

/// One direction of [`Behavior`]; what is absent takes its default, one by one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rules {
    /// `stabilizationWindowSeconds`.
    pub stabilization: Option<Duration>,
    /// `selectPolicy`.
    pub select: Option<Select>,
    /// `policies`; a list that is given replaces the default list whole.
    pub policies: Option<Vec<Policy>>,
    /// `tolerance`, since Kubernetes 1.33.
    pub tolerance: Option<f64>,
}

/// `selectPolicy`: which of several policies counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Select {
    /// The one that allows the biggest change.
    #[default]
    Max,
    /// The one that allows the smallest change.
    Min,
    /// No change in this direction.
    Disabled,
}

/// One policy: at most `value` pods, or percent, in `period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Pods or percent.
    #[serde(rename = "type")]
    pub kind: PolicyKind,
    /// How many.
    pub value: u32,
    /// `periodSeconds`.
    pub period: Duration,
}

/// What a policy's value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PolicyKind {
    /// Pods.
    Pods,
    /// Percent of the size at the start of the period.
    Percent,
}
