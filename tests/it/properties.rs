//! What must hold of the autoscaler whatever it is shown.

use faasim::cluster::quantity::{Bytes, MilliCpu};
use faasim::cluster::scaling::hpa::behavior::ScaleEvent;
use faasim::cluster::scaling::hpa::limits::Recommendation;
use faasim::cluster::scaling::hpa::spec::{
    Behavior, ObjectRef, Policy, PolicyKind, Resource, ResourceTarget, Rules, Select, ValueTarget,
};
use faasim::cluster::scaling::hpa::{
    CustomMetrics, Dialect, Hpa, HpaSettings, HpaSpec, MetricSpec, PodPhase, PodState, PodUsage, Sync,
    TargetState,
};
use faasim::cluster::time::Time;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

const NOW: Time = Time::from_secs(1_000_000);

fn ago(seconds: u64) -> Time {
    NOW.before(Duration::from_secs(seconds))
}

/// A pod that counts: ready for long, with a fresh sample.
fn steady(request: u64, cpu: u64) -> PodState {
    PodState {
        name: "pod".into(),
        phase: PodPhase::Running,
        deleting: false,
        ready: Some(true),
        started: Some(ago(3600)),
        ready_changed: Some(ago(3600)),
        cpu_request: Some(MilliCpu(request)),
        memory_request: Some(Bytes(1 << 20)),
        usage: Some(PodUsage {
            at: NOW,
            window: Duration::from_secs(15),
            cpu: MilliCpu(cpu),
            memory: Bytes(cpu << 10),
        }),
        custom: BTreeMap::from([("qps".into(), i64::try_from(cpu).unwrap() * 10)]),
    }
}

prop_compose! {
    fn any_pod()(
        phase in prop_oneof![
            8 => Just(PodPhase::Running),
            1 => Just(PodPhase::Pending),
            1 => Just(PodPhase::Failed),
            1 => Just(PodPhase::Succeeded),
        ],
        deleting in prop::bool::weighted(0.1),
        ready in option::weighted(0.9, prop::bool::weighted(0.8)),
        started in option::weighted(0.9, 0u64..600),
        changed in option::weighted(0.9, 0u64..600),
        request in option::weighted(0.95, 1u64..2000),
        sample in option::weighted(0.8, (0u64..60, 0u64..4000)),
    ) -> PodState {
        let (age, cpu) = sample.unwrap_or_default();
        let pod = steady(1, cpu);
        PodState {
            phase,
            deleting,
            ready,
            started: started.map(ago),
            ready_changed: changed.map(ago),
            cpu_request: request.map(MilliCpu),
            usage: pod.usage.filter(|_| sample.is_some()).map(|u| PodUsage { at: ago(age), ..u }),
            custom: if sample.is_some() { pod.custom.clone() } else { BTreeMap::new() },
            ..pod
        }
    }
}

fn any_metric() -> impl Strategy<Value = MetricSpec> {
    let object = ObjectRef { api_version: "v1".into(), kind: "Deployment".into(), name: "echo".into() };
    let resource = |name| move |target| MetricSpec::Resource { name, target };
    let resource_target = || {
        prop_oneof![
            (1u32..300).prop_map(ResourceTarget::Utilization),
            (1i64..5_000_000).prop_map(ResourceTarget::AverageValue),
        ]
    };
    let value = || {
        prop_oneof![
            (1i64..1_000_000).prop_map(ValueTarget::Value),
            (1i64..1_000_000).prop_map(ValueTarget::AverageValue)
        ]
    };
    prop_oneof![
        4 => resource_target().prop_map(resource(Resource::Cpu)),
        1 => resource_target().prop_map(resource(Resource::Memory)),
        1 => (1i64..100_000).prop_map(|target| MetricSpec::Pods { metric: "qps".into(), target }),
        1 => value().prop_map(move |target| MetricSpec::Object { metric: "qps".into(), object: object.clone(), target }),
        1 => value().prop_map(|target| MetricSpec::External { metric: "qps".into(), target }),
        1 => Just(MetricSpec::Unknown { kind: "Other".into() }),
    ]
}

prop_compose! {
    fn any_rules()(
        window in option::of(0u64..600),
        select in option::of(prop_oneof![Just(Select::Max), Just(Select::Min), Just(Select::Disabled)]),
        policies in option::of(vec(
            (prop_oneof![Just(PolicyKind::Pods), Just(PolicyKind::Percent)], 1u32..200, 1u64..600), 1..4,
        )),
        tolerance in option::of(0.0f64..0.5),
    ) -> Rules {
        let policy = |(kind, value, s)| Policy { kind, value, period: Duration::from_secs(s) };
        Rules {
            stabilization: window.map(Duration::from_secs),
            select,
            policies: policies.map(|all| all.into_iter().map(policy).collect()),
            tolerance,
        }
    }
}

prop_compose! {
    fn any_spec()(
        min in 0u32..10,
        span in 0u32..40,
        metrics in vec(any_metric(), 1..4),
        behavior in option::of((option::of(any_rules()), option::of(any_rules()))),
    ) -> HpaSpec {
        let behavior = behavior.map(|(scale_up, scale_down)| Behavior { scale_up, scale_down });
        HpaSpec { min_replicas: Some(min), max_replicas: (min + span).max(1), metrics, behavior }
    }
}

fn any_settings() -> impl Strategy<Value = HpaSettings> {
    prop_oneof![Just(Dialect::Current), Just(Dialect::Legacy)]
        .prop_map(|dialect| HpaSettings { dialect, ..HpaSettings::default() })
}

fn events() -> impl Strategy<Value = Vec<ScaleEvent>> {
    let event = |(change, s, outdated)| ScaleEvent { change, at: ago(s), outdated };
    vec((1i64..20, 0u64..900, any::<bool>()).prop_map(event), 0..5)
}

fn recommendations() -> impl Strategy<Value = Option<Vec<Recommendation>>> {
    let entry = |(replicas, s)| Recommendation { replicas, at: ago(s) };
    option::of(vec((0i64..100, 0u64..900).prop_map(entry), 0..8))
}

prop_compose! {
    /// An autoscaler with a past.
    fn any_hpa()(
        spec in any_spec(),
        recommendations in recommendations(),
        up_events in events(),
        down_events in events(),
    ) -> Hpa {
        Hpa { recommendations, up_events, down_events, ..Hpa::new(spec, ago(4000)) }
    }
}

fn look(hpa: &mut Hpa, settings: &HpaSettings, now: Time, replicas: u32, pods: &[PodState]) -> Sync {
    let total = pods.iter().flat_map(|p| p.custom.values()).sum();
    let custom = CustomMetrics {
        objects: BTreeMap::from([(("qps".into(), "echo".into()), total)]),
        external: BTreeMap::from([("qps".into(), vec![total])]),
        ..CustomMetrics::default()
    };
    let target = TargetState { spec_replicas: replicas, status_replicas: replicas, pods, custom: &custom };
    hpa.sync(now, settings, &target)
}

/// As many steady pods as there are replicas, sharing a total out to the last millicore.
fn shared(total: u64, replicas: u32, request: u64) -> Vec<PodState> {
    let n = u64::from(replicas);
    (0..n).map(|i| steady(request, total / n + u64::from(i < total % n))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_working_recomputes_to_its_result(
        mut hpa in any_hpa(), settings in any_settings(), replicas in 0u32..60, pods in vec(any_pod(), 0..12),
    ) {
        let decision = look(&mut hpa, &settings, NOW, replicas, &pods).decision;
        prop_assert_eq!(decision.recompute(), decision.to, "{:#?}", decision.lines());
    }

    #[test]
    fn replicas_are_within_min_and_max(
        mut hpa in any_hpa(), settings in any_settings(), replicas in 1u32..60, pods in vec(any_pod(), 0..12),
    ) {
        let to = look(&mut hpa, &settings, NOW, replicas, &pods).decision.to;
        prop_assert!(to <= hpa.spec.max_replicas && to >= hpa.spec.min(), "{} for {:?}", to, hpa.spec);
    }

    #[test]
    fn no_metrics_never_scale(
        mut hpa in any_hpa(), settings in any_settings(), replicas in 1u32..60, mut pods in vec(any_pod(), 0..12),
    ) {
        for pod in &mut pods {
            (pod.usage, pod.custom) = (None, BTreeMap::new());
        }
        hpa.spec.metrics.retain(|m| {
            !matches!(m, MetricSpec::Object { .. } | MetricSpec::External { .. })
        });
        let within = replicas.clamp(hpa.spec.min(), hpa.spec.max_replicas);
        prop_assert_eq!(look(&mut hpa, &settings, NOW, replicas, &pods).decision.to, within);
    }

    #[test]
    fn more_load_never_asks_for_fewer_pods(
        hpa in any_hpa(),
        settings in any_settings(),
        (more, less) in vec((1u64..2000, 0u64..2000, 0u64..2000), 1..20).prop_map(|all| {
            let pods = |extra: bool| all.iter().map(|(request, cpu, more)| {
                steady(*request, if extra { cpu + more } else { *cpu })
            }).collect::<Vec<_>>();
            (pods(true), pods(false))
        }),
    ) {
        let replicas = u32::try_from(more.len()).unwrap();
        let of = |pods: &[PodState]| look(&mut hpa.clone(), &settings, NOW, replicas, pods).decision.to;
        prop_assert!(of(&more) >= of(&less));
    }
}

proptest! {
    // Each case is 75 minutes of an autoscaler.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_constant_load_reaches_a_fixed_point(
        spec in (1u32..10, 0u32..40, 1u32..200, any::<bool>()).prop_map(|(min, span, percent, behaves)| HpaSpec {
            behavior: behaves.then(Behavior::default),
            ..HpaSpec::cpu(percent, Some(min), min + span)
        }),
        settings in any_settings(),
        total in 0u64..50_000,
        request in 1u64..2000,
        mut replicas in 1u32..60,
    ) {
        let mut hpa = Hpa::new(spec, NOW);
        let mut now = NOW;
        let mut last_change = 0;
        for n in 0..300 {
            let to = look(&mut hpa, &settings, now, replicas, &shared(total, replicas, request)).decision.to;
            if to != replicas {
                (replicas, last_change) = (to, n);
            }
            now += settings.sync_period;
        }
        // A burst, the window of 300 s, and the way down, with room to spare.
        prop_assert!(last_change < 200, "still moving at look {last_change}");
    }
}
