//! What `kubectl get hpa` and `kubectl describe hpa` print.

use super::Hpa;
use super::behavior::FullRules;
use super::metrics::MetricStatus;
use super::spec::{MetricSpec, Resource, ResourceTarget, ValueTarget};
use crate::cluster::quantity::Bytes;
use crate::cluster::time::Time;
use std::time::Duration;

const UNKNOWN: &str = "<unknown>";

/// An event of an autoscaler as `describe` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedEvent {
    /// `Warning` rather than `Normal`.
    pub warning: bool,
    /// Its reason.
    pub reason: String,
    /// `15s`, or `15s (x4 over 1m)`.
    pub age: String,
    /// Who told it: `horizontal-pod-autoscaler`.
    pub from: String,
    /// Its message.
    pub message: String,
}

impl Hpa {
    /// TARGETS: `5830%/20%`, `<unknown>/2%`, `3/10 (avg)`; the third and further ones are only counted.
    pub fn targets_column(&self) -> String {
        self.targets(false)
    }

    /// TARGETS as servers print it since 1.30: `cpu: 5830%/20%`.
    pub fn targets_column_named(&self) -> String {
        self.targets(true)
    }

    fn targets(&self, named: bool) -> String {
        if self.spec.metrics.is_empty() {
            return "<none>".into();
        }
        let mut shown: Vec<String> = Vec::new();
        for (metric, status) in self.metrics_with_status() {
            let text = format!("{}/{}", current_text(metric, status), target_text(metric));
            let text = if is_average(metric) { format!("{text} (avg)") } else { text };
            let resource =
                matches!(metric, MetricSpec::Resource { .. } | MetricSpec::ContainerResource { .. });
            shown.push(if named && resource { format!("{}: {text}", metric.short_name()) } else { text });
        }
        let more = shown.len().saturating_sub(2);
        shown.truncate(2);
        let list = shown.join(", ");
        if more > 0 { format!("{list} + {more} more...") } else { list }
    }

    /// MINPODS: the number, or `<unset>`.
    pub fn min_column(&self) -> String {
        self.spec.min_replicas.map_or_else(|| "<unset>".into(), |n| n.to_string())
    }

    fn metrics_with_status(&self) -> impl Iterator<Item = (&MetricSpec, Option<&MetricStatus>)> {
        let statuses = self.status.current_metrics.as_deref().unwrap_or_default();
        self.spec.metrics.iter().enumerate().map(|(i, metric)| (metric, statuses.get(i)))
    }

    /// The whole of `describe hpa`, in kubectl's order and columns.
    pub fn describe(&self, name: &str, namespace: &str, target: &str, events: &[DescribedEvent]) -> String {
        let mut out = String::new();
        let mut line = |text: String| {
            out.push_str(&text);
            out.push('\n');
        };
        line(format!("Name:\t{name}"));
        line(format!("Namespace:\t{namespace}"));
        line("Labels:\t<none>".into());
        line("Annotations:\t<none>".into());
        line(format!("CreationTimestamp:\t{}", creation(self.created_at)));
        line(format!("Reference:\tDeployment/{target}"));
        line("Metrics:\t( current / target )".into());
        for (metric, status) in self.metrics_with_status() {
            line(format!("  {}", described_metric(metric, status)));
        }
        line(format!("Min replicas:\t{}", self.min_column()));
        line(format!("Max replicas:\t{}", self.spec.max_replicas));
        if let Some(behavior) = &self.spec.behavior {
            line("Behavior:".into());
            let (up, down) = (behavior.scale_up.as_ref(), behavior.scale_down.as_ref());
            let full_up = FullRules::up(up);
            let up_window = Some(full_up.stabilization);
            // The API server gives scaling down no window of its own: the controller's applies.
            let down_window = down.and_then(|r| r.stabilization);
            for (title, window, rules) in
                [("Up", up_window, full_up), ("Down", down_window, FullRules::down(down, Duration::ZERO))]
            {
                line(format!("  Scale {title}:"));
                if let Some(window) = window {
                    line(format!("    Stabilization Window: {} seconds", window.as_secs()));
                }
                line(format!("    Select Policy: {:?}", rules.select));
                line("    Policies:".into());
                for p in &rules.policies {
                    let period = p.period.as_secs();
                    line(format!("      - Type: {:?}\tValue: {}\tPeriod: {period} seconds", p.kind, p.value));
                }
            }
        }
        let status = &self.status;
        let (current, desired) = (status.current_replicas, status.desired_replicas);
        line(format!("Deployment pods:\t{current} current / {desired} desired"));
        if !status.conditions.is_empty() {
            line("Conditions:".into());
            line("  Type\tStatus\tReason\tMessage".into());
            line("  ----\t------\t------\t-------".into());
            for c in &status.conditions {
                line(format!("  {}\t{}\t{}\t{}", c.kind.name(), c.status_word(), c.reason, c.message));
            }
        }
        if events.is_empty() {
            line("Events:\t<none>".into());
        } else {
            line("Events:".into());
            line("  Type\tReason\tAge\tFrom\tMessage".into());
            line("  ----\t------\t----\t----\t-------".into());
            for e in events {
                let kind = if e.warning { "Warning" } else { "Normal" };
                line(format!("  {kind}\t{}\t{}\t{}\t{}", e.reason, e.age, e.from, e.message));
            }
        }
        aligned(&out)
    }
}

/// `Thu, 16 May 2024 20:13:31 +0000`.
fn creation(at: Time) -> String {
    match jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())) {
        Ok(t) => t.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string(),
        Err(_) => UNKNOWN.into(),
    }
}

fn is_average(metric: &MetricSpec) -> bool {
    matches!(
        metric,
        MetricSpec::External { target: ValueTarget::AverageValue(_), .. }
            | MetricSpec::Object { target: ValueTarget::AverageValue(_), .. }
    )
}

/// A number in thousandths as Kubernetes prints a decimal quantity: `1500m`, `2`, `3k`.
pub fn decimal(milli: i64) -> String {
    const SUFFIXES: [(&str, i64); 6] = [
        ("T", 1_000_000_000_000_000),
        ("G", 1_000_000_000_000),
        ("M", 1_000_000_000),
        ("k", 1_000_000),
        ("", 1000),
        ("m", 1),
    ];
    if milli == 0 {
        return "0".into();
    }
    let (suffix, scale) = SUFFIXES.iter().find(|(_, s)| milli % s == 0).unwrap_or(&("m", 1));
    format!("{}{suffix}", milli / scale)
}

/// A target keeps the form it was written in; memory is printed in binary units.
pub fn target_quantity(memory: bool, milli: i64) -> String {
    match u64::try_from(milli / 1000) {
        Ok(bytes) if memory && milli % 1000 == 0 => Bytes(bytes).to_string(),
        _ => decimal(milli),
    }
}

/// The target's side of a metric.
fn target_text(metric: &MetricSpec) -> String {
    match metric {
        MetricSpec::Resource { name, target } | MetricSpec::ContainerResource { name, target, .. } => {
            match target {
                ResourceTarget::Utilization(percent) => format!("{percent}%"),
                ResourceTarget::AverageValue(v) => target_quantity(*name == Resource::Memory, *v),
            }
        }
        MetricSpec::Pods { target, .. } => decimal(*target),
        MetricSpec::Object { target: ValueTarget::Value(v) | ValueTarget::AverageValue(v), .. }
        | MetricSpec::External { target: ValueTarget::Value(v) | ValueTarget::AverageValue(v), .. } => {
            decimal(*v)
        }
        MetricSpec::Unknown { .. } => "<auto>".into(),
    }
}

/// The current side of a metric, `<unknown>` until it was measured.
fn current_text(metric: &MetricSpec, status: Option<&MetricStatus>) -> String {
    let Some(status) = status else { return UNKNOWN.into() };
    let text = match metric {
        MetricSpec::Resource { target: ResourceTarget::Utilization(_), .. }
        | MetricSpec::ContainerResource { target: ResourceTarget::Utilization(_), .. } => {
            status.average_utilization.map(|percent| format!("{percent}%"))
        }
        MetricSpec::Object { target: ValueTarget::Value(_), .. }
        | MetricSpec::External { target: ValueTarget::Value(_), .. } => status.value.map(decimal),
        _ => status.average_value.map(decimal),
    };
    text.unwrap_or_else(|| UNKNOWN.into())
}

fn described_metric(metric: &MetricSpec, status: Option<&MetricStatus>) -> String {
    let (current, target) = (current_text(metric, status), target_text(metric));
    let resource = |aim: &ResourceTarget, what: String| match aim {
        ResourceTarget::Utilization(_) => {
            let raw = status
                .filter(|s| s.average_utilization.is_some())
                .and_then(|s| s.average_value)
                .map(|raw| format!(" ({})", decimal(raw)))
                .unwrap_or_default();
            format!("{what}  (as a percentage of request):\t{current}{raw} / {target}")
        }
        ResourceTarget::AverageValue(_) => format!("{what}:\t{current} / {target}"),
    };
    let kind = |aim: &ValueTarget| match aim {
        ValueTarget::Value(_) => "target value",
        ValueTarget::AverageValue(_) => "target average value",
    };
    match metric {
        MetricSpec::Resource { name, target: aim } => {
            resource(aim, format!("resource {} on pods", name.name()))
        }
        MetricSpec::ContainerResource { name, container, target: aim } => {
            resource(aim, format!("resource {} of container \"{container}\" on pods", name.name()))
        }
        MetricSpec::Pods { metric, .. } => format!("\"{metric}\" on pods:\t{current} / {target}"),
        MetricSpec::Object { metric, object, target: aim } => {
            format!("\"{metric}\" on {}/{} ({}):\t{current} / {target}", object.kind, object.name, kind(aim))
        }
        MetricSpec::External { metric, target: aim, .. } => {
            format!("\"{metric}\" ({}):\t{current} / {target}", kind(aim))
        }
        MetricSpec::Unknown { kind } => format!("<unknown metric type \"{kind}\">"),
    }
}

/// Aligns cells that end in a tab as kubectl does: a column is as wide as its widest cell in a run of
/// neighbouring lines that have it, plus 2.
pub fn aligned(text: &str) -> String {
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let width = |row: usize, column: usize| -> usize {
        let has = |r: &Vec<&str>| r.len() > column + 1;
        let up = rows[..row].iter().rev().take_while(|r| has(r));
        let down = rows[row..].iter().take_while(|r| has(r));
        up.chain(down).map(|r| r[column].chars().count()).max().unwrap_or(0) + 2
    };
    let mut out = String::with_capacity(text.len() * 2);
    for (i, row) in rows.iter().enumerate() {
        for (column, cell) in row.iter().enumerate() {
            if column + 1 < row.len() {
                out.push_str(&format!("{cell:<0$}", width(i, column)));
            } else {
                out.push_str(cell);
            }
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scaling::hpa::conditions::{self, ConditionType};
    use crate::cluster::scaling::hpa::{Behavior, HpaSpec};

    #[test]
    fn describe_is_aligned_as_kubectl_aligns_it() {
        let at = Time::from_secs(1_715_890_411);
        let spec = HpaSpec { behavior: Some(Behavior::default()), ..HpaSpec::cpu(50, Some(1), 10) };
        let mut hpa = Hpa::new(spec, at);
        (hpa.status.current_replicas, hpa.status.desired_replicas) = (1, 4);
        hpa.status.current_metrics = Some(vec![MetricStatus {
            average_utilization: Some(305),
            average_value: Some(610),
            value: None,
        }]);
        for (kind, status, reason, message) in [
            (ConditionType::AbleToScale, true, "ReadyForNewScale", "recommended size matches current size"),
            (
                ConditionType::ScalingLimited,
                true,
                "ScaleUpLimit",
                "the desired replica count is increasing faster than the maximum scale rate",
            ),
        ] {
            conditions::set(&mut hpa.status.conditions, kind, status, reason, message.into(), at);
        }
        let none = "\
Name:                                                  php-apache
Namespace:                                             default
Labels:                                                <none>
Annotations:                                           <none>
CreationTimestamp:                                     Thu, 16 May 2024 20:13:31 +0000
Reference:                                             Deployment/php-apache
Metrics:                                               ( current / target )
  resource cpu on pods  (as a percentage of request):  305% (610m) / 50%
Min replicas:                                          1
Max replicas:                                          10
Behavior:
  Scale Up:
    Stabilization Window: 0 seconds
    Select Policy: Max
    Policies:
      - Type: Pods     Value: 4    Period: 15 seconds
      - Type: Percent  Value: 100  Period: 15 seconds
  Scale Down:
    Select Policy: Max
    Policies:
      - Type: Percent  Value: 100  Period: 15 seconds
Deployment pods:       1 current / 4 desired
Conditions:
  Type            Status  Reason            Message
  ----            ------  ------            -------
  AbleToScale     True    ReadyForNewScale  recommended size matches current size
  ScalingLimited  True    ScaleUpLimit      the desired replica count is increasing faster than the maximum scale rate
Events:           <none>
";
        assert_eq!(hpa.describe("php-apache", "default", "php-apache", &[]), none);
        let event = DescribedEvent {
            warning: false,
            reason: "SuccessfulRescale".into(),
            age: "15s".into(),
            from: "horizontal-pod-autoscaler".into(),
            message: "New size: 4; reason: cpu resource utilization (percentage of request) above target"
                .into(),
        };
        let some = none.replace("Events:           <none>\n", "\
Events:
  Type    Reason             Age   From                       Message
  ----    ------             ----  ----                       -------
  Normal  SuccessfulRescale  15s   horizontal-pod-autoscaler  New size: 4; reason: cpu resource utilization (percentage of request) above target
");
        let described = hpa.describe("php-apache", "default", "php-apache", &[event]);
        assert_eq!(described, some);
    }
}
