//! The `faasim` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything else is set up: a watchdog must stay small.
    if std::env::args().nth(1).as_deref() == Some("watchdog") {
        return faasim::watchdog::run();
    }
    faasim::cli::main()
}
