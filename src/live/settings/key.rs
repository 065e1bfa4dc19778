//! Every setting there is: its name, where it is kept, what it may be, and what it is for.

use super::Settings;
use super::value::{Given, Kind};
use std::time::Duration;

/// One setting.
pub struct Key {
    /// `section.name`.
    pub name: &'static str,
    /// One line for `--print-config`.
    pub about: &'static str,
    /// Sets it; otherwise says what is allowed.
    pub set: fn(&mut Settings, &Given) -> Result<(), String>,
    /// As TOML writes its value.
    pub toml: fn(&Settings) -> String,
}

impl Key {
    /// Section and name apart.
    pub fn parts(&self) -> (&'static str, &'static str) {
        self.name.split_once('.').unwrap_or(("", self.name))
    }

    /// The environment variable: `hpa.sync-period` is `FAASIM_HPA_SYNC_PERIOD`.
    pub fn variable(&self) -> String {
        format!("FAASIM_{}", self.name.replace(['.', '-'], "_").to_uppercase())
    }

    /// The key of that full name.
    pub fn find(name: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.name == name)
    }
}

/// Reads a value of the field's own kind and checks it.
fn assign<T: Kind>(
    field: &mut T,
    given: &Given,
    check: impl Fn(&T) -> Result<(), &'static str>,
) -> Result<(), String> {
    let value = T::read(given).ok_or_else(T::allowed)?;
    check(&value).map_err(str::to_owned)?;
    *field = value;
    Ok(())
}

fn any<T>(_: &T) -> Result<(), &'static str> {
    Ok(())
}

fn positive(value: &Duration) -> Result<(), &'static str> {
    if value.is_zero() { Err("a duration of more than 0, such as `15s`") } else { Ok(()) }
}

fn fraction(value: &f64) -> Result<(), &'static str> {
    if (0.0..1.0).contains(value) { Ok(()) } else { Err("a number from 0 to less than 1, such as 0.1") }
}

fn at_least_one(value: &u32) -> Result<(), &'static str> {
    if *value == 0 { Err("a whole number of at least 1") } else { Ok(()) }
}

fn some_size(value: &crate::cluster::quantity::Bytes) -> Result<(), &'static str> {
    if value.0 < 1 << 16 { Err("a size of at least `64Ki`, such as `64Mi`") } else { Ok(()) }
}

#[allow(clippy::ptr_arg)] // Its type is that of every check: a reference to the value as it is kept.
fn host_names(value: &Vec<String>) -> Result<(), &'static str> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    match value.iter().all(|host| !host.is_empty() && host.chars().all(good)) {
        true => Ok(()),
        false => {
            Err("a list of host names, such as `[\"faasim.local\"]`, without `http://` and without a path")
        }
    }
}

fn seconds(value: &Duration) -> Result<(), &'static str> {
    if *value < Duration::from_secs(2) { Err("a duration of at least 2s") } else { Ok(()) }
}

#[allow(clippy::ptr_arg)] // As above.
fn statuses(value: &Vec<u16>) -> Result<(), &'static str> {
    match value.iter().all(|status| (100..600).contains(status)) {
        true => Ok(()),
        false => Err("a list of HTTP statuses, such as `[\"429\", \"503\"]`"),
    }
}

macro_rules! keys {
    ($($name:literal $section:ident.$field:ident $check:ident $about:literal)*) => {
        /// All of them, section by section, in the order in which `--print-config` writes them.
        pub const KEYS: &[Key] = &[$(Key {
            name: $name,
            about: $about,
            set: |settings, given| assign(&mut settings.$section.$field, given, $check),
            toml: |settings| settings.$section.$field.toml(),
        }),*];
    };
}

keys! {
    "hpa.sync-period" hpa.sync_period positive "time between two looks of the autoscaler"
    "hpa.tolerance" hpa.tolerance fraction "no change while load/target is this near to 1"
    "hpa.downscale-stabilization" hpa.downscale_stabilization any "how long a higher recommendation holds the size up"
    "hpa.cpu-initialization-period" hpa.cpu_initialization_period any "how long after its start a pod's CPU is looked at with care"
    "hpa.initial-readiness-delay" hpa.initial_readiness_delay any "a pod that lost readiness sooner than this after its start was never ready"
    "hpa.dialect" hpa.dialect any "whose rules: `current`, or `legacy` (Kubernetes 1.15)"
    "hpa.scale-up-limit-factor" hpa.scale_up_limit_factor at_least_one "without `behavior` one step goes up to this many times the size"
    "hpa.scale-up-limit-minimum" hpa.scale_up_limit_minimum at_least_one "but to this many pods at any rate"
    "metrics.interval" metrics.interval positive "how often usage is measured for the HPA, and the window of one measurement"
    "gateway.port" gateway.port any "the port on 127.0.0.1; 0 takes any free one"
    "gateway.metrics-port" gateway.metrics_port any "the port of /metrics; 0 is the gateway's port + 2"
    "gateway.read-timeout" gateway.read_timeout positive "how long a client may take to send its request"
    "gateway.write-timeout" gateway.write_timeout positive "how long a reply may take in all"
    "gateway.upstream-timeout" gateway.upstream_timeout positive "how long a function may take to reply"
    "gateway.basic-auth" gateway.basic_auth any "whether /system and the portal ask for the password of the user `admin`"
    "gateway.scale-from-zero" gateway.scale_from_zero any "a call to a function without pods starts one and waits for it; otherwise it is 503"
    "gateway.allowed-hosts" gateway.allowed_hosts host_names "further names under which the gateway may be called"
    "routing.policy" routing.policy any "which pod takes a request"
    "openfaas.edition" openfaas.edition any "whose rules the com.openfaas.scale labels follow: `pro` or `ce`"
    "openfaas.interval" openfaas.interval positive "time between two looks of OpenFaaS' scaler"
    "async.max-inflight" asynchronous.max_inflight at_least_one "asynchronous calls of one queue that are sent at once (in edition ce one)"
    "async.ack-wait" asynchronous.ack_wait seconds "how long a call belongs to the faasim that sends it; extended while it runs"
    "async.timeout" asynchronous.timeout positive "how long one try of an asynchronous call may take"
    "async.max-body" asynchronous.max_body some_size "the largest body of an asynchronous call"
    "async.retry-attempts" asynchronous.retry_attempts at_least_one "tries of an asynchronous call in all"
    "async.retry-codes" asynchronous.retry_codes statuses "statuses after which an asynchronous call is tried again"
    "async.retry-min-wait" asynchronous.retry_min_wait any "wait before the second try; it doubles with each"
    "async.retry-max-wait" asynchronous.retry_max_wait any "longest wait between two tries"
    "async.retry-backoff" asynchronous.retry_backoff any "how waits are spread: `exponential` (not at all), `full` or `equal`"
    "pods.provider" pods.provider any "what runs pods: `docker`, `process`, or `auto`: docker where an engine answers"
    "pods.lease" pods.lease positive "how long pods outlive a faasim that died, waiting to be adopted"
    "pods.termination-grace" pods.termination_grace any "how long a stopping pod may finish what is in flight"
    "pods.backoff-initial" pods.backoff_initial positive "first wait after a crash; it doubles with each"
    "pods.backoff-max" pods.backoff_max positive "longest wait after a crash"
    "pods.max-replicas" pods.max_replicas at_least_one "the most pods that one function may ask for"
    "pods.image-pull-policy" pods.image_pull_policy any "when an image is pulled: `IfNotPresent`, `Never` or `Always`"
    "pods.linux-binary" pods.linux_binary any "a Linux build of faasim, for images on a host that is not Linux"
    "state.dir" state.dir any "where functions, secrets and queued calls are kept"
    "state.history" state.history at_least_one "how many events and decisions of a function are kept to be looked at"
    "journal.enabled" journal.enabled any "record what goes into the core, for `faasim replay`"
    "journal.max-size" journal.max_size some_size "the journal ends at this size"
}
