//! When this process is asked to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask a process to end.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

impl Signals {
    /// Begins to listen; `screen` says that a person's terminal is shown on, whose closing ends it too. Without a
    /// screen a hang-up keeps its usual meaning, so that `nohup` works.
    ///
    /// # Errors
    /// Signals cannot be listened for.
    pub fn listen(screen: bool) -> Result<Self, String> {
        let on = |kind| signal(kind).map_err(|e| format!("cannot listen for signals: {e}"));
        Ok(Signals {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hangup: if screen { Some(on(SignalKind::hangup())?) } else { None },
        })
    }

    /// Waits for any of them.
    pub async fn any(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hangup => {}
        }
    }
}

/// Sets `stopped` when this process is asked to end: for work that is no async task and looks at it now and then.
///
/// # Errors
/// Signals cannot be listened for.
pub fn on_interrupt(stopped: &Arc<AtomicBool>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| format!("cannot listen for signals: {e}"))?;
    let mut signals = {
        let _inside = runtime.enter();
        Signals::listen(false)?
    };
    let stopped = stopped.clone();
    std::thread::spawn(move || {
        runtime.block_on(signals.any());
        stopped.store(true, Ordering::Relaxed);
    });
    Ok(())
}
