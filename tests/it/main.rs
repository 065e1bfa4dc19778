//! faasim from outside: one test binary, a module per surface.

mod invoke;
mod oracles;
mod provider;
