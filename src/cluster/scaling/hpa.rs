//! The HPA. (Placeholder: the scaling branch replaces this file whole.)
use crate::cluster::quantity::{Bytes, MilliCpu};
use crate::cluster::time::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HpaSettings {}
/// Spec.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HpaSpec {
    /// Min.
    pub min_replicas: Option<u32>,
    /// Max.
    pub max_replicas: u32,
}
/// An HPA.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hpa {
    /// Spec.
    pub spec: HpaSpec,
}
/// Usage of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PodUsage {
    /// When.
    pub at: Time,
    /// Over what.
    pub window: Duration,
    /// CPU.
    pub cpu: MilliCpu,
    /// Memory.
    pub memory: Bytes,
}
