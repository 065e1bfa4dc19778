//! Closed loop: users who wait for their answer.

use super::Run;
use super::connection::Connection;
use super::record::{Failure, Sample};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// Starts the users over the ramp-up, and returns when the last one has ended.
pub(super) async fn run(run: &Arc<Run>, users: u32, ramp_up: Duration, think: Duration) {
    let mut tasks = JoinSet::new();
    for user in 0..users {
        let begins = ramp_up.mul_f64(f64::from(user) / f64::from(users));
        let run = run.clone();
        tasks.spawn(async move { live(&run, begins, think).await });
    }
    while tasks.join_next().await.is_some() {}
}

async fn live(run: &Run, begins: Duration, think: Duration) {
    if !pause(run, run.start + begins).await {
        return;
    }
    run.recorder.user();
    let mut connection = Connection::default();
    while run.take() {
        run.recorder.begin();
        let sent = Instant::now();
        let result = tokio::select! {
            biased;
            result = connection.call(run) => result,
            () = run.stop.cancelled() => Err(Failure::Abandoned),
        };
        let refused = matches!(result, Err(Failure::NoConnection));
        run.recorder.record(&Sample { intended: sent, sent, ended: Instant::now(), result });
        // A server that refuses does so at once: do not spin.
        let rest = if refused { think.max(Duration::from_millis(10)) } else { think };
        if !(rest.is_zero() || run.goes_on() && pause(run, Instant::now() + rest).await) {
            return;
        }
    }
}

/// Waits; false when the load ended meanwhile.
async fn pause(run: &Run, until: Instant) -> bool {
    if until <= Instant::now() {
        return run.goes_on();
    }
    let until = run.deadline.map_or(until, |deadline| until.min(deadline));
    tokio::select! {
        () = sleep(until.saturating_duration_since(Instant::now())) => run.goes_on(),
        () = run.stop.cancelled() => false,
    }
}
