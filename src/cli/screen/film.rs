//! A recording: what a journal tells, second by second, as a screen shows it. Nothing in it can be changed.

use crate::cluster::Cluster;
use crate::cluster::command::{Command, Reply};
use crate::cluster::event::Event;
use crate::cluster::function::{FunctionId, FunctionName};
use crate::cluster::pod::PodUid;
use crate::cluster::quantity::MilliCpu;
use crate::cluster::routing::Counters;
use crate::cluster::time::Time;
use crate::dashboard::tui::link::{Invocation, Link, Load, LoadNews, LogRow, Pace, STEP};
use crate::dashboard::view::{Platform, Traffic, Usage, View};
use crate::live::journal::{Input, Recording};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How often a picture is shown, at most.
const BEAT: Duration = Duration::from_millis(100);
/// A picture shows no more than this of the recording at once.
const AT_ONCE: f64 = 2.0;
/// What is said to whoever wants to change it.
const RECORDED: &str = "this is a recording: nothing in it can be changed";

/// The way to a recording.
pub struct Film {
    reel: Arc<Mutex<Reel>>,
    views: watch::Receiver<View>,
    _end: DropGuard,
}

/// A journal on its way through a core.
struct Reel {
    inputs: VecDeque<(Time, Input)>,
    cluster: Cluster,
    now: Time,
    pace: Pace,
    name: String,
    /// CPU of each pod when it was last measured.
    cpu: BTreeMap<PodUid, (Time, u64)>,
    usage: BTreeMap<PodUid, Usage>,
    counters: BTreeMap<FunctionId, (Time, Counters)>,
    traffic: BTreeMap<FunctionId, Traffic>,
}

fn lock(reel: &Mutex<Reel>) -> MutexGuard<'_, Reel> {
    reel.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Film {
    /// Plays a journal. Runs on the present tokio runtime.
    pub fn play(recording: Recording, name: &str, speed: f64) -> Self {
        let mut reel = Reel::new(recording, name, speed);
        let (publish, views) = watch::channel(reel.view());
        let reel = Arc::new(Mutex::new(reel));
        let stop = CancellationToken::new();
        let end = stop.clone().drop_guard();
        let shared = reel.clone();
        tokio::spawn(stop.run_until_cancelled_owned(async move {
            loop {
                let pace = lock(&shared).pace;
                let beat = BEAT.min(Duration::from_secs_f64(AT_ONCE / pace.speed.max(0.01)));
                tokio::time::sleep(beat).await;
                let mut reel = lock(&shared);
                if !pace.still {
                    reel.advance(beat.mul_f64(pace.speed));
                }
                publish.send_replace(reel.view());
            }
        }));
        Film { reel, views, _end: end }
    }
}

impl Reel {
    fn new(recording: Recording, name: &str, speed: f64) -> Self {
        let Recording { cluster, inputs } = recording;
        let now = inputs.first().map_or(Time::ZERO, |(at, _)| *at);
        Reel {
            inputs: inputs.into(),
            cluster,
            now,
            pace: Pace::at(speed),
            name: name.to_owned(),
            cpu: BTreeMap::new(),
            usage: BTreeMap::new(),
            counters: BTreeMap::new(),
            traffic: BTreeMap::new(),
        }
    }

    fn advance(&mut self, by: Duration) {
        self.now += by;
        while let Some((at, input)) = self.inputs.pop_front_if(|(at, _)| *at <= self.now) {
            if let Input::Handle(Event::Scraped { pods, functions, .. }) = &input {
                self.measured(at, pods, functions);
            }
            input.feed(&mut self.cluster, at);
            while self.cluster.poll_action().is_some() {}
        }
        if self.inputs.is_empty() {
            self.pace.still = true;
        }
    }

    fn measured(
        &mut self,
        at: Time,
        pods: &[crate::cluster::event::PodSample],
        functions: &[(FunctionId, Counters)],
    ) {
        for sample in pods {
            let before = self.cpu.insert(sample.uid, (sample.at, sample.cpu_total));
            let cpu = before.map_or(0.0, |(then, total)| {
                let span = sample.at.since(then).as_nanos().max(1) as f64;
                sample.cpu_total.saturating_sub(total) as f64 / span * 1e3
            });
            let usage = Usage { cpu: MilliCpu(cpu.round() as u64), memory: sample.memory, in_flight: 0 };
            self.usage.insert(sample.uid, usage);
        }
        for (id, now) in functions {
            let before = self.counters.insert(*id, (at, *now));
            let rate = before.map_or(0.0, |(then, c)| {
                now.completed.saturating_sub(c.completed) as f64 / at.since(then).as_secs_f64().max(1e-3)
            });
            let line = Traffic {
                rate,
                in_flight: now.in_flight,
                waiting: now.queued,
                total: now.completed,
                ..Traffic::default()
            };
            self.traffic.insert(*id, line);
        }
    }

    fn view(&mut self) -> View {
        let snapshot = self.cluster.snapshot(self.now);
        self.usage.retain(|uid, _| snapshot.pods.contains_key(uid));
        let platform = Platform {
            version: env!("CARGO_PKG_VERSION").into(),
            provider: "recorded".into(),
            gateway: self.name.clone(),
            ..Platform::default()
        };
        View {
            snapshot,
            traffic: self.traffic.clone(),
            usage: self.usage.clone(),
            calls: BTreeMap::new(),
            recent: BTreeMap::new(),
            platform,
        }
    }
}

impl Link for Film {
    fn views(&self) -> BoxStream<'static, Result<View, String>> {
        WatchStream::new(self.views.clone()).map(Ok).boxed()
    }

    fn apply(&self, _: Command) -> BoxFuture<'static, Result<Reply, String>> {
        std::future::ready(Err(RECORDED.into())).boxed()
    }

    fn invoke(&self, _: FunctionName, _: Vec<u8>) -> BoxFuture<'static, Result<Invocation, String>> {
        std::future::ready(Err(RECORDED.into())).boxed()
    }

    fn logs(&self, _: FunctionName) -> BoxStream<'static, Result<LogRow, String>> {
        let text = "a journal does not hold what pods wrote".into();
        stream::iter([Ok(LogRow { at: Time::ZERO, who: "faasim".into(), text })]).boxed()
    }

    fn own_log(&self) -> Option<BoxStream<'static, LogRow>> {
        None
    }

    fn load(&self, _: Load, _: CancellationToken) -> BoxStream<'static, LoadNews> {
        stream::iter([LoadNews::Ended(Err(RECORDED.into()))]).boxed()
    }

    fn pace(&self) -> Option<Pace> {
        Some(lock(&self.reel).pace)
    }

    fn set_pace(&self, pace: Pace) {
        let mut reel = lock(&self.reel);
        let ended = reel.inputs.is_empty();
        reel.pace = Pace { still: pace.still || ended, ..pace };
    }

    fn step(&self) {
        let mut reel = lock(&self.reel);
        reel.pace.still = true;
        reel.advance(STEP);
    }
}
