//! One pod's container: made, started, found again, waited for, removed.

use super::super::keeper::StartFailure;
use super::super::{Config, ProviderError, StartPod, token};
use super::MadeContainer;
use super::engine::{Engine, is_missing, words};
use super::image::Image;
use crate::cluster::function::{FunctionName, FunctionSpec};
use crate::cluster::pod::{Exit, PodUid};
use crate::cluster::record::FoundPod;
use crate::cluster::time::Time;
use crate::live::secrets::{self, Secrets};
use crate::watchdog::hold;
use bollard::errors::Error;
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, HostConfig, HostConfigLogConfig, PortBinding,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, ListContainersOptionsBuilder,
    RemoveContainerOptionsBuilder, StopContainerOptionsBuilder, WaitContainerOptionsBuilder,
};
use futures_util::StreamExt;
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

/// Whose container it is: the text in the cluster's state folder.
const CLUSTER: &str = "faasim.cluster";
const FUNCTION: &str = "faasim.function";
const POD: &str = "faasim.pod";
const UID: &str = "faasim.uid";
const HASH: &str = "faasim.spec-hash";
/// Where a watchdog listens in its container.
const PORT: &str = "8080/tcp";
/// Processes and threads in one container: more than a function needs, fewer than hurt the machine.
const PIDS: i64 = 4096;

/// A container that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) id: String,
    /// Host and port of its watchdog.
    pub(super) address: String,
    /// What opens its hold stream, when its watchdog is faasim.
    pub(super) token: Option<String>,
}

/// A container of this cluster.
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) pod: String,
}

impl Engine {
    /// Makes a pod's container; one of its name that is there already is replaced.
    pub(super) async fn create(
        &self,
        config: &Config,
        pod: &StartPod,
        image: &Image,
        secret: Option<&str>,
    ) -> Result<(), StartFailure> {
        let options = CreateContainerOptionsBuilder::default().name(&pod.name).build();
        let body = self.body(config, pod, image, secret);
        let mut created = self.docker.create_container(Some(options.clone()), body.clone()).await;
        if matches!(created, Err(Error::DockerResponseServerError { status_code: 409, .. })) {
            self.remove(&pod.name).await;
            created = self.docker.create_container(Some(options), body).await;
        }
        created.map(drop).map_err(|e| {
            StartFailure::create(format!(
                "pod {}: the engine cannot make its container: {}",
                pod.name,
                words(&e)
            ))
        })
    }

    fn body(
        &self,
        config: &Config,
        pod: &StartPod,
        image: &Image,
        secret: Option<&str>,
    ) -> ContainerCreateBody {
        let spec = &pod.spec;
        let labels = [
            (CLUSTER, config.cluster_id.clone()),
            (FUNCTION, spec.full_name().to_string()),
            (POD, pod.name.clone()),
            (UID, pod.uid.to_string()),
            (HASH, pod.template_hash.clone()),
        ];
        ContainerCreateBody {
            image: Some(image.name.clone()),
            hostname: Some(pod.name.chars().take(63).collect()),
            env: Some(environment(config, pod, image, secret)),
            labels: Some(labels.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
            exposed_ports: Some(vec![PORT.into()]),
            host_config: Some(self.host_config(config, spec)),
            ..ContainerCreateBody::default()
        }
    }

    fn host_config(&self, config: &Config, spec: &FunctionSpec) -> HostConfig {
        let secrets = Secrets::of(&config.state_dir).folder(&spec.namespace);
        let bind = |name: &String| format!("{}:{}/{name}:ro", secrets.join(name).display(), secrets::MOUNT);
        let memory = spec.limits.memory.and_then(|m| i64::try_from(m.0).ok());
        let published = PortBinding { host_ip: Some("127.0.0.1".into()), host_port: Some(String::new()) };
        HostConfig {
            nano_cpus: spec.limits.cpu.and_then(|c| i64::try_from(c.0).ok()).map(|m| m * 1_000_000),
            // As Kubernetes turns a request into a weight: 1024 for a core, 2 at least.
            cpu_shares: spec
                .requests
                .cpu
                .and_then(|c| i64::try_from(c.0).ok())
                .map(|m| (m * 1024 / 1000).max(2)),
            memory,
            // No swap beyond it: a limit is a limit.
            memory_swap: memory,
            pids_limit: Some(PIDS),
            cap_drop: Some(vec!["ALL".into()]),
            security_opt: Some(vec!["no-new-privileges".into()]),
            readonly_rootfs: Some(spec.read_only_root_filesystem),
            tmpfs: Some(HashMap::from([("/tmp".into(), "rw,exec,nosuid,nodev,mode=1777".into())])),
            port_bindings: (!self.direct).then(|| HashMap::from([(PORT.into(), Some(vec![published]))])),
            log_config: Some(bounded_log()),
            // The files themselves, read-only: an update is seen at once.
            binds: (!spec.secrets.is_empty()).then(|| spec.secrets.iter().map(bind).collect()),
            ..HostConfig::default()
        }
    }

    /// Starts a container by id or name.
    pub(super) async fn start(&self, name: &str) -> Result<(), StartFailure> {
        self.docker.start_container(name, None).await.map_err(|e| StartFailure {
            reason: "RunContainerError",
            message: format!("pod {name}: the engine cannot start its container: {}", words(&e)),
        })
    }

    /// A container that was just started.
    pub(super) async fn running(&self, name: &str, token: Option<String>) -> Result<Running, StartFailure> {
        let fails = |why: String| StartFailure { reason: "RunContainerError", message: why };
        let about = self.docker.inspect_container(name, None::<InspectContainerOptions>).await;
        let about = about.map_err(|e| fails(format!("pod {name} is lost: {}", words(&e))))?;
        // One that has ended already has no address any more; its end and its exit code come next.
        let address = self.address(&about).unwrap_or_else(|| "0.0.0.0:0".into());
        Ok(Running { id: about.id.unwrap_or_default(), address, token })
    }

    /// Where a running container's watchdog answers.
    fn address(&self, about: &ContainerInspectResponse) -> Option<String> {
        let network = about.network_settings.as_ref()?;
        if self.direct {
            let networks = network.networks.as_ref()?;
            let ip = networks.values().filter_map(|n| n.ip_address.as_deref()).find(|ip| !ip.is_empty())?;
            return Some(format!("{ip}:8080"));
        }
        let ports = network.ports.as_ref()?.get(PORT)?.as_ref()?;
        let port = ports.iter().find_map(|p| p.host_port.as_deref())?;
        Some(format!("127.0.0.1:{port}"))
    }

    /// All containers of a cluster, ended ones too.
    ///
    /// # Errors
    /// The engine does not answer.
    pub(super) async fn list(&self, cluster: &str) -> Result<Vec<Listed>, ProviderError> {
        let filters = HashMap::from([("label", vec![format!("{CLUSTER}={cluster}")])]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let listed = self.docker.list_containers(Some(options)).await;
        let listed = listed.map_err(|e| {
            ProviderError(format!(
                "the engine cannot list its containers: {}; look with `docker ps`",
                words(&e)
            ))
        })?;
        let listed = listed.into_iter().filter_map(|c| {
            let pod = c.labels.unwrap_or_default().remove(POD)?;
            Some(Listed { id: c.id?, pod })
        });
        Ok(listed.collect())
    }

    /// All containers that any faasim made.
    ///
    /// # Errors
    /// The engine does not answer.
    pub(super) async fn made(&self) -> Result<Vec<MadeContainer>, ProviderError> {
        let filters = HashMap::from([("label", vec![CLUSTER.to_owned()])]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let listed = self.docker.list_containers(Some(options)).await;
        let listed = listed.map_err(|e| ProviderError(words(&e)))?.into_iter().filter_map(|c| {
            let mut labels = c.labels.unwrap_or_default();
            let running =
                c.state.is_none_or(|state| state.to_string() != "exited" && state.to_string() != "dead");
            Some(MadeContainer { name: labels.remove(POD)?, cluster: labels.remove(CLUSTER)?, running })
        });
        Ok(listed.collect())
    }

    /// A running container that an earlier faasim left, if it can be held.
    pub(super) async fn found(&self, id: &str, config: &Config) -> Option<(FoundPod, Running)> {
        let about = self.docker.inspect_container(id, None::<InspectContainerOptions>).await.ok()?;
        let state = about.state.as_ref()?;
        if state.running != Some(true) {
            return None;
        }
        let started: jiff::Timestamp = state.started_at.as_deref()?.parse().ok()?;
        let labels = about.config.as_ref()?.labels.as_ref()?;
        let name = labels.get(POD)?.clone();
        let token = kept_token(config, &name)?;
        let address = self.address(&about)?;
        let found = FoundPod {
            uid: PodUid(labels.get(UID)?.parse().ok()?),
            name,
            function: FunctionName::parse(labels.get(FUNCTION)?),
            template_hash: labels.get(HASH)?.clone(),
            started: Time::from_nanos(u64::try_from(started.as_nanosecond()).ok()?),
            address: address.clone(),
        };
        Some((found, Running { id: id.to_owned(), address, token }))
    }

    /// Waits for a container's end.
    ///
    /// # Errors
    /// The engine cannot say.
    pub(super) async fn wait(&self, id: &str) -> Result<Exit, String> {
        let options = WaitContainerOptionsBuilder::default().condition("not-running").build();
        let code = match self.docker.wait_container(id, Some(options)).next().await {
            Some(Ok(ended)) => ended.status_code,
            Some(Err(Error::DockerContainerWaitError { code, .. })) => code,
            Some(Err(error)) if is_missing(&error) => 137,
            Some(Err(error)) => return Err(words(&error)),
            None => return Err("it broke off".into()),
        };
        let about = self.docker.inspect_container(id, None::<InspectContainerOptions>).await.ok();
        let state = about.and_then(|a| a.state).unwrap_or_default();
        if state.running == Some(true) {
            return Err("it says that a container has ended, and that it runs".into());
        }
        let oom_killed = state.oom_killed == Some(true);
        Ok(Exit { code: i32::try_from(code).unwrap_or(137), oom_killed })
    }

    /// Asks a container to end, kills it after `grace`, and removes it.
    pub(super) async fn stop(&self, id: &str, grace: Duration) {
        self.end(id, grace).await;
        self.remove(id).await;
    }

    /// Asks a container to end, and kills it after `grace`.
    pub(super) async fn end(&self, id: &str, grace: Duration) {
        let seconds = i32::try_from(grace.as_secs()).unwrap_or(i32::MAX).max(1);
        let options = StopContainerOptionsBuilder::default().t(seconds).build();
        // Ended already, or gone: then there is nothing to ask.
        let _ = self.docker.stop_container(id, Some(options)).await;
    }

    /// Kills what runs in a container; the container stays.
    pub(super) async fn kill(&self, id: &str) -> Result<(), ProviderError> {
        let done = self.docker.kill_container(id, None).await;
        done.map_err(|e| ProviderError(format!("container {id} cannot be killed: {}", words(&e))))
    }

    /// Removes a container, killing it if it runs.
    pub(super) async fn remove(&self, id: &str) {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        if let Err(error) = self.docker.remove_container(id, Some(options)).await
            && !is_missing(&error)
            // 409: somebody removes it already.
            && !matches!(error, Error::DockerResponseServerError { status_code: 409, .. })
        {
            tracing::warn!("container {id} cannot be removed: {}; try `docker rm -f {id}`", words(&error));
        }
    }
}

/// What a pod writes is kept up to twice 10 MB, as with processes: a talkative function must not fill the disk.
fn bounded_log() -> HostConfigLogConfig {
    let config = [("max-size", "10m"), ("max-file", "2")];
    let config = config.map(|(key, value)| (key.to_owned(), value.to_owned()));
    HostConfigLogConfig { typ: Some("json-file".into()), config: Some(config.into()) }
}

/// What the watchdog and the function are told.
fn environment(config: &Config, pod: &StartPod, image: &Image, secret: Option<&str>) -> Vec<String> {
    let spec = &pod.spec;
    let mut all: Vec<(&str, &str)> = spec.env_vars.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    all.push(("OPENFAAS_NAME", &spec.name));
    all.push(("OPENFAAS_NAMESPACE", &spec.namespace));
    all.push((hold::POD, &pod.name));
    if let Some(process) = &spec.env_process {
        all.push(("fprocess", process));
    }
    let lease = format!("{}ms", config.lease.as_millis());
    if let Some(secret) = secret {
        all.push((hold::TOKEN, secret));
        all.push((hold::LEASE, &lease));
    }
    if let Some(start) = &image.start {
        all.push((hold::EXE, start));
    }
    all.into_iter().map(|(key, value)| format!("{key}={value}")).collect()
}

fn token_file(config: &Config, pod: &str) -> PathBuf {
    config.pod_dir(pod).join("token")
}

/// Writes a pod's token down; an empty file says that its watchdog is not faasim.
pub(super) fn keep_token(config: &Config, pod: &str, secret: Option<&str>) -> Result<(), StartFailure> {
    let file = token_file(config, pod);
    let write = || {
        std::fs::create_dir_all(config.pod_dir(pod))?;
        token::write_private(&file, secret.unwrap_or_default().as_bytes())
    };
    write().map_err(|e| {
        StartFailure::create(format!(
            "pod {pod} cannot start: {} cannot be written: {e}; free some space there or choose another state folder with --state",
            file.display()
        ))
    })
}

/// A pod's token, as it was written down: `Some(None)` when its watchdog is not faasim.
pub(super) fn kept_token(config: &Config, pod: &str) -> Option<Option<String>> {
    let text = std::fs::read_to_string(token_file(config, pod)).ok()?;
    Some(Some(text).filter(|t| !t.is_empty()))
}

/// Removes what was written down about a pod.
pub(super) fn forget_token(config: &Config, pod: &str) {
    let dir = config.pod_dir(pod);
    if let Err(error) = std::fs::remove_dir_all(&dir)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!("the pod's folder {} cannot be removed: {error}; remove it by hand", dir.display());
    }
}
