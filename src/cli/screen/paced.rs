//! A cluster in virtual time, whose time passes as fast as a person wants to watch.

use crate::cluster::command::{Command, Reply};
use crate::cluster::function::FunctionName;
use crate::cluster::time::Time;
use crate::dashboard::tui::link::{
    Invocation, Link, Load, LoadNews, LoadProgress, LogRow, Pace, STEP, Shape,
};
use crate::dashboard::tui::words::latency;
use crate::dashboard::view::{Answered, View};
use crate::lab::stage::Stage;
use crate::sim::{Arrivals, Law, Rate, Seconds, Source, Spacing, ThreadGroup};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_stream::wrappers::{ReceiverStream, WatchStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How often time passes, and a view is shown, at most.
const BEAT: Duration = Duration::from_millis(100);
/// A view shows no more than this of virtual time at once: charts draw a gap where nothing was seen for longer.
const AT_ONCE: f64 = 2.0;
/// How often a load tells how it goes.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// The way to a cluster in virtual time. Its time ends with the last of these.
#[derive(Clone)]
pub struct Paced {
    shared: Arc<Mutex<Shared>>,
    views: watch::Receiver<View>,
    _end: Arc<DropGuard>,
}

struct Shared {
    stage: Stage,
    pace: Pace,
    /// Loads and single requests wait for their answers here, by the source's number.
    waiting: BTreeMap<u32, oneshot::Sender<(String, Answered)>>,
    loads: BTreeMap<u32, Tally>,
    /// Which cluster it is: sources of an earlier one have the same numbers.
    era: u32,
}

/// The requests of a load so far.
#[derive(Default)]
struct Tally {
    began: Time,
    requests: u64,
    failed: u64,
    times: Vec<Duration>,
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Paced {
    /// Lets the time of a cluster pass. Runs on the present tokio runtime.
    pub fn start(mut stage: Stage, pace: Pace) -> Self {
        let (publish, views) = watch::channel(stage.view());
        let shared = Shared { stage, pace, waiting: BTreeMap::new(), loads: BTreeMap::new(), era: 0 };
        let shared = Arc::new(Mutex::new(shared));
        let stop = CancellationToken::new();
        let end = Arc::new(stop.clone().drop_guard());
        tokio::spawn(stop.run_until_cancelled_owned(pass(shared.clone(), publish)));
        Paced { shared, views, _end: end }
    }

    /// Another cluster takes the place of this one.
    pub fn restart(&self, stage: Stage) {
        let mut shared = lock(&self.shared);
        shared.stage = stage;
        shared.era += 1;
        shared.waiting.clear();
        shared.loads.clear();
    }
}

/// Time passes. What takes longer than a beat is not caught up with: the cluster is then slower than was asked for.
async fn pass(shared: Arc<Mutex<Shared>>, publish: watch::Sender<View>) {
    loop {
        let speed = lock(&shared).pace.speed;
        let beat = BEAT.min(Duration::from_secs_f64(AT_ONCE / speed.max(0.01)));
        tokio::time::sleep(beat).await;
        let view = {
            let mut shared = lock(&shared);
            if !shared.pace.still {
                let by = beat.mul_f64(shared.pace.speed);
                shared.stage.advance(by);
                shared.hand_out();
            }
            shared.stage.view()
        };
        publish.send_replace(view);
    }
}

impl Shared {
    fn hand_out(&mut self) {
        let answers = self.stage.answers();
        if answers.is_empty() {
            return;
        }
        let snapshot = self.stage.snapshot();
        for (function, source, answered) in answers {
            if let Some(tally) = self.loads.get_mut(&source) {
                tally.requests += 1;
                tally.failed += u64::from(answered.status >= 400);
                tally.times.push(answered.took);
            } else if let Some(waiting) = self.waiting.remove(&source) {
                let name = snapshot.functions.get(&function).map_or(String::new(), |f| f.spec.name.clone());
                // Whoever asked may have gone.
                let _ = waiting.send((name, answered));
            }
        }
    }
}

impl Link for Paced {
    fn views(&self) -> BoxStream<'static, Result<View, String>> {
        WatchStream::new(self.views.clone()).map(Ok).boxed()
    }

    fn apply(&self, command: Command) -> BoxFuture<'static, Result<Reply, String>> {
        let answer = lock(&self.shared).stage.apply(command).map_err(|refusal| refusal.to_string());
        std::future::ready(answer).boxed()
    }

    fn invoke(&self, function: FunctionName, _: Vec<u8>) -> BoxFuture<'static, Result<Invocation, String>> {
        let (sender, answer) = oneshot::channel();
        {
            let mut shared = lock(&self.shared);
            let now = shared.stage.now();
            let known = shared.stage.snapshot().function(&function).is_some();
            if !known {
                let none = format!("there is no function `{}`", function.name);
                return std::future::ready(Err(none)).boxed();
            }
            let times = Arrivals::Times(vec![Seconds(0.0)]);
            let source = Source { from: now, ..Source::new(&function.to_string(), times) };
            let number = shared.stage.send(source);
            shared.waiting.insert(number, sender);
        }
        async move {
            let (name, answered) =
                answer.await.map_err(|_| "the cluster was replaced before it answered".to_owned())?;
            let reply = reply(&name, &answered);
            Ok(Invocation { status: answered.status, took: answered.took, cold: answered.cold(), reply })
        }
        .boxed()
    }

    fn logs(&self, _: FunctionName) -> BoxStream<'static, Result<LogRow, String>> {
        let text = "pods in virtual time write nothing".into();
        stream::iter([Ok(LogRow { at: Time::ZERO, who: "faasim".into(), text })]).boxed()
    }

    fn own_log(&self) -> Option<BoxStream<'static, LogRow>> {
        None
    }

    fn load(&self, load: Load, stop: CancellationToken) -> BoxStream<'static, LoadNews> {
        let (era, number) = {
            let mut shared = lock(&self.shared);
            let now = shared.stage.now();
            let arrivals = match load.shape {
                Shape::Users(users) => Arrivals::Closed(ThreadGroup {
                    users,
                    ramp_up: Seconds(0.0),
                    think: Law::default(),
                    loops: None,
                }),
                Shape::Rate(rate) => Arrivals::Open { rate: Rate::Constant { rate }, spacing: Spacing::Even },
            };
            let until = load.duration.map_or(Time::MAX, |duration| now + duration);
            let source = Source { from: now, until, ..Source::new(&load.function.to_string(), arrivals) };
            let number = shared.stage.send(source);
            shared.loads.insert(number, Tally { began: now, ..Tally::default() });
            (shared.era, number)
        };
        let (sender, news) = mpsc::channel(8);
        tokio::spawn(tell(self.shared.clone(), (era, number), load.duration, stop, sender));
        ReceiverStream::new(news).boxed()
    }

    fn pace(&self) -> Option<Pace> {
        Some(lock(&self.shared).pace)
    }

    fn set_pace(&self, pace: Pace) {
        lock(&self.shared).pace = pace;
    }

    fn step(&self) {
        let mut shared = lock(&self.shared);
        shared.pace.still = true;
        shared.stage.advance(STEP);
        shared.hand_out();
    }
}

/// Tells how a load goes until it is over.
async fn tell(
    shared: Arc<Mutex<Shared>>,
    (era, number): (u32, u32),
    duration: Option<Duration>,
    stop: CancellationToken,
    news: mpsc::Sender<LoadNews>,
) {
    let mut tick = tokio::time::interval_at(Instant::now() + TELL_EVERY, TELL_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let stopped = tokio::select! {
            _ = tick.tick() => false,
            () = stop.cancelled() => true,
        };
        let told = {
            let mut shared = lock(&shared);
            let now = shared.stage.now();
            match shared.loads.get(&number).filter(|_| shared.era == era) {
                // Its cluster is gone, and so is the screen's memory of it.
                None => return,
                Some(tally) => {
                    let elapsed = now.since(tally.began);
                    if stopped || duration.is_some_and(|d| elapsed >= d) {
                        shared.stage.silence(number);
                        let tally = shared.loads.remove(&number).unwrap_or_default();
                        LoadNews::Ended(Ok(tally.summary(elapsed)))
                    } else {
                        let (requests, failed) = (tally.requests, tally.failed);
                        LoadNews::Running(LoadProgress { elapsed, requests, failed })
                    }
                }
            }
        };
        let over = matches!(told, LoadNews::Ended(_));
        // Whoever watched may have gone.
        if news.send(told).await.is_err() || over {
            return;
        }
    }
}

impl Tally {
    fn summary(mut self, elapsed: Duration) -> String {
        self.times.sort_unstable();
        let at = |share: f64| {
            let rank = (share * self.times.len() as f64).ceil() as usize;
            self.times.get(rank.saturating_sub(1)).copied().unwrap_or_default()
        };
        format!(
            "{} requests in {:.0} s, {} failed, p50 {}, p95 {}",
            self.requests,
            elapsed.as_secs_f64(),
            self.failed,
            latency(at(0.5)),
            latency(at(0.95))
        )
    }
}

/// What a function in virtual time answers: it has no words of its own, so it tells where the time went. What the
/// platform itself answers is in its own words.
fn reply(name: &str, a: &Answered) -> String {
    let parts = [("waited", a.waited, " for a pod"), ("queued", a.queued, ""), ("worked", a.worked, "")];
    let spent: Vec<String> = parts
        .into_iter()
        .filter(|(_, time, _)| !time.is_zero())
        .map(|(word, time, of)| format!("{word} {}{of}", latency(time)))
        .collect();
    let spent = if spent.is_empty() { "at once".into() } else { spent.join(", ") };
    match a.status {
        200 => format!("(a virtual function says nothing) {spent}"),
        408 => format!("Killed process.\n{spent}"),
        429 => "Too many requests.".into(),
        500 => format!("Can't reach service for: {name}.\n{spent}"),
        503 => format!("No endpoints available for: {name}.\n{spent}"),
        _ => spent,
    }
}
