//! Rules of the Horizontal Pod Autoscaler that Kubernetes' own test values do not reach.

use faasim::cluster::quantity::{Bytes, MilliCpu};
use faasim::cluster::scaling::hpa::spec::{ObjectRef, Resource, ResourceTarget, ValueTarget};
use faasim::cluster::scaling::hpa::{
    Behavior, ConditionType, CustomMetrics, Dialect, Hpa, HpaSettings, HpaSpec, MetricSource, MetricSpec,
    PodPhase, PodState, PodUsage, Sync, TargetState,
};
use faasim::cluster::time::Time;
use std::collections::BTreeMap;
use std::time::Duration;

const NOW: Time = Time::from_secs(1_000_000);
const BOTH: [Dialect; 2] = [Dialect::Legacy, Dialect::Current];

/// A pod that has been ready for long, and was measured just now (or never).
fn pod(cpu: Option<u64>) -> PodState {
    let long_ago = NOW.before(Duration::from_secs(3600));
    PodState {
        name: "f-1".into(),
        phase: PodPhase::Running,
        deleting: false,
        ready: Some(true),
        started: Some(long_ago),
        ready_changed: Some(long_ago),
        cpu_request: Some(MilliCpu(100)),
        memory_request: Some(Bytes(100 << 20)),
        usage: cpu.map(|cpu| PodUsage {
            at: NOW,
            window: Duration::from_secs(15),
            cpu: MilliCpu(cpu),
            memory: Bytes(50 << 20),
        }),
        custom: BTreeMap::new(),
    }
}

/// An autoscaler and what it is shown.
struct Stage {
    hpa: Hpa,
    settings: HpaSettings,
    custom: CustomMetrics,
}

impl Stage {
    fn new(spec: HpaSpec, dialect: Dialect) -> Self {
        let settings = HpaSettings { dialect, ..HpaSettings::default() };
        Stage { hpa: Hpa::new(spec, NOW), settings, custom: CustomMetrics::default() }
    }

    fn look(&mut self, now: Time, spec: u32, status: u32, pods: &[PodState]) -> Sync {
        let target = TargetState { spec_replicas: spec, status_replicas: status, pods, custom: &self.custom };
        let sync = self.hpa.sync(now, &self.settings, &target);
        assert_eq!(sync.decision.recompute(), sync.decision.to, "{:#?}", sync.decision.lines());
        sync
    }

    fn condition(&self, kind: ConditionType) -> (bool, String, String) {
        let c = self.hpa.status.condition(kind).expect("it was set");
        (c.status, c.reason.clone(), c.message.clone())
    }
}

fn metrics(metrics: Vec<MetricSpec>, min: u32, max: u32) -> HpaSpec {
    HpaSpec { min_replicas: Some(min), max_replicas: max, metrics, behavior: None }
}

fn cpu(percent: u32) -> MetricSpec {
    MetricSpec::Resource { name: Resource::Cpu, target: ResourceTarget::Utilization(percent) }
}

fn object(target: ValueTarget) -> MetricSpec {
    let object = ObjectRef { api_version: "v1".into(), kind: "Function".into(), name: "f".into() };
    MetricSpec::Object { metric: "in_flight".into(), object, target }
}

#[test]
fn the_edge_of_the_tolerance_is_the_dialects_only_difference_there() {
    for (dialect, used, to) in [
        (Dialect::Legacy, 55, 3),
        (Dialect::Current, 55, 2),
        // At nine tenths of the target both hold, a percent below it neither does.
        (Dialect::Legacy, 45, 2),
        (Dialect::Current, 45, 2),
        (Dialect::Legacy, 44, 2),
        (Dialect::Current, 44, 2),
    ] {
        let mut stage = Stage::new(HpaSpec::cpu(50, Some(1), 10), dialect);
        let to_of = stage.look(NOW, 2, 2, &[pod(Some(used)), pod(Some(used))]).decision.to;
        assert_eq!(to_of, to, "{dialect:?} at {used} %");
    }
    // 100.9 % is 100 % before anything is done with it.
    for dialect in BOTH {
        let mut stage = Stage::new(HpaSpec::cpu(100, Some(1), 10), dialect);
        stage.look(NOW, 1, 1, &[PodState { cpu_request: Some(MilliCpu(1000)), ..pod(Some(1009)) }]);
        let status = stage.hpa.status.current_metrics.as_ref().unwrap()[0].clone();
        assert_eq!((status.average_utilization, status.average_value), (Some(100), Some(1009)));
    }
}

#[test]
fn a_rolling_update_does_not_scale_today_and_did_once() {
    // Three pods for two replicas, one of them not measured yet, at a fifth of the target.
    for (dialect, to) in [(Dialect::Current, 2), (Dialect::Legacy, 3)] {
        let mut stage = Stage::new(HpaSpec::cpu(50, Some(1), 10), dialect);
        let replicas = if dialect == Dialect::Legacy { 2 } else { 3 };
        let pods = [pod(Some(10)), pod(Some(10)), pod(None)];
        assert_eq!(stage.look(NOW, 2, replicas, &pods).decision.to, to, "{dialect:?}");
    }
    // The surge of a rolling update: spec 4, status 5.
    let pods: Vec<PodState> = (0..4).map(|_| pod(Some(50))).collect();
    let mut stage = Stage::new(HpaSpec::cpu(50, Some(1), 10), Dialect::Current);
    assert_eq!(stage.look(NOW, 4, 5, &pods).decision.to, 4);
}

#[test]
fn a_metric_that_fails_stops_scaling_down_but_not_up() {
    for dialect in BOTH {
        for (used, to, refused) in [(200, 4, false), (10, 2, true)] {
            let spec = metrics(vec![object(ValueTarget::Value(1000)), cpu(50), external()], 1, 10);
            let mut stage = Stage::new(spec, dialect);
            stage.custom.failing.insert(MetricSource::Object, "no such thing".into());
            stage.custom.failing.insert(MetricSource::External, "nobody answers".into());
            let sync = stage.look(NOW, 2, 2, &[pod(Some(used)), pod(Some(used))]);
            assert_eq!(sync.decision.to, to, "{dialect:?} at {used}m");
            let told: Vec<&str> = sync.events.iter().map(|e| e.reason.as_str()).collect();
            let active = stage.condition(ConditionType::ScalingActive);
            if refused {
                assert_eq!(
                    told,
                    ["FailedGetObjectMetric", "FailedGetExternalMetric", "FailedComputeMetricsReplicas"]
                );
                // The old controller told of the last failure, today's tells of the first.
                let reason = match dialect {
                    Dialect::Legacy => "FailedGetExternalMetric",
                    Dialect::Current => "FailedGetObjectMetric",
                };
                assert_eq!((active.0, active.1.as_str()), (false, reason));
                assert!(
                    active.2.starts_with("the HPA was unable to compute the replica count: "),
                    "{active:?}"
                );
            } else {
                assert_eq!(told.last(), Some(&"SuccessfulRescale"));
                assert!(active.0, "{active:?}");
                let size = &sync.events.last().unwrap().message;
                assert_eq!(
                    size,
                    "New size: 4; reason: cpu resource utilization (percentage of request) above target"
                );
            }
        }
    }
}

fn external() -> MetricSpec {
    MetricSpec::External { metric: "depth".into(), target: ValueTarget::Value(1000) }
}

#[test]
fn numbers_of_pods_objects_and_the_world_propose_by_their_own_formulas() {
    let per_pod = |target| MetricSpec::Pods { metric: "rps".into(), target };
    let serving = |n: i64| PodState { custom: BTreeMap::from([("rps".into(), n)]), ..pod(None) };
    let starting = PodState { phase: PodPhase::Pending, ready: Some(false), ..serving(0) };
    let average = |name, v| MetricSpec::Resource { name, target: ResourceTarget::AverageValue(v) };
    let external = |target| MetricSpec::External { metric: "depth".into(), target };
    for dialect in BOTH {
        let today = dialect == Dialect::Current;
        for (metric, pods, to) in [
            // (20 + 40) / 2 = 30 against 10: 3 × 2.
            (per_pod(10_000), vec![serving(20_000), serving(40_000)], 6),
            // One that waits for its container counts as 0 on the way up, today: ceil(20/10 × 3) with it.
            (per_pod(10_000), vec![serving(20_000), serving(40_000), starting.clone()], 6),
            // The mean of what each uses: 300m against 100m.
            (average(Resource::Cpu, 100), vec![pod(Some(400)), pod(Some(200))], 6),
            // Memory does not look at readiness.
            (
                average(Resource::Memory, (25 << 20) * 1000),
                vec![PodState { ready: Some(false), ..pod(Some(1)) }, pod(Some(1))],
                4,
            ),
            // The value multiplies the pods that are ready: 30/10 × 1.
            (
                object(ValueTarget::Value(10_000)),
                vec![pod(None), PodState { ready: Some(false), ..pod(None) }],
                3,
            ),
            // The mean does not look at pods at all: ceil(30/7).
            (object(ValueTarget::AverageValue(7_000)), vec![pod(None)], 5),
            // What comes from outside is summed first: 12 + 8.
            (external(ValueTarget::Value(5_000)), vec![pod(None)], 4),
            (external(ValueTarget::AverageValue(5_000)), vec![pod(None)], 4),
        ] {
            let mut stage = Stage::new(metrics(vec![metric.clone()], 1, 10), dialect);
            stage.settings.scale_up_limit_minimum = 10;
            stage.custom.objects.insert(("in_flight".into(), "f".into()), 30_000);
            stage.custom.external.insert("depth".into(), vec![12_000, 8_000]);
            let sync = stage.look(NOW, 2, 2, &pods);
            // A pending pod is one more with a number of its own in the old dialect: (20 + 40 + 0)/3.
            let to = if !today && pods.len() == 3 { 6 } else { to };
            assert_eq!(sync.decision.to, to, "{metric:?} [{dialect:?}] {:#?}", sync.decision.lines());
        }
    }
    let text = |metric: MetricSpec| {
        let mut stage = Stage::new(metrics(vec![metric], 1, 10), Dialect::Current);
        stage.custom.objects.insert(("in_flight".into(), "f".into()), 30_000);
        stage.custom.external.insert("depth".into(), vec![30_000]);
        let one = PodState { usage: pod(Some(1)).usage, ..serving(20_000) };
        stage.look(NOW, 1, 1, &[one]).events.last().unwrap().message.clone()
    };
    for (metric, reason) in [
        (per_pod(10_000), "pods metric rps above target"),
        (object(ValueTarget::Value(10_000)), "Function metric in_flight above target"),
        // Kubernetes calls it external.
        (object(ValueTarget::AverageValue(10_000)), "external metric in_flight(nil) above target"),
        (external(ValueTarget::Value(10_000)), "external metric depth(nil) above target"),
        (average(Resource::Memory, 1000), "memory resource above target"),
    ] {
        let said = text(metric);
        assert!(said.ends_with(&format!("reason: {reason}")), "{said}");
    }
}

#[test]
fn a_look_that_needs_no_metrics_leaves_old_conditions_and_no_numbers() {
    for dialect in BOTH {
        let mut stage = Stage::new(HpaSpec::cpu(50, Some(2), 4), dialect);
        stage.look(NOW, 2, 2, &[pod(Some(50)), pod(Some(50))]);
        assert!(stage.hpa.status.current_metrics.is_some());
        let (active, limited) =
            (stage.condition(ConditionType::ScalingActive), stage.condition(ConditionType::ScalingLimited));
        let later = NOW + Duration::from_secs(15);
        for (replicas, to, why) in [
            (9, 4, "Current number of replicas above Spec.MaxReplicas"),
            (1, 2, "Current number of replicas below Spec.MinReplicas"),
        ] {
            let sync = stage.look(later, replicas, replicas, &[]);
            assert_eq!((sync.decision.to, sync.decision.reason.as_str()), (to, why));
            assert_eq!(stage.condition(ConditionType::ScalingActive), active);
            assert_eq!(stage.condition(ConditionType::ScalingLimited), limited);
            assert_eq!(stage.hpa.status.current_metrics, None, "kubectl prints <unknown> again");
            assert_eq!(stage.hpa.targets_column(), "<unknown>/50%");
        }
        let sync = stage.look(later, 0, 0, &[]);
        assert!(!sync.decision.changed() && sync.events.is_empty());
        assert_eq!(stage.condition(ConditionType::ScalingActive).1, "ScalingDisabled");
    }
}

#[test]
fn a_look_that_fails_keeps_the_size_that_was_asked_for_last() {
    for (dialect, targets) in [(Dialect::Legacy, "200%/50%"), (Dialect::Current, "<unknown>/50%")] {
        let mut stage = Stage::new(HpaSpec::cpu(50, Some(1), 10), dialect);
        let first = stage.look(NOW, 1, 1, &[pod(Some(200))]);
        assert_eq!(first.decision.to, 4);
        let later = NOW + Duration::from_secs(15);
        let sync = stage.look(later, 3, 3, &[pod(None)]);
        assert!(!sync.decision.changed());
        let status = &stage.hpa.status;
        assert_eq!((status.current_replicas, status.desired_replicas), (3, 4), "as `describe hpa` prints");
        assert_eq!(stage.hpa.targets_column(), targets);
        assert_eq!(
            stage.condition(ConditionType::ScalingActive).2,
            match dialect {
                Dialect::Legacy => {
                    "the HPA was unable to compute the replica count: unable to get metrics for resource cpu: \
                     no metrics returned from resource metrics API"
                }
                Dialect::Current => {
                    "the HPA was unable to compute the replica count: failed to get cpu utilization: \
                     unable to get metrics for resource cpu: no metrics returned from resource metrics API"
                }
            }
        );
    }
}

#[test]
fn a_condition_moves_its_time_only_with_its_status() {
    let mut stage = Stage::new(HpaSpec::cpu(50, Some(1), 10), Dialect::Current);
    let time = |stage: &Stage, kind| stage.hpa.status.condition(kind).unwrap().last_transition;
    stage.look(NOW, 1, 1, &[pod(Some(50))]);
    let later = NOW + Duration::from_secs(15);
    // Another reason, the same status.
    stage.look(later, 1, 1, &[pod(Some(200))]);
    assert_eq!(stage.condition(ConditionType::AbleToScale).1, "SucceededRescale");
    assert_eq!(time(&stage, ConditionType::AbleToScale), NOW);
    // 16 is limited by what one step may do: another status.
    assert!(!stage.condition(ConditionType::ScalingLimited).0);
    let again = later + Duration::from_secs(15);
    stage.look(again, 1, 1, &[pod(Some(800))]);
    assert_eq!(stage.condition(ConditionType::ScalingLimited).1, "ScaleUpLimit");
    assert_eq!(time(&stage, ConditionType::ScalingLimited), again);
    // The old controller's message for too few was that of the upper bound.
    for (dialect, words) in [
        (Dialect::Current, "the desired replica count is less than the minimum replica count"),
        (Dialect::Legacy, "the desired replica count is more than the maximum replica count"),
    ] {
        let mut stage = Stage::new(HpaSpec::cpu(50, Some(2), 4), dialect);
        // What it was seeded with is forgotten after the window.
        for now in [NOW, NOW + Duration::from_secs(301)] {
            stage.look(now, 2, 2, &[pod(Some(0)), pod(Some(0))]);
        }
        let limited = stage.condition(ConditionType::ScalingLimited);
        assert_eq!((limited.0, limited.1.as_str(), limited.2.as_str()), (true, "TooFewReplicas", words));
    }
}

#[test]
fn what_was_said_exactly_a_window_ago_counts_without_behavior_only() {
    let with = HpaSpec { behavior: Some(Behavior::default()), ..HpaSpec::cpu(50, Some(1), 10) };
    for (spec, to) in [(HpaSpec::cpu(50, Some(1), 10), 4), (with, 1)] {
        let mut stage = Stage::new(spec, Dialect::Current);
        assert_eq!(stage.look(NOW, 1, 1, &[pod(Some(200))]).decision.to, 4);
        let after = |seconds| NOW + Duration::from_secs(seconds);
        let idle: Vec<PodState> = (0..4).map(|_| pod(Some(0))).collect();
        assert_eq!(stage.look(after(299), 4, 4, &idle).decision.to, 4);
        assert_eq!(stage.look(after(300), 4, 4, &idle).decision.to, to);
    }
}

#[test]
fn a_new_pod_is_held_out_until_a_window_lies_wholly_after_it_became_ready() {
    let ago = |seconds| Some(NOW.before(Duration::from_secs(seconds)));
    let young = |ready_for, sampled: u64| {
        let mut p = PodState { started: ago(60), ready_changed: ago(ready_for), ..pod(Some(400)) };
        p.usage.as_mut().unwrap().at = NOW.before(Duration::from_secs(sampled));
        p
    };
    for dialect in BOTH {
        for (ready_for, sampled, counts) in [(15, 0, true), (14, 0, false), (20, 6, false), (21, 6, true)] {
            let mut stage = Stage::new(HpaSpec::cpu(50, Some(1), 100), dialect);
            let sync = stage.look(NOW, 2, 2, &[pod(Some(200)), young(ready_for, sampled)]);
            // (200 + 400)/200 = 300 % over two, or 200/200 = 100 % over both of which one counts as 0.
            let percent = stage.hpa.status.current_metrics.as_ref().unwrap()[0].average_utilization;
            assert_eq!(percent, Some(if counts { 300 } else { 200 }), "{ready_for} {sampled} {sync:?}");
        }
        // All of them too young: an error, and nothing changes.
        let mut stage = Stage::new(HpaSpec::cpu(50, Some(1), 100), dialect);
        let sync = stage.look(NOW, 2, 2, &[young(1, 0), young(1, 0)]);
        assert!(!sync.decision.changed());
        let why = stage.condition(ConditionType::ScalingActive).2;
        let words = match dialect {
            Dialect::Current => "did not receive metrics for targeted pods (pods might be unready)",
            Dialect::Legacy => "did not receive metrics for any ready pods",
        };
        assert!(why.ends_with(words), "{why}");
    }
}
