//! The ways from the terminal's screen to a cluster: inside this process, over its gateway, and into virtual time.

mod local;
mod paced;
mod remote;
mod requests;

pub use local::Local;
pub use paced::Paced;
pub use remote::Remote;
