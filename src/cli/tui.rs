//! `faasim tui`: the screen of a cluster that another faasim runs.

use super::failure::{Failure, Outcome};
use super::screen::Remote;
use super::signals::Signals;
use super::{Global, with_client};
use crate::dashboard::tui::app::WhenClosed;
use crate::dashboard::tui::{self, terminal};
use std::sync::Arc;

/// Watch a running cluster, and act on it, from another terminal
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim tui\n  faasim tui --gateway http://127.0.0.1:9090\n\nThe cluster goes on when the screen is closed. Press ? for all keys."
)]
pub struct Args {}

/// Shows the screen until it is closed.
///
/// # Errors
/// There is no terminal, or no cluster answers.
pub fn run(_: Args, global: &Global) -> Outcome {
    if !terminal::usable() {
        return Err(Failure::failed(
            "`faasim tui` needs a terminal: without one, ask with `faasim list` or `faasim get pods`",
        ));
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
