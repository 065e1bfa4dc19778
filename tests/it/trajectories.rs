//! Whole courses of scaling: ten minutes of a cluster's time and more, in milliseconds of ours.

use crate::shell::{Load, Script, Shell, function, name, settings};
use faasim::cluster::command::Command;
use faasim::cluster::scaling::decision::Scaler;
use faasim::cluster::scaling::hpa::{Behavior, ConditionType, Dialect, HpaSpec};
use faasim::cluster::scaling::openfaas::Edition;

/// Each pod at 583 millicores while a look before second 120 measures; then nothing.
fn burst(second: i64, pods: u64) -> Load {
    Load { cpu: if second < 104 { 583 * pods } else { 0 }, ..Load::default() }
}

/// 610 millicores in all while a look before second 300 measures: php-apache of Kubernetes' walkthrough.
fn php_apache(second: i64, _: u64) -> Load {
    Load { cpu: if second < 284 { 610 } else { 0 }, ..Load::default() }
}

/// A function with an HPA whose first look is at second 0.
fn with_hpa(dialect: Dialect, request: u64, spec: &HpaSpec, script: Script) -> Shell {
    let mut settings = settings();
    settings.hpa.dialect = dialect;
    let mut shell = Shell::new(settings, function(request, &[]), script);
    shell.apply(Command::Scale { function: name(), replicas: spec.min() });
    shell.until(-15);
    shell.apply(Command::Autoscale { function: name(), spec: spec.clone(), replace: false });
    shell.decisions.clear();
    shell
}

/// Its name, in which dialects, what a pod requests, the autoscaler, what goes on, and the changes of size.
type Case<'a> = (&'a str, &'a [Dialect], u64, HpaSpec, Script, &'a [(i64, u32)]);

fn behaving(spec: HpaSpec) -> HpaSpec {
    HpaSpec { behavior: Some(Behavior::default()), ..spec }
}

#[test]
fn the_courses_are_kubernetes_own() {
    let a = HpaSpec::cpu(20, Some(2), 6);
    let b = HpaSpec::cpu(20, Some(2), 10);
    let c = HpaSpec::cpu(40, Some(2), 6);
    let e = HpaSpec::cpu(50, Some(1), 10);
    let both = &[Dialect::Legacy, Dialect::Current][..];
    let today = &[Dialect::Current][..];
    let cases: [Case<'_>; 7] = [
        ("a", both, 10, a.clone(), burst, &[(0, 4), (15, 6), (420, 2)]),
        ("b", both, 10, b.clone(), burst, &[(0, 4), (15, 8), (30, 10), (420, 2)]),
        ("c", both, 10, c, burst, &[(0, 4), (15, 6), (420, 2)]),
        ("d", today, 10, behaving(a), burst, &[(0, 6), (405, 2)]),
        ("d, max 10", today, 10, behaving(b), burst, &[(0, 6), (15, 10), (405, 2)]),
        ("e", both, 200, e.clone(), php_apache, &[(0, 4), (15, 7), (600, 1)]),
        ("e, behavior", today, 200, behaving(e), php_apache, &[(0, 5), (15, 7), (585, 1)]),
    ];
    for (case, dialects, request, spec, script, course) in cases {
        for dialect in dialects {
            let mut shell = with_hpa(*dialect, request, &spec, script);
            shell.until(660);
            assert_eq!(shell.changes(), course, "{case} [{dialect:?}]");
            for (second, decision) in &shell.decisions {
                assert_eq!(decision.recompute(), decision.to, "{case} [{dialect:?}] at {second}");
            }
        }
    }
}

#[test]
fn conditions_follow_the_course() {
    let mut shell = with_hpa(Dialect::Current, 10, &HpaSpec::cpu(20, Some(2), 10), burst);
    let reason = |shell: &Shell, kind| {
        let state = shell.state();
        let hpa = state.hpa.as_ref().unwrap();
        hpa.status.condition(kind).map(|c| format!("{} {}", c.status_word(), c.reason)).unwrap_or_default()
    };
    for (second, able, limited) in [
        (0, "True SucceededRescale", "True ScaleUpLimit"),
        (15, "True SucceededRescale", "True ScaleUpLimit"),
        (30, "True SucceededRescale", "True TooManyReplicas"),
        (45, "True ReadyForNewScale", "True TooManyReplicas"),
        (120, "True ScaleDownStabilized", "True TooManyReplicas"),
        (405, "True ScaleDownStabilized", "True TooManyReplicas"),
        (420, "True SucceededRescale", "True TooFewReplicas"),
        (435, "True ReadyForNewScale", "True TooFewReplicas"),
    ] {
        shell.until(second);
        assert_eq!(reason(&shell, ConditionType::AbleToScale), able, "at {second}");
        assert_eq!(reason(&shell, ConditionType::ScalingLimited), limited, "at {second}");
        assert_eq!(reason(&shell, ConditionType::ScalingActive), "True ValidMetricFound", "at {second}");
    }
}

#[test]
fn columns_and_events_follow_the_course() {
    let mut shell = with_hpa(Dialect::Current, 10, &HpaSpec::cpu(20, Some(2), 6), burst);
    let targets = |shell: &Shell| shell.state().hpa.as_ref().unwrap().targets_column_named();
    assert_eq!(targets(&shell), "cpu: <unknown>/20%");
    shell.until(0);
    assert_eq!(targets(&shell), "cpu: 5830%/20%");
    let state = shell.state();
    let status = &state.hpa.as_ref().unwrap().status;
    assert_eq!((status.current_replicas, status.desired_replicas), (2, 4), "one look behind the write");
    shell.until(435);
    assert_eq!(targets(&shell), "cpu: 0%/20%");
    let snapshot = shell.cluster.snapshot(faasim::cluster::time::Time::from_secs(crate::shell::T0 + 435));
    let told: Vec<&str> = snapshot
        .events
        .iter()
        .filter(|e| e.object == "horizontalpodautoscaler/mltest")
        .map(|e| e.message.as_str())
        .collect();
    let above = "cpu resource utilization (percentage of request) above target";
    assert_eq!(
        told,
        [
            format!("New size: 4; reason: {above}"),
            format!("New size: 6; reason: {above}"),
            "New size: 2; reason: All metrics below target".into(),
        ]
    );
}

/// 100 calls a second for two minutes, and nothing after.
fn calls(second: i64, _: u64) -> Load {
    if (0..120).contains(&second) { Load { calls: 100, in_flight: 30, cpu: 300 } } else { Load::default() }
}

#[test]
fn an_hpa_scales_on_what_the_gateway_counts() {
    use faasim::cluster::scaling::hpa::MetricSpec;
    use faasim::cluster::scaling::hpa::spec::{ObjectRef, ValueTarget};
    let object =
        ObjectRef { api_version: "apps/v1".into(), kind: "Deployment".into(), name: "mltest".into() };
    let stranger = ObjectRef { name: "another".into(), ..object.clone() };
    let of = |metric| HpaSpec { metrics: vec![metric], ..HpaSpec::cpu(1, Some(1), 10) };
    let per_pod = MetricSpec::Pods { metric: "requests_per_second".into(), target: 25_000 };
    let value = MetricSpec::Object {
        metric: "in_flight".into(),
        object: object.clone(),
        target: ValueTarget::AverageValue(10_000),
    };
    let other =
        MetricSpec::Object { metric: "in_flight".into(), object: stranger, target: ValueTarget::Value(1000) };
    for (metric, most) in [(per_pod, 4), (value, 3), (other, 1)] {
        let mut shell = with_hpa(Dialect::Current, 10, &of(metric.clone()), calls);
        shell.until(119);
        assert_eq!(shell.replicas(), most, "{metric:?}");
        shell.until(660);
        assert_eq!(shell.replicas(), 1, "{metric:?}");
    }
}

#[test]
fn each_edition_of_openfaas_scales_by_its_own_rules() {
    let labels = [
        ("min", "1"),
        ("max", "10"),
        ("type", "rps"),
        ("target", "20"),
        ("zero", "true"),
        ("zero-duration", "3m"),
    ];
    let run = |edition| {
        let mut settings = settings();
        settings.edition = edition;
        let mut shell = Shell::new(settings, function(100, &labels), calls);
        shell.until(660);
        shell
    };
    // ceil(100 / (20 × 0.9)) = 6 once the window of 30 s is full, and to zero 3 minutes after the last call.
    let pro = run(Edition::Pro);
    let changes = pro.changes();
    assert_eq!(changes.iter().map(|(_, n)| *n).max(), Some(6), "{changes:?}");
    let (second, last) = changes[changes.len() - 1];
    assert_eq!(last, 0, "{changes:?}");
    assert!((300..=305).contains(&second), "{changes:?}");
    // One pod more with each notice of the alert, 5 at most, and min when it is over. No scale to zero.
    let ce = run(Edition::Ce);
    let sizes: Vec<u32> = ce.changes().into_iter().map(|(_, n)| n).collect();
    assert_eq!(sizes, [2, 3, 4, 5, 1], "{:?}", ce.changes());
    assert!(ce.decisions.iter().all(|(_, d)| d.scaler == Scaler::OpenFaasCe && d.next_look.is_some()));
}

#[test]
fn one_scaler_is_in_charge_and_says_so() {
    let labels = [("min", "1"), ("max", "10"), ("type", "rps"), ("target", "20")];
    let mut shell = Shell::new(settings(), function(10, &labels), calls);
    let charge = |shell: &Shell| shell.state().in_charge();
    assert_eq!(
        charge(&shell),
        "`mltest` is scaled by OpenFaaS Pro on rps, target 20 a pod, from 1 to 10 pods"
    );
    let spec = HpaSpec::cpu(20, Some(1), 4);
    let reply = shell.apply(Command::Autoscale { function: name(), spec, replace: false });
    assert!(reply.notes[0].contains("its com.openfaas.scale labels rest"), "{reply:?}");
    let begun = shell.decisions.len();
    shell.until(60);
    assert_eq!(shell.replicas(), 4, "the HPA's max, not the labels' 10");
    assert!(shell.decisions[begun..].iter().all(|(_, d)| d.scaler == Scaler::Hpa));
    let reply = shell.apply(Command::DeleteHpa(name()));
    assert!(reply.notes[0].contains("scaled by OpenFaaS Pro"), "{reply:?}");
    shell.until(100);
    assert_eq!(shell.replicas(), 6);
}

/// The book's worked exercise, against what the core says: a block of text begins with `second 15:` or, for
/// Kubernetes' walkthrough, `php-apache, second 15:`.
#[test]
fn the_worked_exercise_in_the_book_is_what_the_core_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/explanation/hpa-worked.md");
    let book = std::fs::read_to_string(path).unwrap();
    let mut study = with_hpa(Dialect::Current, 10, &HpaSpec::cpu(20, Some(2), 6), burst);
    let mut walkthrough = with_hpa(Dialect::Current, 200, &HpaSpec::cpu(50, Some(1), 10), php_apache);
    study.until(660);
    walkthrough.until(660);
    let mut blocks = 0;
    for block in book.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        let (head, working) = block.split_once('\n').unwrap();
        let (shell, head) = match head.strip_prefix("php-apache, ") {
            Some(head) => (&walkthrough, head),
            None => (&study, head),
        };
        let second: i64 = head.trim_start_matches("second ").trim_end_matches(':').parse().unwrap();
        let decided = shell.decisions.iter().rfind(|(at, _)| *at == second).map(|(_, d)| d.lines());
        assert_eq!(working.lines().collect::<Vec<_>>(), decided.unwrap_or_default(), "{head}");
        blocks += 1;
    }
    assert!(blocks >= 8, "the book works {blocks} looks out");
}
