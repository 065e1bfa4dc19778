//! The real cluster on this machine: it feeds real events to the pure core and executes its actions.

pub mod asynchronous;
pub mod clock;
pub mod control;
pub mod controller;
pub mod exec;
pub mod folder;
pub mod gateway;
pub mod handle;
pub mod host;
pub mod journal;
pub mod metrics;
pub mod prober;
pub mod provider;
pub mod router;
pub mod sampler;
pub mod secrets;
pub mod settings;
pub mod store;
