//! What runs inside each pod.
//!
//! A watchdog turns an ordinary program into an HTTP server: the *classic* one forks it once for each request
//! (body on stdin, reply on stdout), the *http* one starts a server once and passes requests on to it; *streaming*, *serializing* and *static* are the others. It is
//! told everything by its environment ([`config`]), as OpenFaaS' watchdogs are, and says what they say.
//!
//! A watchdog that faasim itself started is *managed*: faasim holds a stream open to it ([`hold`]) on which it
//! reports, and when nobody holds that stream for the length of a lease it ends by itself (`lease`).
//!
//! One thread, one small runtime: an idle pod must cost next to nothing.

pub mod config;
pub mod hold;

mod caller;
mod cgi;
mod command;
mod files;
mod fork;
mod forking;
mod gofmt;
mod lean;
mod lease;
mod life;
mod lockfile;
mod log;
mod metrics;
mod pod;
mod proxy;
mod reply;
mod server;
mod sniff;
mod tree;
mod upgrade;
mod upstream;
mod usage;

pub use life::run;
