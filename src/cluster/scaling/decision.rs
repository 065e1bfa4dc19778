//! A decision carries its working. (Placeholder: the scaling branch replaces this file whole.)
use crate::cluster::time::Time;
use serde::{Deserialize, Serialize};

/// Who decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scaler {
    /// HPA.
    Hpa,
    /// Pro.
    OpenFaasPro,
    /// CE.
    OpenFaasCe,
    /// To zero.
    Idle,
    /// From zero.
    Wake,
    /// By hand.
    Person,
}
/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {}
/// A decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// When.
    pub at: Time,
    /// Who.
    pub scaler: Scaler,
    /// From.
    pub from: u32,
    /// To.
    pub to: u32,
    /// Why.
    pub reason: String,
    /// How.
    pub working: Vec<Step>,
    /// Next.
    pub next_look: Option<Time>,
}
impl Decision {
    /// In words.
    pub fn lines(&self) -> Vec<String> {
        Vec::new()
    }
}
