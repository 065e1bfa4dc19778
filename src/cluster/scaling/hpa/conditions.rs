//! The conditions of an autoscaler and the events it makes, in Kubernetes' words.

use crate::cluster::time::Time;
use serde::{Deserialize, Serialize};

/// A condition's type, in the order in which `describe` prints them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ConditionType {
    /// Whether the target's size can be read and written.
    AbleToScale,
    /// Whether the metrics give an answer.
    ScalingActive,
    /// Whether a limit bit.
    ScalingLimited,
}

impl ConditionType {
    /// Kubernetes' word.
    pub fn name(self) -> &'static str {
        match self {
            ConditionType::AbleToScale => "AbleToScale",
            ConditionType::ScalingActive => "ScalingActive",
            ConditionType::ScalingLimited => "ScalingLimited",
        }
    }
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ConditionType,
    /// Whether it holds.
    pub status: bool,
    /// One word.
    pub reason: String,
    /// One sentence.
    pub message: String,
    /// When `status` last changed; a new reason alone does not move it.
    pub last_transition: Time,
}

impl Condition {
    /// `True` or `False`, as Kubernetes writes it.
    pub fn status_word(&self) -> &'static str {
        if self.status { "True" } else { "False" }
    }
}

/// Sets a condition, or changes the one there is.
pub fn set(
    conditions: &mut Vec<Condition>,
    kind: ConditionType,
    status: bool,
    reason: &str,
    message: String,
    now: Time,
) {
    match conditions.iter_mut().find(|c| c.kind == kind) {
        Some(c) => {
            if c.status != status {
                c.status = status;
                c.last_transition = now;
            }
            if c.reason != reason {
                reason.clone_into(&mut c.reason);
            }
            c.message = message;
        }
        None => {
            conditions.push(Condition { kind, status, reason: reason.into(), message, last_transition: now })
        }
    }
}

/// Something to tell, as `kubectl get events` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalingEvent {
    /// `Warning` rather than `Normal`.
    pub warning: bool,
    /// `SuccessfulRescale`, `FailedGetResourceMetric` …
    pub reason: String,
    /// The sentence.
    pub message: String,
}

impl ScalingEvent {
    pub(super) fn normal(reason: &str, message: String) -> Self {
        ScalingEvent { warning: false, reason: reason.into(), message }
    }

    pub(super) fn warning(reason: &str, message: String) -> Self {
        ScalingEvent { warning: true, reason: reason.into(), message }
    }
}
