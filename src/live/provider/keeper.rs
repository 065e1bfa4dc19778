//! One task per pod, the same for every provider: it carries out orders, waits for the pod's end, and reports.

use super::{Events, PodCalls, StartPod};
use crate::cluster::event::{Event, PodSample};
use crate::cluster::function::FunctionSpec;
use crate::cluster::pod::{Exit, PodUid};
use crate::cluster::quantity::Bytes;
use crate::cluster::time::Time;
use crate::live::control::{Board, Control};
use crate::live::secrets::Secrets;
use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// Why a pod could not be started.
#[derive(Debug)]
pub(super) struct StartFailure {
    /// As Kubernetes names it.
    pub(super) reason: &'static str,
    /// What, where, what to do.
    pub(super) message: String,
}

impl StartFailure {
    /// The container (or process) itself could not be made.
    pub(super) fn create(message: impl Into<String>) -> Self {
        StartFailure { reason: "CreateContainerError", message: message.into() }
    }

    /// What it is configured with is not there, as Kubernetes words it.
    pub(super) fn without_secrets(state: &Path, spec: &FunctionSpec) -> Result<(), Self> {
        Secrets::of(state).missing(spec).map_or(Ok(()), |name| {
            let message = format!("secret \"{name}\" not found: make it with `faasim secret create {name}`");
            Err(StartFailure { reason: "CreateContainerConfigError", message })
        })
    }
}

/// What a provider knows how to do with one pod.
pub(super) trait Runtime: Send + Sync + 'static {
    /// A pod that runs.
    type Running: Send + Sync + 'static;

    /// Starts it. What takes long (an image) ends early when `cancelled`.
    fn launch(
        &self,
        pod: &StartPod,
        cancelled: &CancellationToken,
    ) -> impl Future<Output = Result<Self::Running, StartFailure>> + Send;

    /// Host and port of its watchdog.
    fn address(&self, running: &Self::Running) -> String;

    /// Begins to watch its readiness and usage.
    fn watch(&self, uid: PodUid, running: &Self::Running, board: Board, events: Events) -> Control;

    /// Waits for its end; nothing it started is left then. May be dropped and called again.
    fn exited(
        &self,
        name: &str,
        running: &mut Self::Running,
        board: &Board,
    ) -> impl Future<Output = Exit> + Send;

    /// Asks it to end, waits at most `grace`, then kills it with all it started.
    fn terminate(
        &self,
        name: &str,
        running: Self::Running,
        grace: Duration,
    ) -> impl Future<Output = ()> + Send;

    /// The same for one that is kept to be started again; says how it ended.
    fn end(
        &self,
        name: &str,
        running: &mut Self::Running,
        board: &Board,
        grace: Duration,
    ) -> impl Future<Output = Exit> + Send;

    /// Removes what is left of a pod that does not run.
    fn clean(&self, name: &str) -> impl Future<Output = ()> + Send;
}

enum Order {
    Start(StartPod),
    Stop(Duration),
    End(Duration),
}

struct Kept {
    name: String,
    orders: mpsc::UnboundedSender<Order>,
    board: Board,
    /// An earlier faasim started it: it may work on something before it has said anything.
    adopted: bool,
}

struct Shared<R> {
    runtime: R,
    events: Events,
    pods: Mutex<BTreeMap<PodUid, Kept>>,
    tasks: TaskTracker,
    handle: tokio::runtime::Handle,
    let_go: CancellationToken,
}

/// All pods of a provider. Dropped, it lets go of them and stops none.
pub(super) struct Keeper<R: Runtime> {
    shared: Arc<Shared<R>>,
    _let_go: DropGuard,
}

impl<R: Runtime> Keeper<R> {
    /// Keeps pods in the runtime it is called in.
    pub(super) fn new(runtime: R, events: Events) -> Self {
        let let_go = CancellationToken::new();
        let shared = Shared {
            runtime,
            events,
            pods: Mutex::default(),
            tasks: TaskTracker::new(),
            handle: tokio::runtime::Handle::current(),
            let_go: let_go.clone(),
        };
        Keeper { shared: Arc::new(shared), _let_go: let_go.drop_guard() }
    }

    /// What it runs pods with.
    pub(super) fn runtime(&self) -> &R {
        &self.shared.runtime
    }

    /// Carries out `Provider::start`.
    pub(super) fn start(&self, pod: StartPod) {
        let mut pods = self.shared.lock();
        let kept = pods.entry(pod.uid).or_insert_with(|| self.keep(pod.uid, pod.name.clone(), None));
        // The task ends only after it has left the map, so it is there to listen.
        let _ = kept.orders.send(Order::Start(pod));
    }

    /// Carries out `Provider::stop`.
    pub(super) fn stop(&self, uid: PodUid, grace: Duration) {
        match self.shared.lock().get(&uid) {
            Some(kept) => drop(kept.orders.send(Order::Stop(grace))),
            None => self.shared.report(Event::PodGone { uid }),
        }
    }

    /// Carries out `Provider::end_container`.
    pub(super) fn end_container(&self, uid: PodUid, grace: Duration) {
        if let Some(kept) = self.shared.lock().get(&uid) {
            let _ = kept.orders.send(Order::End(grace));
        }
    }

    /// Takes over a pod that runs already. False when it is kept already.
    pub(super) fn adopt(&self, uid: PodUid, name: String, running: R::Running) -> bool {
        let mut pods = self.shared.lock();
        if pods.contains_key(&uid) {
            return false;
        }
        pods.insert(uid, self.keep(uid, name, Some(running)));
        true
    }

    fn keep(&self, uid: PodUid, name: String, running: Option<R::Running>) -> Kept {
        let (orders, inbox) = mpsc::unbounded_channel();
        let (board, adopted) = (Board::default(), running.is_some());
        let life = Life { shared: Arc::clone(&self.shared), uid, name: name.clone(), board: board.clone() };
        self.shared.tasks.spawn_on(
            async move {
                let let_go = life.shared.let_go.clone();
                let_go.run_until_cancelled(life.live(inbox, running)).await;
            },
            &self.shared.handle,
        );
        Kept { name, orders, board, adopted }
    }

    /// The name of a pod.
    pub(super) fn pod_name(&self, uid: PodUid) -> Option<String> {
        self.shared.lock().get(&uid).map(|kept| kept.name.clone())
    }

    /// The names of all pods.
    pub(super) fn names(&self) -> Vec<String> {
        self.shared.lock().values().map(|kept| kept.name.clone()).collect()
    }

    /// The latest usage of each pod that has reported any since it started.
    pub(super) fn samples(&self) -> Vec<PodSample> {
        let pods = self.shared.lock();
        let samples = pods.iter().filter_map(|(uid, kept)| {
            let report = kept.board.latest()?;
            Some(PodSample {
                uid: *uid,
                at: Time::from_nanos(report.at),
                cpu_total: report.cpu_ns,
                memory: Bytes(report.memory),
            })
        });
        samples.collect()
    }

    /// What each pod works on. One that we started gets its first call after its first report.
    pub(super) fn calls(&self) -> Vec<PodCalls> {
        let pods = self.shared.lock();
        let calls = pods.values().map(|kept| match kept.board.latest() {
            Some(report) => {
                Some(PodCalls { at: report.at, calls: report.names_calls.then_some(report.in_flight) })
            }
            None => kept.adopted.then(PodCalls::default),
        });
        calls.flatten().collect()
    }

    /// Stops all pods and waits until they are gone.
    pub(super) async fn stop_all(&self, grace: Duration) {
        for kept in self.shared.lock().values() {
            let _ = kept.orders.send(Order::Stop(grace));
        }
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        self.shared.tasks.reopen();
    }
}

impl<R> Shared<R> {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<PodUid, Kept>> {
        // Nothing that can panic runs under this lock.
        self.pods.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn report(&self, event: Event) {
        // Nobody listens any more when faasim is ending.
        let _ = self.events.send(event);
    }
}

struct Life<R: Runtime> {
    shared: Arc<Shared<R>>,
    uid: PodUid,
    name: String,
    board: Board,
}

impl<R: Runtime> Life<R> {
    async fn live(&self, mut inbox: mpsc::UnboundedReceiver<Order>, adopted: Option<R::Running>) {
        let runtime = &self.shared.runtime;
        let mut running = adopted.map(|r| self.watched(r));
        loop {
            let order = match &mut running {
                None => inbox.recv().await,
                Some((pod, _)) => tokio::select! {
                    order = inbox.recv() => order,
                    exit = runtime.exited(&self.name, pod, &self.board) => {
                        self.ended(running.take(), exit).await;
                        continue;
                    }
                },
            };
            match order {
                None => return,
                Some(Order::Start(pod)) => {
                    if running.is_none() {
                        let (started, stop) = self.start(&pod, &mut inbox).await;
                        running = started;
                        if let Some(grace) = stop {
                            return self.stop(running, grace).await;
                        }
                    }
                }
                Some(Order::Stop(grace)) => return self.stop(running, grace).await,
                Some(Order::End(grace)) => {
                    if let Some((pod, _)) = &mut running {
                        let exit = runtime.end(&self.name, pod, &self.board, grace).await;
                        self.ended(running.take(), exit).await;
                    }
                }
            }
        }
    }

    /// The pod runs no more, and stays.
    async fn ended(&self, running: Option<(R::Running, Control)>, exit: Exit) {
        if let Some((_, control)) = running {
            control.end().await;
        }
        self.board.clear();
        self.shared.report(Event::PodExited { uid: self.uid, exit });
    }

    /// Starts the pod; a stop that is ordered meanwhile cuts it short where that can be done, and is returned.
    async fn start(
        &self,
        pod: &StartPod,
        inbox: &mut mpsc::UnboundedReceiver<Order>,
    ) -> (Option<(R::Running, Control)>, Option<Duration>) {
        let cancelled = CancellationToken::new();
        let mut stop = None;
        let launch = self.shared.runtime.launch(pod, &cancelled);
        tokio::pin!(launch);
        let result = loop {
            tokio::select! {
                result = &mut launch => break result,
                Some(order) = inbox.recv(), if stop.is_none() => if let Order::Stop(grace) = order {
                    stop = Some(grace);
                    cancelled.cancel();
                }
            }
        };
        match result {
            Ok(running) => {
                let address = self.shared.runtime.address(&running);
                self.shared.report(Event::PodStarted { uid: self.uid, address });
                (Some(self.watched(running)), stop)
            }
            Err(failure) => {
                if stop.is_none() {
                    let StartFailure { reason, message } = failure;
                    let reason = reason.to_owned();
                    self.shared.report(Event::PodStartFailed { uid: self.uid, reason, message });
                }
                (None, stop)
            }
        }
    }

    fn watched(&self, running: R::Running) -> (R::Running, Control) {
        let events = self.shared.events.clone();
        let control = self.shared.runtime.watch(self.uid, &running, self.board.clone(), events);
        (running, control)
    }

    async fn stop(&self, running: Option<(R::Running, Control)>, grace: Duration) {
        if let Some((pod, control)) = running {
            // It stays held while it drains, however long that takes: else its lease would run.
            control.mute();
            self.shared.runtime.terminate(&self.name, pod, grace).await;
            control.end().await;
        }
        self.shared.runtime.clean(&self.name).await;
        self.shared.lock().remove(&self.uid);
        self.shared.report(Event::PodGone { uid: self.uid });
    }
}
