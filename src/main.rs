//! The `faasim` command.

use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything else is set up: what runs inside pods must start fast and stay small.
    let mut args = std::env::args().skip(1);
    match (args.next().as_deref(), args.next(), args.next()) {
        (Some("watchdog"), ..) => faasim::watchdog::run(),
        (Some("function"), Some(name), None) if !name.starts_with('-') => function(&name),
        _ => faasim::cli::main(),
    }
}

/// One request of a function that the binary carries: the body is on standard input.
fn function(name: &str) -> ExitCode {
    match faasim::functions::run(name, &mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(error.exit_code())
        }
    }
}
