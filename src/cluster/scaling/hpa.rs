//! The Horizontal Pod Autoscaler: one type, and one look at its target.
//!
//! Source of every rule: Kubernetes' `pkg/controller/podautoscaler` in its 1.15-era and present-day form;
//! [`Dialect`] chooses.

pub mod behavior;
pub mod check;
pub mod columns;
pub mod conditions;
pub mod limits;
pub mod metrics;
mod normalize;
pub mod replicas;
pub mod settings;
pub mod spec;
pub mod target;

pub use check::SpecError;
pub use conditions::{Condition, ConditionType, ScalingEvent};
pub use metrics::MetricStatus;
pub use settings::{Dialect, HpaSettings};
pub use spec::{Behavior, HpaSpec, MetricSpec};
pub use target::{CustomMetrics, MetricSource, PodPhase, PodState, PodUsage, TargetState};

use self::behavior::{FullRules, ScaleEvent};
use self::limits::Recommendation;
use self::replicas::{Calculator, Tolerance};
use super::decision::{Decision, Scaler};
use super::step::Step;
use crate::cluster::time::Time;
use serde::{Deserialize, Serialize};

/// What an autoscaler last saw and did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HpaStatus {
    /// Replicas before the last look.
    pub current_replicas: u32,
    /// Replicas after it.
    pub desired_replicas: u32,
    /// One entry per `spec.metrics`; `None` before the first look.
    pub current_metrics: Option<Vec<MetricStatus>>,
    /// When the size was last changed.
    pub last_scale_time: Option<Time>,
    /// In the order in which they were first set.
    pub conditions: Vec<Condition>,
}

impl HpaStatus {
    /// The condition of a type, once set.
    pub fn condition(&self, kind: ConditionType) -> Option<&Condition> {
        self.conditions.iter().find(|c| c.kind == kind)
    }
}

/// An autoscaler with its logs. Deleting it forgets them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hpa {
    /// What was asked for.
    pub spec: HpaSpec,
    /// When it was made.
    pub created_at: Time,
    /// What it last saw and did.
    pub status: HpaStatus,
    /// Proposals before any limit; `None` until the first look seeds it with the current size.
    pub recommendations: Option<Vec<Recommendation>>,
    /// Changes upwards, kept only with `behavior`.
    pub up_events: Vec<ScaleEvent>,
    /// Changes downwards, kept only with `behavior`.
    pub down_events: Vec<ScaleEvent>,
}

/// The outcome of one look.
#[derive(Clone, Debug, PartialEq)]
pub struct Sync {
    /// What was decided; `from == to` when nothing changes or the look failed. Write the target's scale only
    /// when it [`changed`](Decision::changed).
    pub decision: Decision,
    /// What to tell.
    pub events: Vec<ScalingEvent>,
}

impl Hpa {
    /// A new autoscaler; defaults are filled in.
    pub fn new(spec: HpaSpec, now: Time) -> Self {
        Hpa {
            spec: spec.with_defaults(),
            created_at: now,
            status: HpaStatus::default(),
            recommendations: None,
            up_events: Vec::new(),
            down_events: Vec::new(),
        }
    }

    /// The logs are the controller's memory: after its restart they are empty, and the next look seeds them.
    pub fn forget(&mut self) {
        self.recommendations = None;
        self.up_events.clear();
        self.down_events.clear();
    }

    /// The target could not be found or read.
    pub fn failed_get_scale(&mut self, now: Time, why: &str) -> ScalingEvent {
        let message = format!("the HPA controller was unable to get the target's current scale: {why}");
        self.set(ConditionType::AbleToScale, false, "FailedGetScale", message, now);
        ScalingEvent::warning("FailedGetScale", why.to_owned())
    }

    /// One look: what the size should be, why, and what to tell.
    pub fn sync(&mut self, now: Time, settings: &HpaSettings, target: &TargetState<'_>) -> Sync {
        let legacy = settings.dialect == Dialect::Legacy;
        let message = "the HPA controller was able to get the target's current scale";
        self.set(ConditionType::AbleToScale, true, "SucceededGetScale", message.into(), now);
        let replicas = if legacy { target.status_replicas } else { target.spec_replicas };
        let current = i64::from(replicas);
        let (min, max) = (i64::from(self.spec.min()), i64::from(self.spec.max_replicas));
        self.recommendations.get_or_insert_with(|| vec![Recommendation { replicas: current, at: now }]);

        let mut working = Vec::with_capacity(8);
        working.push(Step::Current { replicas: current, min, max });
        let mut events = Vec::new();
        let mut reason = String::new();
        // A look that needs no metrics leaves none in the status.
        let shown = self.status.current_metrics.take();
        let desired = if target.spec_replicas == 0 && (legacy || min != 0) {
            working.push(Step::Disabled);
            let message = "scaling is disabled since the replica count of the target is zero";
            self.set(ConditionType::ScalingActive, false, "ScalingDisabled", message.into(), now);
            Some(current)
        } else if current > max {
            reason = "Current number of replicas above Spec.MaxReplicas".into();
            working.push(Step::AboveMax { current, max });
            Some(max)
        } else if current < min {
            reason = "Current number of replicas below Spec.MinReplicas".into();
            working.push(Step::BelowMin { current, min });
            Some(min)
        } else if legacy && current == 0 {
            reason = "Current number of replicas must be greater than 0".into();
            working.push(Step::NotZero);
            Some(1)
        } else {
            self.status.current_metrics = shown;
            self.measure(now, settings, target, current, &mut working, &mut events, &mut reason)
        };
        let failed = desired.is_none();
        let desired = desired.unwrap_or(current);

        let to = u32::try_from(desired).unwrap_or(u32::MAX);
        if desired != current {
            let message = format!("the HPA controller was able to update the target scale to {to}");
            self.set(ConditionType::AbleToScale, true, "SucceededRescale", message, now);
            events
                .push(ScalingEvent::normal("SuccessfulRescale", format!("New size: {to}; reason: {reason}")));
            self.status.last_scale_time = Some(now);
            self.store_event(desired - current, now, settings);
        }
        self.status.current_replicas = replicas;
        // One that fails leaves there the size that was asked for last.
        if !failed {
            self.status.desired_replicas = to;
        }
        let next_look = Some(now + settings.sync_period);
        Sync {
            decision: Decision {
                at: now,
                scaler: Scaler::Hpa,
                from: replicas,
                to,
                reason,
                working,
                next_look,
            },
            events,
        }
    }

    fn set(&mut self, kind: ConditionType, status: bool, reason: &str, message: String, now: Time) {
        conditions::set(&mut self.status.conditions, kind, status, reason, message, now);
    }

    /// Metrics, then the windows and limits; `None` when the metrics give no answer.
    #[allow(clippy::too_many_arguments)] // One look's own locals, split off for length only.
    fn measure(
        &mut self,
        now: Time,
        settings: &HpaSettings,
        target: &TargetState<'_>,
        current: i64,
        working: &mut Vec<Step>,
        events: &mut Vec<ScalingEvent>,
        reason: &mut String,
    ) -> Option<i64> {
        let calculator = Calculator { now, settings, tolerance: self.tolerance(settings) };
        let answer = metrics::ask(&calculator, &self.spec.metrics, current, target, working);
        for failure in &answer.failures {
            events.push(ScalingEvent::warning(failure.reason, failure.message.clone()));
        }
        let usable = answer.largest.filter(|(n, _)| answer.failures.is_empty() || *n >= current);
        let Some((proposal, metric)) = usable else {
            let (counted, failure) = match settings.dialect {
                Dialect::Current => ("first error is", answer.failures.first()),
                Dialect::Legacy => ("last error was", answer.failures.last()),
            };
            let (why, word) =
                failure.map_or(("no metric is named", "InvalidMetricSourceType"), |f| (&f.message, f.reason));
            let message = format!("the HPA was unable to compute the replica count: {why}");
            self.set(ConditionType::ScalingActive, false, word, message, now);
            let (n, all) = (answer.failures.len(), self.spec.metrics.len());
            let summary = format!("invalid metrics ({n} invalid out of {all}), {counted}: {why}");
            working.push(Step::Refused { keep: current, message: summary.clone() });
            events.push(ScalingEvent::warning("FailedComputeMetricsReplicas", summary));
            // Old controllers kept the last good values on screen, today's store what failed as unknown.
            if settings.dialect == Dialect::Current {
                self.status.current_metrics = Some(answer.statuses);
            }
            return None;
        };
        self.status.current_metrics = Some(answer.statuses);
        let message = format!("the HPA was able to successfully calculate a replica count from {metric}");
        self.set(ConditionType::ScalingActive, true, "ValidMetricFound", message, now);
        // The reason speaks of the raw proposal, as Kubernetes' does, even where a window turns it round.
        if proposal > current {
            *reason = format!("{metric} above target");
        } else if proposal < current {
            "All metrics below target".clone_into(reason);
        }
        Some(if self.spec.behavior.is_some() && settings.dialect == Dialect::Current {
            self.normalize_with_behavior(now, settings, current, proposal, working)
        } else {
            self.normalize(now, settings, current, proposal, working)
        })
    }

    fn tolerance(&self, settings: &HpaSettings) -> Tolerance {
        let mut tolerance = Tolerance::both(settings.tolerance, settings.dialect);
        if let (Some(behavior), Dialect::Current) = (&self.spec.behavior, settings.dialect) {
            let of = |rules: &Option<spec::Rules>| rules.as_ref().and_then(|r| r.tolerance);
            tolerance.up = of(&behavior.scale_up).unwrap_or(tolerance.up);
            tolerance.down = of(&behavior.scale_down).unwrap_or(tolerance.down);
        }
        tolerance
    }

    /// Logs a change of size for the policies; without `behavior` nothing is kept.
    fn store_event(&mut self, change: i64, now: Time, settings: &HpaSettings) {
        if settings.dialect == Dialect::Legacy {
            return;
        }
        let Some(rules) = &self.spec.behavior else { return };
        if change > 0 {
            let longest = FullRules::up(rules.scale_up.as_ref()).longest_period();
            behavior::store_event(&mut self.up_events, change, now, longest);
        } else {
            let longest =
                FullRules::down(rules.scale_down.as_ref(), settings.downscale_stabilization).longest_period();
            behavior::store_event(&mut self.down_events, -change, now, longest);
        }
    }
}
