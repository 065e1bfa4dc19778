//! The scaling rules. There is no scaling rule anywhere else.
//!
//! | file | what it decides |
//! |---|---|
//! | [`hpa`] | Kubernetes' Horizontal Pod Autoscaler, in today's dialect and that of 1.15 |
//! | [`openfaas`] | OpenFaaS Pro: load per target, down window; the `com.openfaas.scale.*` labels of both editions |
//! | [`alert`] | OpenFaaS CE: the invocation-rate alert and the steps that it makes |
//! | [`idle`] | to zero after a quiet time, and back |
//! | [`per_request`] | a pod for each request that finds none idle, and a keep-alive |
//! | [`decision`], [`step`] | a decision and its working: typed steps with their numbers, worded only when shown |

pub mod alert;
pub mod decision;
pub mod hpa;
pub mod idle;
pub mod openfaas;
pub mod per_request;
pub mod step;

pub use decision::{Decision, Scaler};
pub use step::Step;
