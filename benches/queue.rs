//! What group commit brings: calls that are added one after the other, each with a commit of its own, against as many at
//! once as come in while the one before is written. Both are on disk before anybody is told.
//!
//! Goal: more than 10,000 calls a second.
//!
//! `cargo bench --bench queue`

use faasim::live::asynchronous::{Call, Queue};
use std::time::{Duration, Instant};

/// How long each way is measured.
const FOR: Duration = Duration::from_secs(3);
/// Callers at once: as many connections as a busy gateway has.
const CALLERS: usize = 256;

fn call() -> Call {
    Call {
        call_id: "8f1c6a1e-4b0b-4f7e-9a53-1d0f3a3b9c11".into(),
        function: "echo.openfaas-fn".into(),
        headers: vec![("content-type".into(), "text/plain".into())],
        body: vec![b'x'; 200],
        ..Call::default()
    }
}

/// Calls per second that so many callers add, each waiting for its own.
async fn rate(callers: usize) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let queue = Queue::open(folder.path()).expect("a queue");
    let begun = Instant::now();
    let tasks = (0..callers).map(|_| {
        let queue = queue.clone();
        tokio::spawn(async move {
            let mut added = 0_u32;
            while begun.elapsed() < FOR {
                queue.add(call()).await.expect("it is kept");
                added += 1;
            }
            added
        })
    });
    let mut added = 0;
    for task in tasks.collect::<Vec<_>>() {
        added += task.await.expect("a task");
    }
    f64::from(added) / begun.elapsed().as_secs_f64()
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    // Run as a test (`cargo test --benches`), there is nothing to be said.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    for round in 1..=3 {
        let (single, grouped) = (rate(1).await, rate(CALLERS).await);
        println!(
            "round {round}: single commits {single:.0}/s, {CALLERS} callers {grouped:.0}/s, ratio {:.1}",
            grouped / single
        );
    }
}
