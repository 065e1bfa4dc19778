//! Pods as plain processes: each is this very binary in watchdog mode on a loopback port of its own.
//!
//! A pod has a folder, `<state>/pods/<name>`: its log, its `TMPDIR`, its working folder unless it has a
//! handler's, and `pod.json` by which the next faasim finds it. A process has no cgroup of its own, so limits
//! of CPU and memory do not hold (see [`Provider::limitations`]).

mod birth;
mod exec;
mod life;
mod log;
mod passport;
mod sweep;
mod workshop;

use super::keeper::{Keeper, Runtime, StartFailure};
use super::{Config, Events, LogLine, LogQuery, PodCalls, Provider, ProviderError, StartPod};
use crate::cluster::event::PodSample;
use crate::cluster::function::FunctionSpec;
use crate::cluster::pod::{Exit, PodUid};
use crate::cluster::record::FoundPod;
use crate::live::control::{Board, Control};
use crate::live::exec::Exec;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use life::Running;
use passport::Passport;
use std::path::Path;
use std::time::Duration;
use sweep::Marks;
use tokio_util::sync::CancellationToken;
use workshop::Workshop;

/// Runs pods as processes of this machine.
pub struct ProcessProvider {
    keeper: Keeper<Processes>,
}

impl ProcessProvider {
    /// Takes no pod over yet. Call it inside the runtime that is to run the pods' tasks.
    pub fn new(config: Config) -> Self {
        let events = config.events.clone();
        let workshop = Workshop::new(&config.state_dir);
        ProcessProvider { keeper: Keeper::new(Processes { config, workshop }, events) }
    }

    fn config(&self) -> &Config {
        &self.keeper.runtime().config
    }

    /// Folders in the state folder that belong to no pod kept here.
    async fn strange_pods(&self) -> Result<Vec<String>, ProviderError> {
        let dir = self.config().state_dir.join("pods");
        let known = self.keeper.names();
        let mut strange = Vec::new();
        let entries = match std::fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(strange),
            Err(error) => {
                return Err(ProviderError(format!(
                    "the pods' folder {} cannot be read: {error}; choose another state folder with --state",
                    dir.display()
                )));
            }
        };
        for entry in entries.flatten() {
            if let Ok(name) = entry.file_name().into_string()
                && !known.contains(&name)
            {
                strange.push(name);
            }
        }
        Ok(strange)
    }

    /// Adopts the pod of this name, or removes what is left of it.
    async fn find_one(&self, name: String) -> Option<FoundPod> {
        let processes = self.keeper.runtime();
        let found = Passport::read(&processes.config.pod_dir(&name)).and_then(|passport| {
            let running = Running::adopt(&passport)?;
            Some((passport, running))
        });
        let Some((passport, running)) = found else {
            processes.clean(&name).await;
            return None;
        };
        let found = FoundPod {
            uid: passport.uid,
            name: passport.name,
            function: passport.function,
            template_hash: passport.template_hash,
            started: passport.started,
            address: running.address.clone(),
        };
        self.keeper.adopt(found.uid, name, running).then_some(found)
    }
}

impl Provider for ProcessProvider {
    fn name(&self) -> &'static str {
        "process"
    }

    fn limitations(&self, spec: &FunctionSpec) -> Vec<String> {
        let mut said = Vec::new();
        let limits = [("cpu", spec.limits.cpu.is_some()), ("memory", spec.limits.memory.is_some())];
        for (what, _) in limits.into_iter().filter(|(_, set)| *set) {
            said.push(format!(
                "limits.{what} does not hold: {}'s pods are processes without a cgroup; use --provider docker",
                spec.name
            ));
        }
        if spec.read_only_root_filesystem {
            said.push(format!("readOnlyRootFilesystem does not hold: {}'s pods are processes", spec.name));
        }
        said
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
            let names = self.strange_pods().await?;
            let found: Vec<_> = stream::iter(names.into_iter().map(|name| self.find_one(name)))
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
        match self.keeper.pod_name(uid) {
            Some(name) => log::read(self.config().pod_dir(&name).join("log"), name, query),
            None => stream::once(async move { Err(unknown(uid)) }).boxed(),
        }
    }

    fn exec(&self, uid: PodUid, exec: Exec) -> BoxFuture<'_, Result<i32, ProviderError>> {
        async move {
            let name = self.keeper.pod_name(uid).ok_or_else(|| unknown(uid))?;
            let passport = Passport::read(&self.config().pod_dir(&name)).filter(Passport::lives);
            let passport = passport.ok_or_else(|| {
                ProviderError(format!("pod {name} does not run now: look with `faasim get pods`"))
            })?;
            exec::run(&passport, exec).await
        }
        .boxed()
    }

    fn kill(&self, uid: PodUid) -> BoxFuture<'_, Result<(), ProviderError>> {
        async move {
            let name = self.keeper.pod_name(uid).ok_or_else(|| unknown(uid))?;
            let passport = Passport::read(&self.config().pod_dir(&name)).filter(Passport::lives);
            let pid = passport.and_then(|p| rustix::process::Pid::from_raw(p.pid));
            let pid = pid.ok_or_else(|| ProviderError(format!("pod {name} does not run now")))?;
            rustix::process::kill_process(pid, rustix::process::Signal::KILL)
                .map_err(|e| ProviderError(format!("pod {name} cannot be killed: {e}")))
        }
        .boxed()
    }

    fn remove_all(&self, grace: Duration) -> BoxFuture<'_, Result<(), ProviderError>> {
        async move {
            self.keeper.stop_all(grace).await;
            let processes = self.keeper.runtime();
            let strange = self.strange_pods().await?;
            let stops = strange.into_iter().map(|name| async move {
                let passport = Passport::read(&processes.config.pod_dir(&name));
                if let Some(running) = passport.and_then(|p| Running::adopt(&p)) {
                    processes.terminate(&name, running, grace).await;
                }
                processes.clean(&name).await;
            });
            stream::iter(stops).buffer_unordered(16).collect::<()>().await;
            // Gone when it is empty; another cluster's or a person's file may keep it.
            let _ = std::fs::remove_dir(processes.config.state_dir.join("pods"));
            Ok(())
        }
        .boxed()
    }
}

fn unknown(uid: PodUid) -> ProviderError {
    ProviderError(format!("pod number {uid} is not here: look with `faasim get pods`"))
}

/// How pods are run as processes.
struct Processes {
    config: Config,
    workshop: Workshop,
}

impl Processes {
    fn marks(&self, name: &str, watchdog: Option<i32>) -> Marks {
        Marks { pod: name.to_owned(), tmp: self.config.pod_dir(name).join("tmp"), watchdog }
    }
}

impl Runtime for Processes {
    type Running = Running;

    async fn launch(&self, pod: &StartPod, cancelled: &CancellationToken) -> Result<Running, StartFailure> {
        StartFailure::without_secrets(&self.config.state_dir, &pod.spec)?;
        match cancelled.run_until_cancelled(self.workshop.prepare(&pod.spec)).await {
            Some(prepared) => birth::start(&self.config, pod, &prepared?),
            None => Err(StartFailure::create(format!("pod {} was stopped while it was prepared", pod.name))),
        }
    }

    fn address(&self, running: &Running) -> String {
        running.address.clone()
    }

    fn watch(&self, uid: PodUid, running: &Running, board: Board, events: Events) -> Control {
        Control::hold(uid, running.address.clone(), running.token.clone(), board, events)
    }

    async fn exited(&self, name: &str, running: &mut Running, board: &Board) -> Exit {
        let exit = running.exited(board).await;
        sweep::sweep(self.marks(name, Some(running.pid))).await;
        exit
    }

    async fn terminate(&self, name: &str, mut running: Running, grace: Duration) {
        running.ask_to_end();
        let board = Board::default();
        let _ = tokio::time::timeout(grace, running.exited(&board)).await;
        sweep::sweep(self.marks(name, Some(running.pid))).await;
        // Ours to be buried: no zombie is left.
        running.exited(&board).await;
    }

    async fn end(&self, name: &str, running: &mut Running, board: &Board, grace: Duration) -> Exit {
        running.ask_to_end();
        let _ = tokio::time::timeout(grace, running.exited(board)).await;
        sweep::sweep(self.marks(name, Some(running.pid))).await;
        running.exited(board).await
    }

    async fn clean(&self, name: &str) {
        sweep::sweep(self.marks(name, None)).await;
        remove_folder(&self.config.pod_dir(name)).await;
    }
}

async fn remove_folder(dir: &Path) {
    if let Err(error) = tokio::fs::remove_dir_all(dir).await
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!("the pod's folder {} cannot be removed: {error}; remove it by hand", dir.display());
    }
}
