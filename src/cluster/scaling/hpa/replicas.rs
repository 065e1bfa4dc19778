//! The replica calculator: pods and samples in, a number of replicas out.
//!
//! Source of the rules: Kubernetes' `replica_calculator.go` and its tests, 1.15 and today.
//!
//! | file | what it holds |
//! |---|---|
//! | `classify` | which pods count |
//! | `ratio` | load against target over a set of samples |
//! | `tolerance` | how far from the target changes nothing |

mod classify;
mod ratio;
mod tolerance;

pub use classify::{Class, Row, Sample, Samples, classify};
pub use ratio::{PerPod, percent, usage_ratio, utilization_ratio};
pub use tolerance::Tolerance;

use self::ratio::Totals;
use super::settings::{Dialect, HpaSettings};
use super::target::{PodPhase, PodState};
use crate::cluster::scaling::step::{HeldBecause, Step, Unit, ceil_over, ceil_times};
use crate::cluster::time::Time;

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

/// The pods of one look in their heaps: totals of those that count, and what the others would count as.
#[derive(Default)]
struct Heaps<'a> {
    ready: u32,
    unready: u32,
    missing: u32,
    ignored: u32,
    counted: Totals,
    missing_at_down: Totals,
    missing_at_up: Totals,
    unready_at_up: Totals,
    /// The first pod without a request.
    without_request: Option<&'a str>,
}

impl Heaps<'_> {
    fn step(&self) -> Option<Step> {
        let Heaps { ready, unready, missing, ignored, .. } = *self;
        (unready > 0 || missing > 0 || ignored > 0).then_some(Step::Pods { ready, unready, missing, ignored })
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
        if pods.rows.is_empty() {
            return Err("no pods returned by selector while calculating replica count".into());
        }
        let heaps = self.heaps(pods, cpu, &per_pod);
        working.extend(heaps.step());
        if heaps.counted.samples == 0 {
            return Err(match self.settings.dialect {
                Dialect::Current => {
                    "did not receive metrics for targeted pods (pods might be unready)".into()
                }
                Dialect::Legacy => "did not receive metrics for any ready pods".into(),
            });
        }
        if let (PerPod::Utilization { resource, .. }, Some(pod)) = (per_pod, heaps.without_request) {
            return Err(match self.settings.dialect {
                Dialect::Current => format!("missing request for {resource} in a container of Pod {pod}"),
                Dialect::Legacy => format!("missing request for {resource}"),
            });
        }
        let (ratio, value, raw) = per_pod.measure(&heaps.counted)?;
        working.push(per_pod.step(unit, &heaps.counted, value));
        let utilization = match per_pod {
            PerPod::Utilization { .. } => i32::try_from(value).ok(),
            PerPod::Average { .. } => None,
        };
        let replicas = if heaps.missing == 0 && (heaps.unready == 0 || ratio <= 1.0) {
            self.multiply(current, i64::from(heaps.ready), ratio, value, per_pod.goal(unit), working)
        } else {
            self.filled(current, &heaps, ratio, unit, per_pod, working)?
        };
        Ok(Proposal { replicas, utilization, raw })
    }

    fn heaps<'p>(&self, pods: Samples<'p>, cpu: bool, per_pod: &PerPod<'_>) -> Heaps<'p> {
        let mut heaps = Heaps::default();
        for row in pods.rows {
            if row.request.is_none() && heaps.without_request.is_none() {
                heaps.without_request = Some(&row.pod.name);
            }
            match classify(row, cpu, self.now, self.settings) {
                Class::Ignored => heaps.ignored += 1,
                Class::Unready => {
                    heaps.unready += 1;
                    per_pod.add(&mut heaps.unready_at_up, 0, row.request);
                }
                Class::Missing => {
                    heaps.missing += 1;
                    let guess = self.guess(per_pod, row.request);
                    per_pod.add(&mut heaps.missing_at_down, guess, row.request);
                    per_pod.add(&mut heaps.missing_at_up, 0, row.request);
                }
                Class::Ready => {
                    heaps.ready += 1;
                    if let Some(sample) = row.sample {
                        per_pod.add(&mut heaps.counted, sample.value, row.request);
                    }
                }
            }
        }
        for value in pods.strangers {
            per_pod.add(&mut heaps.counted, *value, None);
        }
        heaps
    }

    /// What a pod without a sample counts as when scaling down: all of its request (or today the target,
    /// where that is more); for a mean, the target.
    fn guess(&self, per_pod: &PerPod<'_>, request: Option<i64>) -> i64 {
        match *per_pod {
            PerPod::Average { target, .. } => target,
            PerPod::Utilization { target, .. } => {
                let percent = match self.settings.dialect {
                    Dialect::Current => target.max(100),
                    Dialect::Legacy => 100,
                };
                let full = i128::from(request.unwrap_or(0)) * i128::from(percent) / 100;
                i64::try_from(full).unwrap_or(i64::MAX)
            }
        }
    }

    /// `ceil(pods × value/target)`, or the current size inside the tolerance.
    fn multiply(
        &self,
        current: i64,
        pods: i64,
        ratio: f64,
        value: i64,
        (unit, target): (Unit, i64),
        working: &mut Vec<Step>,
    ) -> i64 {
        if self.tolerance.within(ratio) {
            working.push(self.tolerance.step(value, target, 1, current));
            return current;
        }
        let result = ceil_times(pods, value, target);
        working.push(Step::Multiply { unit, pods, value, target, result });
        result
    }

    /// Once more with a guess for the pods that were left out, made against the direction of scaling.
    fn filled(
        &self,
        current: i64,
        heaps: &Heaps<'_>,
        ratio: f64,
        unit: Unit,
        per_pod: PerPod<'_>,
        working: &mut Vec<Step>,
    ) -> Result<i64, String> {
        let (down, up) = (ratio < 1.0, ratio > 1.0);
        let missing = if down || up { heaps.missing } else { 0 };
        let unready = if up { heaps.unready } else { 0 };
        let mut all = heaps.counted;
        match () {
            () if down => all.merge(&heaps.missing_at_down),
            () if up => all.merge(&heaps.missing_at_up),
            () => {}
        }
        if unready > 0 {
            all.merge(&heaps.unready_at_up);
        }
        let (new_ratio, value, _) = per_pod.measure(&all)?;
        if missing > 0 || unready > 0 {
            let missing_total = if down { heaps.missing_at_down.value } else { 0 };
            working.push(Step::Filled { unit, missing, missing_total, unready });
            working.push(per_pod.step(unit, &all, value));
        }
        let other_side = (down && new_ratio > 1.0) || (up && new_ratio < 1.0);
        if other_side && !self.tolerance.within(new_ratio) {
            let proposal = ceil_times(all.samples, value, per_pod.target());
            working.push(Step::Held { because: HeldBecause::OtherSide, proposal, keep: current });
            return Ok(current);
        }
        let result = self.multiply(current, all.samples, new_ratio, value, per_pod.goal(unit), working);
        if self.settings.dialect == Dialect::Current
            && ((new_ratio < 1.0 && result > current) || (new_ratio > 1.0 && result < current))
        {
            working.push(Step::Held { because: HeldBecause::AgainstRatio, proposal: result, keep: current });
            return Ok(current);
        }
        Ok(result)
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
        working.push(Step::Multiply { unit: Unit::Count, pods: ready, value, target, result });
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
        let raw = match (status_replicas, value) {
            (0, _) => 0,
            // A sum that overflowed has no mean.
            (_, i64::MAX) => i64::MAX,
            (n, _) => libm::ceil(value as f64 / n as f64) as i64,
        };
        Proposal { replicas, utilization: None, raw }
    }
}
