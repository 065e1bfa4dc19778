//! `faasim replay`: a journal fed to a fresh core.

use super::failure::{Failure, Outcome};
use crate::live::journal;
use std::path::PathBuf;

/// Feed a journal to a fresh core and check that it decides the same again
///
/// A running faasim keeps `journal.jsonl` in its state folder.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  faasim replay ~/.local/state/faasim/journal.jsonl")]
pub struct Args {
    /// The journal
    file: PathBuf,
    /// Print every action
    #[arg(long, short)]
    verbose: bool,
}

/// Replays it.
///
/// # Errors
/// The file is no journal, or the actions differ: a sentence that says where.
pub fn run(args: Args) -> Outcome {
    let show = |at: crate::cluster::time::Time, action: &crate::cluster::action::Action| {
        if args.verbose {
            println!("{at:?} {action:?}");
        }
    };
    let replay = journal::replay(&args.file, show).map_err(|e| match e.kind() {
        std::io::ErrorKind::InvalidData => e.to_string(),
        _ => format!("cannot read {}: {e}", args.file.display()),
    })?;
    match replay.differs_at {
        None => {
            println!("{} inputs, {} actions: all as recorded", replay.inputs, replay.actions);
            Ok(())
        }
        Some(line) => Err(Failure::failed(format_args!(
            "{}:{line}: the actions differ from those recorded",
            args.file.display()
        ))),
    }
}
