//! `faasim doctor`: what this machine has and lacks, and what to do about it.

mod around;
mod cluster;
mod machine;
mod network;
mod remains;

use super::Global;
use super::failure::{Failure, Outcome};
use crate::live::folder;
use serde::Serialize;

/// Look at this machine and at the cluster, and say what is wrong and what to type next
///
/// Nothing is changed. Each line is ok, a note (something works in another way, or less well) or WRONG; the exit code is 1 when
/// something is wrong.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim doctor\n  faasim doctor --all\n  faasim doctor -o json | jq '.[] | select(.state != \"ok\")'"
)]
pub struct Args {
    /// Print what is well too in the text, with its details
    #[arg(long, short)]
    all: bool,
    /// How to print it; JSON has everything
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
    let held = folder::holder(&state).and_then(|who| Some(who.split_once(" at ")?.1.to_owned()));
    let (mut all, runs) = runtime.block_on(cluster::look(global));
    all.push(machine::folder(&state));
    if !runs {
        let ports = network::configured();
        all.push(network::port("gateway's port", ports.0));
        all.push(network::port("metrics' port", ports.1));
    }
    all.push(runtime.block_on(cluster::engine()));
    all.extend(remains::processes());
    all.extend(runtime.block_on(remains::containers(&state, held.is_some())));
    all.extend(machine::all());
    all.extend(around::all(&state, held.as_deref()));
    if args.output == "json" {
        println!("{}", serde_json::to_string_pretty(&all).unwrap_or_default());
    } else {
        say(&all, args.all);
    }
    match all.iter().filter(|f| f.state == State::Wrong).count() {
        0 => Ok(()),
        1 => Err(Failure::failed("one thing is wrong")),
        n => Err(Failure::failed(format_args!("{n} things are wrong"))),
    }
}

/// What is wrong first, then notes, then what is well: in a line, or all of it.
fn say(findings: &[Finding], all: bool) {
    let width = findings.iter().map(|f| f.what.chars().count()).max().unwrap_or(0);
    for (state, mark) in [(State::Wrong, "WRONG"), (State::Note, "note "), (State::Ok, "ok   ")] {
        for f in findings.iter().filter(|f| f.state == state && (all || state != State::Ok)) {
            println!("{mark}  {:width$}  {}", f.what, f.found);
            if !f.advice.is_empty() {
                println!("       {:width$}  → {}", "", f.advice);
            }
        }
    }
    let well: Vec<&str> = findings.iter().filter(|f| f.state == State::Ok).map(|f| f.what).collect();
    if !all && !well.is_empty() {
        println!("ok     {} (`faasim doctor --all` shows more)", well.join(", "));
    }
}
