//! Where pods are placed. Live there is one node: this machine.

use serde::{Deserialize, Serialize};

/// One node of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u16);

/// A machine that runs pods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its number.
    pub id: NodeId,
    /// Its name, as `get pods -o wide` prints it.
    pub name: String,
    /// How many cores it has.
    pub cores: u32,
}
