//! faasim: a whole small FaaS platform on a laptop.
//!
//! **The cluster is a value. Deciding is pure; doing is somebody else's job.** [`cluster::Cluster`] is told
//! what happened (an [`Event`](cluster::event::Event) at a time) and says what to do (an
//! [`Action`](cluster::action::Action)). It has no clock, no I/O and no randomness of its own, so the live
//! shell and virtual time drive the very same decisions.
//!
//! | room | what it is for |
//! |---|---|
//! | [`cli`] | what a person types: one file per command |
//! | [`cluster`] | what a cluster is and how it decides (pure) |
//! | [`live`] | the real cluster on this machine: providers, gateway, state |
//! | [`watchdog`] | what runs inside each pod |
//! | [`sim`] | the same cluster in virtual time |
//! | [`lab`] | experiments and load |
//! | [`dashboard`] | what a person watches |
//! | [`functions`] | the functions that ship inside the binary |
//! | [`mistake`] | what is wrong with what a person wrote, and where |
//!
//! Arrows go one way: `cli → {live, sim, lab, dashboard} → cluster`. `watchdog` and `functions` run in
//! another process and depend on nothing else here.

pub mod cli;
pub mod cluster;
pub mod dashboard;
pub mod functions;
pub mod lab;
pub mod live;
pub mod mistake;
pub mod sim;
pub mod watchdog;
