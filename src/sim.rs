//! The same cluster in virtual time.
//!
//! [`Simulation`] drives the very core that runs live, with modelled pods and arrivals: an hour of scaling takes
//! milliseconds, and a seed gives the same bytes again. Nothing here decides about scaling or routing.
//!
//! | file | question |
//! |---|---|
//! | `engine` | what happens next, and what does the core's wish lead to? |
//! | [`arrivals`] | when do requests come? |
//! | [`traces`] | what did Azure Functions see? |
//! | [`model`] | what do pods and requests take? |
//! | [`law`] | how are times drawn? |
//! | [`cores`] | who gets the CPU? |
//! | [`stats`], [`report`] | what was it in the end? |
//! | [`observe`] | what happened one by one? |
//! | [`calibrate`] | which law do measured times follow? |
//! | [`random`] | where does chance come from? |
//! | [`queue`] | in which order? |
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

pub mod arrivals;
pub mod calibrate;
pub mod cores;
pub mod law;
pub mod model;
pub mod observe;
pub mod queue;
pub mod random;
pub mod report;
pub mod stats;
pub mod traces;

mod engine;

pub use arrivals::{Arrivals, Rate, Source, Spacing, ThreadGroup, moments};
pub use engine::{CpuModel, Setup, Simulation, Step};
pub use law::{Law, Seconds};
pub use model::{Model, Startup};
pub use observe::{FunctionSample, Observer, PodEvent, RequestEnd, Sample};
pub use report::{FunctionReport, Report, Spread};
