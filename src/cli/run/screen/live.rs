//! A live run on the screen, which may be closed before the run is over.

use super::needs_terminal;
use crate::cli::failure::Failure;
use crate::cli::logbook::LogBook;
use crate::cli::screen::Local;
use crate::cli::signals::Signals;
use crate::dashboard::tui::app::WhenClosed;
use crate::dashboard::tui::{self, Left};
use crate::lab::observations::Observations;
use crate::lab::runner::Follow;
use crate::live::handle::Handle;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// The screen of a live run.
pub(in crate::cli::run) struct Shown {
    book: Arc<LogBook>,
    stopped: Arc<AtomicBool>,
    screen: Option<JoinHandle<()>>,
}

impl Shown {
    pub(in crate::cli::run) fn new(stopped: Arc<AtomicBool>) -> Result<Self, Failure> {
        needs_terminal()?;
        Ok(Shown { book: LogBook::install(), stopped, screen: None })
    }

    /// Waits until the screen is gone: it ends with the cluster.
    pub(in crate::cli::run) fn end(&mut self) {
        if let Some(screen) = self.screen.take() {
            let _ = screen.join();
        }
    }
}

impl Follow for Shown {
    fn began(&mut self, cluster: &Handle) {
        let (handle, book, stopped) = (cluster.clone(), self.book.clone(), self.stopped.clone());
        self.screen = Some(std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            let left = runtime.block_on(async {
                let mut signals = Signals::listen(true)?;
                let gateway = handle.view().platform.gateway;
                let link = Arc::new(Local::new(handle, &gateway, book));
                tui::run(link, WhenClosed::GoesOn, signals.any()).await.map_err(|e| e.to_string())
            });
            // Closing the screen leaves the run going; Ctrl-C ends it.
            if matches!(left, Ok(Left::Stop) | Err(_)) {
                stopped.store(true, Ordering::Relaxed);
            }
        }));
    }

    fn look(&mut self, _: &Observations, _: f64) -> bool {
        true
    }
}
