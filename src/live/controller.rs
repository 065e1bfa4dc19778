//! The one task that owns the [`Cluster`]: inputs go in, in order; actions come out and are carried out.

use crate::cluster::Cluster;
use crate::cluster::action::Action;
use crate::cluster::event::Event;
use crate::cluster::routing::Closing;
use crate::cluster::scaling::per_request;
use crate::cluster::snapshot::Snapshot;
use crate::cluster::time::Time;
use crate::live::asynchronous::Queue;
use crate::live::gateway::traffic::Traffic;
use crate::live::handle::{ApplyError, Wish};
use crate::live::journal::{Input, Journal};
use crate::live::prober::Prober;
use crate::live::provider::{Provider, StartPod};
use crate::live::router::{Clock, RouteLimits, Router, RouterEvent};
use crate::live::store::Store;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Everything that carries out the core's actions.
pub struct Controller {
    /// The core.
    pub cluster: Cluster,
    /// The clock that it is told.
    pub clock: Clock,
    /// Runs pods.
    pub provider: Arc<dyn Provider>,
    /// Routes requests.
    pub router: Arc<Router>,
    /// Counts requests.
    pub traffic: Arc<Traffic>,
    /// Keeps what must survive.
    pub store: Store,
    /// Records what went in; none when it is turned off or cannot be written.
    pub journal: Option<Journal>,
    /// Calls that are answered later: they are load too.
    pub queue: Queue,
    /// Wishes from the API and the screens.
    pub wishes: mpsc::UnboundedReceiver<Wish>,
    /// Asks pods how they are.
    pub prober: Prober,
    /// What the provider and the prober report.
    pub events: mpsc::UnboundedReceiver<Event>,
    /// What the gateway's threads report.
    pub router_events: mpsc::UnboundedReceiver<RouterEvent>,
    /// The cluster as it stands, published after every batch of inputs.
    pub snapshots: watch::Sender<Arc<Snapshot>>,
}

impl Controller {
    /// Runs until `shutdown`; the pods are left as they are then.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let now = (self.clock)();
        let _ = self.carry_out(now);
        self.publish(now);
        loop {
            let wait = self.cluster.poll_timeout().map_or(Duration::from_secs(3600), |t| t - (self.clock)());
            tokio::select! {
                () = shutdown.cancelled() => return,
                Some(wish) = self.wishes.recv() => self.wish(wish),
                Some(event) = self.events.recv() => self.happened(event),
                Some(event) = self.router_events.recv() => self.happened(match event {
                    RouterEvent::NoPod(function) => Event::NoPod { function },
                    RouterEvent::Drained(_, uid) => Event::Drained { uid },
                }),
                () = tokio::time::sleep(wait) => {
                    let now = (self.clock)();
                    self.feed(now, Input::Timeout);
                }
            }
            self.publish((self.clock)());
        }
    }

    fn happened(&mut self, event: Event) {
        let now = (self.clock)();
        self.feed(now, Input::Handle(event));
    }

    fn wish(&mut self, Wish { command, reply }: Wish) {
        let now = (self.clock)();
        if let Some(journal) = &mut self.journal {
            journal.input(now, &Input::Apply(Box::new(command.clone())));
        }
        let answer = self.cluster.apply(now, command).map_err(ApplyError::Refused);
        let written = self.carry_out(now);
        self.publish(now);
        // Whoever asked may have gone away; the wish is carried out all the same.
        let _ = reply.send(answer.and_then(|a| written.map(|()| a)));
    }

    fn feed(&mut self, now: Time, input: Input) {
        if let Some(journal) = &mut self.journal {
            journal.input(now, &input);
        }
        input.feed(&mut self.cluster, now);
        if let Err(error) = self.carry_out(now) {
            tracing::error!("{error}");
        }
    }

    fn publish(&mut self, now: Time) {
        self.snapshots.send_replace(self.cluster.snapshot(now));
    }

    /// Carries out what the core asks for. Its answers to some actions are inputs again, fed in order.
    fn carry_out(&mut self, now: Time) -> Result<(), ApplyError> {
        let mut written = Ok(());
        let mut answers: VecDeque<Event> = VecDeque::new();
        loop {
            let mut records = Vec::new();
            while let Some(action) = self.cluster.poll_action() {
                if let Some(journal) = &mut self.journal {
                    journal.action(&action);
                }
                match action {
                    Action::Persist(record) => records.push(record),
                    action => answers.extend(self.act(action)),
                }
            }
            if let Some(journal) = &mut self.journal
                && let Err(error) = journal.done(&self.cluster)
            {
                tracing::warn!("the journal ends here, it cannot be written: {error}");
                self.journal = None;
            }
            if let Err(error) = self.store.commit(records) {
                written = Err(ApplyError::NotWritten(error.to_string()));
            }
            let Some(event) = answers.pop_front() else { return written };
            let input = Input::Handle(event);
            if let Some(journal) = &mut self.journal {
                journal.input(now, &input);
            }
            input.feed(&mut self.cluster, now);
        }
    }

    fn act(&mut self, action: Action) -> Option<Event> {
        match action {
            Action::StartPod { uid, name, function, spec, template_hash, restarts, .. } => {
                self.router.expect_pod(function, uid);
                self.provider.start(StartPod { uid, name, spec, template_hash, restarts });
            }
            Action::StopPod { uid, grace } => self.provider.stop(uid, grace),
            Action::ProbePod { uid, address, probes } => self.prober.start(uid, address, probes),
            Action::EndContainer { uid, grace } => self.provider.end_container(uid, grace),
            Action::OpenPod { function, uid, address } => match address.parse() {
                Ok(address) => self.router.pod_ready(function, uid, address),
                Err(_) => tracing::error!("pod {uid} has no usable address: {address}"),
            },
            Action::ClosePod { function, uid } => self.router.pod_unready(function, uid),
            Action::DrainPod { function, uid } => self.router.drain(function, uid),
            Action::ForgetPod { function, uid } => {
                self.prober.stop(uid);
                self.router.remove_pod(function, uid);
            }
            Action::OpenFunction { function, name, spec } => {
                // What is over max_inflight the watchdog refuses itself (429), as OpenFaaS' does.
                let settings = self.snapshots.borrow().settings.clone();
                let (policy, wake_each) = (settings.routing, per_request::is_chosen(&spec, settings.edition));
                let max_inflight = wake_each.then_some(per_request::CONCURRENCY);
                let limits = RouteLimits { policy, max_inflight, queue_limit: None, wake_each };
                self.router.upsert(function, &name.to_string(), limits);
            }
            Action::ForgetFunction { function } => {
                self.router.remove_function(function);
                self.traffic.forget(function);
            }
            Action::CloseIfIdle { function, since } => {
                return Some(match self.router.close_if_idle(function, since) {
                    Closing::Closed => Event::Closed { function },
                    Closing::StillUsed { since } => Event::StillUsed { function, since },
                });
            }
            Action::ExpirePodIfIdle { function, uid, since } => {
                return Some(match self.router.expire_pod_if_idle(function, uid, since) {
                    Closing::Closed => Event::PodExpired { uid },
                    Closing::StillUsed { since } => Event::PodStillUsed { uid, since },
                });
            }
            Action::Scrape { id } => {
                let totals = self.traffic.totals();
                let mut functions = self.router.counters();
                let calls = self.queue.lines();
                let names = self.snapshots.borrow().clone();
                for (function, counters) in &mut functions {
                    let name = names.functions.get(function).map(|f| f.name().to_string());
                    if let Some(line) = name.and_then(|name| calls.get(&name)) {
                        let pending = u32::try_from(line.counts.queued + line.counts.running);
                        // Those that run and wait for a pod are among the requests that wait, too.
                        counters.queued = counters.queued.max(pending.unwrap_or(u32::MAX));
                    }
                    counters.completed_ok =
                        totals.get(function).map_or(0, |t| t.codes.get(&200).map_or(0, |c| c.count));
                }
                return Some(Event::Scraped { id, pods: self.provider.samples(), functions });
            }
            Action::Decided { function, decision } if decision.changed() => {
                let known = self.snapshots.borrow().functions.get(&function).map(|f| f.spec.name.clone());
                let name = known.unwrap_or_else(|| format!("function {}", function.0));
                tracing::info!("{name}: {}", decision.sentence());
            }
            Action::Decided { .. } | Action::Persist(_) => {}
        }
        None
    }
}
