//! Closed loop: users who wait for their answer.

use super::Run;
use super::connection::Connection;
use super::record::{Failure, Sample};
use crate::sim::Seconds;
use crate::sim::law::Sampler;
use crate::sim::random::Stream;
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
        let think = Thinking::new(&run, user, think);
        tasks.spawn(async move { live(&run, user, begins, think).await });
    }
    while tasks.join_next().await.is_some() {}
}

/// How long a user thinks each time.
enum Thinking {
    Always(Duration),
    Drawn(Sampler, Stream),
}

impl Thinking {
    fn new(run: &Run, user: u32, always: Duration) -> Self {
        match &run.plan.think {
            Some(law) => {
                let stream = Stream::new(run.plan.seed, &format!("user {user}"));
                Thinking::Drawn(law.sampler(), stream)
            }
            None => Thinking::Always(always),
        }
    }

    fn next(&mut self) -> Duration {
        match self {
            Thinking::Always(time) => *time,
            Thinking::Drawn(sampler, stream) => Seconds(sampler.draw(stream)).duration(),
        }
    }
}

async fn live(run: &Run, user: u32, begins: Duration, mut think: Thinking) {
    if !pause(run, run.start + begins).await {
        return;
    }
    run.recorder.user();
    let mut connection = Connection::default();
    while let Some(place) = run.take() {
        run.recorder.begin();
        let sent = Instant::now();
        let result = tokio::select! {
            biased;
            result = connection.call(run, run.body(place)) => result,
            () = run.stop.cancelled() => Err(Failure::Abandoned),
        };
        let refused = matches!(result, Err(Failure::NoConnection));
        run.recorder.record(Sample { user, place, intended: sent, sent, ended: Instant::now(), result });
        let think = think.next();
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
