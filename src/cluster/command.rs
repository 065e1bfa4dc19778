//! What a person or a client wishes, and how the cluster may answer.

use super::function::{FunctionName, FunctionSpec};
use super::namespaces::Namespace;
use super::scaling::hpa::HpaSpec;
use serde::{Deserialize, Serialize};

/// A wish.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// A new function; refused when it exists.
    Deploy(FunctionSpec),
    /// A function that exists; refused when it does not.
    Update(FunctionSpec),
    /// Remove a function with its pods and its autoscaler.
    Remove(FunctionName),
    /// Set the desired replicas.
    Scale {
        /// Which function.
        function: FunctionName,
        /// How many.
        replicas: u32,
    },
    /// Give a function an HPA; refused when it has one, unless `replace`.
    Autoscale {
        /// Which function.
        function: FunctionName,
        /// The autoscaler.
        spec: HpaSpec,
        /// Change the one that is there (`edit`, `apply`).
        replace: bool,
    },
    /// Delete a function's HPA: OpenFaaS' scaler is in charge again.
    DeleteHpa(FunctionName),
    /// Delete one pod; another takes its place.
    DeletePod {
        /// Its name.
        name: String,
    },
    /// Replace all pods of a function, one after the other.
    Restart(FunctionName),
    /// Go back to an earlier revision: the one before, or the one named.
    Undo {
        /// Which function.
        function: FunctionName,
        /// The revision's number.
        to_revision: Option<u32>,
    },
    /// A new namespace; refused when it exists.
    CreateNamespace(Namespace),
    /// Other labels and annotations for a namespace that exists.
    UpdateNamespace(Namespace),
    /// Remove a namespace with the functions in it.
    RemoveNamespace(String),
    /// An alert of OpenFaaS CE: `firing` steps up, anything else goes back to the minimum.
    Alert {
        /// Which function.
        function: FunctionName,
        /// The alert fires.
        firing: bool,
    },
}

/// The cluster did as it was asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// What the person should know: who is in charge of scaling now, labels that are ignored, …
    pub notes: Vec<String>,
}

/// The cluster did nothing, and says why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// The wish makes no sense: 400, exit code 1.
    #[error("{0}")]
    Invalid(String),
    /// What it speaks of is not there: 404.
    #[error("{0}")]
    NotFound(String),
    /// It clashes with what is there: 409.
    #[error("{0}")]
    Conflict(String),
}

impl Refusal {
    /// A wish that makes no sense.
    pub fn invalid(text: impl Into<String>) -> Self {
        Refusal::Invalid(text.into())
    }

    /// No function of that name.
    pub fn no_function(name: &FunctionName) -> Self {
        Refusal::NotFound(format!("no function `{}` in namespace `{}`", name.name, name.namespace))
    }

    /// The HTTP status that says it.
    pub fn status(&self) -> u16 {
        match self {
            Refusal::Invalid(_) => 400,
            Refusal::NotFound(_) => 404,
            Refusal::Conflict(_) => 409,
        }
    }
}
