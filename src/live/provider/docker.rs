//! Pods as containers of a Docker engine.

use super::process::ProcessProvider;
use super::{Config, ProviderError};

/// Runs pods as containers.
pub struct DockerProvider;

impl DockerProvider {
    /// Connects.
    ///
    /// # Errors
    /// Not made yet.
    pub async fn connect(_config: Config) -> Result<ProcessProvider, ProviderError> {
        Err(ProviderError("containers are not here yet: use --provider process".into()))
    }
}
