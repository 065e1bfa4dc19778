//! The load generator: closed-loop users as in JMeter, or an open loop of arrivals that do not wait for answers.
//!
//! **Coordinated omission.** A closed-loop user who waits for a slow answer sends nothing meanwhile, so the requests
//! that would have met the slowness are missing from the latencies: a closed loop measures what its users saw, not
//! what steady traffic would have seen, and the report says so. An open loop decides beforehand when each request
//! is to be sent and measures from that moment, however late it could be sent: nothing is omitted. The latency
//! from the actual send is reported beside it.

mod closed;
mod connection;
pub mod jtl;
mod open;
mod plan;
mod record;
mod report;
mod target;

pub use connection::Trace;
pub use plan::{Accept, Arrivals, LoadError, LoadPlan, Shape};
pub use record::{Bucket, Each, Ended, Failure, Latency, Progress, Window};
pub use report::{Correction, LateSends, LoadReport};
pub use target::Target;

use bytes::Bytes;
use record::Recorder;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

pub use crate::live::gateway::COLD_START_HEADER;

/// How often the observer is told.
const TICK: Duration = Duration::from_millis(250);

/// What all users of one run share.
struct Run {
    plan: LoadPlan,
    target: Target,
    recorder: Recorder,
    start: Instant,
    /// No request is begun after this.
    deadline: Option<Instant>,
    /// Requests begun so far.
    begun: AtomicU64,
    stop: CancellationToken,
}

impl Run {
    /// Takes one of the requests that are left and says which; none when no more are to be sent.
    fn take(&self) -> Option<u64> {
        let over = self.deadline.is_some_and(|d| Instant::now() >= d);
        if over || self.stop.is_cancelled() {
            return None;
        }
        let limit = self.plan.requests.unwrap_or(u64::MAX);
        let more = |n: u64| (n < limit).then_some(n + 1);
        self.begun.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()
    }

    /// The body of a request.
    fn body(&self, place: u64) -> Bytes {
        match self.plan.bodies.len() {
            0 => self.plan.body.clone(),
            n => self.plan.bodies[(place % n as u64) as usize].clone(),
        }
    }

    /// Whether another request may follow.
    fn goes_on(&self) -> bool {
        let left = self.plan.requests.is_none_or(|limit| self.begun.load(Ordering::Relaxed) < limit);
        left && !self.stop.is_cancelled() && self.deadline.is_none_or(|d| Instant::now() < d)
    }
}

/// Sends the load and tells `observer` four times a second how it goes. Cancelling `stop` ends it early; what was
/// measured until then is reported.
///
/// # Errors
/// A plan that makes no sense, or a host that cannot be found. What goes wrong with single requests is counted.
pub async fn run(
    plan: LoadPlan,
    observer: impl FnMut(&Progress),
    stop: CancellationToken,
) -> Result<LoadReport, LoadError> {
    run_each(plan, observer, None, stop).await
}

/// [`run`], and tells `each` of every request that ended.
///
/// # Errors
/// As [`run`].
pub async fn run_each(
    plan: LoadPlan,
    mut observer: impl FnMut(&Progress),
    each: Option<Each>,
    stop: CancellationToken,
) -> Result<LoadReport, LoadError> {
    plan.check()?;
    let target = Target::resolve(&plan.url).await?;
    if !plan.allow_remote && !target.is_loopback() {
        return Err(LoadError::Remote(target.to_string()));
    }
    let start = Instant::now();
    let run = Arc::new(Run {
        deadline: plan.duration.and_then(|d| start.checked_add(d)),
        plan,
        target,
        recorder: Recorder::new(each),
        start,
        begun: AtomicU64::new(0),
        stop,
    });
    let work = {
        let run = run.clone();
        async move {
            match run.plan.shape {
                Shape::Closed { users, ramp_up, think } => closed::run(&run, users, ramp_up, think).await,
                Shape::Open { rate, arrivals, in_flight } => open::run(&run, rate, arrivals, in_flight).await,
            }
        }
    };
    tokio::pin!(work);
    let mut tick = tokio::time::interval_at(start + TICK, TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = &mut work => break,
            _ = tick.tick() => observer(&run.recorder.progress(&run.plan, start)),
        }
    }
    observer(&run.recorder.progress(&run.plan, start));
    Ok(report::of(&run))
}
