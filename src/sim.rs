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
//!
//! # The models
//!
//! | model | formula | source |
//! |---|---|---|
//! | [Poisson arrivals](Rate) at a rate λ(t) | the next one comes where Λ(t) = ∫λ has grown by an exponential of mean 1 | Çinlar, *Introduction to Stochastic Processes* (1975), 4.7 |
//! | [even arrivals](Spacing::Even) | the next one comes where Λ(t) has grown by 1 | |
//! | [thread groups](ThreadGroup) | a closed loop: throughput X of N users who think for Z obeys X = N ÷ (R + Z) | the interactive response time law: Denning and Buzen, *ACM Computing Surveys* 10 (1978) |
//! | [traces] | as published; moments within a minute are invented, by a rule with a name | Shahrad et al., USENIX ATC 2020; Zhang et al., SOSP 2021 |
//! | [laws](Law) of time | in each variant, with what it is drawn by | Box and Muller 1958; Marsaglia and Tsang 2000 |
//! | [starting](Startup) | image (once a node) + container + function + probe, one after another | Kubernetes' pod life cycle |
//! | [cores] | a pod with n requests may use c = min(n, limit) cores, and gets min(c, weight × level), where Σ of all is what the node has; its requests share that equally | `cpu.weight` and `cpu.max` of cgroup v2 in their fluid limit: generalised processor sharing, Parekh and Gallager, *IEEE/ACM Transactions on Networking* 1 (1993) |
//! | [time-outs](crate::cluster::timeouts) | the shortest that has not been switched off ends a request, with the status that OpenFaaS gives it | the study's E2 |
//! | [routing](crate::cluster::routing), [scaling](crate::cluster::scaling), [placement](crate::cluster::placement) | none of its own: the core that runs live decides | |
//! | [quantiles](stats::Histogram) | 32 buckets to the octave, so an error of 1/32 at most, and far less where many values lie in a bucket | log-linear buckets, as HdrHistogram's |
//! | [means over time](stats::TimeWeighted) | ∫x dt ÷ t and ∫x² dt ÷ t − mean², in whole nanoseconds | |
//! | [fits](calibrate) | the law whose distribution function is nearest: sup of the distance, good below 1.36/√n | Kolmogorov 1933 |
//!
//! They are checked against the closed forms of queueing theory (M/M/c, M/G/1, M/G/∞, Erlang's loss, processor sharing,
//! machine repair, set-up with keep-alive) and the figures of other simulators: `cargo test oracle_queueing`.
//!
//! Chance comes from one [stream](random::Stream) per source of it, named after what it is for: a function whose service
//! law is changed draws other service times, and everything else stays as it was.
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
