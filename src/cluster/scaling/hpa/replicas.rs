//! The replica calculator: pods and samples in, a number of replicas out.
//!
//! Source of the rules: Kubernetes' `replica_calculator.go` and its tests, 1.15 and today.

use super::spec::{Dialect, HpaSettings};
use super::target::{PodPhase, PodState};
use crate::cluster::scaling::step::{HeldBecause, Step, Unit, ceil_over, ceil_times};
use crate::cluster::time::Time;
use std::time::Duration;

/// How far load/target may be from 1 before anything changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Below 1.
    pub down: f64,
    /// Above 1.
    pub up: f64,
    /// The two dialects differ at the very edge: in doubles, 1.1 is inside for one and outside for the other.
    pub dialect: Dialect,
}

impl Tolerance {
    /// The same in both directions.
    pub fn both(tolerance: f64, dialect: Dialect) -> Self {
        Tolerance { down: tolerance, up: tolerance, dialect }
    }

    /// Whether this ratio changes nothing. Not a number is outside.
    pub fn within(&self, ratio: f64) -> bool {
        match self.dialect {
            Dialect::Legacy => (1.0 - ratio).abs() <= self.down,
            Dialect::Current => 1.0 - self.down <= ratio && ratio <= 1.0 + self.up,
        }
    }

    fn step(&self, value: i64, target: i64, pods: i64, keep: i64) -> Step {
        Step::Within { value, target, pods, low: 1.0 - self.down, high: 1.0 + self.up, keep }
    }
}

/// What one metric proposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Replicas, 0 to 2^31-1.
    pub replicas: i64,
    /// Percent of request, where the target is one.
    pub utilization: Option<i32>,
    /// The number that the status shows, in thousandths.
    pub raw: i64,
}

/// One sample of a pod's metric.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// In thousandths of the unit.
    pub value: i64,
    /// When it was taken.
    pub at: Time,
    /// Over how long.
    pub window: Duration,
}

/// A pod beside what was measured of it.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The pod.
    pub pod: &'a PodState,
    /// Its request of the resource, in thousandths.
    pub request: Option<i64>,
    /// Its sample.
    pub sample: Option<Sample>,
}

/// The pods of a target, and samples of pods that the selector does not match.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    /// Every matched pod.
    pub rows: &'a [Row<'a>],
    /// Values of strangers; they have no request and so no part in a utilisation.
    pub strangers: &'a [i64],
}

/// Into which heap a pod falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Counts.
    Ready,
    /// Its sample is not to be trusted yet.
    Unready,
    /// It has no sample.
    Missing,
    /// It is ending or has ended.
    Ignored,
}

/// Sorts one pod. Only CPU looks at readiness: a pod that starts burns CPU for other reasons than load.
pub fn classify(row: &Row<'_>, cpu: bool, now: Time, settings: &HpaSettings) -> Class {
    let pod = row.pod;
    let current = settings.dialect == Dialect::Current;
    if pod.deleting || pod.phase == PodPhase::Failed || (current && pod.phase == PodPhase::Succeeded) {
        return Class::Ignored;
    }
    if current && pod.phase == PodPhase::Pending {
        return Class::Unready;
    }
    let Some(sample) = row.sample else { return Class::Missing };
    if !cpu {
        return Class::Ready;
    }
    let (Some(ready), Some(started)) = (pod.ready, pod.started) else { return Class::Unready };
    let changed = pod.ready_changed.unwrap_or(Time::ZERO);
    let unready = if started + settings.cpu_initialization_period > now {
        !ready || sample.at < changed + sample.window
    } else {
        !ready && started + settings.initial_readiness_delay > changed
    };
    if unready { Class::Unready } else { Class::Ready }
}

/// The rules of one look.
#[derive(Clone, Copy, Debug)]
pub struct Calculator<'a> {
    /// The time of the look.
    pub now: Time,
    /// The controller's settings.
    pub settings: &'a HpaSettings,
    /// The tolerance, which `behavior` may have changed.
    pub tolerance: Tolerance,
}

/// What the per-pod number is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PerPod<'a> {
    /// Percent of the request of this resource.
    Utilization {
        /// `cpu` or `memory`.
        resource: &'a str,
        /// Percent.
        target: i64,
    },
    /// A mean, in thousandths.
    Average {
        /// The metric's name.
        metric: &'a str,
        /// In thousandths.
        target: i64,
    },
}

/// Totals over a set of samples.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    value: i64,
    request: i64,
    matched: i64,
    samples: i64,
}

impl Totals {
    fn add(&mut self, value: i64, request: Option<i64>) {
        self.samples += 1;
        if let Some(request) = request {
            self.value = self.value.saturating_add(value);
            self.request = self.request.saturating_add(request);
            self.matched += 1;
        }
    }

    fn add_plain(&mut self, value: i64) {
        self.samples += 1;
        self.value = self.value.saturating_add(value);
    }
}

/// `floor(100 × usage / request)`: utilisation is a whole number before it is used.
pub fn percent(usage: i64, request: i64) -> i32 {
    let exact = i128::from(usage) * 100 / i128::from(request.max(1));
    i32::try_from(exact).unwrap_or(i32::MAX)
}

/// Utilisation over the pods that have both a sample and a request: ratio to the target, percent, mean use.
pub fn utilization_ratio(
    samples: impl IntoIterator<Item = (i64, Option<i64>)>,
    target: i64,
) -> Result<(f64, i32, i64), String> {
    let mut totals = Totals::default();
    for (value, request) in samples {
        totals.add(value, request);
    }
    utilization(&totals, target)
}

fn utilization(totals: &Totals, target: i64) -> Result<(f64, i32, i64), String> {
    if totals.request == 0 {
        return Err("no metrics returned matched known pods".into());
    }
    let percent = percent(totals.value, totals.request);
    Ok((f64::from(percent) / target as f64, percent, totals.value / totals.matched))
}

/// The truncated mean and its ratio to the target.
pub fn usage_ratio(values: impl IntoIterator<Item = i64>, target: i64) -> (f64, i64) {
    let mut totals = Totals::default();
    for value in values {
        totals.add_plain(value);
    }
    average(&totals, target)
}

fn average(totals: &Totals, target: i64) -> (f64, i64) {
    let mean = totals.value / totals.samples.max(1);
    (mean as f64 / target as f64, mean)
}

impl PerPod<'_> {
    fn target(&self) -> i64 {
        match *self {
            PerPod::Utilization { target, .. } | PerPod::Average { target, .. } => target,
        }
    }

    /// Ratio, the number compared with the target, and the number the status shows.
    fn measure(&self, totals: &Totals) -> Result<(f64, i64, i64), String> {
        match *self {
            PerPod::Utilization { target, .. } => {
                utilization(totals, target).map(|(ratio, percent, raw)| (ratio, i64::from(percent), raw))
            }
            PerPod::Average { target, .. } => {
                let (ratio, mean) = average(totals, target);
                Ok((ratio, mean, mean))
            }
        }
    }

    fn add(&self, totals: &mut Totals, value: i64, request: Option<i64>) {
        match self {
            PerPod::Utilization { .. } => totals.add(value, request),
            PerPod::Average { .. } => totals.add_plain(value),
        }
    }

    fn step(&self, unit: Unit, totals: &Totals, value: i64) -> Step {
        match *self {
            PerPod::Utilization { resource, .. } => Step::Utilization {
                resource: resource.into(),
                unit,
                usage: totals.value,
                request: totals.request,
                percent: value,
            },
            PerPod::Average { metric, .. } => Step::Average {
                metric: metric.into(),
                unit,
                total: totals.value,
                samples: u32::try_from(totals.samples).unwrap_or(u32::MAX),
                average: value,
            },
        }
    }
}

impl Calculator<'_> {
    /// Replicas for a metric that each pod has.
    ///
    /// `cpu` switches the readiness rules on.
    ///
    /// # Errors
    /// Kubernetes' own words when there is nothing to compute with.
    pub fn per_pod(
        &self,
        current: i64,
        pods: Samples<'_>,
        cpu: bool,
        unit: Unit,
        per_pod: PerPod<'_>,
        working: &mut Vec<Step>,
    ) -> Result<Proposal, String> {
        let Samples { rows, strangers } = pods;
        if rows.is_empty() {
            return Err("no pods returned by selector while calculating replica count".into());
        }
        let mut totals = Totals::default();
        let (mut ready, mut unready, mut missing, mut ignored) = (0u32, 0u32, 0u32, 0u32);
        let target = per_pod.target();
        // A missing pod counts at scale-down as using all of its request, or the target where that is more.
        let fallback = match self.settings.dialect {
            Dialect::Current => target.max(100),
            Dialect::Legacy => 100,
        };
        let mut missing_at_down = Totals::default();
        let mut missing_at_up = Totals::default();
        let mut unready_at_up = Totals::default();
        let mut without_request = None;
        for row in rows {
            if row.request.is_none() && without_request.is_none() {
                without_request = Some(&row.pod.name);
            }
            match classify(row, cpu, self.now, self.settings) {
                Class::Ignored => ignored += 1,
                Class::Unready => {
                    unready += 1;
                    per_pod.add(&mut unready_at_up, 0, row.request);
                }
                Class::Missing => {
                    missing += 1;
                    let full = match per_pod {
                        PerPod::Utilization { .. } => {
                            let full = i128::from(row.request.unwrap_or(0)) * i128::from(fallback) / 100;
                            i64::try_from(full).unwrap_or(i64::MAX)
                        }
                        PerPod::Average { .. } => target,
                    };
                    per_pod.add(&mut missing_at_down, full, row.request);
                    per_pod.add(&mut missing_at_up, 0, row.request);
                }
                Class::Ready => {
                    ready += 1;
                    if let Some(sample) = row.sample {
                        per_pod.add(&mut totals, sample.value, row.request);
                    }
                }
            }
        }
        for value in strangers {
            per_pod.add(&mut totals, *value, None);
        }
        if totals.samples == 0 {
            return Err(match self.settings.dialect {
                Dialect::Current => {
                    "did not receive metrics for targeted pods (pods might be unready)".into()
                }
                Dialect::Legacy => "did not receive metrics for any ready pods".into(),
            });
        }
        if let (PerPod::Utilization { resource, .. }, Some(pod)) = (per_pod, without_request) {
            return Err(match self.settings.dialect {
                Dialect::Current => format!("missing request for {resource} in a container of Pod {pod}"),
                Dialect::Legacy => format!("missing request for {resource}"),
            });
        }
        let (ratio, value, raw) = per_pod.measure(&totals)?;
        if unready > 0 || missing > 0 || ignored > 0 {
            working.push(Step::Pods { ready, unready, missing, ignored });
        }
        working.push(per_pod.step(unit, &totals, value));
        let utilization = match per_pod {
            PerPod::Utilization { .. } => i32::try_from(value).ok(),
            PerPod::Average { .. } => None,
        };
        let propose = |replicas| Ok(Proposal { replicas, utilization, raw });

        let up_with_unready = unready > 0 && ratio > 1.0;
        if missing == 0 && !up_with_unready {
            if self.tolerance.within(ratio) {
                working.push(self.tolerance.step(value, target, 1, current));
                return propose(current);
            }
            let result = ceil_times(i64::from(ready), value, target);
            working.push(Step::Multiply { pods: i64::from(ready), value, target, result });
            return propose(result);
        }

        let mut filled = totals;
        let mut guess = |extra: &Totals| {
            filled.value = filled.value.saturating_add(extra.value);
            filled.request = filled.request.saturating_add(extra.request);
            filled.matched += extra.matched;
            filled.samples += extra.samples;
        };
        let filled_missing = if ratio < 1.0 {
            guess(&missing_at_down);
            missing
        } else if ratio > 1.0 {
            guess(&missing_at_up);
            missing
        } else {
            0
        };
        if up_with_unready {
            guess(&unready_at_up);
        }
        let (new_ratio, new_value, _) = per_pod.measure(&filled)?;
        if filled_missing > 0 || up_with_unready {
            working.push(Step::Filled {
                unit,
                missing: filled_missing,
                missing_total: if ratio < 1.0 { missing_at_down.value } else { 0 },
                unready: if up_with_unready { unready } else { 0 },
            });
            working.push(per_pod.step(unit, &filled, new_value));
        }
        if self.tolerance.within(new_ratio) {
            working.push(self.tolerance.step(new_value, target, 1, current));
            return propose(current);
        }
        let result = ceil_times(filled.samples, new_value, target);
        if (ratio < 1.0 && new_ratio > 1.0) || (ratio > 1.0 && new_ratio < 1.0) {
            working.push(Step::Held { because: HeldBecause::OtherSide, proposal: result, keep: current });
            return propose(current);
        }
        working.push(Step::Multiply { pods: filled.samples, value: new_value, target, result });
        if self.settings.dialect == Dialect::Current
            && ((new_ratio < 1.0 && result > current) || (new_ratio > 1.0 && result < current))
        {
            working.push(Step::Held { because: HeldBecause::AgainstRatio, proposal: result, keep: current });
            return propose(current);
        }
        propose(result)
    }

    /// Replicas for one number whose target is a value: multiplies the pods that are running and ready.
    ///
    /// # Errors
    /// When the selector matches no pod.
    pub fn value(
        &self,
        current: i64,
        rows: &[PodState],
        metric: &str,
        value: i64,
        target: i64,
        working: &mut Vec<Step>,
    ) -> Result<Proposal, String> {
        let propose = |replicas| Ok(Proposal { replicas, utilization: None, raw: value });
        working.push(Step::Value { metric: metric.into(), unit: Unit::Count, value });
        if current == 0 {
            let result = ceil_over(value, target);
            working.push(Step::Divide { unit: Unit::Count, value, target, result });
            return propose(result);
        }
        if self.tolerance.within(value as f64 / target as f64) {
            working.push(self.tolerance.step(value, target, 1, current));
            return propose(current);
        }
        if rows.is_empty() {
            return Err(
                "unable to calculate ready pods: no pods returned by selector while calculating replica count".into()
            );
        }
        let ready = rows.iter().filter(|p| p.phase == PodPhase::Running && p.ready == Some(true)).count();
        let ready = i64::try_from(ready).unwrap_or(i64::MAX);
        let result = ceil_times(ready, value, target);
        working.push(Step::Multiply { pods: ready, value, target, result });
        propose(result)
    }

    /// Replicas for one number whose target is a mean per replica.
    pub fn average_value(
        &self,
        status_replicas: i64,
        metric: &str,
        value: i64,
        target: i64,
        working: &mut Vec<Step>,
    ) -> Proposal {
        working.push(Step::Value { metric: metric.into(), unit: Unit::Count, value });
        let ratio = value as f64 / (target as f64 * status_replicas as f64);
        let replicas = if self.tolerance.within(ratio) {
            working.push(self.tolerance.step(value, target, status_replicas, status_replicas));
            status_replicas
        } else {
            let result = ceil_over(value, target);
            working.push(Step::Divide { unit: Unit::Count, value, target, result });
            result
        };
        let raw =
            if status_replicas == 0 { 0 } else { libm::ceil(value as f64 / status_replicas as f64) as i64 };
        Proposal { replicas, utilization: None, raw }
    }
}
