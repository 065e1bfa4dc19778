//! How long a pod lives with nobody holding it: pods outlive a crash of faasim by a lease, so that the next
//! start can adopt them, and then end by themselves.

use super::config::Options;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Counts the open hold streams.
#[derive(Debug)]
pub(super) struct Holds {
    state: Arc<watch::Sender<State>>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    open: usize,
    /// When the last one was closed.
    since: Instant,
    /// How often nobody held any more.
    lapses: u64,
}

/// One open hold stream; closed when dropped.
#[derive(Debug)]
pub(super) struct Held(Arc<watch::Sender<State>>);

impl Holds {
    pub(super) fn new() -> Holds {
        Holds { state: Arc::new(watch::Sender::new(State { open: 0, since: Instant::now(), lapses: 0 })) }
    }

    /// One more is open, until the value is dropped.
    pub(super) fn hold(&self) -> Held {
        self.state.send_modify(|s| s.open += 1);
        Held(Arc::clone(&self.state))
    }

    /// Whether one is open.
    pub(super) fn is_held(&self) -> bool {
        self.state.borrow().open > 0
    }

    /// How often the last one that was open has been closed.
    pub(super) fn lapses(&self) -> u64 {
        self.state.borrow().lapses
    }

    /// Ends when nobody has held for the length of the lease; never without a lease.
    pub(super) async fn expired(&self, options: &Options) -> Duration {
        let Some(lease) = options.lease else { return std::future::pending().await };
        let mut states = self.state.subscribe();
        loop {
            let State { open, since, .. } = *states.borrow_and_update();
            tokio::select! {
                () = sleep_until(since + lease), if open == 0 => return lease,
                // The sender is in self, so it cannot go away.
                _ = states.changed() => {}
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.send_modify(|s| {
            s.open -= 1;
            s.since = Instant::now();
            s.lapses += u64::from(s.open == 0);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leased(lease: &str) -> Options {
        let vars = [("fprocess".to_string(), "cat".to_string()), ("FAASIM_LEASE".into(), lease.into())];
        Options::from_vars(&vars).unwrap()
    }

    #[tokio::test]
    async fn runs_only_while_nobody_holds() {
        let options = leased("20ms");
        let holds = Holds::new();
        let first = holds.hold();
        let second = holds.hold();
        drop(first);
        let expired = holds.expired(&options);
        tokio::pin!(expired);
        let early = tokio::time::timeout(Duration::from_millis(60), &mut expired).await;
        assert!(early.is_err(), "one stream is still open");
        drop(second);
        assert_eq!(expired.await, Duration::from_millis(20));
        assert_eq!((holds.lapses(), holds.is_held()), (1, false));
    }
}
