//! OpenFaaS' conformance checks over the wire, against the real program. A test's name carries the check's number.
//!
//! Where faasim chooses to be better than the original, the test says so in a comment that begins with "Better:".

mod async_calls;
mod classic;
mod faascli;
mod functions;
mod gateway;
mod invocation;
mod logs;
mod of_watchdog;
mod scaling;
mod secrets;
mod stage;
mod timeouts;
