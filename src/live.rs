//! The real cluster on this machine: it feeds real events to the pure core and executes its actions.

pub mod control;
pub mod gateway;
pub mod handle;
pub mod provider;
pub mod router;
pub mod settings;
