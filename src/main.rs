//! The `faasim` command.

fn main() {}
