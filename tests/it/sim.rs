//! The cluster in virtual time: rivals' figures, Kubernetes' courses, time-outs, nodes, and the same bytes again.

use faasim::cluster::command::Command;
use faasim::cluster::function::{FunctionId, FunctionName, FunctionSpec, Resources};
use faasim::cluster::node::{Node, NodeId};
use faasim::cluster::placement::Placement;
use faasim::cluster::quantity::MilliCpu;
use faasim::cluster::routing::RoutingPolicy;
use faasim::cluster::scaling::decision::Decision;
use faasim::cluster::scaling::hpa::{Behavior, Dialect, HpaSpec};
use faasim::cluster::time::Time;
use faasim::sim::{
    Arrivals, CpuModel, Law, Model, Observer, Report, RequestEnd, Sample, Seconds, Setup, Simulation, Source,
    Step, ThreadGroup,
};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

fn at(seconds: u64) -> Time {
    Time::from_secs(seconds)
}

/// Changes of size, in seconds and replicas; and all that happened, as text.
#[derive(Debug, Default)]
struct Diary {
    changes: Vec<(u64, u32)>,
    text: String,
}

impl Observer for Diary {
    fn request(&mut self, end: &RequestEnd) {
        let _ = writeln!(self.text, "{end:?}");
    }

    fn decision(&mut self, function: FunctionId, decision: &Arc<Decision>) {
        let _ = writeln!(self.text, "{function:?} {decision:?}");
        if decision.changed() {
            self.changes.push((decision.at.as_nanos() / 1_000_000_000, decision.to));
        }
    }

    fn sample(&mut self, sample: &Sample<'_>) {
        let _ = writeln!(self.text, "{:?} {:?}", sample.at, sample.functions);
    }
}

fn cores(n: u32) -> Vec<Node> {
    vec![Node { id: NodeId(0), name: "node-1".into(), cores: n }]
}

fn keep_alive(
    functions: u32,
    rate: f64,
    service: f64,
    start: f64,
    horizon: u64,
    routing: RoutingPolicy,
) -> Report {
    let mut setup = Setup::new(3);
    setup.settings.routing = routing;
    (setup.settings.metrics_interval, setup.settings.openfaas_interval) =
        (Duration::from_secs(3600), Duration::from_secs(3600));
    setup.cpu = CpuModel::Unlimited;
    for i in 0..functions {
        let name = format!("f{i}");
        let mut spec = FunctionSpec::new(&name, "f");
        for (key, value) in
            [("type", "per-request"), ("max", "500"), ("zero", "true"), ("zero-duration", "600s")]
        {
            spec.labels.insert(format!("com.openfaas.scale.{key}"), value.into());
        }
        let model = Model::serving(Law::exponential(service)).cold(start);
        setup = setup.function(spec, model).load(Source::new(&name, Arrivals::poisson(rate)));
    }
    let mut run = Simulation::new(setup, ());
    run.until(at(horizon));
    run.report()
}

/// SimFaaS' own example, and a hundred rare functions: the figures that other simulators come to, and theory's. A
/// fifth of their length, so twice their spread.
#[test]
fn keep_alive_gives_the_cold_starts_of_other_simulators() {
    let near = |what: &str, seen: f64, expected: f64, share: f64| {
        assert!((seen / expected - 1.0).abs() < share, "{what}: {seen}, expected {expected} ± {share}");
    };
    let sum =
        |r: &Report, of: fn(&faasim::sim::FunctionReport) -> f64| r.functions.iter().map(of).sum::<f64>();
    let a = keep_alive(1, 0.9, 1.991, 0.253, 200_000, RoutingPolicy::MostRecentlyUsed);
    let f = &a.functions[0];
    near("A p_cold", f.pods_started as f64 / f.offered as f64, 0.00134, 0.15);
    near("A running", f.mean_busy, 1.792, 0.012);
    near("A servers", f.mean_pods, 7.70, 0.025);
    let random = keep_alive(1, 0.9, 1.991, 0.253, 200_000, RoutingPolicy::Random);
    assert!((9..=14).contains(&random.functions[0].pods_started), "{}", random.functions[0].pods_started);
    let b = keep_alive(100, 0.1, 0.5, 1.0, 20_000, RoutingPolicy::MostRecentlyUsed);
    // Each function begins with a pod that nobody asked for.
    let cold = (sum(&b, |f| f.pods_started as f64) - 100.0) / b.offered as f64;
    near("B p_cold", cold, 0.00434, 0.10);
    near("B servers", sum(&b, |f| f.mean_pods), 200.6, 0.03);
}

#[test]
fn the_courses_come_out_of_a_virtual_run() {
    let limited = |request: u64, limit: u64| {
        let mut spec = FunctionSpec::new("f", "f");
        spec.requests = Resources { cpu: Some(MilliCpu(request)), memory: None };
        spec.limits = Resources { cpu: Some(MilliCpu(limit)), memory: None };
        spec
    };
    // As many users as keep every pod at its limit of 583m; or 610m in all, as Kubernetes' walkthrough has it.
    let crowd = || {
        let group = ThreadGroup { users: 24, ramp_up: Seconds(0.0), think: Law::default(), loops: None };
        (Arrivals::Closed(group), 0.05)
    };
    let walk = || (Arrivals::even(10.0), 0.061);
    let behaving = |spec: HpaSpec| HpaSpec { behavior: Some(Behavior::default()), ..spec };
    let [a, b, c, e] = [(20, 2, 6), (20, 2, 10), (40, 2, 6), (50, 1, 10)]
        .map(|(percent, min, max)| HpaSpec::cpu(percent, Some(min), max));
    type Course = &'static [(u64, u32)];
    // Whether the old controller comes to it as well: it knows no behavior.
    let cases: [(HpaSpec, u64, bool, Course); 7] = [
        (a.clone(), 88, true, &[(0, 4), (15, 6), (420, 2)]),
        (b.clone(), 88, true, &[(0, 4), (15, 8), (30, 10), (420, 2)]),
        (c, 88, true, &[(0, 4), (15, 6), (420, 2)]),
        (behaving(a), 88, false, &[(0, 6), (405, 2)]),
        (behaving(b), 88, false, &[(0, 6), (15, 10), (405, 2)]),
        (e.clone(), 270, true, &[(0, 4), (15, 7), (600, 1)]),
        (behaving(e), 270, false, &[(0, 5), (15, 7), (585, 1)]),
    ];
    for (hpa, ends, both, course) in cases {
        let walks = hpa.min() == 1;
        let spec = if walks { limited(200, 1000) } else { limited(10, 583) };
        let dialects = [Dialect::Current, Dialect::Legacy];
        for dialect in dialects.into_iter().take(if both { 2 } else { 1 }) {
            // The first look is at second 75, which the courses count as 0.
            let zero = 75;
            let mut setup = Setup::new(1);
            (setup.nodes, setup.settings.hpa.dialect) = (cores(64), dialect);
            // The 2 or 1 replicas are ready long before.
            setup.settings.hpa.cpu_initialization_period = Duration::from_secs(30);
            let name = spec.full_name();
            let (arrivals, service) = if walks { walk() } else { crowd() };
            let load = Source { from: at(5), until: at(zero + ends), ..Source::new("f", arrivals) };
            setup = setup
                .function(spec.clone(), Model::serving(Law::constant(service)))
                .at(Time::ZERO, Command::Scale { function: name.clone(), replicas: hpa.min() })
                .at(at(zero - 15), Command::Autoscale { function: name, spec: hpa.clone(), replace: false })
                .load(load);
            let mut run = Simulation::new(setup, Diary::default());
            run.until(at(zero + 700));
            let changes = &run.observer().changes;
            let seen: Vec<(u64, u32)> =
                changes.iter().filter(|c| c.0 >= zero).map(|(s, to)| (s - zero, *to)).collect();
            assert_eq!(seen, course, "{hpa:?} [{dialect:?}]");
        }
    }
}

/// The study's E2: a request of 3.68 s, with a sleep before it, against read, write and exec time-outs.
#[test]
fn time_outs_end_as_the_study_saw_them() {
    for (sleep, write, exec, status, after) in [
        (0.0, "8s", "8s", 200, 3.68),
        (3.0, "8s", "8s", 200, 6.68),
        (3.0, "5s", "8s", 500, 5.0),
        (3.0, "8s", "5s", 408, 5.0),
    ] {
        let mut spec = FunctionSpec::new("mltest", "mltest");
        spec.env_vars.insert("write_timeout".into(), write.into());
        spec.env_vars.insert("exec_timeout".into(), exec.into());
        for cpu in [CpuModel::Shared, CpuModel::Unlimited] {
            let mut setup = Setup::new(1)
                .function(spec.clone(), Model::serving(Law::constant(3.68 + sleep)))
                .load(Source::new("mltest", Arrivals::Times(vec![Seconds(1.0)])));
            setup.cpu = cpu;
            let mut run = Simulation::new(setup, ());
            run.until(at(60));
            let f = &run.report().functions[0];
            let text = format!("sleep {sleep}, write {write}, exec {exec}, {cpu:?}: {f:?}");
            assert_eq!(f.statuses.get(&status), Some(&1), "{text}");
            assert!((f.response.mean - after).abs() < 1e-6, "{text}");
            // What nobody waits for any more still uses its CPU, unless it was killed.
            let work = if status == 408 { 5.0 } else { 3.68 + sleep };
            assert!((f.cpu_seconds - work).abs() < 1e-6, "{text}");
        }
    }
}

/// The study's conclusion: on few cores, pods that start together make every request slower; on many they do not.
#[test]
fn starting_pods_cost_latency_on_few_cores_only() {
    let p95 = |n: u32, replicas: u32| {
        let mut model = Model::serving(Law::constant(0.05)).cold(0.3);
        (model.startup.function, model.startup.cpu) = (Law::constant(3.0), 1.0);
        let mut setup = Setup::new(1);
        setup.nodes = cores(n);
        let scale = Command::Scale { function: FunctionName::parse("f"), replicas };
        setup = setup.function(FunctionSpec::new("f", "f"), model).at(at(20), scale).load(Source {
            from: at(10),
            until: at(30),
            ..Source::new("f", Arrivals::even(10.0))
        });
        let mut run = Simulation::new(setup, ());
        run.until(at(60));
        run.report().functions[0].response.p95
    };
    assert!(p95(2, 8) > 3.0 * p95(2, 1), "{} {}", p95(2, 8), p95(2, 1));
    assert!(p95(16, 8) < 1.1 * p95(16, 1), "{} {}", p95(16, 8), p95(16, 1));
}

fn busy_run(seed: u64) -> (String, String) {
    let mut spec = FunctionSpec::new("f", "f");
    spec.requests = Resources { cpu: Some(MilliCpu(100)), memory: None };
    let name = spec.full_name();
    let mut model = Model::serving(Law::lognormal(0.2, 2.0)).cold(0.4);
    (model.startup.function, model.startup.cpu, model.cpu) = (Law::exponential(1.0), 0.7, 0.6);
    model.crash = Some(Law::exponential(300.0));
    let group = ThreadGroup { users: 5, ramp_up: Seconds(3.0), think: Law::exponential(1.0), loops: None };
    let mut setup = Setup::new(seed);
    setup.settings.routing = RoutingPolicy::Random;
    setup.sample_every = Some(Duration::from_secs(10));
    setup = setup
        .function(spec, model)
        .at(
            at(1),
            Command::Autoscale { function: name.clone(), spec: HpaSpec::cpu(50, Some(1), 8), replace: false },
        )
        .load(Source::new("f", Arrivals::poisson(3.0)))
        .load(Source { name: "users".into(), ..Source::new("f", Arrivals::Closed(group)) });
    setup.steps.push((at(100), Step::Kill { function: name, pod: None, newest: false }));
    let mut run = Simulation::new(setup, Diary::default());
    run.until(at(400));
    let report = serde_json::to_string_pretty(&run.report()).unwrap();
    (report, std::mem::take(&mut run.observer().text))
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (one, again, other) = (busy_run(1), busy_run(1), busy_run(2));
    assert!(one.1.len() > 10_000);
    assert!(one == again);
    assert!(one.1 != other.1);
    // On any number of threads.
    let threads: Vec<_> = (0..3).map(|_| std::thread::spawn(|| busy_run(1))).collect();
    assert!(threads.into_iter().all(|t| t.join().unwrap() == one));
}

/// Debug and release, today and tomorrow, this machine and another: the digest of all that happens. Whoever changes what
/// happens puts the new one here.
#[test]
fn every_build_gives_these_very_bytes() {
    let (report, text) = busy_run(1);
    let digest = Sha256::new().chain_update(report).chain_update(text).finalize();
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, "0177463eded5e5c7");
}

/// Wants to be told in order of time, and does not listen.
struct InOrder;

impl Observer for InOrder {}

/// 400 functions with everything that may happen to one.
fn many<O: Observer>(observer: O) -> Report {
    let mut setup = Setup::new(3);
    setup.nodes = cores(1000);
    setup.cpu = CpuModel::Unlimited;
    setup.settings.routing = RoutingPolicy::Random;
    setup.sample_every = Some(Duration::from_secs(7));
    for i in 0..400 {
        let mut spec = FunctionSpec::new(&format!("f{i}"), "f");
        spec.requests = Resources { cpu: Some(MilliCpu(100)), memory: None };
        if i % 7 == 0 {
            spec.env_vars.insert("exec_timeout".into(), "700ms".into());
        }
        if i % 100 == 0 {
            spec.labels.insert("com.openfaas.scale.type".into(), "per-request".into());
        }
        let mut model = Model::serving(Law::exponential(0.3)).cold(0.4);
        model.workers = (i % 5 == 0).then_some(1);
        model.max_inflight = (i % 6 == 0).then_some(2);
        model.queue_limit = (i % 12 == 0).then_some(3);
        model.crash = (i % 9 == 0).then(|| Law::exponential(60.0));
        model.stop = Law::exponential(0.2);
        let (name, full) = (spec.name.clone(), spec.full_name());
        let group =
            ThreadGroup { users: 2, ramp_up: Seconds(1.0), think: Law::exponential(1.0), loops: None };
        let hpa = HpaSpec::cpu(50, Some(1), 6);
        setup = setup
            .function(spec, model)
            .at(at(1), Command::Autoscale { function: full.clone(), spec: hpa, replace: false })
            .load(Source::new(&name, Arrivals::poisson(f64::from(i % 10))))
            .load(Source { name: format!("users of {name}"), ..Source::new(&name, Arrivals::Closed(group)) });
        setup.steps.push((at(30), Step::Kill { function: full, pod: None, newest: false }));
    }
    setup.steps.sort_by_key(|(at, _)| *at);
    let mut run = Simulation::new(setup, observer);
    run.until(at(40));
    run.until(Time::from_nanos(60_123_456_789));
    run.report()
}

/// Functions that run ahead of one another have the figures that they have in order of time.
#[test]
fn the_order_among_functions_changes_no_figure() {
    let (ahead, in_order) = (many(()), many(InOrder));
    assert!(ahead.offered > 60_000 && ahead.scalings > 400, "{} {}", ahead.offered, ahead.scalings);
    let statuses: Vec<u16> = [200, 408, 429, 502].into();
    let seen = |status| ahead.functions.iter().any(|f| f.statuses.contains_key(status));
    assert!(statuses.iter().all(seen), "{statuses:?}");
    assert!(ahead == in_order);
}

/// A function's own start is drawn once: what of it is CPU, and what is not, are parts of the same draw.
#[test]
fn a_start_takes_what_was_drawn_for_it() {
    let mut model = Model::serving(Law::constant(0.01));
    (model.startup.function, model.startup.cpu) =
        (Law::TwoPoint { p: 0.5, value1: Seconds(1.0), value2: Seconds(9.0) }, 0.25);
    let mut setup = Setup::new(1).function(FunctionSpec::new("f", "f"), model);
    setup.nodes = cores(64);
    let name = FunctionName::parse("f");
    setup = setup.at(Time::ZERO, Command::Scale { function: name, replicas: 12 });
    let mut run = Simulation::new(setup, ());
    let mut ready_at = |seconds: f64| {
        run.until(Time::from_nanos((seconds * 1e9) as u64));
        run.snapshot().functions.values().map(|f| f.ready).sum::<u32>()
    };
    let (before, short, later, all) = (ready_at(0.99), ready_at(1.01), ready_at(8.99), ready_at(9.01));
    assert_eq!((before, later, all), (0, short, 12));
    assert!((2..=10).contains(&short), "{short}");
}

#[test]
fn every_request_is_answered_once() {
    let (report, text) = busy_run(7);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let ends = text.lines().filter(|l| l.starts_with("RequestEnd")).count() as u64;
    let offered = report["offered"].as_u64().unwrap();
    assert!(offered - ends < 30, "{offered} {ends}: a few are under way at the end");
    assert!(text.contains("status: 502"), "a pod was killed with requests in it");
    assert_eq!(report["functions"][0]["completed"].as_u64().unwrap(), ends);
}

fn three_nodes(placement: Placement) -> Setup {
    let mut setup = Setup::new(1);
    setup.nodes = (0..3).map(|i| Node { id: NodeId(i), name: format!("node-{i}"), cores: 2 }).collect();
    setup.settings.placement = placement;
    let mut spec = FunctionSpec::new("f", "f");
    spec.requests = Resources { cpu: Some(MilliCpu(500)), memory: None };
    let name = spec.full_name();
    setup
        .function(spec, Model::serving(Law::constant(0.01)).cold(1.0))
        .at(Time::ZERO, Command::Scale { function: name, replicas: 6 })
}

fn by_node<O: Observer>(run: &Simulation<O>) -> [usize; 3] {
    let snapshot = run.snapshot();
    [0, 1, 2].map(|n| snapshot.pods.values().filter(|p| p.node == NodeId(n) && p.ready).count())
}

#[test]
fn pods_are_placed_by_the_policy_named() {
    for (placement, expected) in [(Placement::Spread, [2, 2, 2]), (Placement::Pack, [4, 2, 0])] {
        let mut run = Simulation::new(three_nodes(placement), ());
        run.until(at(5));
        assert_eq!(by_node(&run), expected, "{placement:?}");
    }
    let mut run = Simulation::new(three_nodes(Placement::Random), ());
    run.until(at(5));
    assert_eq!(by_node(&run).iter().sum::<usize>(), 6);
}

#[test]
fn a_node_that_fails_is_waited_for_and_then_replaced() {
    let mut setup = three_nodes(Placement::Spread).load(Source::new("f", Arrivals::even(10.0)));
    setup.steps.push((at(10), Step::StopNode(NodeId(1))));
    setup.steps.push((at(100), Step::StartNode(NodeId(1))));
    setup.steps.push((at(200), Step::StopNode(NodeId(2))));
    let mut run = Simulation::new(setup, ());
    run.until(at(50));
    assert_eq!(by_node(&run), [2, 0, 2], "its pods are tolerated for 5 minutes");
    run.until(at(110));
    assert_eq!(by_node(&run), [2, 2, 2], "it came back, and its pods with it");
    run.until(at(499));
    assert_eq!(by_node(&run), [2, 2, 0]);
    run.until(at(510));
    assert_eq!(by_node(&run), [3, 3, 0], "others took their place");
    let report = run.report();
    assert_eq!(report.functions[0].statuses.keys().collect::<Vec<_>>(), [&200], "{report:?}");
}
