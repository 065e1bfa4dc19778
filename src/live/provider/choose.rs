//! Which provider a cluster gets.

use super::docker::DockerProvider;
use super::process::ProcessProvider;
use super::{Config, Provider, ProviderError};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A way to run pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Containers of a Docker engine.
    Docker,
    /// Plain processes of this machine.
    Process,
}

impl FromStr for Kind {
    type Err = ProviderError;
    fn from_str(text: &str) -> Result<Self, ProviderError> {
        match text {
            "docker" => Ok(Kind::Docker),
            "process" => Ok(Kind::Process),
            other => Err(ProviderError(format!("`{other}` is not a provider: choose `docker` or `process`"))),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Docker => "docker",
            Kind::Process => "process",
        })
    }
}

/// The provider that was asked for; without a wish, Docker where its engine answers, else processes with a
/// note that says why. Call it inside the runtime that is to run the pods' tasks.
///
/// # Errors
/// When Docker was asked for and its engine does not answer.
pub async fn choose(
    kind: Option<Kind>,
    config: Config,
) -> Result<(Arc<dyn Provider>, Option<String>), ProviderError> {
    if kind == Some(Kind::Process) {
        return Ok((Arc::new(ProcessProvider::new(config)), None));
    }
    match DockerProvider::connect(config.clone()).await {
        Ok(docker) => Ok((Arc::new(docker), None)),
        Err(error) if kind == Some(Kind::Docker) => Err(error),
        Err(error) => {
            let note = format!("pods run as processes of this machine, not as containers: {error}");
            Ok((Arc::new(ProcessProvider::new(config)), Some(note)))
        }
    }
}
