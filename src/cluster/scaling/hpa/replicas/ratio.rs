//! Load against target, over a set of samples.

use crate::cluster::scaling::step::{Step, Unit};

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
pub(super) struct Totals {
    pub value: i64,
    request: i64,
    matched: i64,
    pub samples: i64,
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

    /// Takes in another set.
    pub fn merge(&mut self, other: &Totals) {
        self.value = self.value.saturating_add(other.value);
        self.request = self.request.saturating_add(other.request);
        self.matched += other.matched;
        self.samples += other.samples;
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
    pub(super) fn target(&self) -> i64 {
        match *self {
            PerPod::Utilization { target, .. } | PerPod::Average { target, .. } => target,
        }
    }

    /// The target with what it counts, where the metric's own numbers count in `unit`.
    pub(super) fn goal(&self, unit: Unit) -> (Unit, i64) {
        let unit = if matches!(self, PerPod::Utilization { .. }) { Unit::Percent } else { unit };
        (unit, self.target())
    }

    /// Ratio, the number compared with the target, and the number the status shows.
    pub(super) fn measure(&self, totals: &Totals) -> Result<(f64, i64, i64), String> {
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

    pub(super) fn add(&self, totals: &mut Totals, value: i64, request: Option<i64>) {
        match self {
            PerPod::Utilization { .. } => totals.add(value, request),
            PerPod::Average { .. } => totals.add_plain(value),
        }
    }

    pub(super) fn step(&self, unit: Unit, totals: &Totals, value: i64) -> Step {
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
