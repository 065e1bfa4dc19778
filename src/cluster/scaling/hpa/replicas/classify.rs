//! Which pods count, which are not to be trusted yet, which are missing, which do not matter.

use crate::cluster::scaling::hpa::settings::{Dialect, HpaSettings};
use crate::cluster::scaling::hpa::target::{PodPhase, PodState};
use crate::cluster::time::Time;
use std::time::Duration;

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
