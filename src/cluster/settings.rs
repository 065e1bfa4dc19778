//! The numbers that a cluster is run with, named as in the originals.

use super::placement::Placement;
use super::routing::RoutingPolicy;
use super::scaling::hpa::HpaSettings;
use super::scaling::openfaas::Edition;
use super::timeouts::GatewayLimits;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Settings of the core. The live shell reads them from files and flags (`live/settings.rs`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The autoscaler's periods, tolerance and dialect.
    pub hpa: HpaSettings,
    /// How often usage is measured for the HPA, and the window it is averaged over.
    pub metrics_interval: Duration,
    /// How often OpenFaaS' scaler looks.
    pub openfaas_interval: Duration,
    /// Whose rules OpenFaaS' labels follow.
    pub edition: Edition,
    /// Which pod takes a request.
    pub routing: RoutingPolicy,
    /// How long a stopping pod may finish what is in flight (Kubernetes' terminationGracePeriodSeconds).
    pub termination_grace: Duration,
    /// First wait after a crash; it doubles with each (Kubernetes: 10 s).
    pub backoff_initial: Duration,
    /// Longest wait after a crash (Kubernetes: 5 min).
    pub backoff_max: Duration,
    /// The most pods one function may ask for: a laptop is small.
    pub max_replicas: u32,
    /// Which node takes a pod.
    #[serde(default)]
    pub placement: Placement,
    /// How long the pods of a lost node are waited for (Kubernetes' default toleration: 5 min).
    #[serde(default)]
    pub node_toleration: Duration,
    /// How many events and how many decisions a function keeps to be looked at.
    pub history: usize,
    /// The gateway's limits, for advice on a function's own.
    #[serde(default)]
    pub gateway: GatewayLimits,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            hpa: HpaSettings::default(),
            metrics_interval: Duration::from_secs(15),
            openfaas_interval: Duration::from_secs(5),
            edition: Edition::Pro,
            routing: RoutingPolicy::LeastInflight,
            termination_grace: Duration::from_secs(30),
            backoff_initial: Duration::from_secs(10),
            backoff_max: Duration::from_secs(300),
            max_replicas: 1000,
            placement: Placement::default(),
            node_toleration: Duration::from_secs(300),
            history: 200,
            gateway: GatewayLimits::default(),
        }
    }
}
