//! faasim from outside: one test binary, a module per surface.

#![allow(clippy::unwrap_used)] // A test ends with what it did not expect.

mod alertmanager;
mod asynchronous;
mod bad_input;
mod build;
mod cluster;
mod commands;
mod conformance;
mod docs;
mod doctor;
mod engine;
mod faascli;
mod hpa;
mod invoke;
mod lab;
mod lessons;
mod observability;
mod oracles;
mod portal;
mod probes;
mod project;
mod properties;
mod provider;
mod queueing;
mod screen;
mod secrets;
mod shell;
mod sim;
mod trajectories;
mod tui;
mod up;
mod watchdog;
mod wire;
