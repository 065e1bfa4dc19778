//! A whole cluster as a user runs it: scaling under load, pods that are lost, and its own sudden end.

use crate::cluster::{Cluster, faasim, has_docker, pods_left, until};
use faasim::lab::load::{self, LoadPlan, LoadReport, Shape};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const BURN: &str = "  burn: { image: faasim/base, fprocess: faasim function burn, requests: { cpu: 10m } }\n";
const ECHO: &str = "  echo: { image: faasim/base, fprocess: faasim function echo, requests: { cpu: 10m } }\n";
const MLTEST: &str =
    "  mltest: { image: faasim/base, fprocess: faasim function mltest, requests: { cpu: 10m } }\n";

/// A lecture is short.
const QUICK: [&str; 6] = [
    "--set",
    "hpa.sync-period=2s",
    "--set",
    "metrics.interval=1s",
    "--set",
    "hpa.downscale-stabilization=4s",
];

/// A load that goes on until it is stopped.
struct Load {
    stop: CancellationToken,
    done: std::thread::JoinHandle<LoadReport>,
}

impl Load {
    fn on(cluster: &Cluster, function: &str, users: u32, body: &str) -> Load {
        let mut plan = LoadPlan::new(format!("{}/function/{function}", cluster.gateway));
        plan.shape = Shape::Closed { users, ramp_up: Duration::ZERO, think: Duration::ZERO };
        plan.body = body.to_owned().into();
        plan.duration = Some(Duration::from_secs(120));
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let done = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(load::run(plan, |_| {}, stopped)).unwrap()
        });
        Load { stop, done }
    }

    fn end(self) -> LoadReport {
        self.stop.cancel();
        self.done.join().unwrap()
    }
}

/// Requests that went wrong; those that the load itself gave up at its end did not.
fn lost(report: &LoadReport) -> u64 {
    report.failed - report.errors.get(&load::Failure::Abandoned).copied().unwrap_or(0)
}

#[test]
fn the_studys_function_scales_two_four_six_and_back_on_processes() {
    scales_two_four_six_and_back("process");
}

#[test]
fn the_studys_function_scales_two_four_six_and_back_in_containers() {
    match has_docker() {
        true => scales_two_four_six_and_back("docker"),
        false => eprintln!("skipped: no Docker engine answers"),
    }
}

fn scales_two_four_six_and_back(provider: &'static str) {
    let mut cluster = Cluster::up_on(provider, MLTEST, &QUICK);
    cluster.until_ready("mltest", 1);
    cluster.says(&["autoscale", "mltest", "--cpu-percent", "20", "--min", "2", "--max", "6"]);
    cluster.until_ready("mltest", 2);
    let load = Load::on(&cluster, "mltest", 4, "50");
    let under_load = cluster.until_ready("mltest", 6);
    let line = cluster.says(&["get", "hpa", "mltest", "--no-headers"]);
    let cells: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(cells[..2], ["mltest", "Deployment/mltest"]);
    assert_eq!(cells[3..6], ["2", "6", "6"], "{line}");
    let percent: u32 = cells[2].strip_suffix("%/20%").unwrap().parse().unwrap();
    assert!(percent > 200, "{line}");

    // One is deleted, one is killed: others take their places, and the rest stay.
    cluster.says(&["delete", "pod", &under_load[0]]);
    cluster.kill_pod(&under_load[1]);
    let healed = until("two new pods beside the four old", || {
        let pods = cluster.ready_pods("mltest");
        let kept = pods.iter().filter(|p| under_load[2..].contains(p)).count();
        let lost = pods.iter().any(|p| under_load[..2].contains(p));
        (pods.len() == 6 && kept == 4 && !lost).then_some(pods)
    });
    assert_eq!(healed.len(), 6);

    let report = load.end();
    // A request in the pod that was killed may have died with it, and no other.
    assert!(lost(&report) <= 4, "{:?} {:?}", report.statuses, report.errors);
    assert!(report.requests > 10, "{report:?}");
    cluster.until_ready("mltest", 2);
    let changes = cluster.changes("mltest");
    assert_eq!(changes[..3], [(1, 2), (2, 4), (4, 6)], "{changes:?}");
    assert_eq!(changes.last().unwrap().1, 2, "{changes:?}");

    assert_eq!(cluster.interrupt(), Some(0));
    let journal = cluster.state().join("journal.jsonl");
    let replayed = cluster.says(&["replay", journal.to_str().unwrap()]);
    assert!(replayed.contains("all as recorded"), "{replayed}");
    assert_eq!(pods_left(cluster.folder.path()), [""; 0]);
}

#[test]
fn no_request_fails_while_pods_come_and_go() {
    let cluster = Cluster::up(ECHO, &QUICK);
    cluster.until_ready("echo", 1);
    let load = Load::on(&cluster, "echo", 4, "hello");
    for replicas in ["4", "1", "3"] {
        cluster.says(&["scale", "echo", "--replicas", replicas]);
        cluster.until_ready("echo", replicas.parse().unwrap());
    }
    cluster.says(&["rollout", "restart", "echo"]);
    cluster.says(&["rollout", "status", "echo"]);
    let report = load.end();
    assert_eq!(lost(&report), 0, "{:?} {:?}", report.statuses, report.errors);
    assert!(report.requests > 50, "{report:?}");
}

#[test]
fn fifty_requests_at_once_wake_one_pod_from_zero() {
    let cluster = Cluster::up(ECHO, &[]);
    cluster.until_ready("echo", 1);
    cluster.says(&["scale", "echo", "--replicas", "0"]);
    until("no pod", || {
        let pods = cluster.json(&["get", "pods", "-o", "json"]);
        pods["items"].as_array().unwrap().is_empty().then_some(())
    });
    let mut plan = LoadPlan::new(format!("{}/function/echo", cluster.gateway));
    plan.shape = Shape::Closed { users: 50, ramp_up: Duration::ZERO, think: Duration::ZERO };
    plan.requests = Some(50);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let report = runtime.block_on(load::run(plan, |_| {}, CancellationToken::new())).unwrap();
    assert_eq!(report.statuses.get(&200), Some(&50), "{:?} {:?}", report.statuses, report.errors);
    assert_eq!(cluster.ready_pods("echo").len(), 1);
    let woken = cluster.json(&["explain", "echo", "--last", "50", "-o", "json"]);
    let woken = woken.as_array().unwrap().iter().filter(|d| d["scaler"] == "wake").count();
    assert_eq!(woken, 1);
}

#[test]
fn after_a_sudden_death_under_load_the_next_one_takes_the_pods_over_and_down_leaves_nothing() {
    let mut cluster = Cluster::up(&format!("{BURN}{ECHO}"), &[]);
    cluster.says(&["scale", "burn", "--replicas", "3"]);
    let mut before = cluster.until_ready("burn", 3);
    before.extend(cluster.until_ready("echo", 1));
    let load = Load::on(&cluster, "burn", 2, "5");
    cluster.again(&[]);
    load.end();
    let mut after = cluster.until_ready("burn", 3);
    after.extend(cluster.until_ready("echo", 1));
    assert_eq!(after, before);
    let reply = cluster.json(&["get", "deploy", "burn", "-o", "json"]);
    assert_eq!(reply["spec"]["replicas"], 3);

    let gateway = cluster.gateway.clone();
    let said = cluster.says(&["down"]);
    assert!(said.contains("nothing of the cluster"), "{said}");
    assert_eq!(pods_left(cluster.folder.path()), [""; 0]);
    let address = gateway.strip_prefix("http://").unwrap();
    assert!(std::net::TcpStream::connect(address).is_err(), "the port is still open");
}

#[test]
fn what_is_in_the_way_is_named() {
    let cluster = Cluster::up(ECHO, &[]);
    let said = |arguments: &[&str], state: Option<&str>| {
        let mut command = faasim(cluster.folder.path());
        if let Some(state) = state {
            command.env("FAASIM_STATE", state);
        }
        let done =
            command.args(["up", "--provider", "process", "--no-tui"]).args(arguments).output().unwrap();
        assert_eq!(done.status.code(), Some(1));
        let text = String::from_utf8(done.stderr).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        text
    };
    let held = said(&["--port", "0"], None);
    assert!(held.contains(&cluster.gateway) && held.contains("faasim down"), "{held}");
    let port = cluster.gateway.rsplit(':').next().unwrap();
    let other = tempfile::tempdir().unwrap();
    let taken = said(&["--port", port], other.path().to_str());
    assert!(taken.contains(&format!("port {port} on 127.0.0.1 is taken")), "{taken}");
    let unwritable = said(&["--port", "0"], Some("/proc/nowhere"));
    assert!(unwritable.contains("/proc/nowhere") && unwritable.contains("--state"), "{unwritable}");
}
