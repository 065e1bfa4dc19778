//! A whole cluster as a user runs it, with pods of both kinds: scaling under load, pods that are lost, and its own end,
//! sudden or not.

use crate::cluster::{Cluster, until};
use faasim::lab::load::{self, LoadPlan, LoadReport, Shape};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const BURN: &str = "  burn: { image: faasim/base, fprocess: faasim function burn, requests: { cpu: 10m } }\n";
const ECHO: &str = "  echo: { image: faasim/base, fprocess: faasim function echo, requests: { cpu: 10m } }\n";
const SLEEP: &str =
    "  sleep: { image: faasim/base, fprocess: faasim function sleep, requests: { cpu: 10m } }\n";
/// It asks for more than a pod uses that does nothing, even on a slow machine.
const MLTEST: &str =
    "  mltest: { image: faasim/base, fprocess: faasim function mltest, requests: { cpu: 50m } }\n";

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

/// What a person types to invoke a function.
fn curl(cluster: &Cluster, function: &str, body: &str) -> Output {
    let url = format!("{}/function/{function}", cluster.gateway);
    Command::new("curl").args(["-sS", "--fail", "-d", body, &url]).output().unwrap()
}

/// The same tests for pods that are processes and pods that are containers.
macro_rules! with_both_providers {
    ($($test:ident)*) => {
        mod with_processes {
            $(#[test]
            fn $test() {
                super::$test("process");
            })*
        }
        mod with_containers {
            $(#[test]
            fn $test() {
                if crate::engine::wanted() {
                    super::$test("docker");
                }
            })*
        }
    };
}

with_both_providers! {
    a_fresh_start_serves_the_samples
    the_studys_function_scales_two_four_six_and_back
    no_request_fails_while_pods_come_and_go
    fifty_requests_at_once_wake_one_pod_from_zero
    after_a_sudden_death_under_load_the_next_one_takes_the_pods_over
    down_takes_what_a_sudden_death_left
    an_interrupt_lets_a_request_in_flight_finish
}

fn a_fresh_start_serves_the_samples(provider: &'static str) {
    let mut cluster = Cluster::up_in(tempfile::tempdir().unwrap(), provider, &[]);
    cluster.until_ready("mltest", 1);
    let reply = curl(&cluster, "mltest", "50");
    assert!(reply.status.success(), "{reply:?}");
    let text = String::from_utf8(reply.stdout).unwrap();
    for pattern in [
        "(?m)^Epoch 50/50",
        r"(?m)^Test Accuracy: 0\.\d+$",
        r"(?m)^Predicted: [01]\.\d+$",
        "(?m)^Predicteds: [GB]$",
    ] {
        assert!(regex::Regex::new(pattern).unwrap().is_match(&text), "{pattern} in {text}");
    }
    let samples = ["mltest", "knn", "sleep", "burn", "echo", "env", "fail", "hello", "shout"];
    let mut listed: Vec<String> = cluster.says(&["list", "-q"]).lines().map(str::to_owned).collect();
    listed.sort_by_key(|name| samples.iter().position(|s| s == name));
    assert_eq!(listed, samples);
    assert_eq!(cluster.interrupt(), Some(0));
    assert_eq!(cluster.left(), [""; 0]);
}

fn the_studys_function_scales_two_four_six_and_back(provider: &'static str) {
    let mut cluster = Cluster::up_on(provider, MLTEST, &QUICK);
    cluster.until_ready("mltest", 1);
    let autoscale = |max: &str| {
        cluster.says(&["autoscale", "mltest", "--cpu-percent", "20", "--min", "2", "--max", max]);
    };
    let cells = || -> Vec<String> {
        let line = cluster.says(&["get", "hpa", "mltest", "--no-headers"]);
        line.split_whitespace().map(str::to_owned).collect()
    };
    let percent = || cells()[2].strip_suffix("%/20%").and_then(|n| n.parse::<u32>().ok());
    // Held at two until a whole window has seen the load: a look at its first milliseconds would find little.
    autoscale("2");
    cluster.until_ready("mltest", 2);
    let load = Load::on(&cluster, "mltest", 4, "50");
    until("the load in what is measured", || percent().filter(|percent| *percent > 200));
    cluster.says(&["delete", "hpa", "mltest"]);
    autoscale("6");
    cluster.until_ready("mltest", 6);
    let line = cells();
    assert_eq!(line[..2], ["mltest", "Deployment/mltest"]);
    assert_eq!(line[3..6], ["2", "6", "6"], "{line:?}");
    assert!(percent().is_some(), "{line:?}");
    let report = load.end();
    assert_eq!(lost(&report), 0, "{:?} {:?}", report.statuses, report.errors);
    assert!(report.requests > 10, "{report:?}");
    cluster.until_ready("mltest", 2);
    let changes = cluster.changes("mltest");
    assert_eq!(changes[..3], [(1, 2), (2, 4), (4, 6)], "{changes:?}");
    assert_eq!(changes.last().unwrap().1, 2, "{changes:?}");

    assert_eq!(cluster.interrupt(), Some(0));
    let journal = cluster.state().join("journal.jsonl");
    let replayed = cluster.says(&["replay", journal.to_str().unwrap()]);
    assert!(replayed.contains("all as recorded"), "{replayed}");
    assert_eq!(cluster.left(), [""; 0]);
}

#[test]
fn pods_that_are_lost_under_load_are_replaced_as_processes() {
    pods_that_are_lost_under_load_are_replaced("process");
}

#[test]
fn pods_that_are_lost_under_load_are_replaced_as_containers() {
    if crate::engine::wanted() {
        pods_that_are_lost_under_load_are_replaced("docker");
    }
}

fn pods_that_are_lost_under_load_are_replaced(provider: &'static str) {
    let cluster = Cluster::up_on(provider, BURN, &[]);
    cluster.says(&["scale", "burn", "--replicas", "4"]);
    let before = cluster.until_ready("burn", 4);
    let load = Load::on(&cluster, "burn", 4, "5");
    cluster.says(&["delete", "pod", &before[0]]);
    cluster.kill_pod(&before[1]);
    until("two new pods beside the two old", || {
        let pods = cluster.ready_pods("burn");
        let kept = pods.iter().filter(|p| before[2..].contains(p)).count();
        let lost = pods.iter().any(|p| before[..2].contains(p));
        (pods.len() == 4 && kept == 2 && !lost).then_some(())
    });
    until("the load goes on with them", || {
        let list = cluster.says(&["list"]);
        let line = list.lines().find(|line| line.starts_with("burn"))?;
        line.split_whitespace().nth(1)?.parse::<u32>().ok().filter(|calls| *calls > 20)
    });
    let report = load.end();
    // A request in the pod that was killed may have died with it, and no other: least in flight gives it one or two.
    assert!(lost(&report) <= 2, "{:?} {:?}", report.statuses, report.errors);
    assert!(report.requests > 10, "{report:?}");
    let pods = cluster.json(&["get", "pods", "-o", "json"]);
    for pod in pods["items"].as_array().unwrap() {
        assert_eq!(pod["status"]["containerStatuses"][0]["restartCount"], 0, "{pod}");
    }
}

fn no_request_fails_while_pods_come_and_go(provider: &'static str) {
    let cluster = Cluster::up_on(provider, BURN, &QUICK);
    cluster.until_ready("burn", 1);
    let load = Load::on(&cluster, "burn", 4, "5");
    let autoscale = |percent: &str| {
        cluster.says(&["autoscale", "burn", "--cpu-percent", percent, "--min", "2", "--max", "4"]);
    };
    autoscale("20");
    cluster.until_ready("burn", 4);
    // The same load is little for a target that is so high.
    cluster.says(&["delete", "hpa", "burn"]);
    autoscale("900000");
    cluster.until_ready("burn", 2);
    cluster.says(&["delete", "hpa", "burn"]);
    for replicas in ["4", "1", "3"] {
        cluster.says(&["scale", "burn", "--replicas", replicas]);
        cluster.until_ready("burn", replicas.parse().unwrap());
    }
    cluster.says(&["rollout", "restart", "burn"]);
    cluster.says(&["rollout", "status", "burn"]);
    let report = load.end();
    assert_eq!(lost(&report), 0, "{:?} {:?}", report.statuses, report.errors);
    assert!(report.requests > 50, "{report:?}");
}

fn fifty_requests_at_once_wake_one_pod_from_zero(provider: &'static str) {
    let cluster = Cluster::up_on(provider, ECHO, &[]);
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
    let woken: Vec<_> = woken.as_array().unwrap().iter().filter(|d| d["scaler"] == "wake").collect();
    assert_eq!(woken.len(), 1);
    assert_eq!((&woken[0]["from"], &woken[0]["to"]), (&0.into(), &1.into()));
}

fn after_a_sudden_death_under_load_the_next_one_takes_the_pods_over(provider: &'static str) {
    let mut cluster = Cluster::up_on(provider, &format!("{BURN}{ECHO}"), &[]);
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
    assert!(curl(&cluster, "burn", "1").status.success());

    let said = cluster.says(&["down"]);
    assert!(said.contains("nothing of the cluster"), "{said}");
    assert_eq!(cluster.left(), [""; 0]);
    // The functions are forgotten too.
    let said = cluster.run(&["get", "pods"]);
    assert_eq!(said.status.code(), Some(1), "{said:?}");
}

fn down_takes_what_a_sudden_death_left(provider: &'static str) {
    let mut cluster = Cluster::up_on(provider, ECHO, &[]);
    cluster.until_ready("echo", 1);
    cluster.die();
    assert_ne!(cluster.left(), [""; 0], "a pod outlives its cluster for a while");
    cluster.says(&["down"]);
    assert_eq!(cluster.left(), [""; 0]);
}

fn an_interrupt_lets_a_request_in_flight_finish(provider: &'static str) {
    let mut cluster = Cluster::up_on(provider, SLEEP, &[]);
    cluster.until_ready("sleep", 1);
    let url = format!("{}/function/sleep", cluster.gateway);
    let request =
        Command::new("curl").args(["-sS", "--fail", "-d", "2", &url]).stdout(Stdio::piped()).spawn();
    let request = request.unwrap();
    until("the request in its pod", || cluster.says(&["logs", "sleep"]).contains("Forking").then_some(()));
    assert_eq!(cluster.interrupt(), Some(0));
    let reply = request.wait_with_output().unwrap();
    assert!(reply.status.success(), "{reply:?}");
    assert!(String::from_utf8_lossy(&reply.stdout).contains("Finished the sleep"), "{reply:?}");
    assert_eq!(cluster.left(), [""; 0]);
}
