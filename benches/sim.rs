//! How fast virtual time is: the workloads that other simulators are measured by, with the full report.
//!
//! Each runs three times in a process of its own (for its peak memory); the median counts. The reference of the same run is a bare
//! event loop for workload A: a heap, a stack of idle pods, two draws a request, and no statistics beyond three
//! sums. `cargo bench --bench sim`; `cargo bench --bench sim -- A` runs one.

use faasim::cluster::command::Command;
use faasim::cluster::function::{FunctionName, FunctionSpec, Resources};
use faasim::cluster::node::{Node, NodeId};
use faasim::cluster::quantity::MilliCpu;
use faasim::cluster::routing::RoutingPolicy;
use faasim::cluster::scaling::hpa::HpaSpec;
use faasim::cluster::time::Time;
use faasim::sim::random::Stream;
use faasim::sim::{Arrivals, CpuModel, Law, Model, Report, Setup, Simulation, Source};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

fn main() {
    let given: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    if let [one, name] = given.as_slice()
        && one == "one"
    {
        return run_one(name);
    }
    let reference = median((0..3).map(|seed| bare(seed).0));
    println!("{:<44} {reference:>6.2} M requests/s   the reference", "a bare event loop, workload A");
    let goals = [
        ("A", 0.30),
        ("A10", f64::NAN),
        ("A-random", f64::NAN),
        ("B", 0.35),
        ("B-random", f64::NAN),
        ("C", f64::NAN),
        ("many", 10.0),
    ];
    for (name, goal) in goals {
        if !given.is_empty() && !given.iter().any(|g| g == name) {
            continue;
        }
        let runs = if name == "many" || name == "A10" { 1 } else { 3 };
        let mut seen: Vec<Seen> = (0..runs).map(|_| child(name)).collect();
        seen.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        let s = &seen[runs / 2];
        let rate = s.requests / s.seconds / 1e6;
        let goal = if goal.is_nan() { String::new() } else { format!(", goal {goal} s") };
        println!(
            "{name:<9} {:<34} {rate:>6.2} M requests/s   {:.2} × the reference   {:.3} s{goal}   {} MB",
            s.text,
            rate / reference,
            s.seconds,
            s.kilobytes / 1024
        );
        println!("          {}", s.figures);
    }
}

struct Seen {
    seconds: f64,
    requests: f64,
    kilobytes: u64,
    text: &'static str,
    figures: String,
}

fn child(name: &str) -> Seen {
    let program = std::env::current_exe().expect("this program has a path");
    let out = std::process::Command::new(program).args(["one", name]).output().expect("it runs again");
    let text = String::from_utf8_lossy(&out.stdout);
    let mut lines = text.lines();
    let mut number = || lines.next().and_then(|l| l.parse::<f64>().ok()).unwrap_or(f64::NAN);
    let (seconds, requests, kilobytes) = (number(), number(), number() as u64);
    Seen { seconds, requests, kilobytes, text: title(name), figures: lines.next().unwrap_or_default().into() }
}

fn title(name: &str) -> &'static str {
    match name {
        "A" => "1 function, 0.9/s for 1e6 s",
        "A10" => "the same for 1e7 s",
        "A-random" => "the same, random routing",
        "B" => "100 functions, 0.1/s for 1e5 s",
        "B-random" => "the same, random routing",
        "C" => "1 function, 50/s for 2,000 s",
        _ => "10,000 functions × 10 pods, HPA",
    }
}

fn run_one(name: &str) {
    let start = Instant::now();
    let report = match name {
        "A" => keep_alive(1, 0.9, 1.991, 0.253, 1_000_000, RoutingPolicy::MostRecentlyUsed),
        "A10" => keep_alive(1, 0.9, 1.991, 0.253, 10_000_000, RoutingPolicy::MostRecentlyUsed),
        "A-random" => keep_alive(1, 0.9, 1.991, 0.253, 1_000_000, RoutingPolicy::Random),
        "B" => keep_alive(100, 0.1, 0.5, 1.0, 100_000, RoutingPolicy::MostRecentlyUsed),
        "B-random" => keep_alive(100, 0.1, 0.5, 1.0, 100_000, RoutingPolicy::Random),
        "C" => keep_alive(1, 50.0, 2.0, 0.5, 2_000, RoutingPolicy::MostRecentlyUsed),
        _ => many(),
    };
    let seconds = start.elapsed().as_secs_f64();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default();
    let peak: String = peak.chars().filter(char::is_ascii_digit).collect();
    let sum = |of: fn(&faasim::sim::FunctionReport) -> f64| report.functions.iter().map(of).sum::<f64>();
    println!("{seconds}\n{}\n{peak}", report.offered);
    println!(
        "p_cold {:.6}, running {:.4}, servers {:.3}, idle {:.3}, mean response {:.4} s, {} scalings",
        sum(|f| f.pods_started as f64) / report.offered as f64,
        sum(|f| f.mean_busy),
        sum(|f| f.mean_pods),
        sum(|f| f.mean_pods - f.mean_busy),
        sum(|f| f.response.mean * f.response.count as f64) / sum(|f| f.response.count as f64),
        report.scalings,
    );
}

/// One pod per concurrent request, kept for 600 s: what SimFaaS and dslab-faas simulate.
fn keep_alive(
    functions: u32,
    rate: f64,
    service: f64,
    start: f64,
    horizon: u64,
    routing: RoutingPolicy,
) -> Report {
    let mut setup = Setup::new(1);
    setup.settings.routing = routing;
    setup.settings.metrics_interval = Duration::from_secs(3600);
    setup.settings.openfaas_interval = Duration::from_secs(3600);
    setup.settings.history = 20;
    setup.settings.max_replicas = 100_000;
    setup.cpu = CpuModel::Unlimited;
    for i in 0..functions {
        let name = format!("f{i}");
        let mut spec = FunctionSpec::new(&name, "f");
        for (key, value) in
            [("type", "per-request"), ("max", "10000"), ("zero", "true"), ("zero-duration", "600s")]
        {
            spec.labels.insert(format!("com.openfaas.scale.{key}"), value.into());
        }
        let model = Model::serving(Law::exponential(service)).cold(start);
        setup = setup.function(spec, model).load(Source::new(&name, Arrivals::poisson(rate)));
    }
    let mut run = Simulation::new(setup, ());
    run.until(Time::from_secs(horizon));
    run.report()
}

/// 10 M requests on 100,000 pods whose HPAs look every 15 s.
fn many() -> Report {
    let mut setup = Setup::new(1);
    setup.settings.openfaas_interval = Duration::from_secs(15);
    setup.settings.history = 5;
    setup.cpu = CpuModel::Unlimited;
    setup.nodes = vec![Node { id: NodeId(0), name: "node-1".into(), cores: 10_000 }];
    for i in 0..10_000 {
        let name = format!("f{i}");
        let mut spec = FunctionSpec::new(&name, "f");
        spec.requests = Resources { cpu: Some(MilliCpu(100)), memory: None };
        let full = FunctionName::parse(&name);
        let hpa = HpaSpec::cpu(50, Some(10), 20);
        setup = setup
            .function(spec, Model::serving(Law::exponential(0.2)))
            .at(Time::ZERO, Command::Scale { function: full.clone(), replicas: 10 })
            .at(Time::ZERO, Command::Autoscale { function: full, spec: hpa, replace: false })
            .load(Source::new(&name, Arrivals::poisson(1.0)));
    }
    let mut run = Simulation::new(setup, ());
    run.until(Time::from_secs(1000));
    run.report()
}

/// Workload A with nothing but what must be: M requests a second, and the mean number of pods.
fn bare(seed: u64) -> (f64, f64) {
    let start = Instant::now();
    let mut draws = Stream::new(seed, "bare");
    let mut heap = BinaryHeap::new();
    let mut idle: Vec<u64> = Vec::new();
    let (mut requests, mut pods, mut area, mut last) = (0_u64, 0_u64, 0_u128, 0_u64);
    let nanos = |seconds: f64| (seconds * 1e9) as u64;
    heap.push(Reverse((nanos(draws.exponential() / 0.9), 0_u64, false)));
    while let Some(Reverse((now, _, ends))) = heap.pop() {
        if now > 1_000_000_000_000_000 {
            break;
        }
        area += u128::from(now - last) * u128::from(pods);
        last = now;
        if ends {
            idle.push(now);
            continue;
        }
        requests += 1;
        while idle.first().is_some_and(|since| now - since > 600_000_000_000) {
            idle.remove(0);
            pods -= 1;
        }
        if idle.pop().is_none() {
            pods += 1;
        }
        heap.push(Reverse((now + nanos(1.991 * draws.exponential()), requests, true)));
        heap.push(Reverse((now + nanos(draws.exponential() / 0.9), requests, false)));
    }
    (requests as f64 / start.elapsed().as_secs_f64() / 1e6, area as f64 / last as f64)
}

fn median(all: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = all.collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}
