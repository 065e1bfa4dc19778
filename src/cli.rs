//! What a person types: one file per command.

pub mod down;
pub mod replay;
pub mod stack;
pub mod up;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The whole command line.
#[derive(Parser)]
#[command(name = "faasim", version, about, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Up(up::Args),
    Down(down::Args),
    Replay(replay::Args),
}

/// Reads the command line, does it, and says how it went: 0 done, 1 it failed, 2 used wrongly.
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Up(args) => up::run(args),
        Command::Down(args) => down::run(args),
        Command::Replay(args) => replay::run(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("faasim: {message}");
            ExitCode::FAILURE
        }
    }
}
