//! What the study's function costs: 80 epochs of `mltest` in one process, beside the same network in numpy.
//!
//! `cargo bench --bench mlp` prints both and their ratio; numpy is asked only where `python3` has it.
//! The goal is 20 ms or less.

use std::process::Command;
use std::time::{Duration, Instant};

const EPOCHS: &[u8] = b"80";
const RUNS: usize = 31;

fn main() {
    let run = || {
        let start = Instant::now();
        let done = faasim::functions::run("mltest", &mut &EPOCHS[..], &mut std::io::sink());
        assert!(done.is_ok(), "mltest failed");
        start.elapsed()
    };
    run();
    let mut times: Vec<Duration> = (0..RUNS).map(|_| run()).collect();
    times.sort();
    let ours = times[RUNS / 2].as_secs_f64() * 1e3;
    println!(
        "mltest, 80 epochs, reading the data and printing included: {ours:.1} ms (median of {RUNS} runs)"
    );
    match numpy() {
        Some(theirs) => println!(
            "numpy, 80 epochs of the same network: {theirs:.1} ms; {:.1} times as long",
            theirs / ours
        ),
        None => println!("numpy is not installed, so there is nothing to compare with: `pip install numpy`"),
    }
}

/// Milliseconds that numpy takes.
fn numpy() -> Option<f64> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/mlp_numpy.py");
    let done = Command::new("python3").arg(script).output().ok()?;
    String::from_utf8(done.stdout).ok()?.trim().parse().ok()
}
