//! faasim from outside: one test binary, a module per surface.

mod oracles;
mod provider;
