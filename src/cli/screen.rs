//! The ways from the terminal's screen to a cluster: inside this process, over its gateway, into virtual time, and into
//! a recording.

mod calls;
mod film;
mod local;
mod paced;
mod remote;
mod requests;

pub use film::Film;
pub use local::Local;
pub use paced::Paced;
pub use remote::Remote;
