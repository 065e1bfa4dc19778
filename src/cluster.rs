//! What a cluster is and how it decides. Pure: no clock, no I/O, no async, no randomness of its own.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

pub mod quantity;
pub mod routing;
pub mod scaling;
pub mod time;
