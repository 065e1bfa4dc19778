//! Open loop: requests are sent when they are due, answered or not.
//!
//! Pacing has a thread of its own: a runtime's timer is a millisecond coarse, which would show in the latencies.

use super::Run;
use super::connection::Connection;
use super::plan::Arrivals;
use super::record::{Failure, Sample};
use rand::{RngExt, SeedableRng};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

/// A send this much after its time is the generator's fault, and counted.
const LATE: Duration = Duration::from_millis(5);

/// How far ahead of the sends the pacer may run when they cannot keep up.
const BACKLOG: usize = 1 << 14;

/// Sends until the end of the plan, and waits for the last answer.
pub(super) async fn run(run: &Arc<Run>, rate: f64, arrivals: Arrivals, in_flight: u32) {
    let (due, mut arrived) = mpsc::channel(BACKLOG);
    let pacer = {
        let run = run.clone();
        tokio::task::spawn_blocking(move || pace(&run, rate, arrivals, &due))
    };
    let idle = Arc::new(Mutex::new(Vec::<Connection>::new()));
    let room = Arc::new(Semaphore::new(in_flight as usize));
    let tasks = TaskTracker::new();
    while let Some(intended) = arrived.recv().await {
        if run.stop.is_cancelled() {
            break;
        }
        let permit = match room.clone().try_acquire_owned() {
            Ok(permit) => {
                let behind = Instant::now().saturating_duration_since(intended);
                if behind > LATE {
                    run.recorder.late(behind);
                }
                permit
            }
            Err(_) => {
                run.recorder.held_back();
                let acquired = tokio::select! {
                    permit = room.clone().acquire_owned() => permit.ok(),
                    () = run.stop.cancelled() => None,
                };
                let Some(permit) = acquired else { break };
                permit
            }
        };
        run.recorder.begin();
        let place = run.begun.fetch_add(1, Ordering::Relaxed);
        let (run, idle) = (run.clone(), idle.clone());
        tasks.spawn(async move {
            let taken = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = taken.unwrap_or_default();
            let sent = Instant::now();
            let result = tokio::select! {
                biased;
                result = connection.call(&run, run.body(place)) => result,
                () = run.stop.cancelled() => Err(Failure::Abandoned),
            };
            let answered = result.is_ok();
            run.recorder.record(Sample { user: 0, place, intended, sent, ended: Instant::now(), result });
            if answered {
                idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            }
            drop(permit);
        });
    }
    // The pacer ends by itself, or because nobody takes what is due any more.
    drop(arrived);
    let _ = pacer.await;
    tasks.close();
    tasks.wait().await;
}

/// Says of each request when it was due, as soon as it is.
fn pace(run: &Run, rate: f64, arrivals: Arrivals, due: &mpsc::Sender<Instant>) {
    let mut random = rand_pcg::Pcg64Mcg::seed_from_u64(run.plan.seed);
    let mut after = 0.0;
    let mut count: u64 = 0;
    loop {
        let intended = run.start + Duration::from_secs_f64(after);
        if run.deadline.is_some_and(|deadline| intended >= deadline) {
            return;
        }
        loop {
            let left = intended.saturating_duration_since(Instant::now());
            if run.stop.is_cancelled() {
                return;
            }
            if left.is_zero() {
                break;
            }
            std::thread::sleep(left.min(Duration::from_millis(50)));
        }
        if run.plan.requests.is_some_and(|limit| count >= limit) || due.blocking_send(intended).is_err() {
            return;
        }
        count += 1;
        after = match arrivals {
            // By multiplication, so that rounding does not add up.
            Arrivals::Constant => count as f64 / rate,
            // 1 - u is never 0: the logarithm is finite.
            Arrivals::Poisson => after - (1.0 - random.random::<f64>()).ln() / rate,
        };
    }
}
