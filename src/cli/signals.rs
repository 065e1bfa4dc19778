//! When this process is asked to end.

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
