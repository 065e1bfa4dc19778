//! Queueing theory's closed forms, against the cluster in virtual time.
//!
//! The folder is `tests/data/oracles`, or the one named by `FAASIM_ORACLES`. A debug build runs a tenth of the requests
//! and takes 3.2 times the tolerance (√10); a release build runs all.

use crate::oracles::{cases_of, judged, verdict};
use faasim::cluster::command::Command;
use faasim::cluster::function::{FunctionName, FunctionSpec};
use faasim::cluster::node::{Node, NodeId};
use faasim::cluster::routing::RoutingPolicy;
use faasim::cluster::time::Time;
use faasim::sim::{
    Arrivals, CpuModel, FunctionReport, Law, Model, Seconds, Setup, Simulation, Source, ThreadGroup,
};
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[test]
fn oracle_queueing() {
    let file = "queueing.json";
    let all = cases_of(file);
    let cases = all["cases"].as_array().map(Vec::as_slice).unwrap_or_default();
    // The longest first, so that no thread is left alone with one at the end.
    let mut order: Vec<&Value> = cases.iter().collect();
    order.sort_by_key(|case| std::cmp::Reverse(case["n_requests"].as_u64()));
    let next = AtomicUsize::new(0);
    let work = || {
        let mut outcomes = Vec::new();
        while let Some(case) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            let name = case["id"].as_str().unwrap_or("unnamed");
            outcomes.push(judged(|| run(case)).map_err(|why| format!("{name}: {why}")));
        }
        outcomes
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let outcomes: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        all.into_iter().flat_map(|thread| thread.join().expect("no case panics")).collect()
    });
    let mut failed: Vec<String> = outcomes.iter().filter_map(|o| o.clone().err()).collect();
    failed.sort();
    verdict(file, outcomes.len() - failed.len(), &failed);
}

fn number(of: &Value, key: &str) -> Option<f64> {
    of[key].as_f64()
}

fn law(service: &Value) -> Law {
    let get = |key| number(service, key).unwrap_or_else(|| panic!("service needs {key}"));
    let seconds = |key| Seconds(get(key));
    match service["dist"].as_str() {
        Some("exp") => Law::exponential(get("mean_s")),
        Some("det") => Law::constant(get("mean_s")),
        Some("lognormal") => Law::lognormal(get("mean_s"), get("scv")),
        Some("gamma") => Law::Gamma { mean: seconds("mean_s"), scv: get("scv") },
        Some("hyperexp2") => {
            Law::Hyperexponential { p: get("p1"), mean1: seconds("mean1_s"), mean2: seconds("mean2_s") }
        }
        Some("two_point") => {
            Law::TwoPoint { p: get("p1"), value1: seconds("value1_s"), value2: seconds("value2_s") }
        }
        other => panic!("unknown service law {other:?}"),
    }
}

fn arrivals(params: &Value) -> Arrivals {
    if let Some(users) = params["users"].as_u64() {
        let mean = number(params, "think_s").unwrap_or(0.0);
        let think = match params["think_dist"].as_str() {
            Some("exp") | None => Law::exponential(mean),
            Some("det" | "constant") => Law::constant(mean),
            other => panic!("unknown think_dist {other:?}"),
        };
        return Arrivals::Closed(ThreadGroup {
            users: users as u32,
            ramp_up: Seconds(0.0),
            think,
            loops: None,
        });
    }
    let rate = number(params, "arrival_rate_per_s").expect("a rate or users");
    match params["arrivals"].as_str() {
        None => Arrivals::poisson(rate),
        Some("constant gap") => Arrivals::even(rate),
        other => panic!("unknown arrivals {other:?}"),
    }
}

fn run(case: &Value) -> Result<(), String> {
    let params = &case["params"];
    let (tenth, wider) = if cfg!(debug_assertions) { (10, 3.2) } else { (1, 1.0) };
    let n = case["n_requests"].as_u64().expect("n_requests") / tenth;
    let tolerance = case["tolerance_rel"].as_f64().expect("tolerance_rel") * wider;

    let mut model =
        Model::serving(law(&params["service"])).cold(number(params, "cold_start_s").unwrap_or(0.0));
    let mut spec = FunctionSpec::new("f", "f");
    let mut setup = Setup::new(20_221);
    let hour = Duration::from_secs(3600);
    (setup.settings.metrics_interval, setup.settings.openfaas_interval) = (hour, hour);
    (setup.settings.gateway.upstream, setup.settings.gateway.write) = (Duration::ZERO, Duration::ZERO);
    setup.settings.history = 10;
    spec.env_vars.insert("write_timeout".into(), "0s".into());
    setup.settings.max_replicas = 1_000_000;
    let capacity = number(params, "capacity").map(|k| k as usize);
    let servers = params["servers"].as_u64().map_or(1, |n| n as u32);
    let routing = params["routing"].as_str();
    let per_request = params["servers"] == "unlimited" || !params["keep_alive_s"].is_null();
    if per_request {
        let max = params["max_instances"].as_u64().unwrap_or(100_000);
        // A label wants more than 0, and a pod in use is looked at once in each keep-alive: none at all is one in which hardly
        // ever a request comes.
        let shortest = 0.004 / number(params, "arrival_rate_per_s").unwrap_or(1.0);
        let keep = number(params, "keep_alive_s").unwrap_or(600.0).max(shortest);
        for (key, value) in [
            ("com.openfaas.scale.type", "per-request".to_string()),
            ("com.openfaas.scale.zero", "true".into()),
            ("com.openfaas.scale.max", max.to_string()),
            ("com.openfaas.scale.zero-duration", format!("{keep}s")),
        ] {
            spec.labels.insert(key.into(), value);
        }
    } else if let Some(cores) = params["cores"].as_u64() {
        setup.nodes = vec![Node { id: NodeId(0), name: "node-1".into(), cores: cores as u32 }];
        (model.max_inflight, model.queue_limit) = (capacity.map(|k| k as u32), capacity.map(|_| 0));
    } else if let Some(routing) = routing {
        // One queue each: the gateway does not hold requests back, the pods do.
        setup.settings.routing = match routing {
            "random" => RoutingPolicy::Random,
            "round_robin" => RoutingPolicy::RoundRobin,
            other => panic!("unknown routing {other}"),
        };
        model.workers = Some(1);
    } else {
        model.max_inflight = Some(1);
        model.queue_limit = capacity.map(|k| k - servers as usize);
    }
    if params["cores"].is_null() {
        setup.cpu = CpuModel::Unlimited;
    }
    let cores = params["cores"].as_f64();
    let name = FunctionName::parse("f");
    setup = setup.function(spec, model);
    if !per_request && cores.is_none() {
        setup = setup.at(Time::ZERO, Command::Scale { function: name, replicas: servers });
    }
    let mut simulation = Simulation::new(setup.load(Source::new("f", arrivals(params))), ());
    simulation.until_offered(n / 20, Time::MAX);
    simulation.restart_measuring();
    simulation.until_offered(n - n / 20, Time::MAX);
    let report = simulation.report();
    let span = report.to_s - report.from_s;
    let Some(f) = report.functions.first() else { return Err(format!("refused: {:?}", report.refusals)) };

    let mut wrong = Vec::new();
    for (metric, expected) in case["expect"].as_object().expect("expect is an object") {
        let expected = expected.as_f64().expect("a number");
        let measured = measure(f, metric, span, cores.unwrap_or(f64::from(servers)), cores.is_some());
        if (measured - expected).abs() > tolerance * expected.abs() {
            wrong.push(format!(
                "{metric} is {measured:.6}, expected {expected:.6} ± {:.1} %",
                tolerance * 100.0
            ));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}

fn measure(f: &FunctionReport, metric: &str, span: f64, servers: f64, by_cpu: bool) -> f64 {
    let accepted = f.wait.count as f64;
    match metric {
        "prob_wait" => f.waited as f64 / accepted,
        "mean_wait_s" => f.wait.mean,
        "p95_wait_s" => f.wait.p95,
        "mean_response_s" => f.response.mean,
        "p95_response_s" => f.response.p95,
        "p99_response_s" => f.response.p99,
        "mean_queue_len" => f.mean_queued,
        "mean_in_system" => f.mean_in_system,
        "mean_busy" => f.mean_busy,
        "variance_busy" => f.variance_busy,
        "prob_empty" => f.prob_empty,
        "utilization" if by_cpu => f.cpu_seconds / span / servers,
        "utilization" => f.mean_busy / servers,
        "throughput_per_s" => f.throughput,
        "reject_fraction" => f.refused as f64 / f.offered as f64,
        "cold_start_fraction" => f.pods_started as f64 / f.offered as f64,
        "instance_up_fraction" | "instance_up_mean" => f.mean_pods,
        "mean_stretch" => f.response.mean / f.mean_service,
        other => panic!("unknown metric {other}"),
    }
}
