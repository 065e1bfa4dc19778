//! What must survive a restart.

use super::function::{FunctionId, FunctionName, FunctionSpec};
use super::namespaces::Namespace;
use super::pod::PodUid;
use super::scaling::hpa::HpaSpec;
use super::time::Time;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One fact to be written down; a later one about the same thing replaces it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// A function as it stands.
    Function(FunctionRecord),
    /// The function is gone, with its autoscaler.
    NoFunction(FunctionName),
    /// A namespace as it stands.
    Namespace(Namespace),
    /// The namespace of that name is gone.
    NoNamespace(String),
}

/// A function as it is written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunctionRecord {
    /// Its number.
    pub id: FunctionId,
    /// What it is.
    pub spec: Arc<FunctionSpec>,
    /// When it was first deployed.
    pub created: Time,
    /// How many replicas are wanted.
    pub replicas: u32,
    /// Changes of the spec so far.
    pub generation: u64,
    /// Earlier and present templates, oldest first.
    pub revisions: Vec<(u32, Arc<FunctionSpec>)>,
    /// Its HPA, and since when.
    pub hpa: Option<(HpaSpec, Time)>,
}

/// A pod that runs although this faasim did not start it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoundPod {
    /// Its number.
    pub uid: PodUid,
    /// Its name.
    pub name: String,
    /// Whose copy it is.
    pub function: FunctionName,
    /// Hash of the spec it was made from.
    pub template_hash: String,
    /// When its container started.
    pub started: Time,
    /// Host and port of its watchdog.
    pub address: String,
}
