//! Pods as containers of a Docker engine.
//!
//! A container of a function whose image was made here runs this very binary as its watchdog (see `layer`) and
//! is held by a stream, as a process is. An image with another watchdog is probed, and measured by the engine.
//! The container's labels say whose it is; its token is kept in the state folder, from where the next faasim
//! takes it to adopt the pod.

mod build;
pub mod builder;
mod container;
mod engine;
mod exec;
mod foreign;
mod image;
mod layer;
mod logs;

use super::keeper::{Keeper, Runtime, StartFailure};
use super::{Config, Events, LogLine, LogQuery, PodCalls, Provider, ProviderError, StartPod, token};
use crate::cluster::event::PodSample;
use crate::cluster::pod::{Exit, PodUid};
use crate::cluster::record::FoundPod;
use crate::live::control::{Board, Control};
use crate::live::exec::Exec;
use container::{Listed, Running};
use engine::Engine;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use image::Images;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// The engine that answers, in words: for those who only ask whether there is one.
///
/// # Errors
/// None answers, or it refuses: a sentence that says what to do.
pub async fn version() -> Result<String, ProviderError> {
    let engine = Engine::connect().await?;
    let version = engine.docker.version().await.map_err(|e| ProviderError(e.to_string()))?;
    Ok(format!("Docker {}", version.version.unwrap_or_else(|| "of unknown version".into())))
}

/// A container that some faasim made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeContainer {
    /// Its name, which is its pod's.
    pub name: String,
    /// What tells its cluster from others.
    pub cluster: String,
    /// It has not ended.
    pub running: bool,
}

/// Every container of every cluster that the engine knows.
///
/// # Errors
/// No engine answers.
pub async fn containers() -> Result<Vec<MadeContainer>, ProviderError> {
    Engine::connect().await?.made().await
}

/// Runs pods as containers.
pub struct DockerProvider {
    keeper: Keeper<Containers>,
}

impl DockerProvider {
    /// Connects to the engine of `DOCKER_HOST`, or to the one of this machine.
    ///
    /// # Errors
    /// None answers, or it refuses: a sentence that says what to do.
    pub async fn connect(config: Config) -> Result<Self, ProviderError> {
        let engine = Engine::connect().await?;
        let images = Images::new(engine.clone(), config.exe.clone(), config.pull_policy);
        let events = config.events.clone();
        let turns = Semaphore::new(std::thread::available_parallelism().map_or(2, |n| n.get().max(2)));
        Ok(DockerProvider { keeper: Keeper::new(Containers { config, engine, images, turns }, events) })
    }

    fn containers(&self) -> &Containers {
        self.keeper.runtime()
    }

    fn name_of(&self, uid: PodUid) -> Result<String, ProviderError> {
        self.keeper.pod_name(uid).ok_or_else(|| {
            ProviderError(format!("pod number {uid} is not here: look with `faasim get pods`"))
        })
    }

    /// Adopts a container that runs, or removes it.
    async fn find_one(&self, listed: Listed) -> Option<FoundPod> {
        let containers = self.containers();
        match containers.engine.found(&listed.id, &containers.config).await {
            Some((found, running)) => {
                self.keeper.adopt(found.uid, found.name.clone(), running).then_some(found)
            }
            None => {
                containers.clean(&listed.pod).await;
                None
            }
        }
    }
}

impl Provider for DockerProvider {
    fn name(&self) -> &'static str {
        "docker"
    }

    fn start(&self, pod: StartPod) {
        self.keeper.start(pod);
    }

    fn stop(&self, uid: PodUid, grace: Duration) {
        self.keeper.stop(uid, grace);
    }

    fn end_container(&self, uid: PodUid, grace: Duration) {
        self.keeper.end_container(uid, grace);
    }

    fn find(&self) -> BoxFuture<'_, Result<Vec<FoundPod>, ProviderError>> {
        async {
            let containers = self.containers();
            let known = self.keeper.names();
            let listed = containers.engine.list(&containers.config.cluster_id).await?;
            let strange = listed.into_iter().filter(|c| !known.contains(&c.pod));
            let found = stream::iter(strange.map(|c| self.find_one(c)))
                .buffer_unordered(16)
                .filter_map(std::future::ready)
                .collect()
                .await;
            Ok(found)
        }
        .boxed()
    }

    fn samples(&self) -> Vec<PodSample> {
        self.keeper.samples()
    }

    fn calls(&self) -> Vec<PodCalls> {
        self.keeper.calls()
    }

    fn logs(&self, uid: PodUid, query: LogQuery) -> BoxStream<'static, Result<LogLine, ProviderError>> {
        match self.name_of(uid) {
            Ok(name) => logs::read(self.containers().engine.clone(), name, query),
            Err(error) => stream::once(async move { Err(error) }).boxed(),
        }
    }

    fn exec(&self, uid: PodUid, exec: Exec) -> BoxFuture<'_, Result<i32, ProviderError>> {
        async move { exec::run(&self.containers().engine, &self.name_of(uid)?, exec).await }.boxed()
    }

    fn kill(&self, uid: PodUid) -> BoxFuture<'_, Result<(), ProviderError>> {
        async move { self.containers().engine.kill(&self.name_of(uid)?).await }.boxed()
    }

    fn remove_all(&self, grace: Duration) -> BoxFuture<'_, Result<(), ProviderError>> {
        async move {
            self.keeper.stop_all(grace).await;
            let containers = self.containers();
            let listed = containers.engine.list(&containers.config.cluster_id).await?;
            let stops = listed.into_iter().map(|c| async move {
                containers.engine.stop(&c.id, grace).await;
                containers.clean(&c.pod).await;
            });
            stream::iter(stops).buffer_unordered(16).collect::<()>().await;
            let left = containers.engine.list(&containers.config.cluster_id).await?;
            if let Some(first) = left.first() {
                return Err(ProviderError(format!(
                    "{} containers of this cluster could not be removed, {} among them: try `docker rm -f {}`",
                    left.len(),
                    first.pod,
                    first.pod
                )));
            }
            // Gone when it is empty; another cluster's or a person's file may keep it.
            let _ = std::fs::remove_dir(containers.config.state_dir.join("pods"));
            Ok(())
        }
        .boxed()
    }
}

/// How pods are run as containers.
struct Containers {
    config: Config,
    engine: Engine,
    images: Images,
    /// As many containers are made at a time as there are cores: the first answers sooner than if all were made at once,
    /// and the last no later.
    turns: Semaphore,
}

impl Containers {
    async fn start(&self, pod: &StartPod) -> Result<Running, StartFailure> {
        // A pod that is restarted keeps its container, and with it its log.
        if pod.restarts > 0
            && let Some(token) = container::kept_token(&self.config, &pod.name)
            && self.engine.start(&pod.name).await.is_ok()
        {
            return self.engine.running(&pod.name, token).await;
        }
        let image = self.images.of(&pod.spec).await?;
        let secret = image.managed.then(token::random);
        // Closed never: then there would be no turns, and nobody to wait for.
        let _turn = self.turns.acquire().await;
        container::keep_token(&self.config, &pod.name, secret.as_deref())?;
        self.engine.create(&self.config, pod, &image, secret.as_deref()).await?;
        self.engine.start(&pod.name).await?;
        self.engine.running(&pod.name, secret).await
    }
}

impl Runtime for Containers {
    type Running = Running;

    async fn launch(&self, pod: &StartPod, cancelled: &CancellationToken) -> Result<Running, StartFailure> {
        StartFailure::without_secrets(&self.config.state_dir, &pod.spec)?;
        match cancelled.run_until_cancelled(self.start(pod)).await {
            Some(started) => started,
            None => Err(StartFailure::create(format!("pod {} was stopped while it was starting", pod.name))),
        }
    }

    fn address(&self, running: &Running) -> String {
        running.address.clone()
    }

    fn watch(&self, uid: PodUid, running: &Running, board: Board, events: Events) -> Control {
        match &running.token {
            Some(token) => Control::hold(uid, running.address.clone(), token.clone(), board, events),
            None => foreign::watch(uid, running, self.engine.clone(), board, events),
        }
    }

    async fn exited(&self, _: &str, running: &mut Running, _: &Board) -> Exit {
        loop {
            match self.engine.wait(&running.id).await {
                Ok(exit) => return exit,
                Err(error) => self.engine.until_it_answers(&error).await,
            }
        }
    }

    async fn terminate(&self, _: &str, running: Running, grace: Duration) {
        self.engine.stop(&running.id, grace).await;
    }

    async fn end(&self, name: &str, running: &mut Running, board: &Board, grace: Duration) -> Exit {
        self.engine.end(&running.id, grace).await;
        self.exited(name, running, board).await
    }

    async fn clean(&self, name: &str) {
        self.engine.remove(name).await;
        container::forget_token(&self.config, name);
    }
}
