//! The engine: reaching it, and its refusals in words that help.

use super::super::ProviderError;
use bollard::Docker;
use bollard::errors::Error;
use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// An engine that does not say its version within this time does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Waits between looks at an engine that does not answer: its containers may live on, or not.
const RETRY: Duration = Duration::from_secs(1);

/// A Docker engine. Cheap to clone.
#[derive(Clone)]
pub(super) struct Engine {
    pub(super) docker: Docker,
    /// A container's own address answers from here; else its port is published on 127.0.0.1.
    pub(super) direct: bool,
    at: Arc<str>,
    /// It was told that it does not answer any more.
    lost: Arc<AtomicBool>,
}

impl Engine {
    /// Connects, and agrees on a version of the API.
    pub(super) async fn connect() -> Result<Self, ProviderError> {
        if cfg!(not(target_os = "linux")) {
            return Err(ProviderError(
                "pods as containers need a Linux machine: the watchdog in them is this program".into(),
            ));
        }
        let host = std::env::var("DOCKER_HOST").ok().filter(|h| !h.is_empty());
        let at = host.as_deref().unwrap_or("unix:///var/run/docker.sock");
        let docker = Docker::connect_with_defaults().map_err(|e| unreachable(at, &e))?;
        let agreed = tokio::time::timeout(PATIENCE, docker.negotiate_version()).await;
        let docker = agreed
            .map_err(|_| {
                ProviderError(format!("the Docker engine at {at} has not answered for 5 s: restart it"))
            })?
            .map_err(|e| unreachable(at, &e))?;
        let info = docker.info().await.map_err(|e| unreachable(at, &e))?;
        if info.os_type.as_deref().is_some_and(|os| os != "linux") {
            return Err(ProviderError(format!("the Docker engine at {at} does not run Linux containers")));
        }
        let lost = Arc::default();
        Ok(Engine { docker, direct: is_direct(at, &info), at: at.into(), lost })
    }

    /// It stopped answering: said once, however many pods find out. Returns when it answers again, which is said too.
    pub(super) async fn until_it_answers(&self, error: &str) {
        if !self.lost.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "the Docker engine at {} does not answer any more ({error}): pods that run go on, but none can be \
                 started or stopped until it is started again",
                self.at
            );
        }
        loop {
            tokio::time::sleep(RETRY).await;
            if let Ok(Ok(_)) = tokio::time::timeout(PATIENCE, self.docker.ping()).await {
                break;
            }
        }
        if self.lost.swap(false, Ordering::Relaxed) {
            tracing::warn!("the Docker engine at {} answers again", self.at);
        }
    }
}

/// Containers have addresses of their own in this machine's network, unless the engine sits in a virtual
/// machine, elsewhere, or in a network of its user's.
fn is_direct(at: &str, info: &bollard::models::SystemInfo) -> bool {
    let rootless = info.security_options.iter().flatten().any(|option| option.contains("rootless"));
    let desktop = info.operating_system.as_deref().is_some_and(|os| os.contains("Docker Desktop"));
    at.starts_with("unix:") && !rootless && !desktop
}

/// Why no engine answers at `at`, and what to do.
fn unreachable(at: &str, error: &Error) -> ProviderError {
    let refused = io_kind(error);
    ProviderError(match (error, refused) {
        (Error::SocketNotFoundError(_), _) | (_, Some(io::ErrorKind::NotFound)) => {
            format!("there is no Docker engine at {at}: install and start Docker, or name one in DOCKER_HOST")
        }
        (_, Some(io::ErrorKind::PermissionDenied)) => format!(
            "the Docker engine at {at} may not be used: permission denied; join its group with `sudo usermod -aG docker $USER` and log in again"
        ),
        (_, Some(io::ErrorKind::ConnectionRefused)) => {
            format!(
                "the Docker engine at {at} does not run: start it, such as with `sudo systemctl start docker`"
            )
        }
        (Error::UnsupportedURISchemeError { .. }, _) => format!(
            "DOCKER_HOST is `{at}`, where faasim cannot reach an engine: write unix:///var/run/docker.sock or tcp://HOST:PORT"
        ),
        _ => {
            format!("the Docker engine at {at} cannot be used: {}; look with `docker version`", words(error))
        }
    })
}

/// What the system said at the bottom of an error.
fn io_kind(error: &Error) -> Option<io::ErrorKind> {
    if let Error::IOError { err } = error {
        return Some(err.kind());
    }
    let mut next = Some(error as &dyn std::error::Error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        next = error.source();
    }
    None
}

/// An engine's error without the client's words around it.
pub(super) fn words(error: &Error) -> String {
    match error {
        Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        Error::DockerStreamError { error } => error.trim().to_owned(),
        other => match other.source() {
            Some(source) => format!("{other}: {source}"),
            None => other.to_string(),
        },
    }
}

/// Whether the engine says that there is no such thing.
pub(super) fn is_missing(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 404, .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_not_to_be_there_says_what_to_do() {
        let at = "unix:///run/x.sock";
        let io = |kind: io::ErrorKind| Error::IOError { err: kind.into() };
        for (error, advice) in [
            (Error::SocketNotFoundError("x".into()), "install and start Docker"),
            (io(io::ErrorKind::PermissionDenied), "usermod -aG docker"),
            (io(io::ErrorKind::ConnectionRefused), "systemctl start docker"),
            (io(io::ErrorKind::BrokenPipe), "cannot be used"),
        ] {
            let text = unreachable(at, &error).to_string();
            assert!(text.contains(advice) && text.contains(at), "{text}");
        }
    }
}
