//! OpenFaaS. (Placeholder: the scaling branch replaces this file whole.)
use serde::{Deserialize, Serialize};
/// Edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Edition {
    /// Pro.
    Pro,
    /// CE.
    Ce,
}
