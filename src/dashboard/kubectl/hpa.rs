//! `get hpa` and `describe hpa`, as kubectl prints them.

use super::age;
use crate::cluster::scaling::hpa::columns::DescribedEvent;
use crate::cluster::scaling::hpa::{Dialect, Hpa};
use crate::cluster::snapshot::{FunctionState, Happening, Snapshot};
use crate::cluster::time::Time;

/// The heading of `get hpa`.
pub const HPA_COLUMNS: [&str; 7] = ["NAME", "REFERENCE", "TARGETS", "MINPODS", "MAXPODS", "REPLICAS", "AGE"];

/// The cells of `get hpa` for a function that has one. TARGETS names the resource since Kubernetes 1.30.
pub fn hpa_cells(f: &FunctionState, dialect: Dialect, now: Time) -> Option<[String; 7]> {
    let hpa: &Hpa = f.hpa.as_ref()?;
    let targets = match dialect {
        Dialect::Current => hpa.targets_column_named(),
        Dialect::Legacy => hpa.targets_column(),
    };
    Some([
        f.spec.name.clone(),
        format!("Deployment/{}", f.spec.name),
        targets,
        hpa.min_column(),
        hpa.spec.max_replicas.to_string(),
        // Of the last look: one behind the size that it wrote.
        hpa.status.current_replicas.to_string(),
        age(now.since(hpa.created_at)),
    ])
}

/// The whole of `describe hpa` for a function that has one.
pub fn describe_hpa(snapshot: &Snapshot, f: &FunctionState) -> Option<String> {
    let hpa: &Hpa = f.hpa.as_ref()?;
    let object = format!("horizontalpodautoscaler/{}", f.spec.name);
    let mine = snapshot.events.iter().filter(|e| e.function == f.id && e.object == object);
    let events: Vec<DescribedEvent> = mine
        .map(|e| DescribedEvent {
            warning: e.warning,
            reason: e.reason.clone(),
            age: event_age(e, snapshot.at),
            from: "horizontal-pod-autoscaler".into(),
            message: e.message.clone(),
        })
        .collect();
    Some(hpa.describe(&f.spec.name, &f.spec.namespace, &f.spec.name, &events))
}

/// `15s`, or `15s (x4 over 1m)`.
pub fn event_age(event: &Happening, now: Time) -> String {
    let (last, first) = (age(now.since(event.last)), age(now.since(event.first)));
    match event.count {
        0 | 1 => first,
        n => format!("{last} (x{n} over {first})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scaling::hpa::conditions::{self, ConditionType};
    use crate::cluster::scaling::hpa::{Behavior, HpaSpec, MetricStatus};

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
