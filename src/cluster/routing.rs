//! Routing. (Placeholder: the invoke branch replaces this file whole.)
use crate::cluster::time::Time;
use serde::{Deserialize, Serialize};
/// Policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoutingPolicy {
    /// Default.
    LeastInflight,
}
/// Counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Started.
    pub started: u64,
    /// Completed.
    pub completed: u64,
    /// In flight.
    pub in_flight: u32,
    /// Peak since the last read.
    pub peak_in_flight: u32,
    /// Waiting.
    pub queued: u32,
    /// Last activity.
    pub last_activity: Time,
}
