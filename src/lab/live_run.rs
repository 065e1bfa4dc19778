//! A scenario on a real cluster of its own, on this machine.
//!
//! It is started for the run in a state folder of its own, on ports of its own, and is gone afterwards. The clock starts
//! when the pods that the scenario begins with are ready.
//!
//! | file | question |
//! |---|---|
//! | `plans` | what is sent when? |
//! | `act` | how is a step done? |
//! | `watch` | what is seen? |
//! | `pins` | which cores belong to whom, and was the load generator the limit? |

mod act;
pub mod pins;
mod plans;
mod watch;

use super::load::{self, Ended};
use super::observations::Observations;
use super::runner::{Follow, Runner};
use super::scenario::{Provider, Scenario, Variant};
use crate::cluster::command::Command;
use crate::cluster::function::FunctionName;
use crate::live::host::Host;
use crate::live::settings::{ProviderChoice, Settings};
use act::apply;
use pins::Generator;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use watch::Watch;

/// How long the pods of the beginning may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long requests in flight may take when the run is over.
const GRACE: Duration = Duration::from_millis(500);

/// A real cluster.
#[derive(Clone, Copy, Debug)]
pub struct Live;

impl Runner for Live {
    fn mode(&self) -> &'static str {
        "live"
    }

    fn run(&self, variant: &Variant, seed: u64, follow: &mut dyn Follow) -> Result<Observations, String> {
        let folder = StateFolder::new()?;
        let s = &variant.scenario;
        let mut generator = Generator::start(s.platform.pin)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|e| format!("threads cannot be started: {e}"))?;
        let outcome = runtime.block_on(async {
            let host = Host::start(&settings(variant, &folder.0)).await.map_err(|e| e.to_string())?;
            follow.began(&host.handle);
            let outcome = on(&host, s, seed, &mut generator, follow).await;
            let gone = host.stop().await;
            let seen = outcome?;
            gone.map_err(|e| format!("the cluster's pods could not all be removed: {e}"))?;
            Ok(seen)
        });
        runtime.shutdown_timeout(Duration::from_secs(2));
        generator.stop();
        outcome
    }
}

/// A folder for one run, which is gone when it is over.
struct StateFolder(PathBuf);

impl StateFolder {
    fn new() -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("faasim-run-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&path).map_err(|e| format!("cannot make {}: {e}", path.display()))?;
        Ok(StateFolder(path))
    }
}

impl Drop for StateFolder {
    fn drop(&mut self) {
        // What a pod may still write there is of no use to anybody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn settings(variant: &Variant, folder: &Path) -> Settings {
    let mut settings = variant.settings.clone();
    settings.state.dir = Some(folder.to_owned());
    (settings.gateway.port, settings.gateway.metrics_port) = (0, 0);
    settings.state.history = settings.state.history.max(1000);
    settings.pods.provider = match variant.scenario.platform.provider {
        Provider::Docker => ProviderChoice::Docker,
        Provider::Process => ProviderChoice::Process,
    };
    settings
}

/// Requests that have ended, with the load that sent them.
type Inbox = Arc<Mutex<Vec<(usize, Ended)>>>;

async fn on(
    host: &Host,
    s: &Scenario,
    seed: u64,
    generator: &mut Generator,
    follow: &mut dyn Follow,
) -> Result<Observations, String> {
    for f in &s.function {
        let mut spec = f.spec();
        // In a container faasim's own functions are in faasim's own image, unless another is named.
        let own = spec.env_process.as_deref().is_some_and(|p| p.starts_with("faasim "));
        if s.platform.provider == Provider::Docker && own && f.image.is_none() && f.stack.is_none() {
            spec.image = "faasim/base:latest".into();
        }
        apply(host, Command::Deploy(spec)).await.map_err(|e| format!("function `{}`: {e}", f.name))?;
        if let Some(replicas) = f.replicas {
            let function = FunctionName::parse(&f.name);
            apply(host, Command::Scale { function, replicas }).await?;
        }
    }
    ready(host, s, follow).await?;

    let began = host.handle.view().snapshot.at;
    let start = Instant::now();
    let inbox: Inbox = Arc::default();
    let stop = CancellationToken::new();
    let mut seen = Watch::new(s, began, start);
    let mut loads = JoinSet::new();
    for (i, l) in s.load.iter().enumerate() {
        for (at, plan) in plans::of(host, s, l, i, seed)? {
            let (inbox, stop) = (inbox.clone(), stop.clone());
            let send = async move {
                tokio::select! {
                    () = sleep_until(start + at) => {}
                    () = stop.cancelled() => return Ok(None),
                }
                let each = move |ended: Ended| {
                    inbox.lock().unwrap_or_else(PoisonError::into_inner).push((i, ended));
                };
                load::run_each(plan, |_| {}, Some(Box::new(each)), stop).await.map(Some)
            };
            loads.spawn_on(send, generator.handle());
        }
    }
    let drain = || std::mem::take(&mut *inbox.lock().unwrap_or_else(PoisonError::into_inner));
    let mut todo = act::todo(s);
    let end = start + s.duration.duration();
    let mut next_row = start + s.sample.duration();
    let early = loop {
        let next_step = todo.first().map_or(end, |(at, _)| start + *at);
        sleep_until(next_row.min(next_step).min(end)).await;
        let now = Instant::now();
        while todo.first().is_some_and(|(at, _)| start + *at <= now) {
            let (at, step) = todo.remove(0);
            if let Err(why) = act::step(host, s, &step).await {
                seen.note(format!("at {} s: {why}", at.as_secs_f64()));
            }
        }
        if now >= next_row {
            seen.row(&host.handle.view(), drain());
            next_row = (next_row + s.sample.duration()).max(now);
        }
        let early = !follow.look(seen.seen(), now.duration_since(start).as_secs_f64());
        if now >= end || early {
            break early;
        }
    };
    // What is under way when the run ends may end; what takes longer is not counted.
    tokio::time::sleep(if early { Duration::ZERO } else { GRACE }).await;
    stop.cancel();
    while let Some(done) = loads.join_next().await {
        match done {
            Ok(Err(why)) => seen.note(format!("load: {why}")),
            Ok(Ok(Some(report))) if report.late.requests > 0 => {
                generator.late(report.late.requests, report.requests);
            }
            _ => {}
        }
    }
    seen.last(&host.handle.view(), drain());
    for note in generator.notes() {
        seen.note(note);
    }
    Ok(seen.finish(early))
}

/// Waits for the pods that the scenario begins with.
async fn ready(host: &Host, s: &Scenario, follow: &mut dyn Follow) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    let nothing = Observations::default();
    loop {
        let view = host.handle.view();
        let missing = s.function.iter().find(|f| {
            let state = view.snapshot.function(&FunctionName::parse(&f.name));
            state.is_none_or(|state| state.ready < state.replicas)
        });
        let Some(f) = missing else { return Ok(()) };
        let stopped = !follow.look(&nothing, 0.0);
        if Instant::now() > deadline || stopped {
            let waits = view.snapshot.pods.values().find(|p| p.spec.name == f.name && !p.ready);
            let why = waits.map_or(String::new(), |p| format!(": {} is {}", p.name, p.status()));
            return Err(format!("the pods of `{}` are not ready{why}", f.name));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
