//! A running faasim: everything of `live/` put together, from the state folder to the gateway.

mod watching;

use crate::cluster::Cluster;
use crate::cluster::command::{Command, Refusal};
use crate::cluster::function::{FunctionSpec, is_dns_label};
use crate::cluster::namespaces::Namespace;
use crate::cluster::node::{Node, NodeId};
use crate::cluster::quantity::Bytes;
use crate::cluster::snapshot::Snapshot;
use crate::dashboard::view::Platform;
use crate::live::asynchronous::{Queue, QueueError, Through, Worker};
use crate::live::clock::system_clock;
use crate::live::controller::Controller;
use crate::live::folder::{Folder, FolderError};
use crate::live::gateway::traffic::Traffic;
use crate::live::gateway::{BindError, Gateway, GatewayConfig, Serving, api};
use crate::live::handle::{ApplyError, Handle};
use crate::live::journal::Journal;
use crate::live::metrics::Metrics;
use crate::live::prober::Prober;
use crate::live::provider::{self, Config, Kind, Provider, ProviderError};
use crate::live::router::Router;
use crate::live::sampler::Sampler;
use crate::live::secrets::Secrets;
use crate::live::settings::{ProviderChoice, Settings};
use crate::live::store::{Store, StoreError};
use http::HeaderValue;
use rand::RngExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use watching::Watching;

/// How long draining may take when faasim is stopped.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// Why faasim cannot start. Each says what, where and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The state folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The database in it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The port.
    #[error(transparent)]
    Gateway(#[from] BindError),
    /// The port of the metrics.
    #[error("cannot listen for metrics on 127.0.0.1: {0}")]
    Metrics(std::io::Error),
    /// Threads could not be started.
    #[error("cannot start the gateway's threads: {0}")]
    Threads(std::io::Error),
    /// Asynchronous calls cannot be kept.
    #[error("{0}; free some space, make the folder writable, or choose another with `--state`")]
    Queue(#[from] QueueError),
    /// This program cannot find itself, which pods are to run.
    #[error("cannot find the path of this program: {0}")]
    Program(std::io::Error),
}

/// A faasim that runs.
pub struct Host {
    /// How to talk to it.
    pub handle: Handle,
    /// `http://127.0.0.1:8080`.
    pub gateway: String,
    /// What a person should know about where the metrics are.
    pub metrics_note: Option<String>,
    /// The cluster as it stands, published anew when something happens.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    folder: Folder,
    serving: Serving,
    worker: JoinHandle<()>,
    controller: JoinHandle<()>,
    stop_controller: CancellationToken,
    provider: Arc<dyn Provider>,
}

impl Host {
    /// Takes hold of the state folder, adopts what an earlier faasim left there, and opens the gateway.
    ///
    /// # Errors
    /// The folder is held or cannot be written, the engine that was asked for does not answer, the port is
    /// taken. Nothing is left behind then.
    pub async fn start(settings: &Settings) -> Result<Self, StartError> {
        let mut folder = Folder::take(&settings.state.folder())?;
        let store = Store::open(folder.path())?;
        let clock = system_clock();
        let (router_events_out, router_events) = mpsc::unbounded_channel();
        let router = Arc::new(Router::new(clock.clone(), router_events_out));
        let traffic = Arc::new(Traffic::new());
        let (events_out, events) = mpsc::unbounded_channel();
        let config = Config {
            cluster_id: folder.cluster_id()?,
            state_dir: folder.path().to_path_buf(),
            exe: std::env::current_exe().map_err(StartError::Program)?,
            lease: settings.pods.lease,
            pull_policy: settings.pods.image_pull_policy,
            events: events_out.clone(),
        };
        let kind = match settings.pods.provider {
            ProviderChoice::Auto => None,
            ProviderChoice::Docker => Some(Kind::Docker),
            ProviderChoice::Process => Some(Kind::Process),
        };
        let (provider, provider_note) = provider::choose(kind, config).await?;
        let shutdown = CancellationToken::new();

        let (wishes_out, wishes) = mpsc::unbounded_channel();
        let sampler = Arc::new(Sampler::default());
        let password = folder.password()?;
        let cluster_settings = settings.to_cluster();
        let seed: u64 = rand::rng().random();
        let now = clock();
        // The gateway's port is taken before any pod is touched: a second `up` on it must change nothing.
        let empty = Cluster::new(now, cluster_settings.clone(), nodes(), seed).snapshot(now);
        let (snapshots, latest) = watch::channel(empty);
        let platform = Arc::new(std::sync::Mutex::new(Platform {
            version: env!("CARGO_PKG_VERSION").into(),
            provider: provider.name().into(),
            provider_note,
            state_dir: folder.path().display().to_string(),
            since: now,
            memory: memory(),
            ..Platform::default()
        }));
        let queue = Queue::open(folder.path())?;
        let published = latest.clone();
        let watching = Watching {
            clock: clock.clone(),
            latest: latest.clone(),
            traffic: traffic.clone(),
            router: router.clone(),
            sampler: sampler.clone(),
            provider: provider.clone(),
            platform: platform.clone(),
            queue: queue.clone(),
        };
        let view = watching.clone();
        let secrets = Secrets::of(folder.path());
        let handle = Handle::new(
            wishes_out,
            Arc::new(move || view.view()),
            provider.clone(),
            shutdown.clone(),
            secrets,
            queue.clone(),
            settings.asynchronous.max_body,
        );
        let token = format!("{:032x}", rand::rng().random::<u128>());
        let token = HeaderValue::from_str(&token).unwrap_or(HeaderValue::from_static(""));
        let gateway_config = GatewayConfig {
            port: settings.gateway.port,
            allowed_hosts: settings.gateway.allowed_hosts.clone(),
            upstream_timeout: settings.gateway.upstream_timeout,
            read_timeout: settings.gateway.read_timeout,
            write_timeout: settings.gateway.write_timeout,
            scale_from_zero: settings.gateway.scale_from_zero,
            password: settings.gateway.basic_auth.then_some(password),
            queue_worker: Some((token.clone(), settings.asynchronous.timeout)),
            ..GatewayConfig::default()
        };
        let gateway =
            Gateway::bind(gateway_config, router.clone(), traffic.clone(), api::router(handle.clone()))?;
        let address = format!("http://{}", gateway.address());
        folder.sign(&address)?;
        let metrics_port = settings.gateway.metrics_port_beside(gateway.address().port());
        let gauges = Arc::new(move || watching.gauges());
        let metrics =
            Metrics::bind(metrics_port, traffic.clone(), gauges).await.map_err(StartError::Metrics)?;
        let metrics_note = metrics.note();
        if let Ok(mut platform) = platform.lock() {
            platform.gateway.clone_from(&address);
            platform.metrics = format!("http://{}/metrics", metrics.address());
        }

        let records = store.records()?;
        let found = provider.find().await?;
        let cluster = Cluster::restore(now, cluster_settings, nodes(), seed, records, found);
        let journal = match settings.journal.enabled {
            true => Journal::begin(folder.path(), &cluster, settings.journal.max_size.0)
                .inspect_err(|e| tracing::warn!("there is no journal: {e}"))
                .ok(),
            false => None,
        };
        let stop_controller = CancellationToken::new();
        let controller = Controller {
            cluster,
            clock,
            provider: provider.clone(),
            router,
            traffic,
            store,
            journal,
            queue: queue.clone(),
            wishes,
            prober: Prober::new(events_out),
            events,
            router_events,
            snapshots,
        };
        let controller = tokio::spawn(controller.run(stop_controller.clone()));
        tokio::spawn(sampler.run(provider.clone(), stop_controller.clone()));
        // Kept up while requests drain: the last figures are worth a scrape too.
        tokio::spawn(metrics.serve(stop_controller.clone()));
        let worker = Worker {
            queue,
            through: Through { gateway: address.clone(), token },
            settings: settings.asynchronous.clone(),
            functions: latest,
            provider: provider.clone(),
        };
        let worker = tokio::spawn(worker.run(shutdown.clone()));
        let serving = gateway.serve(shutdown).map_err(StartError::Threads)?;
        Ok(Host {
            handle,
            gateway: address,
            metrics_note,
            snapshots: published,
            folder,
            serving,
            worker,
            controller,
            stop_controller,
            provider,
        })
    }

    /// Deploys functions that are not there yet, and updates those that are; says what each answered.
    pub async fn deploy(&self, specs: Vec<FunctionSpec>) -> Vec<(String, Result<Vec<String>, ApplyError>)> {
        let mut answers = Vec::new();
        for spec in specs {
            let name = spec.name.clone();
            let home = &spec.namespace;
            if is_dns_label(home) && !self.handle.view().snapshot.namespaces.contains_key(home) {
                // What a project's own file names, `up` makes; whoever else deploys must make it first, as in OpenFaaS.
                if let Err(error) = self.handle.apply(Command::CreateNamespace(Namespace::new(home))).await {
                    answers.push((name, Err(error)));
                    continue;
                }
            }
            let answer = match self.handle.apply(Command::Update(spec.clone())).await {
                Err(ApplyError::Refused(Refusal::NotFound(_))) => {
                    self.handle.apply(Command::Deploy(spec)).await
                }
                answer => answer,
            };
            answers.push((name, answer.map(|reply| reply.notes)));
        }
        answers
    }

    /// Ends it: requests in flight may finish, then every pod is stopped and removed. The functions stay
    /// written down for the next start.
    ///
    /// # Errors
    /// Some pod could not be removed.
    pub async fn stop(self) -> Result<(), ProviderError> {
        self.handle.shutdown().cancel();
        self.serving.join().await;
        let _ = self.worker.await;
        self.stop_controller.cancel();
        // It ends at once when it is told to; that it panicked would be said by the panic.
        let _ = self.controller.await;
        let removed = self.provider.remove_all(STOP_GRACE).await;
        drop(self.folder);
        removed
    }
}

/// This machine's memory, where the kernel tells.
fn memory() -> Bytes {
    let info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilo = info.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next());
    Bytes(kilo.and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) * 1024)
}

/// This machine.
fn nodes() -> Vec<Node> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = if name.trim().is_empty() { "localhost".into() } else { name.trim().to_owned() };
    let cores = std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(1));
    vec![Node { id: NodeId(0), name, cores }]
}
