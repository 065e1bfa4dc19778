//! What a cluster costs that nobody uses, and how soon it answers: the real program in an empty home, with pods that are
//! processes.
//!
//! `cargo bench --bench idle` prints both. The goals: a first reply within 500 ms of the start; then at most 1 % of a core
//! and 30 MB for faasim, and 6 MB for each watchdog.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const STACK: &str = "version: 1.0\nprovider: { name: openfaas }\nfunctions:\n  mltest: { image: faasim/base, fprocess: faasim function mltest, requests: { cpu: 10m } }\n";
const STARTS: usize = 5;
/// Until everything that belongs to the start is over.
const SETTLE: Duration = Duration::from_secs(10);
const IDLE: Duration = Duration::from_secs(30);

fn main() {
    let mut first: Vec<Duration> = (0..STARTS).map(|_| first_reply()).collect();
    first.sort();
    println!(
        "first reply of mltest, 50 epochs, after the start: {:.0} ms (median of {STARTS}, {:.0} at worst; goal 500)",
        first[STARTS / 2].as_secs_f64() * 1e3,
        first[STARTS - 1].as_secs_f64() * 1e3
    );
    idle();
}

/// A cluster with one function; it ends with this value.
struct Cluster {
    child: Child,
    port: u16,
    _home: tempfile::TempDir,
}

impl Cluster {
    fn start() -> Cluster {
        let home = tempfile::tempdir().expect("a temporary folder can be made");
        std::fs::write(home.path().join("stack.yml"), STACK).expect("it can be written");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        drop(listener);
        let mut command = Command::new(env!("CARGO_BIN_EXE_faasim"));
        command.args(["up", "--no-tui", "--provider", "process", "--port", &port.to_string()]);
        command.env_clear().env("PATH", std::env::var("PATH").unwrap_or_default()).env("HOME", home.path());
        command.current_dir(home.path()).stdin(Stdio::null()).stdout(Stdio::null());
        Cluster { child: command.spawn().expect("faasim starts"), port, _home: home }
    }

    /// The status of one request, if there is a reply.
    fn ask(&self) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.write_all(
            b"POST /function/mltest HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n\r\n50",
        )?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        Ok(reply)
    }

    fn until_it_answers(&self) {
        let begun = Instant::now();
        while !self
            .ask()
            .is_ok_and(|reply| reply.starts_with("HTTP/1.1 200") && reply.contains("Test Accuracy"))
        {
            assert!(begun.elapsed() < Duration::from_secs(30), "mltest does not answer");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Asked, not killed: it takes its pods with it.
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        let _ = self.child.wait();
    }
}

fn first_reply() -> Duration {
    let begun = Instant::now();
    let cluster = Cluster::start();
    cluster.until_it_answers();
    begun.elapsed()
}

fn idle() {
    let cluster = Cluster::start();
    cluster.until_it_answers();
    std::thread::sleep(SETTLE);
    let faasim = cluster.child.id();
    let watchdogs = children(faasim);
    let before = cpu(faasim);
    std::thread::sleep(IDLE);
    let used = cpu(faasim).saturating_sub(before).as_secs_f64() / IDLE.as_secs_f64();
    println!("idle, one function, no screen: {:.2} % of a core (goal 1)", used * 100.0);
    println!("faasim: {:.1} MB resident (goal 30)", resident(faasim));
    for watchdog in watchdogs {
        println!("its watchdog: {:.1} MB resident (goal 6)", resident(watchdog));
    }
}

fn children(of: u32) -> Vec<u32> {
    let task = Path::new("/proc").join(of.to_string()).join("task");
    let tasks = std::fs::read_dir(task).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|n| n.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// CPU time of all its threads, from the scheduler's own clock.
fn cpu(of: u32) -> Duration {
    let task = Path::new("/proc").join(of.to_string()).join("task");
    let tasks = std::fs::read_dir(task).into_iter().flatten().flatten();
    let times = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok());
    Duration::from_nanos(times.filter_map(|t| t.split(' ').next()?.parse::<u64>().ok()).sum())
}

/// Megabytes that `ps` calls RSS.
fn resident(of: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{of}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line.and_then(|l| l.trim().split(' ').next()?.parse().ok()).unwrap_or_default();
    kib * 1024.0 / 1e6
}
