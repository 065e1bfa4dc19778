//! The settings of the controller, and whose rules it follows.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Which controller's rules are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// Today's: reads `spec.replicas`, honours `behavior`, sets pending, failed and succeeded pods apart.
    #[default]
    Current,
    /// That of Kubernetes 1.15: reads `status.replicas`, knows no `behavior`, `min` 0 acts as 1.
    Legacy,
}

/// The controller's settings; the defaults are those of kube-controller-manager.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct HpaSettings {
    /// Time between two looks. 15 s.
    pub sync_period: Duration,
    /// No change while load/target is this near to 1. 0.1.
    pub tolerance: f64,
    /// How long a higher recommendation holds the size up. 300 s.
    pub downscale_stabilization: Duration,
    /// How long after its start a pod's CPU is looked at with care. 300 s.
    pub cpu_initialization_period: Duration,
    /// A pod that lost readiness sooner than this after its start was never ready. 30 s.
    pub initial_readiness_delay: Duration,
    /// Whose rules.
    pub dialect: Dialect,
    /// Without `behavior` one step goes up to this many times the size. 2.
    pub scale_up_limit_factor: u32,
    /// … but to this many pods at any rate. 4.
    pub scale_up_limit_minimum: u32,
}

impl Default for HpaSettings {
    fn default() -> Self {
        HpaSettings {
            sync_period: Duration::from_secs(15),
            tolerance: 0.1,
            downscale_stabilization: Duration::from_secs(300),
            cpu_initialization_period: Duration::from_secs(300),
            initial_readiness_delay: Duration::from_secs(30),
            dialect: Dialect::Current,
            scale_up_limit_factor: 2,
            scale_up_limit_minimum: 4,
        }
    }
}
