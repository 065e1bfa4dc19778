//! From `spec.metrics` to one proposal: each metric proposes, the largest counts.

use super::replicas::{Calculator, PerPod, Proposal, Row, Sample, Samples};
use super::settings::Dialect;
use super::spec::{MetricSpec, Resource, ResourceTarget, ValueTarget};
use super::target::{MetricSource, TargetState};
use crate::cluster::scaling::step::{Step, Unit};
use serde::{Deserialize, Serialize};

/// What was last measured for one entry of `spec.metrics`, in thousandths.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricStatus {
    /// Percent of request.
    pub average_utilization: Option<i32>,
    /// Mean per pod.
    pub average_value: Option<i64>,
    /// The value itself.
    pub value: Option<i64>,
}

/// A metric that gave no answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MetricFailure {
    /// Reason of the condition and of the event.
    pub reason: &'static str,
    /// What goes into the condition, after `the HPA was unable to compute the replica count: `.
    pub message: String,
}

/// The answer of all metrics together.
pub(super) struct Answer {
    /// The largest proposal, and the words for the metric that made it.
    pub largest: Option<(i64, String)>,
    /// What was measured, per metric; empty where it failed.
    pub statuses: Vec<MetricStatus>,
    /// What failed.
    pub failures: Vec<MetricFailure>,
}

/// Asks every metric.
pub(super) fn ask(
    calculator: &Calculator<'_>,
    metrics: &[MetricSpec],
    current: i64,
    target: &TargetState<'_>,
    working: &mut Vec<Step>,
) -> Answer {
    let mut answer =
        Answer { largest: None, statuses: Vec::with_capacity(metrics.len()), failures: Vec::new() };
    let mut proposals = Vec::new();
    for metric in metrics {
        let name = phrase(metric);
        if metrics.len() > 1 {
            working.push(Step::Metric { name: name.clone() });
        }
        match one(calculator, metric, current, target, working) {
            Ok((proposal, status)) => {
                answer.statuses.push(status);
                if metrics.len() > 1 {
                    proposals.push((name.clone(), proposal.replicas));
                }
                // A proposal of 0 never displaces the first one, and is displaced by any.
                if answer.largest.as_ref().is_none_or(|(n, _)| *n == 0 || proposal.replicas > *n) {
                    answer.largest = Some((proposal.replicas, name));
                }
            }
            Err(failure) => {
                working.push(Step::MetricFailed {
                    metric: name,
                    reason: failure.reason.into(),
                    message: failure.message.clone(),
                });
                answer.statuses.push(MetricStatus::default());
                answer.failures.push(failure);
            }
        }
    }
    if let (true, Some((result, _))) = (metrics.len() > 1, &answer.largest) {
        working.push(Step::Largest { proposals, result: *result });
    }
    answer
}

/// The words for a metric in reasons and messages.
pub fn phrase(metric: &MetricSpec) -> String {
    match metric {
        MetricSpec::Resource { name, target: ResourceTarget::Utilization(_) } => {
            format!("{} resource utilization (percentage of request)", name.name())
        }
        MetricSpec::ContainerResource { name, target: ResourceTarget::Utilization(_), .. } => {
            format!("{} container resource utilization (percentage of request)", name.name())
        }
        MetricSpec::Resource { name, .. } => format!("{} resource", name.name()),
        MetricSpec::ContainerResource { name, .. } => format!("{} container resource", name.name()),
        MetricSpec::Pods { metric, .. } => format!("pods metric {metric}"),
        // A mean over an object's metric is called external by the controller itself.
        MetricSpec::External { metric, .. }
        | MetricSpec::Object { metric, target: ValueTarget::AverageValue(_), .. } => {
            format!("external metric {metric}(nil)")
        }
        MetricSpec::Object { metric, object, .. } => format!("{} metric {metric}", object.kind),
        MetricSpec::Unknown { kind } => format!("metric of type {kind}"),
    }
}

fn one(
    calculator: &Calculator<'_>,
    metric: &MetricSpec,
    current: i64,
    target: &TargetState<'_>,
    working: &mut Vec<Step>,
) -> Result<(Proposal, MetricStatus), MetricFailure> {
    let status_replicas = i64::from(target.status_replicas);
    match metric {
        MetricSpec::Resource { name, target: aim }
        | MetricSpec::ContainerResource { name, target: aim, .. } => {
            let wrap = |why: String| {
                let message = match (calculator.settings.dialect, aim) {
                    (Dialect::Legacy, _) => why,
                    (_, ResourceTarget::Utilization(_)) => {
                        format!("failed to get {} utilization: {why}", name.name())
                    }
                    (_, ResourceTarget::AverageValue(_)) => {
                        format!("failed to get {} usage: {why}", name.name())
                    }
                };
                let reason = match metric {
                    MetricSpec::ContainerResource { .. } => "FailedGetContainerResourceMetric",
                    _ => "FailedGetResourceMetric",
                };
                MetricFailure { reason, message }
            };
            resource(calculator, *name, *aim, current, target, working).map_err(wrap)
        }
        MetricSpec::Pods { metric, target: aim } => {
            let fail = |why: String| MetricFailure {
                reason: "FailedGetPodsMetric",
                message: prefixed(calculator, "failed to get pods metric value", &why),
            };
            let source = |why: String| format!("unable to get metric {metric}: {why}");
            readable(target, MetricSource::Pods).map_err(source).map_err(fail)?;
            let rows: Vec<Row<'_>> = target
                .pods
                .iter()
                .map(|pod| Row {
                    pod,
                    request: None,
                    sample: pod.custom.get(metric).map(|value| Sample {
                        value: *value,
                        at: calculator.now,
                        window: std::time::Duration::ZERO,
                    }),
                })
                .collect();
            if rows.iter().all(|r| r.sample.is_none()) {
                return Err(fail(source("no metrics returned from custom metrics API".into())));
            }
            let samples = Samples { rows: &rows, strangers: &[] };
            let per_pod = PerPod::Average { metric, target: *aim };
            let proposal =
                calculator.per_pod(current, samples, false, Unit::Count, per_pod, working).map_err(fail)?;
            Ok((proposal, MetricStatus { average_value: Some(proposal.raw), ..MetricStatus::default() }))
        }
        MetricSpec::Object { metric, object, target: aim } => {
            let fail = |why: String| MetricFailure {
                reason: "FailedGetObjectMetric",
                message: prefixed(calculator, "failed to get object metric value", &why),
            };
            let value = readable(target, MetricSource::Object)
                .and_then(|()| {
                    target
                        .custom
                        .objects
                        .get(&(metric.clone(), object.name.clone()))
                        .copied()
                        .ok_or_else(|| "no metrics returned from custom metrics API".to_owned())
                })
                .map_err(|why| {
                    fail(format!("unable to get metric {metric}: {why} on {} {}", object.kind, object.name))
                })?;
            whole(calculator, metric, value, *aim, current, status_replicas, target, working).map_err(fail)
        }
        MetricSpec::External { metric, target: aim } => {
            let fail = |why: String| MetricFailure {
                reason: "FailedGetExternalMetric",
                message: match aim {
                    ValueTarget::Value(_) => {
                        prefixed(calculator, &format!("failed to get external metric {metric}"), &why)
                    }
                    ValueTarget::AverageValue(_) => {
                        prefixed(calculator, &format!("failed to get {metric} external metric value"), &why)
                    }
                },
            };
            let values = readable(target, MetricSource::External)
                .and_then(|()| {
                    target
                        .custom
                        .external
                        .get(metric)
                        .filter(|values| !values.is_empty())
                        .ok_or_else(|| "no metrics returned from external metrics API".to_owned())
                })
                .map_err(|why| fail(format!("unable to get external metric {metric}: {why}")))?;
            let sum = values.iter().fold(0i64, |sum, v| sum.saturating_add(*v));
            whole(calculator, metric, sum, *aim, current, status_replicas, target, working).map_err(fail)
        }
        MetricSpec::Unknown { kind } => Err(MetricFailure {
            reason: "InvalidMetricSourceType",
            message: format!("unknown metric source type \"{kind}\""),
        }),
    }
}

fn prefixed(calculator: &Calculator<'_>, prefix: &str, why: &str) -> String {
    match calculator.settings.dialect {
        Dialect::Current => format!("{prefix}: {why}"),
        Dialect::Legacy => why.into(),
    }
}

fn readable(target: &TargetState<'_>, source: MetricSource) -> Result<(), String> {
    match target.custom.failing.get(&source) {
        Some(why) => Err(why.clone()),
        None => Ok(()),
    }
}

fn thousand(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX).saturating_mul(1000)
}

fn resource(
    calculator: &Calculator<'_>,
    name: Resource,
    aim: ResourceTarget,
    current: i64,
    target: &TargetState<'_>,
    working: &mut Vec<Step>,
) -> Result<(Proposal, MetricStatus), String> {
    let source = |why: String| format!("unable to get metrics for resource {}: {why}", name.name());
    readable(target, MetricSource::Resource).map_err(source)?;
    let rows: Vec<Row<'_>> = target
        .pods
        .iter()
        .map(|pod| {
            let (request, value) = match name {
                Resource::Cpu => (
                    pod.cpu_request.map(|r| i64::try_from(r.0).unwrap_or(i64::MAX)),
                    pod.usage.map(|u| i64::try_from(u.cpu.0).unwrap_or(i64::MAX)),
                ),
                Resource::Memory => {
                    (pod.memory_request.map(|r| thousand(r.0)), pod.usage.map(|u| thousand(u.memory.0)))
                }
            };
            let sample = value.zip(pod.usage).map(|(value, u)| Sample { value, at: u.at, window: u.window });
            Row { pod, request, sample }
        })
        .collect();
    let strangers: &[i64] = if name == Resource::Cpu { &target.custom.strangers } else { &[] };
    if strangers.is_empty() && !rows.is_empty() && rows.iter().all(|r| r.sample.is_none()) {
        return Err(source("no metrics returned from resource metrics API".into()));
    }
    let per_pod = match aim {
        ResourceTarget::Utilization(percent) => {
            PerPod::Utilization { resource: name.name(), target: i64::from(percent) }
        }
        ResourceTarget::AverageValue(target) => PerPod::Average { metric: name.name(), target },
    };
    let unit = match name {
        Resource::Cpu => Unit::Cores,
        Resource::Memory => Unit::Bytes,
    };
    let samples = Samples { rows: &rows, strangers };
    let proposal = calculator.per_pod(current, samples, name == Resource::Cpu, unit, per_pod, working)?;
    let status = MetricStatus {
        average_utilization: proposal.utilization,
        average_value: Some(proposal.raw),
        value: None,
    };
    Ok((proposal, status))
}

#[allow(clippy::too_many_arguments)] // The two callers differ only in where the value comes from.
fn whole(
    calculator: &Calculator<'_>,
    metric: &str,
    value: i64,
    aim: ValueTarget,
    current: i64,
    status_replicas: i64,
    target: &TargetState<'_>,
    working: &mut Vec<Step>,
) -> Result<(Proposal, MetricStatus), String> {
    match aim {
        ValueTarget::Value(aim) => {
            let proposal = calculator.value(current, target.pods, metric, value, aim, working)?;
            Ok((proposal, MetricStatus { value: Some(proposal.raw), ..MetricStatus::default() }))
        }
        ValueTarget::AverageValue(aim) => {
            let proposal = calculator.average_value(status_replicas, metric, value, aim, working);
            Ok((proposal, MetricStatus { average_value: Some(proposal.raw), ..MetricStatus::default() }))
        }
    }
}
