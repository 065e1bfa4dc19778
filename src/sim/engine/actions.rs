//! What the core asks for, done on models; and what came of it, told to the core.

use super::function::Func;
use super::{NONE, Simulation};
use crate::cluster::action::Action;
use crate::cluster::event::Event as Happened;
use crate::cluster::function::{FunctionId, FunctionName, FunctionSpec};
use crate::cluster::routing::Closing;
use crate::cluster::time::Time;
use crate::sim::observe::{Observer, PodEvent};
use std::sync::Arc;

impl<O: Observer> Simulation<O> {
    /// Does what the core asks for until it asks for nothing more.
    pub(super) fn pump(&mut self) {
        while let Some(action) = self.cluster.poll_action() {
            self.execute(action);
        }
        self.due = self.cluster.poll_timeout().unwrap_or(Time::MAX);
    }

    pub(super) fn execute(&mut self, action: Action) {
        match action {
            Action::StartPod { uid, name, function, spec, node, .. } => {
                self.observer.pod(uid, &name, function, node, self.now, PodEvent::Created);
                self.start_pod(uid, function, &spec, node);
            }
            Action::StopPod { uid, .. } => self.stop_pod(uid),
            Action::OpenPod { function, uid, .. } => self.open_pod(function, uid),
            Action::ClosePod { function, uid } => {
                if let Some(f) = self.func_of(function) {
                    f.endpoints.unready(uid);
                }
            }
            Action::DrainPod { function, uid } => {
                let now = self.now;
                if self.func_of(function).is_none_or(|f| f.endpoints.drain(now, uid)) {
                    self.cluster.handle(now, Happened::Drained { uid });
                }
            }
            Action::ForgetPod { function, uid } => {
                let now = self.now;
                if let Some(f) = self.func_of(function) {
                    f.endpoints.remove(now, uid);
                }
            }
            Action::OpenFunction { function, name, spec } => self.open_function(function, name, spec),
            Action::ForgetFunction { function } => self.forget_function(function),
            Action::CloseIfIdle { function, since } => {
                let now = self.now;
                let answer = match self.func_of(function).map(|f| f.endpoints.close_if_idle(now, since)) {
                    Some(Closing::StillUsed { since }) => Happened::StillUsed { function, since },
                    _ => Happened::Closed { function },
                };
                self.cluster.handle(now, answer);
            }
            Action::ExpirePodIfIdle { function, uid, since } => {
                let now = self.now;
                let answer = self.func_of(function).map(|f| f.endpoints.expire_pod_if_idle(now, uid, since));
                let happened = match answer {
                    Some(Closing::StillUsed { since }) => Happened::PodStillUsed { uid, since },
                    _ => Happened::PodExpired { uid },
                };
                self.cluster.handle(now, happened);
            }
            Action::Scrape { id } => {
                let (pods, functions) = self.measure();
                self.cluster.handle(self.now, Happened::Scraped { id, pods, functions });
            }
            Action::ProbePod { uid, probes, .. } => {
                // What is before the first pass is in the model's start-up.
                if probes.readiness.is_some() {
                    let passes = Happened::PodProbed { uid, ready: true, message: String::new() };
                    self.cluster.handle(self.now, passes);
                }
            }
            Action::Persist(_) | Action::EndContainer { .. } => {}
            Action::Decided { function, decision } => {
                self.scalings += u64::from(decision.changed());
                self.observer.decision(function, &decision);
            }
        }
    }

    pub(super) fn open_function(&mut self, id: FunctionId, name: FunctionName, spec: Arc<FunctionSpec>) {
        let (now, settings) = (self.now, self.cluster.settings().clone());
        if let Some(f) = self.func_of(id) {
            let given = f.respec(now, &spec, &settings);
            return self.hand_out(id.0, given);
        }
        let index = id.0 as usize;
        if self.functions.len() <= index {
            self.functions.resize_with(index + 1, || None);
        }
        let model = self.models.get(&name).cloned().unwrap_or_default();
        let f = Func::new(id, name.clone(), &spec, model, &settings, self.seed, now);
        self.functions[index] = Some(Box::new(f));
        for source in self.sources_of.get(&name).into_iter().flatten() {
            self.target_ids[*source as usize] = id.0;
        }
        self.names.insert(name, id.0);
    }

    /// The function is gone for those who call it; its requests and its numbers stay.
    pub(super) fn forget_function(&mut self, id: FunctionId) {
        for at in &mut self.target_ids {
            if *at == id.0 {
                *at = NONE;
            }
        }
        self.names.retain(|_, at| *at != id.0);
        self.refuse_waiting(id.0);
    }
}
