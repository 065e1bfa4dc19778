//! The two ways from the terminal's screen to a cluster: inside this process, and over its gateway.

mod local;
mod remote;
mod requests;

pub use local::Local;
pub use remote::Remote;
