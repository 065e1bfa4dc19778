//! Kubernetes' manifests of autoscalers: `autoscaling/v1` and `v2` are read, `v2` is written.
//!
//! | file | what it does |
//! |---|---|
//! | `read` | documents, `metadata`, and the parts of `spec` that both versions have |
//! | `metrics` | `spec.metrics` of `v2` |
//! | `behavior` | `spec.behavior` of `v2` |
//! | `write` | an autoscaler as `kubectl get hpa -o yaml` prints it |

mod behavior;
mod metrics;
mod read;
mod write;

#[cfg(test)]
mod tests;

use crate::cluster::function::FunctionName;
use crate::cluster::scaling::hpa::HpaSpec;
use crate::mistake::{Mistake, Mistakes};
use std::path::Path;

pub use write::{list, object, yaml};

/// An autoscaler that was read. Here the autoscaler of a function is named after it, so `scaleTargetRef.name` counts
/// and `metadata.name` does not.
#[derive(Clone, Debug, PartialEq)]
pub struct Autoscaler {
    /// The function that it scales.
    pub function: FunctionName,
    /// What it says, with the API server's default for `minReplicas`.
    pub spec: HpaSpec,
    /// What of it counts for nothing here, a sentence each.
    pub notes: Vec<String>,
}

/// Whether two specs are the same once the API server's defaults are filled in.
pub fn same(one: &HpaSpec, other: &HpaSpec) -> bool {
    write::spec("", &one.clone().with_defaults()) == write::spec("", &other.clone().with_defaults())
}

/// Reads every autoscaler in a file; `namespace` is for those that name none.
///
/// # Errors
/// Every mistake in it, each with file, line and column: YAML that is none, unknown and missing fields,
/// values that the API server refuses, other kinds.
pub fn read(path: &Path, namespace: &str) -> Result<Vec<Autoscaler>, Mistakes> {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => read_text(&name, &text, namespace),
        Err(why) => Err(Mistake::of(name, format!("cannot be read: {why}")).into()),
    }
}

/// Reads every autoscaler in a text that mistakes call `name`.
///
/// # Errors
/// As [`read`].
pub fn read_text(name: &str, text: &str, namespace: &str) -> Result<Vec<Autoscaler>, Mistakes> {
    read::text(name, text, namespace)
}
