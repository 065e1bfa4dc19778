//! The scaling rules. There is no scaling rule anywhere else.

pub mod decision;
pub mod hpa;
pub mod openfaas;
