//! How a function behaves: what its pods take to start, what a request takes, what both use.

use super::law::{Law, Seconds};
use crate::cluster::quantity::Bytes;
use serde::{Deserialize, Serialize};

/// What a pod goes through until it takes requests; the parts follow one another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Startup {
    /// Fetching the image, on a node that does not have it yet.
    #[serde(skip_serializing_if = "Law::is_nothing")]
    pub image: Law,
    /// From there until the container runs.
    #[serde(skip_serializing_if = "Law::is_nothing")]
    pub container: Law,
    /// From there until the function listens. The share `cpu` of it is work for the node's cores, so pods that start
    /// at once make each other, and running requests, slower.
    pub function: Law,
    /// Share of `function` that is CPU, 0 to 1.
    pub cpu: f64,
    /// From there until the first readiness probe has passed.
    #[serde(skip_serializing_if = "Law::is_nothing")]
    pub probe: Law,
}

/// How a function behaves in virtual time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Model {
    /// How a pod starts.
    pub startup: Startup,
    /// What a request takes when it runs alone.
    pub service: Law,
    /// Share of that which is CPU, 0 to 1; the rest is waiting (sleep, disk, network) and is not shared.
    pub cpu: f64,
    /// Requests that a pod works on at once; more wait in the pod, first come, first served. None: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<u32>,
    /// Requests that the gateway gives a pod at once; more wait at the gateway in one queue for all pods. None: no
    /// limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_inflight: Option<u32>,
    /// Requests that may wait at the gateway; one more gets 429. None: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_limit: Option<usize>,
    /// From being told to stop until a pod is gone.
    #[serde(skip_serializing_if = "Law::is_nothing")]
    pub stop: Law,
    /// How long a pod runs until it crashes by itself. None: it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crash: Option<Law>,
    /// CPU that a pod uses when it does nothing, in cores.
    pub idle_cpu: f64,
    /// CPU that gateway and load generator use for a request, on the cores of the pod's node, before it
    /// comes to the pod.
    pub overhead: Seconds,
    /// Memory of a pod that does nothing.
    #[schemars(with = "serde_json::Value")]
    pub memory: Bytes,
    /// Memory of each request that runs.
    #[schemars(with = "serde_json::Value")]
    pub request_memory: Bytes,
}

impl Default for Model {
    fn default() -> Self {
        Model {
            startup: Startup::default(),
            service: Law::default(),
            cpu: 1.0,
            workers: None,
            max_inflight: None,
            queue_limit: None,
            stop: Law::default(),
            crash: None,
            idle_cpu: 0.0,
            overhead: Seconds(0.0),
            memory: Bytes(32 << 20),
            request_memory: Bytes(0),
        }
    }
}

impl Model {
    /// Requests take what `service` says, and pods start at once.
    pub fn serving(service: Law) -> Self {
        Model { service, ..Model::default() }
    }

    /// The same, with pods that take `seconds` to start.
    pub fn cold(self, seconds: f64) -> Self {
        let startup = Startup { container: Law::constant(seconds), ..self.startup };
        Model { startup, ..self }
    }

    /// All its laws, with the paths of their fields.
    pub fn laws_mut(&mut self) -> impl Iterator<Item = (&'static str, &mut Law)> {
        let Startup { image, container, function, probe, .. } = &mut self.startup;
        let always = [
            ("startup.image", image),
            ("startup.container", container),
            ("startup.function", function),
            ("startup.probe", probe),
            ("service", &mut self.service),
            ("stop", &mut self.stop),
        ];
        always.into_iter().chain(self.crash.as_mut().map(|law| ("crash", law)))
    }

    /// Checks what a type cannot.
    ///
    /// # Errors
    /// The field with its path, what was found, and what is allowed.
    pub fn validate(&self) -> Result<(), String> {
        let laws = [
            ("startup.image", Some(&self.startup.image)),
            ("startup.container", Some(&self.startup.container)),
            ("startup.function", Some(&self.startup.function)),
            ("startup.probe", Some(&self.startup.probe)),
            ("service", Some(&self.service)),
            ("stop", Some(&self.stop)),
            ("crash", self.crash.as_ref()),
        ];
        for (name, law) in laws {
            law.map_or(Ok(()), Law::validate).map_err(|what| format!("{name}.{what}"))?;
        }
        for (name, share) in [("cpu", self.cpu), ("startup.cpu", self.startup.cpu)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(format!("{name}: `{share}` is not between 0 and 1"));
            }
        }
        for (name, limit) in [("workers", self.workers), ("max-inflight", self.max_inflight)] {
            if limit == Some(0) {
                return Err(format!("{name}: it must be at least 1"));
            }
        }
        if self.crash.as_ref().is_some_and(|law| law.mean() <= 0.0) {
            return Err("crash: its mean must be more than 0".into());
        }
        if !(0.0..=1024.0).contains(&self.idle_cpu) {
            return Err(format!("idle-cpu: `{}` is not a number of cores", self.idle_cpu));
        }
        Ok(())
    }
}
