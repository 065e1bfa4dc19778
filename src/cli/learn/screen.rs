//! A lesson on the screen, beside its cluster.

use super::ground::Linked;
use super::print;
use super::progress::Progress;
use super::tutor::{Leader, Place};
use crate::cli::client::Client;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::logbook::LogBook;
use crate::cli::screen::{Local, Paced, Remote};
use crate::cli::signals::Signals;
use crate::cli::{Global, with_client};
use crate::cluster::command::Command;
use crate::cluster::function::FunctionName;
use crate::dashboard::tui::app::WhenClosed;
use crate::dashboard::tui::link::{Link, Pace};
use crate::dashboard::tui::{self};
use crate::lab::lesson::auto::{self, Quick, Told};
use crate::lab::lesson::{Act, Lesson, Walk, Where};
use crate::lab::scenario::Variant;
use crate::live::host::Host;
use crate::live::settings::{ProviderChoice, Settings};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How long a page may take, live, when somebody knows how.
const PATIENCE: Duration = Duration::from_secs(120);

/// How a lesson is run.
pub(super) struct Run {
    pub(super) lesson: Arc<Lesson>,
    /// The page to begin with, from 0.
    pub(super) page: usize,
    pub(super) progress: Progress,
}

impl Run {
    /// In virtual time.
    pub(super) fn in_virtual_time(self) -> Outcome {
        runtime()?.block_on(async {
            let mut ground = Quick::new(&self.lesson);
            let walked = auto::up_to(&self.lesson, self.page, &mut ground, auto::VIRTUAL_PATIENCE, |_| {});
            walked.await.map_err(Failure::failed)?;
            let (stage, loads) = ground.into_stage();
            let pace = Pace::at(self.lesson.speed);
            let time = Paced::start(stage, pace);
            let mut signals = Signals::listen(true)?;
            self.show(Arc::new(time.clone()), Some(time), loads, &mut signals).await
        })
    }

    /// On a real cluster of its own, which is gone afterwards.
    pub(super) fn live(self) -> Outcome {
        let book = LogBook::install();
        runtime()?.block_on(async {
            let mut signals = Signals::listen(true)?;
            let cluster = Cluster::start(self.lesson.variant(Where::Live)).await?;
            let link: Arc<dyn Link> =
                Arc::new(Local::new(cluster.host.handle.clone(), &cluster.host.gateway, book));
            let shown = self.show_prepared(link, &mut signals).await;
            let stopped = cluster.stop().await;
            shown.and(stopped)
        })
    }

    /// On the cluster that runs already.
    pub(super) fn here(self, global: &Global) -> Outcome {
        with_client(global, |client| async move {
            let mine = deploy_missing(&client, self.lesson.variant(Where::Live)).await?;
            let mut signals = Signals::listen(true)?;
            let link: Arc<dyn Link> = Arc::new(Remote::new(client.clone()));
            let shown = self.show_prepared(link, &mut signals).await;
            for name in mine {
                client.command(&Command::Remove(name)).await?;
            }
            shown
        })
    }

    /// Shows it, once the cluster is as it is to be when the page begins.
    async fn show_prepared(self, link: Arc<dyn Link>, signals: &mut Signals) -> Outcome {
        let mut loads = Vec::new();
        if self.page > 0 {
            println!("bringing the cluster to page {}; Ctrl-C leaves", self.page + 1);
            let mut ground = Linked::to(link.clone());
            let walked = auto::up_to(&self.lesson, self.page, &mut ground, PATIENCE, |_| {});
            tokio::select! {
                walked = walked => walked.map_err(Failure::failed)?,
                () = signals.any() => return Ok(()),
            }
            loads = ground.loads.values().map(|(act, _)| act.clone()).collect();
        }
        self.show(link, None, loads, signals).await
    }

    async fn show(
        self,
        link: Arc<dyn Link>,
        time: Option<Paced>,
        loads: Vec<Act>,
        signals: &mut Signals,
    ) -> Outcome {
        let place = Place::default();
        let (name, pages) = (self.lesson.name.clone(), self.lesson.pages.len());
        let walk = Walk::new(self.lesson, self.page);
        let mut leader = Leader::new(walk, time, self.progress, place.clone());
        leader.also(loads);
        let left = tui::run_with(link, WhenClosed::GoesOn, Some(Box::new(leader)), signals.any()).await;
        left.map_err(|e| Failure::failed(format_args!("the terminal cannot be used: {e}")))?;
        let page = *place.lock().unwrap_or_else(PoisonError::into_inner);
        match page {
            page if page >= pages => println!("`{name}` is done. `faasim learn` lists the other lessons."),
            page => println!("left at page {} of {pages}: `faasim learn {name}` goes on there.", page + 1),
        }
        Ok(())
    }
}

/// Walks a lesson on a real cluster of its own, and says how it goes.
pub(super) fn walked_live(lesson: &Arc<Lesson>) -> Outcome {
    runtime()?.block_on(async {
        let cluster = Cluster::start(lesson.variant(Where::Live)).await?;
        let link: Arc<dyn Link> =
            Arc::new(Local::new(cluster.host.handle.clone(), &cluster.host.gateway, LogBook::install()));
        let mut ground = Linked::to(link);
        let pages = lesson.pages.len();
        println!("{} ({} live)", lesson.title, lesson.name);
        let walked =
            auto::walk(lesson, &mut ground, PATIENCE, |told: Told<'_>| print::say(pages, &told)).await;
        drop(ground);
        let stopped = cluster.stop().await;
        walked.map_err(Failure::failed)?;
        println!("✓ walked to its end");
        stopped
    })
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|e| Failure::failed(format_args!("cannot start: {e}")))
}

/// A real cluster that is there for a lesson only, with a state folder and ports of its own.
struct Cluster {
    host: Host,
    folder: PathBuf,
}

impl Cluster {
    async fn start(variant: &Variant) -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(format!("faasim-learn-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder)
            .map_err(|e| Failure::failed(format_args!("cannot make {}: {e}", folder.display())))?;
        let mut settings: Settings = variant.settings.clone();
        settings.state.dir = Some(folder.clone());
        (settings.gateway.port, settings.gateway.metrics_port) = (0, 0);
        settings.pods.provider = match variant.scenario.platform.provider.name() {
            "docker" => ProviderChoice::Docker,
            _ => ProviderChoice::Process,
        };
        let started = Host::start(&settings).await;
        let host = match started {
            Ok(host) => host,
            Err(why) => {
                let _ = std::fs::remove_dir_all(&folder);
                return Err(Failure::failed(why));
            }
        };
        let cluster = Cluster { host, folder };
        match prepare(&cluster.host, variant).await {
            Ok(()) => Ok(cluster),
            Err(why) => {
                cluster.stop().await?;
                Err(Failure::failed(why))
            }
        }
    }

    /// Nothing of it is left.
    async fn stop(self) -> Outcome {
        let stopped = self.host.stop().await.map_err(Failure::failed);
        let _ = std::fs::remove_dir_all(&self.folder);
        stopped
    }
}

/// What a lesson begins with, as wishes.
fn wishes(variant: &Variant) -> Vec<Command> {
    let mut all = Vec::new();
    for f in &variant.scenario.function {
        all.push(Command::Deploy(f.spec()));
        if let Some(replicas) = f.replicas {
            all.push(Command::Scale { function: FunctionName::parse(&f.name), replicas });
        }
    }
    for a in &variant.scenario.autoscaler {
        all.push(Command::Autoscale {
            function: FunctionName::parse(&a.function),
            spec: crate::cluster::scaling::hpa::HpaSpec::cpu(a.cpu_percent, a.min, a.max),
            replace: true,
        });
    }
    all
}

async fn prepare(host: &Host, variant: &Variant) -> Result<(), String> {
    for wish in wishes(variant) {
        host.handle.apply(wish).await.map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// Deploys what a running cluster lacks; gives what has to be removed again.
async fn deploy_missing(client: &Client, variant: &Variant) -> Result<Vec<FunctionName>, Failure> {
    let there = client.view().await?.snapshot;
    let mut mine = Vec::new();
    for f in &variant.scenario.function {
        let name = FunctionName::parse(&f.name);
        if there.function(&name).is_none() {
            client.command(&Command::Deploy(f.spec())).await?;
            mine.push(name.clone());
        }
        if let Some(replicas) = f.replicas {
            client.command(&Command::Scale { function: name, replicas }).await?;
        }
    }
    Ok(mine)
}
