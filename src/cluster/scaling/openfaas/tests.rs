//! OpenFaaS' own examples, and the cases that its documentation leaves to the reader.

use super::*;
use crate::cluster::scaling::alert;

const NOW: Time = Time::from_secs(10_000);

fn labels(kind: ScaleType, target: f64, proportion: f64, range: (u32, u32)) -> ScaleLabels {
    let (min, max) = range;
    ScaleLabels { min, max, kind, target, proportion, ..ScaleLabels::defaults(Edition::Pro) }
}

#[test]
fn pro_wants_the_load_over_the_target() {
    use ScaleType::{Capacity, Cpu, Queue, Rps};
    for (kind, ready, load, target, proportion, range, desired) in [
        (Capacity, 1, 15.0, 5.0, 1.0, (1, 10), 3),
        (Capacity, 3, 25.0, 5.0, 1.0, (1, 10), 5),
        (Capacity, 3, 0.0, 5.0, 1.0, (1, 10), 1),
        (Capacity, 1, 90.0, 100.0, 0.7, (1, 20), 2),
        (Queue, 1, 30.0, 1.0, 1.0, (1, 10), 10),
        (Capacity, 5, 5.0, 1.0, 0.95, (1, 10), 6),
        (Rps, 1, 100.0, 50.0, 0.9, (1, 10), 3),
        (Rps, 1, 45.0, 50.0, 0.9, (1, 10), 1),
        (Cpu, 1, 300.0, 100.0, 0.5, (1, 10), 6),
        (Rps, 4, 0.0, 50.0, 0.9, (2, 10), 2),
        // 90 ÷ (100 × 0.9) is a hair above 1 in doubles.
        (Rps, 1, 90.0, 100.0, 0.9, (1, 10), 1),
        // The study's E5: 30 millicores against 5 × 0.20, more than max; and idle, its min of 4.
        (Cpu, 4, 30.0, 5.0, 0.2, (4, 10), 10),
        (Cpu, 4, 0.0, 5.0, 0.2, (4, 10), 4),
    ] {
        let labels = labels(kind, target, proportion, range);
        let case = format!("{kind:?}, {load} at {target} × {proportion}");
        assert_eq!(super::desired(ready, load, &labels), desired, "{case}");
        let decision = ProScaler::default().evaluate(NOW, ready, ready, load, Duration::ZERO, &labels);
        assert_eq!((decision.to, decision.recompute()), (desired, desired), "{case}: {:?}", decision.working);
    }
}

#[test]
fn pro_goes_to_zero_only_after_the_quiet_time() {
    let quiet = labels(ScaleType::Rps, 50.0, 0.9, (2, 10));
    let zero = ScaleLabels { zero: true, zero_duration: Duration::from_secs(60), ..quiet.clone() };
    let fixed = ScaleLabels { min: 2, max: 2, ..zero.clone() };
    for (labels, now, idle, to, scaler) in [
        (&quiet, 4, 600, 2, Scaler::OpenFaasPro),
        (&zero, 4, 59, 2, Scaler::OpenFaasPro),
        (&zero, 4, 60, 0, Scaler::Idle),
        (&zero, 0, 600, 0, Scaler::OpenFaasPro),
        // With min = max only the way to zero is left.
        (&fixed, 7, 59, 7, Scaler::OpenFaasPro),
        (&fixed, 7, 60, 0, Scaler::Idle),
    ] {
        let decision = ProScaler::default().evaluate(NOW, now, now, 0.0, Duration::from_secs(idle), labels);
        assert_eq!((decision.to, decision.scaler), (to, scaler), "{now} pods, idle for {idle} s");
        assert_eq!(decision.recompute(), to, "{:?}", decision.working);
    }
}

#[test]
fn the_down_window_holds_the_largest_recommendation() {
    let mut labels = labels(ScaleType::Capacity, 1.0, 1.0, (1, 20));
    labels.down_window = Some(Duration::from_secs(120));
    let mut scaler = ProScaler::default();
    let mut at = NOW;
    for wanted in [8, 8, 7, 6, 5, 4, 5, 5] {
        scaler.evaluate(at, 10, 10, f64::from(wanted), Duration::ZERO, &labels);
        at += POLL;
    }
    let look = |scaler: &ProScaler, at: Time, current: u32, load: f64| {
        scaler.clone().evaluate(at, current, current, load, Duration::ZERO, &labels)
    };
    let held = look(&scaler, at, 10, 2.0);
    assert_eq!((held.to, held.recompute(), held.reason.as_str()), (8, 8, "[Scaler] 10 => 8 (want: 2)"));
    assert_eq!(look(&scaler, at, 8, 12.0).to, 12, "up is not delayed");
    assert_eq!(look(&scaler, at, 3, 2.0).to, 3, "the window adds no pods");
    // Both 8s leave the window 120 s after they were said.
    assert_eq!(look(&scaler, NOW + Duration::from_secs(130), 10, 2.0).to, 7);
}

#[test]
fn ce_takes_steps_of_its_factor() {
    let ce = |min, max, factor| ScaleLabels { min, max, factor, ..ScaleLabels::defaults(Edition::Ce) };
    for (current, labels, firing, to) in [
        (1, ce(1, 5, 20), true, 2),
        (1, ce(1, 5, 100), true, 5),
        (5, ce(1, 5, 20), true, 5),
        (4, ce(2, 5, 20), false, 2),
        // Max is capped to 5 before the step is worked out.
        (1, ce(1, 20, 20), true, 2),
        (1, ce(1, 5, 10), true, 2),
        (3, ce(3, 3, 10), true, 3),
        // A factor that gives no step acts as resolved.
        (4, ce(2, 5, 0), true, 2),
    ] {
        let decision =
            if firing { alert::step(NOW, current, &labels) } else { alert::resolve(NOW, current, &labels) };
        assert_eq!((decision.to, decision.recompute()), (to, to), "{current} with {labels:?}");
        assert_eq!(decision.scaler, Scaler::OpenFaasCe);
    }
}

#[test]
fn each_edition_reads_the_labels_in_its_own_way() {
    let read = |labels: &[(&str, &str)], edition| {
        let labels =
            labels.iter().map(|(k, v)| (format!("com.openfaas.scale.{k}"), (*v).to_owned())).collect();
        ScaleLabels::read(&labels, edition)
    };
    let study = [
        ("min", "4"),
        ("max", "10"),
        ("target", "5"),
        ("target-proportion", "0.20"),
        ("type", "cpu"),
        ("zero", "true"),
    ];
    let (pro, ignored) = read(&study, Edition::Pro).unwrap();
    assert_eq!((pro.min, pro.max, pro.kind, pro.target, pro.zero), (4, 10, ScaleType::Cpu, 5.0, true));
    assert!(ignored.is_empty());
    let (ce, ignored) = read(&study, Edition::Ce).unwrap();
    assert_eq!((ce.min, ce.max, ce.kind, ce.zero), (4, 5, ScaleType::Rps, false));
    assert_eq!(ignored.len(), 5, "{ignored:?}");
    assert!(ignored.iter().any(|i| i.starts_with("com.openfaas.scale.type: ")), "{ignored:?}");
    for (label, bad) in [
        ("min", "0"),
        ("max", "many"),
        ("type", "memory"),
        ("target", "0"),
        ("target-proportion", "1.5"),
        ("zero", "yes"),
        ("zero-duration", "15"),
        ("down.window", "6m"),
    ] {
        let error = read(&[(label, bad)], Edition::Pro).unwrap_err();
        assert_eq!((error.label, error.found), (format!("com.openfaas.scale.{label}"), bad.to_owned()));
    }
    assert!(read(&[("factor", "101")], Edition::Ce).is_err());
    assert_eq!(read(&[("max", "many")], Edition::Ce).unwrap().0.max, 5, "CE takes its default");
}
