//! What goes on, in sentences.

use super::App;
use crate::cluster::pod::Container;
use crate::cluster::quantity::MilliCpu;
use crate::cluster::scaling::decision::{Decision, Scaler};
use crate::cluster::scaling::hpa::spec::{MetricSpec, Resource, ResourceTarget};
use crate::cluster::snapshot::FunctionState;
use crate::dashboard::tui::link::Shape;
use crate::dashboard::tui::words::{count, plural, width};
use crate::dashboard::view::CallCounts;
use std::sync::Arc;

impl App {
    /// The decision that is shown: the last one, or an earlier one that was gone back to.
    pub fn decision(&self) -> Option<&Arc<Decision>> {
        let decisions = &self.function()?.decisions;
        decisions.iter().rev().nth(self.back)
    }

    /// The decision's working, a line a step.
    pub fn working(&self) -> Vec<String> {
        self.decision().map_or_else(Vec::new, |d| d.lines())
    }

    /// `next look in 7 s`, while there is one ahead.
    pub fn next_look(&self) -> Option<String> {
        let f = self.function()?;
        let last = f.decisions.back();
        let next = match &f.hpa {
            // Its first look comes one period after it was made.
            Some(hpa) if last.is_none_or(|d| d.scaler != Scaler::Hpa) => {
                hpa.created_at + self.view()?.snapshot.settings.hpa.sync_period
            }
            _ => last?.next_look?,
        };
        let left = next.since(self.now()).as_secs_f64().ceil();
        Some(if left > 0.0 { format!("next look in {left} s") } else { "looking now".into() })
    }

    /// The chosen function in a sentence of at most so many columns where that can be: its pods, who scales it and
    /// when, and the load on it.
    pub fn sentence(&self, columns: usize) -> String {
        let Some(f) = self.function() else { return self.emptiness() };
        let pods = Some(format!("{}: {}", f.spec.name, self.pods_in_words(f)));
        let scaler = match &f.hpa {
            Some(hpa) => {
                let range = format!("{}–{}", hpa.spec.min(), hpa.spec.max_replicas);
                format!("HPA {}, {range} pods", hpa.targets_column_named())
            }
            None => format!("scaled {}", scaler_in_words(f.scaler)),
        };
        let calls = self.calls(f).map(|c| {
            let parts = [
                (c.queued, "queued"),
                (c.running, "running"),
                (c.retrying, "to retry"),
                (c.dead, "given up"),
            ];
            let parts = parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}"));
            format!("async: {}", parts.collect::<Vec<_>>().join(", "))
        });
        let next = self.next_look().filter(|_| f.hpa.is_some());
        let waiting = match self.traffic(f.id).waiting {
            0 => None,
            n => Some(format!(
                "{} for a pod",
                if n == 1 { "1 request waits".into() } else { format!("{n} requests wait") }
            )),
        };
        let load = self.load_in_words(f);
        let join = |parts: [&Option<String>; 6]| {
            parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" · ")
        };
        let whole = join([&pods, &waiting, &calls, &Some(scaler), &next, &load]);
        if width(&whole) <= columns || load.is_none() {
            return whole;
        }
        // The table of functions has the HPA too, the pane of reasons the next look, and that of calls the calls.
        let shorter = [
            join([&pods, &waiting, &calls, &next, &load, &None]),
            join([&pods, &waiting, &calls, &load, &None, &None]),
            join([&pods, &waiting, &load, &None, &None, &None]),
        ];
        let [.., shortest] = &shorter;
        shorter.iter().find(|words| width(words) <= columns).unwrap_or(shortest).clone()
    }

    /// The function's asynchronous calls that are not finished; none where there are none.
    pub fn calls(&self, f: &FunctionState) -> Option<CallCounts> {
        let counts = self.view()?.calls.get(&f.name().to_string()).copied()?;
        (counts != CallCounts::default()).then_some(counts)
    }

    fn emptiness(&self) -> String {
        match self.view() {
            None => "waiting for the cluster …".into(),
            Some(view) if view.snapshot.functions.is_empty() => "no function is deployed yet".into(),
            Some(_) => "no function matches the filter".into(),
        }
    }

    fn pods_in_words(&self, f: &FunctionState) -> String {
        let broken = self.view().and_then(|v| {
            v.snapshot.pods_of(f.id).find_map(|p| match &p.container {
                Container::Waiting { reason, .. } if p.deleting.is_none() => Some(reason.clone()),
                _ => None,
            })
        });
        match (f.replicas, f.ready, broken) {
            (0, 0, _) => "asleep at 0 pods, a request wakes it".into(),
            (wanted, ready, Some(reason)) => format!("{ready} of {wanted} pods ready ({reason})"),
            (wanted, ready, None) if ready == wanted => format!("{} ready", plural(wanted as usize, "pod")),
            (wanted, ready, None) => format!("{ready} of {wanted} pods ready"),
        }
    }

    fn load_in_words(&self, f: &FunctionState) -> Option<String> {
        let state = self.loads.get(&f.name())?;
        let failed = match state.progress.failed {
            0 => "0 failed".into(),
            n => format!("{} failed", count(n)),
        };
        let who = shape_in_words(state.load.shape);
        Some(format!("load: {who}, {} sent, {failed}", count(state.progress.requests)))
    }
}

/// `8 users`, `20/s`.
pub fn shape_in_words(shape: Shape) -> String {
    match shape {
        Shape::Users(n) => plural(n as usize, "user"),
        Shape::Rate(rate) => format!("{rate}/s"),
    }
}

/// Who scales a function while it has no HPA, after the word `scaled`.
pub fn scaler_in_words(scaler: Scaler) -> &'static str {
    match scaler {
        Scaler::Hpa => "by its HPA",
        Scaler::OpenFaasPro => "by OpenFaaS Pro",
        Scaler::OpenFaasCe => "by OpenFaaS CE",
        Scaler::PerRequest => "per request",
        Scaler::Idle => "to zero when idle",
        Scaler::Wake => "by requests",
        Scaler::Person => "by hand",
    }
}

/// The CPU per pod that a function's HPA aims at, when it aims at one.
pub fn cpu_target(f: &FunctionState) -> Option<MilliCpu> {
    f.hpa.as_ref()?.spec.metrics.iter().find_map(|metric| match metric {
        MetricSpec::Resource { name: Resource::Cpu, target }
        | MetricSpec::ContainerResource { name: Resource::Cpu, target, .. } => match target {
            ResourceTarget::Utilization(percent) => {
                let request = f.spec.requests.cpu?;
                Some(MilliCpu(request.0 * u64::from(*percent) / 100))
            }
            ResourceTarget::AverageValue(milli) => u64::try_from(*milli).ok().map(MilliCpu),
        },
        _ => None,
    })
}
