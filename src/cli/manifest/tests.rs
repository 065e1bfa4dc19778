use super::*;
use crate::cluster::scaling::hpa::spec::{
    Behavior, MetricSpec, ObjectRef, Policy, PolicyKind, Resource, ResourceTarget, Rules, Select, ValueTarget,
};
use crate::cluster::scaling::hpa::{Condition, ConditionType, Hpa, MetricStatus};
use crate::cluster::time::Time;
use std::time::Duration;

const V1: &str = "\
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata:
  name: mltest
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: mltest
  minReplicas: 2
  maxReplicas: 6
  targetCPUUtilizationPercentage: 20
";

const V2: &str = "\
# Everything that v2 can say.
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: php-apache
  namespace: shop
  labels: {app: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: php-apache}
  maxReplicas: 10
  metrics:
  - type: Resource
    resource:
      name: cpu
      target: {type: Utilization, averageUtilization: 50}
  - type: Resource
    resource:
      name: memory
      target: {type: AverageValue, averageValue: 128Mi}
  - type: ContainerResource
    containerResource:
      name: cpu
      container: web
      target: {type: AverageValue, averageValue: 500m}
  - type: Pods
    pods:
      metric: {name: requests_per_second}
      target: {type: AverageValue, averageValue: 10}
  - type: Object
    object:
      metric: {name: in_flight}
      describedObject: {apiVersion: apps/v1, kind: Deployment, name: php-apache}
      target: {type: Value, value: 2k}
  - type: External
    external:
      metric: {name: queue}
      target: {type: AverageValue, averageValue: \"30\"}
  behavior:
    scaleUp:
      stabilizationWindowSeconds: 0
      selectPolicy: Min
      policies:
      - {type: Pods, value: 4, periodSeconds: 15}
      - {type: Percent, value: 100, periodSeconds: 60}
    scaleDown:
      selectPolicy: Disabled
      tolerance: 0.05
";

fn v2() -> HpaSpec {
    let policy = |kind, value, s| Policy { kind, value, period: Duration::from_secs(s) };
    let object =
        ObjectRef { api_version: "apps/v1".into(), kind: "Deployment".into(), name: "php-apache".into() };
    HpaSpec {
        min_replicas: Some(1),
        max_replicas: 10,
        metrics: vec![
            MetricSpec::Resource { name: Resource::Cpu, target: ResourceTarget::Utilization(50) },
            MetricSpec::Resource {
                name: Resource::Memory,
                target: ResourceTarget::AverageValue(128 * 1024 * 1024 * 1000),
            },
            MetricSpec::ContainerResource {
                name: Resource::Cpu,
                container: "web".into(),
                target: ResourceTarget::AverageValue(500),
            },
            MetricSpec::Pods { metric: "requests_per_second".into(), target: 10_000 },
            MetricSpec::Object { metric: "in_flight".into(), object, target: ValueTarget::Value(2_000_000) },
            MetricSpec::External { metric: "queue".into(), target: ValueTarget::AverageValue(30_000) },
        ],
        behavior: Some(Behavior {
            scale_up: Some(Rules {
                stabilization: Some(Duration::ZERO),
                select: Some(Select::Min),
                policies: Some(vec![policy(PolicyKind::Pods, 4, 15), policy(PolicyKind::Percent, 100, 60)]),
                tolerance: None,
            }),
            scale_down: Some(Rules {
                select: Some(Select::Disabled),
                tolerance: Some(0.05),
                ..Rules::default()
            }),
        }),
    }
}

/// What is read, without its notes.
fn pairs(name: &str, text: &str, namespace: &str) -> Vec<(FunctionName, HpaSpec)> {
    read_text(name, text, namespace).unwrap().into_iter().map(|a| (a.function, a.spec)).collect()
}

#[test]
fn what_is_not_kept_is_said_and_defaults_change_nothing() {
    let more = "  labels: {team: a}\n  annotations: {kubectl.kubernetes.io/last-applied-configuration: x}\n";
    let text =
        V1.replacen("metadata:\n", &format!("metadata:\n{more}"), 1).replacen("name: ", "name: my-", 1);
    let read = read_text("a", &text, "x").unwrap().remove(0);
    assert_eq!(
        read.notes,
        [
            "the autoscaler `my-mltest` is called `mltest` here, as the function that it scales",
            "mltest: not kept: metadata.labels"
        ]
    );
    assert_eq!(read_text("a", V1, "x").unwrap()[0].notes, [""; 0]);
    let written = HpaSpec { behavior: v2().behavior, ..HpaSpec::cpu(50, None, 4) };
    let name = FunctionName { namespace: "x".into(), name: "f".into() };
    let back = read_text("a", &yaml(&name, &Hpa::new(written.clone(), Time::ZERO)), "x").unwrap().remove(0);
    assert!(back.spec != written && super::same(&back.spec, &written));
    assert!(!super::same(&HpaSpec::cpu(50, Some(2), 4), &HpaSpec::cpu(50, None, 4)));
}

#[test]
fn both_versions_are_read() {
    let name = FunctionName { namespace: "openfaas-fn".into(), name: "mltest".into() };
    let v1 = (name, HpaSpec::cpu(20, Some(2), 6));
    assert_eq!(pairs("hpa.yaml", V1, "openfaas-fn"), std::slice::from_ref(&v1));
    let shop = FunctionName { namespace: "shop".into(), name: "php-apache".into() };
    // The namespace of the command is for those that name none.
    let both = format!("---\n{V1}---\n# nothing\n--- # and\n{V2}");
    let staging = FunctionName { namespace: "staging".into(), ..v1.0.clone() };
    assert_eq!(pairs("a", &both, "staging"), [(staging, v1.1), (shop, v2())]);
}

/// Kubernetes fills `behavior` in, so what comes back says more in words and the same in effect.
fn filled(mut spec: HpaSpec) -> HpaSpec {
    spec.min_replicas = Some(spec.min());
    if let Some(Rules { policies, .. }) = spec.behavior.as_mut().and_then(|b| b.scale_down.as_mut()) {
        *policies =
            Some(vec![Policy { kind: PolicyKind::Percent, value: 100, period: Duration::from_secs(15) }]);
    }
    spec
}

#[test]
fn what_is_written_is_read_back() {
    for (name, spec) in [("mltest", HpaSpec::cpu(20, Some(2), 6)), ("php-apache", v2())] {
        let name = FunctionName { namespace: "shop".into(), name: name.into() };
        let mut hpa = Hpa::new(spec.clone(), Time::from_secs(1_700_000_000));
        let text = yaml(&name, &hpa);
        assert_eq!(pairs("a", &text, "x"), [(name.clone(), filled(spec.clone()))], "{text}");
        hpa.status.current_metrics = Some(vec![MetricStatus::default(); spec.metrics.len()]);
        let text = serde_json::to_string(&list([(&name, &hpa), (&name, &hpa)])).unwrap();
        assert_eq!(read_text("a", &text, "x").unwrap().len(), 2, "{text}");
    }
}

#[test]
fn it_is_written_as_kubectl_prints_it() {
    let name = FunctionName { namespace: "openfaas-fn".into(), name: "mltest".into() };
    let mut hpa = Hpa::new(HpaSpec::cpu(20, Some(2), 6), Time::from_secs(1_700_000_000));
    hpa.status.current_replicas = 2;
    hpa.status.desired_replicas = 4;
    hpa.status.last_scale_time = Some(Time::from_secs(1_700_000_030));
    let measured =
        MetricStatus { average_utilization: Some(5830), average_value: Some(583), ..MetricStatus::default() };
    hpa.status.current_metrics = Some(vec![measured]);
    hpa.status.conditions.push(Condition {
        kind: ConditionType::ScalingLimited,
        status: true,
        reason: "ScaleUpLimit".into(),
        message: "the desired replica count is increasing faster than the maximum scale rate".into(),
        last_transition: Time::from_secs(1_700_000_015),
    });
    let want = "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  creationTimestamp: 2023-11-14T22:13:20Z
  name: mltest
  namespace: openfaas-fn
spec:
  maxReplicas: 6
  metrics:
  - resource:
      name: cpu
      target:
        averageUtilization: 20
        type: Utilization
    type: Resource
  minReplicas: 2
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: mltest
status:
  conditions:
  - lastTransitionTime: 2023-11-14T22:13:35Z
    message: the desired replica count is increasing faster than the maximum scale rate
    reason: ScaleUpLimit
    status: 'True'
    type: ScalingLimited
  currentMetrics:
  - resource:
      current:
        averageUtilization: 5830
        averageValue: 583m
      name: cpu
    type: Resource
  currentReplicas: 2
  desiredReplicas: 4
  lastScaleTime: 2023-11-14T22:13:50Z
";
    assert_eq!(yaml(&name, &hpa), want);
}

#[test]
fn every_mistake_has_its_place() {
    for (from, to, mistakes) in [
        (
            "minReplicas: 2",
            "minReplcas: 2",
            &["a.yaml:10:3: unknown key of spec `minReplcas`: did you mean `minReplicas`?"][..],
        ),
        (
            "maxReplicas: 6",
            "maxReplicas: six",
            &["a.yaml:11:16: spec.maxReplicas must be a whole number, and is `six`"],
        ),
        ("  maxReplicas: 6\n", "", &["a.yaml:5:1: `spec.maxReplicas` is missing"]),
        (
            "maxReplicas: 6",
            "maxReplicas: 1",
            &["a.yaml:11:16: spec.maxReplicas: must be greater than or equal to minReplicas (2), and is 1"],
        ),
        (
            "targetCPUUtilizationPercentage: 20",
            "targetCPUUtilizationPercentage: 0",
            &["a.yaml:12:35: spec.metrics[0].resource.target: the target of cpu must be greater than 0"],
        ),
        (
            "kind: Deployment",
            "kind: StatefulSet",
            &["a.yaml:8:11: spec.scaleTargetRef.kind cannot be `StatefulSet`: write `Deployment`"],
        ),
        (
            "autoscaling/v1",
            "autoscaling/v3",
            &[
                "a.yaml:1:13: apiVersion cannot be `autoscaling/v3`: write `autoscaling/v2` or `autoscaling/v1`",
            ],
        ),
        (
            "kind: Horiz",
            "kind: Vert",
            &[
                "a.yaml:2:7: kind `VertontalPodAutoscaler` is not known here: write `HorizontalPodAutoscaler` \
             (functions come from a stack file, with `faasim deploy`)",
            ],
        ),
        (
            "metadata:\n  name: mltest\n",
            "metadata: {nam: mltest}\n",
            &[
                "a.yaml:3:1: `metadata.name` is missing",
                "a.yaml:3:12: unknown key of metadata `nam`: did you mean `name`?",
            ],
        ),
        ("spec:\n", "spec\n", &["a.yaml:6:17: this is not YAML: could not find expected ':'"]),
    ] {
        let text = V1.replace(from, to);
        assert_ne!(text, V1);
        let found = read_text("a.yaml", &text, "x").unwrap_err();
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, mistakes, "{to}");
    }
}

#[test]
fn mistakes_in_v2_have_their_place_in_their_own_document() {
    for (from, to, mistake) in [
        (
            "  - type: Pods",
            "  - type: Pod",
            "38:11: spec.metrics[3].type cannot be `Pod`: write `Resource`, ",
        ),
        (
            "averageUtilization: 50",
            "averageValue: 50",
            "28:35: spec.metrics[0].resource.target.averageValue does not go with this type: give only",
        ),
        (
            "name: memory",
            "name: disk",
            "31:13: spec.metrics[1].resource.name cannot be `disk`: write `cpu` or `memory`",
        ),
        (
            "averageValue: 128Mi",
            "averageValue: 128MB",
            "32:50: spec.metrics[1].resource.target.averageValue: `128MB`",
        ),
        (
            "periodSeconds: 60",
            "periodSeconds: 1801",
            "57:52: spec.behavior.scaleUp.policies[1].periodSeconds: must be",
        ),
        ("tolerance: 0.05", "tollerance: 0.05", "60:7: unknown key of spec.behavior.scaleDown `tollerance`"),
        (
            "maxReplicas: 10",
            "maxReplicas: 10\n  targetCPUUtilizationPercentage: 5",
            "24:3: unknown key of spec",
        ),
    ] {
        let text = format!("{V1}---\n{}", V2.replace(from, to));
        let found = read_text("a.yaml", &text, "x").unwrap_err().to_string();
        assert!(found.contains(&format!("a.yaml:{mistake}")), "{mistake}\n{found}");
    }
    assert_eq!(
        read_text("a.yaml", "# none\n---\n", "x").unwrap_err().to_string(),
        "a.yaml: there is no autoscaler in it"
    );
}
