//! The numbers that a live cluster is run with, and where each came from.
//!
//! Defaults, then a preset, then `faasim.toml`, then `FAASIM_…` variables, then `--set section.key=value`, then the
//! flags that have a name of their own (`--port`): the last one wins.

use crate::cluster;
use crate::cluster::quantity::Bytes;
use crate::cluster::routing::RoutingPolicy;
use crate::cluster::scaling::hpa::HpaSettings;
use crate::cluster::scaling::openfaas::Edition;
use crate::live::asynchronous::Backoff;
use crate::live::provider::PullPolicy;
use std::path::PathBuf;
use std::time::Duration;

mod key;
mod load;
mod preset;
mod value;

pub use key::{KEYS, Key};
pub use load::{CONFIG_FILE, Loaded, Origin, Sources, check_file};
pub use preset::{PRESETS, Preset};

/// Settings of `faasim up`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// `[hpa]`
    pub hpa: HpaSettings,
    /// `[metrics]`
    pub metrics: Metrics,
    /// `[gateway]`
    pub gateway: Gateway,
    /// `[routing]`
    pub routing: Routing,
    /// `[openfaas]`
    pub openfaas: OpenFaas,
    /// `[async]`
    pub asynchronous: Asynchronous,
    /// `[pods]`
    pub pods: Pods,
    /// `[state]`
    pub state: State,
    /// `[journal]`
    pub journal: Journal,
}

/// Measuring usage.
#[derive(Clone, Debug, PartialEq)]
pub struct Metrics {
    /// How often, and the window of one measurement. 15 s, as metrics-server.
    pub interval: Duration,
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics { interval: Duration::from_secs(15) }
    }
}

/// The HTTP gateway on loopback.
#[derive(Clone, Debug, PartialEq)]
pub struct Gateway {
    /// The port on 127.0.0.1. 8080; 0 takes any free one.
    pub port: u16,
    /// The port of `/metrics`. 0: the gateway's port + 2.
    pub metrics_port: u16,
    /// How long a client may take to send its request. 60 s.
    pub read_timeout: Duration,
    /// How long a reply may take in all. 60 s.
    pub write_timeout: Duration,
    /// How long a function may take to reply. 60 s.
    pub upstream_timeout: Duration,
    /// `/system` and the portal ask for the password. true.
    pub basic_auth: bool,
    /// A call to a function without pods starts one and waits for it. true.
    pub scale_from_zero: bool,
    /// Further names under which the gateway may be called.
    pub allowed_hosts: Vec<String>,
}

impl Default for Gateway {
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        Gateway {
            port: 8080,
            metrics_port: 0,
            read_timeout: minute,
            write_timeout: minute,
            upstream_timeout: minute,
            basic_auth: true,
            scale_from_zero: true,
            allowed_hosts: Vec::new(),
        }
    }
}

impl Gateway {
    /// The port to try first for `/metrics`, 0 for any, once the gateway listens on `port`.
    pub fn metrics_port_beside(&self, port: u16) -> u16 {
        if self.metrics_port == 0 { port.checked_add(2).unwrap_or(0) } else { self.metrics_port }
    }
}

/// Which pod takes a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Routing {
    /// The policy. `least-inflight`.
    pub policy: RoutingPolicy,
}

impl Default for Routing {
    fn default() -> Self {
        Routing { policy: RoutingPolicy::LeastInflight }
    }
}

/// OpenFaaS' own scaler.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenFaas {
    /// Whose rules the labels follow. `pro`.
    pub edition: Edition,
    /// Time between two looks. 5 s.
    pub interval: Duration,
}

impl Default for OpenFaas {
    fn default() -> Self {
        OpenFaas { edition: Edition::Pro, interval: Duration::from_secs(5) }
    }
}

/// Asynchronous calls: OpenFaaS Pro's queue worker.
#[derive(Clone, Debug, PartialEq)]
pub struct Asynchronous {
    /// Calls of one queue that are sent at once. 50.
    pub max_inflight: u32,
    /// How long a call belongs to the faasim that sends it; extended while it runs. 60 s.
    pub ack_wait: Duration,
    /// How long one try may take: the gateway's limits are not for these calls. 1 h.
    pub timeout: Duration,
    /// The largest body that is kept. 64 MiB.
    pub max_body: Bytes,
    /// Tries in all. 100.
    pub retry_attempts: u32,
    /// Statuses that are tried again.
    pub retry_codes: Vec<u16>,
    /// The wait before the second try; it doubles with each. 10 s.
    pub retry_min_wait: Duration,
    /// The longest wait. 120 s.
    pub retry_max_wait: Duration,
    /// How waits are spread. `exponential`.
    pub retry_backoff: Backoff,
}

impl Default for Asynchronous {
    fn default() -> Self {
        Asynchronous {
            max_inflight: 50,
            ack_wait: Duration::from_secs(60),
            timeout: Duration::from_secs(3600),
            max_body: Bytes(64 << 20),
            retry_attempts: 100,
            retry_codes: vec![408, 429, 500, 502, 503, 504],
            retry_min_wait: Duration::from_secs(10),
            retry_max_wait: Duration::from_secs(120),
            retry_backoff: Backoff::Exponential,
        }
    }
}

/// What runs pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProviderChoice {
    /// Docker where an engine answers, otherwise processes.
    #[default]
    Auto,
    /// Docker, or fail.
    Docker,
    /// Plain processes.
    Process,
}

/// Starting, stopping and keeping pods.
#[derive(Clone, Debug, PartialEq)]
pub struct Pods {
    /// What runs them. `auto`.
    pub provider: ProviderChoice,
    /// How long they outlive a faasim that died. 60 s.
    pub lease: Duration,
    /// How long a stopping pod may finish what is in flight. 30 s.
    pub termination_grace: Duration,
    /// First wait after a crash; it doubles with each. 10 s.
    pub backoff_initial: Duration,
    /// Longest wait after a crash. 300 s.
    pub backoff_max: Duration,
    /// The most pods that one function may ask for. 1000.
    pub max_replicas: u32,
    /// When an image is pulled: `IfNotPresent`, `Never` or `Always`; a function's own policy wins. `IfNotPresent`.
    pub image_pull_policy: PullPolicy,
    /// A Linux build of faasim, for images on a host that is not Linux.
    pub linux_binary: Option<PathBuf>,
}

impl Default for Pods {
    fn default() -> Self {
        Pods {
            provider: ProviderChoice::Auto,
            lease: Duration::from_secs(60),
            termination_grace: Duration::from_secs(30),
            backoff_initial: Duration::from_secs(10),
            backoff_max: Duration::from_secs(300),
            max_replicas: 1000,
            image_pull_policy: PullPolicy::IfNotPresent,
            linux_binary: None,
        }
    }
}

/// What survives a restart.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Its folder; none means [`default_state_dir`].
    pub dir: Option<PathBuf>,
    /// How many events and decisions of a function are kept to be looked at. 200.
    pub history: u32,
}

impl Default for State {
    fn default() -> Self {
        State { dir: None, history: 200 }
    }
}

impl State {
    /// The state folder: the one that is set, or [`default_state_dir`].
    pub fn folder(&self) -> PathBuf {
        self.dir.clone().unwrap_or_else(default_state_dir)
    }
}

/// The record of what went into the core.
#[derive(Clone, Debug, PartialEq)]
pub struct Journal {
    /// Whether it is written. true.
    pub enabled: bool,
    /// It ends at this size. 64 MiB.
    pub max_size: Bytes,
}

impl Default for Journal {
    fn default() -> Self {
        Journal { enabled: true, max_size: Bytes(64 << 20) }
    }
}

impl Settings {
    /// The part of them that the core decides with.
    pub fn to_cluster(&self) -> cluster::settings::Settings {
        cluster::settings::Settings {
            hpa: self.hpa.clone(),
            metrics_interval: self.metrics.interval,
            openfaas_interval: self.openfaas.interval,
            edition: self.openfaas.edition,
            routing: self.routing.policy,
            termination_grace: self.pods.termination_grace,
            backoff_initial: self.pods.backoff_initial,
            backoff_max: self.pods.backoff_max,
            max_replicas: self.pods.max_replicas,
            history: self.state.history as usize,
            gateway: cluster::timeouts::GatewayLimits {
                upstream: self.gateway.upstream_timeout,
                write: self.gateway.write_timeout,
            },
            // There is one node here.
            ..cluster::settings::Settings::default()
        }
    }
}

/// Where a cluster is kept when nothing else is said: `$FAASIM_STATE`, `$XDG_STATE_HOME/faasim`,
/// `~/.local/state/faasim`, or a folder of the system's temporary one when there is no home.
pub fn default_state_dir() -> PathBuf {
    state_dir_from(|name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from))
}

fn state_dir_from(var: impl Fn(&str) -> Option<PathBuf>) -> PathBuf {
    // The XDG specification: a relative path in XDG_STATE_HOME is to be ignored.
    let xdg = || var("XDG_STATE_HOME").filter(|p| p.is_absolute()).map(|p| p.join("faasim"));
    let home = || var("HOME").map(|p| p.join(".local/state/faasim"));
    var("FAASIM_STATE").or_else(xdg).or_else(home).unwrap_or_else(|| std::env::temp_dir().join("faasim"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_gets_what_was_set() {
        assert_eq!(Settings::default().to_cluster(), cluster::settings::Settings::default());
    }

    #[test]
    fn the_state_folder_follows_the_environment() {
        let with = |vars: &[(&str, &str)]| {
            state_dir_from(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| PathBuf::from(v)))
        };
        for (vars, expected) in [
            (&[("FAASIM_STATE", "/s"), ("XDG_STATE_HOME", "/x"), ("HOME", "/h")][..], "/s"),
            (&[("XDG_STATE_HOME", "/x"), ("HOME", "/h")], "/x/faasim"),
            (&[("XDG_STATE_HOME", "x"), ("HOME", "/h")], "/h/.local/state/faasim"),
            (&[("HOME", "/h")], "/h/.local/state/faasim"),
        ] {
            assert_eq!(with(vars), PathBuf::from(expected));
        }
    }
}
