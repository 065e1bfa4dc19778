//! `faasim tui`: the screen of a cluster that another faasim runs, or of a run that is over.

mod replay;

use super::failure::{Failure, Outcome};
use super::screen::Remote;
use super::signals::Signals;
use super::{Global, with_client};
use crate::dashboard::tui::app::WhenClosed;
use crate::dashboard::tui::{self, terminal};
use std::path::PathBuf;
use std::sync::Arc;

/// Watch a running cluster, and act on it, from another terminal
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim tui\n  faasim tui --gateway http://127.0.0.1:9090\n  faasim tui --replay results/e03-hpa/latest/virtual_seed=1\n  faasim tui --replay ~/.local/state/faasim/journal.jsonl\n\nThe cluster goes on when the screen is closed. Press ? for all keys."
)]
pub struct Args {
    /// Show a run that is over: a folder of results (virtual runs), or a journal
    #[arg(long, value_name = "PATH")]
    replay: Option<PathBuf>,
    /// How many seconds of it pass in one of yours
    #[arg(long, value_name = "N", default_value_t = 10.0, requires = "replay")]
    speed: f64,
}

/// Shows the screen until it is closed.
///
/// # Errors
/// There is no terminal, or no cluster answers.
pub fn run(args: Args, global: &Global) -> Outcome {
    if !(0.1..=60.0).contains(&args.speed) {
        return Err(Failure::used("--speed: write a number from 0.1 to 60"));
    }
    if !terminal::usable() {
        return Err(Failure::failed(
            "`faasim tui` needs a terminal: without one, ask with `faasim list` or `faasim get pods`",
        ));
    }
    if let Some(path) = args.replay {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|e| Failure::failed(format_args!("cannot start: {e}")))?;
        return runtime.block_on(async {
            let link = replay::of(&path, args.speed)?;
            let mut signals = Signals::listen(true)?;
            let left = tui::run(link, WhenClosed::GoesOn, signals.any()).await;
            left.map(drop).map_err(|e| Failure::failed(format_args!("the terminal cannot be used: {e}")))
        });
    }
    with_client(global, |client| async move {
        // Asked once before the screen opens, so that a wrong address is one plain sentence.
        client.view().await?;
        let mut signals = Signals::listen(true)?;
        let link = Arc::new(Remote::new(client));
        let left = tui::run(link, WhenClosed::GoesOn, signals.any()).await;
        left.map(drop).map_err(|e| Failure::failed(format_args!("the terminal cannot be used: {e}")))
    })
}
