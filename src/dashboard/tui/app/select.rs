//! Which functions, pods, events and lines are shown, and in which order.

use super::{App, Pane};
use crate::cluster::function::FunctionId;
use crate::cluster::pod::{Pod, PodUid};
use crate::cluster::snapshot::{FunctionState, Happening};
use crate::dashboard::tui::link::LogRow;
use crate::dashboard::view::{Answered, Traffic, Usage};
use std::cmp::Reverse;
use std::sync::Arc;

/// The order of functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FunctionSort {
    #[default]
    Deployed,
    Name,
    Replicas,
    Rate,
    P95,
    Cpu,
}

impl FunctionSort {
    pub(super) fn next(self) -> Self {
        use FunctionSort::*;
        match self {
            Deployed => Name,
            Name => Replicas,
            Replicas => Rate,
            Rate => P95,
            P95 => Cpu,
            Cpu => Deployed,
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            FunctionSort::Deployed => "order of deployment",
            FunctionSort::Name => "name",
            FunctionSort::Replicas => "replicas",
            FunctionSort::Rate => "rate",
            FunctionSort::P95 => "95th percentile",
            FunctionSort::Cpu => "CPU",
        }
    }
}

/// The order of pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PodSort {
    #[default]
    Age,
    Name,
    Cpu,
    Memory,
    InFlight,
}

impl PodSort {
    pub(super) fn next(self) -> Self {
        use PodSort::*;
        match self {
            Age => Name,
            Name => Cpu,
            Cpu => Memory,
            Memory => InFlight,
            InFlight => Age,
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            PodSort::Age => "age",
            PodSort::Name => "name",
            PodSort::Cpu => "CPU",
            PodSort::Memory => "memory",
            PodSort::InFlight => "requests in flight",
        }
    }
}

impl App {
    pub(super) fn passes(&self, pane: Pane, texts: &[&str]) -> bool {
        match self.filters.get(&pane).map(|f| f.to_lowercase()) {
            Some(wanted) if !wanted.is_empty() => texts.iter().any(|t| t.to_lowercase().contains(&wanted)),
            _ => true,
        }
    }

    /// The functions that are shown, in their order.
    pub fn functions(&self) -> Vec<FunctionId> {
        let Some(view) = self.view() else { return Vec::new() };
        let traffic = |id: FunctionId| view.traffic.get(&id).copied().unwrap_or_default();
        let passes = |f: &&FunctionState| self.passes(Pane::Functions, &[&f.spec.name, &f.spec.namespace]);
        let mut all: Vec<&FunctionState> = view.snapshot.functions.values().filter(passes).collect();
        let thousandths = |x: f64| Reverse((x * 1e3) as u64);
        match self.function_sort {
            FunctionSort::Deployed => {}
            FunctionSort::Name => all.sort_by_cached_key(|f| (f.spec.name.clone(), f.spec.namespace.clone())),
            FunctionSort::Replicas => all.sort_by_key(|f| Reverse(f.replicas)),
            FunctionSort::Rate => all.sort_by_key(|f| thousandths(traffic(f.id).rate)),
            FunctionSort::P95 => all.sort_by_key(|f| Reverse(traffic(f.id).p95)),
            FunctionSort::Cpu => all.sort_by_key(|f| Reverse(self.cpu_of(f.id).total)),
        }
        all.into_iter().map(|f| f.id).collect()
    }

    /// The functions whose charts are shown where there is room for several: the chosen one, and those marked, in
    /// the order of the table.
    pub fn charted(&self) -> Vec<FunctionId> {
        let wanted = |id: &FunctionId| Some(*id) == self.chosen || self.compared.contains(id);
        self.functions().into_iter().filter(wanted).collect()
    }

    /// The pods of the chosen function that are shown, in their order.
    pub fn pods(&self) -> Vec<&Arc<Pod>> {
        let (Some(view), Some(id)) = (self.view(), self.chosen) else { return Vec::new() };
        let passes = |p: &&Arc<Pod>| self.passes(Pane::Pods, &[&p.name, p.status()]);
        let mut all: Vec<&Arc<Pod>> = view.snapshot.pods_of(id).filter(passes).collect();
        match self.pod_sort {
            PodSort::Age => {}
            PodSort::Name => all.sort_by(|a, b| a.name.cmp(&b.name)),
            PodSort::Cpu => all.sort_by_key(|p| Reverse(self.usage(p.uid).cpu)),
            PodSort::Memory => all.sort_by_key(|p| Reverse(self.usage(p.uid).memory)),
            PodSort::InFlight => all.sort_by_key(|p| Reverse(self.usage(p.uid).in_flight)),
        }
        all
    }

    /// The pod that keys act on.
    pub fn pod(&self) -> Option<&Arc<Pod>> {
        self.view()?.snapshot.pods.get(&self.pod?)
    }

    /// What a pod uses.
    pub fn usage(&self, pod: PodUid) -> Usage {
        self.view().and_then(|v| v.usage.get(&pod).copied()).unwrap_or_default()
    }

    /// What a function's requests do.
    pub fn traffic(&self, function: FunctionId) -> Traffic {
        self.view().and_then(|v| v.traffic.get(&function).copied()).unwrap_or_default()
    }

    /// The chosen function's events that are shown, newest first.
    pub fn events(&self) -> Vec<&Arc<Happening>> {
        let Some(view) = self.view() else { return Vec::new() };
        let events = view.snapshot.events.iter().rev().filter(|e| Some(e.function) == self.chosen);
        events.filter(|e| self.passes(Pane::Events, &[&e.reason, &e.object, &e.message])).collect()
    }

    /// The chosen function's last requests that are shown, newest first.
    pub fn requests(&self) -> Vec<&Answered> {
        let (Some(view), Some(id)) = (self.view(), self.chosen) else { return Vec::new() };
        let all = view.recent.get(&id).map(Vec::as_slice).unwrap_or_default();
        let passes = |a: &&Answered| {
            let pod = a.pod.and_then(|uid| view.snapshot.pods.get(&uid)).map_or("", |p| p.name.as_str());
            let kind = if a.cold() { "cold" } else { "warm" };
            self.passes(Pane::Requests, &[pod, &a.status.to_string(), kind])
        };
        all.iter().rev().filter(passes).collect()
    }

    /// The lines of the log that are shown, oldest first.
    pub fn log_rows(&self) -> Vec<&LogRow> {
        self.log.iter().filter(|r| self.passes(Pane::Log, &[&r.who, &r.text])).collect()
    }

    /// The next or an earlier one of the functions shown.
    pub(super) fn choose_function(&mut self, by: isize) {
        if let Some(id) = step(&self.functions(), self.chosen, by) {
            self.choose(id);
        }
    }

    /// One of the functions shown.
    pub(super) fn choose(&mut self, id: FunctionId) {
        let chosen = Some(id);
        if chosen != self.chosen {
            (self.chosen, self.pod, self.back, self.scroll) = (chosen, None, 0, 0);
            self.settle();
        }
    }

    /// The next or an earlier one of the pods shown.
    pub(super) fn choose_pod(&mut self, by: isize) {
        let uids: Vec<PodUid> = self.pods().iter().map(|p| p.uid).collect();
        self.pod = step(&uids, self.pod, by);
    }
}

fn step<T: Copy + PartialEq>(list: &[T], from: Option<T>, by: isize) -> Option<T> {
    let at = from.and_then(|f| list.iter().position(|x| *x == f)).unwrap_or(0);
    list.get(at.saturating_add_signed(by).min(list.len().saturating_sub(1))).copied()
}
