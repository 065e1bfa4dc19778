//! What a cluster is and how it decides. Pure: no clock, no I/O, no async, no randomness of its own.
//!
//! ```text
//! cluster.apply(now, command) -> Result<Reply, Refusal>   a person's or a client's wish
//! cluster.handle(now, event)                              something happened
//! cluster.poll_timeout() -> Option<Time>                  when it wants to be woken
//! cluster.handle_timeout(now)
//! cluster.poll_action() -> Option<Action>                 what to do
//! cluster.snapshot(now) -> Arc<Snapshot>                  what every screen and API is made from
//! Cluster::restore(now, …, records, found_pods)           after a restart
//! ```
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

pub mod action;
pub mod command;
pub mod event;
pub mod function;
pub mod go_duration;
pub mod node;
pub mod pod;
pub mod quantity;
pub mod record;
pub mod routing;
pub mod scaling;
pub mod settings;
pub mod snapshot;
pub mod time;
