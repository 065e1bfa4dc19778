//! `faasim doctor`: what this machine has and lacks, and what to do about it.

use super::failure::{Failure, Outcome};
use super::{Client, Global};
use crate::live::provider::docker;
use rustix::fs::{StatVfs, statvfs};
use serde::Serialize;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

/// Look at this machine and say what faasim would miss
///
/// Nothing is changed. Each line is ok, a note (something works in another way, or less well) or wrong; the exit code is 1 when
/// something is wrong.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  faasim doctor\n  faasim doctor -o json")]
pub struct Args {
    /// How to print it
    #[arg(long, short, value_name = "FORMAT", value_parser = ["text", "json"], default_value = "text")]
    output: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Note,
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    state: State,
    found: String,
    /// What to do; empty when nothing has to be done.
    advice: String,
}

fn ok(what: &'static str, found: impl Into<String>) -> Finding {
    Finding { what, state: State::Ok, found: found.into(), advice: String::new() }
}

fn note(what: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding { what, state: State::Note, found: found.into(), advice: advice.into() }
}

fn wrong(what: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding { what, state: State::Wrong, found: found.into(), advice: advice.into() }
}

/// Looks.
///
/// # Errors
/// Something is wrong.
pub fn run(args: Args, global: &Global) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::failed(format_args!("cannot start: {e}")))?;
    let state = global.state();
    let cluster = runtime.block_on(cluster(global));
    let runs = cluster.state == State::Ok;
    let mut all = vec![cluster, runtime.block_on(engine())];
    all.extend(cores());
    all.push(memory());
    all.push(folder(&state));
    if !runs {
        all.push(port(8080, "gateway"));
        all.push(port(8082, "metrics"));
    }
    all.push(files());
    all.push(program("python3", "the sample function `hello` is written in Python", "apt install python3"));
    all.push(credentials());
    if args.output == "json" {
        println!("{}", serde_json::to_string_pretty(&all).unwrap_or_default());
    } else {
        say(&all);
    }
    match all.iter().filter(|f| f.state == State::Wrong).count() {
        0 => Ok(()),
        1 => Err(Failure::failed("one thing is wrong")),
        n => Err(Failure::failed(format_args!("{n} things are wrong"))),
    }
}

fn say(all: &[Finding]) {
    let width = all.iter().map(|f| f.what.len()).max().unwrap_or(0);
    for f in all {
        let mark = match f.state {
            State::Ok => "ok   ",
            State::Note => "note ",
            State::Wrong => "WRONG",
        };
        println!("{mark}  {:width$}  {}", f.what, f.found);
        if !f.advice.is_empty() {
            println!("       {:width$}  → {}", "", f.advice);
        }
    }
}

async fn cluster(global: &Global) -> Finding {
    let what = "cluster";
    let view = match Client::new(global) {
        Ok(client) => client.view().await.map(|view| (client.gateway().to_owned(), view)),
        Err(failure) => Err(failure),
    };
    match view {
        Ok((gateway, view)) => {
            let pods = view.snapshot.pods.len();
            ok(
                what,
                format!("runs at {gateway} with {} functions and {pods} pods", view.snapshot.functions.len()),
            )
        }
        Err(_) => note(what, "none answers", "`faasim up` starts one"),
    }
}

async fn engine() -> Finding {
    match docker::version().await {
        Ok(version) => ok("Docker engine", version),
        Err(why) => note(
            "Docker engine",
            why.to_string(),
            "pods will be plain processes of this machine; with an engine (and your user in the group `docker`) they are containers",
        ),
    }
}

fn cores() -> Vec<Finding> {
    let n = std::thread::available_parallelism().map_or(1, usize::from);
    let mut all = vec![match n {
        1 => note(
            "cores",
            "1",
            "load, gateway and pods share one core: latencies will say more about that than about scaling",
        ),
        n => ok("cores", n.to_string()),
    }];
    let controllers = std::fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").unwrap_or_default();
    if !controllers.contains("cpu") {
        let advice = "limits of process pods may not be enforced; Docker's are";
        all.push(note("cgroup v2", "its CPU controller is not here", advice));
    }
    all
}

fn memory() -> Finding {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes = text
        .lines()
        .find_map(|l| l.strip_prefix("MemAvailable:")?.split_whitespace().next()?.parse::<u64>().ok());
    match kilobytes {
        Some(k) if k < 512 << 10 => note(
            "memory",
            format!("{} MiB are free", k >> 10),
            "a pod of `mltest` takes about 30 MiB: keep max low",
        ),
        Some(k) => ok("memory", format!("{:.1} GiB are free", k as f64 / f64::from(1 << 20))),
        None => note("memory", "unknown", ""),
    }
}

fn folder(state: &Path) -> Finding {
    let what = "state folder";
    // It may not be there yet: what counts is where it would be made.
    let there = state.ancestors().find(|p| p.exists()).unwrap_or(Path::new("/"));
    let shown = state.display();
    if rustix::fs::access(there, rustix::fs::Access::WRITE_OK).is_err() {
        let advice = "make it writable, or choose another with `--state FOLDER`";
        return wrong(what, format!("{shown} cannot be written"), advice);
    }
    let free = |s: StatVfs| s.f_bavail.saturating_mul(s.f_frsize);
    match statvfs(there).map(free) {
        Ok(bytes) if bytes < 64 << 20 => wrong(
            what,
            format!("{shown}: {} MiB are free", bytes >> 20),
            "free some space: the journal alone may take 64 MiB",
        ),
        Ok(bytes) => ok(what, format!("{shown}, {:.0} GiB are free", bytes as f64 / f64::from(1 << 30))),
        Err(e) => note(what, format!("{shown}: {e}"), ""),
    }
}

fn port(number: u16, whose: &str) -> Finding {
    let what = if number == 8080 { "port 8080" } else { "port 8082" };
    match TcpListener::bind(("127.0.0.1", number)) {
        Ok(_) => ok(what, format!("free, for the {whose}")),
        Err(e) => note(
            what,
            format!("{e}"),
            format!("`faasim up --port N` takes another; `ss -ltnp 'sport = {number}'` shows who has it"),
        ),
    }
}

fn files() -> Finding {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    match limit {
        Some(n) if n < 1024 => note(
            "open files",
            format!("at most {n}"),
            "`ulimit -n 4096` before `faasim up` lets more requests in at once",
        ),
        Some(n) => ok("open files", format!("up to {n}")),
        None => ok("open files", "as many as you like"),
    }
}

fn program(name: &'static str, why: &str, advice: &str) -> Finding {
    match Command::new(name).arg("--version").output() {
        Ok(out) if out.status.success() => ok(name, String::from_utf8_lossy(&out.stdout).trim().to_owned()),
        _ => note(name, format!("not here; {why}"), advice),
    }
}

fn credentials() -> Finding {
    let home = std::env::var_os("HOME").map(std::path::PathBuf::from).unwrap_or_default();
    let file = std::env::var_os("OPENFAAS_CONFIG").map_or(home.join(".openfaas"), std::path::PathBuf::from);
    let file = file.join("config.yml");
    match std::fs::read_to_string(&file) {
        Ok(_) => ok("faas-cli", format!("its credentials are in {}", file.display())),
        Err(_) => note(
            "faas-cli",
            "it has no credentials yet",
            "`faasim password | faas-cli login --password-stdin` gives it this cluster's",
        ),
    }
}
