//! The caller of a request from faasim's queue. When it goes away, either a person has cancelled the call, and its work is
//! to end; or faasim has died, and its work goes on for whoever takes the pod over. The hold stream tells the two apart: it
//! ends together with faasim.

use super::pod::Pod;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Both ends of a dead faasim's connections are seen within this time.
const TOGETHER: Duration = Duration::from_millis(250);

/// Who waits for the reply; dropped before [`answered`](Caller::answered), it has gone.
#[derive(Debug)]
pub(super) struct Caller {
    pod: Arc<Pod>,
    lapses: u64,
    cancelled: Cancelled,
    waits: bool,
}

/// The work of a request may have to end early.
#[derive(Clone, Debug, Default)]
pub(super) struct Cancelled(Option<CancellationToken>);

impl Cancelled {
    /// Ends when nobody wants the work any more; never for a request that is not from the queue.
    pub(super) async fn wait(&self) {
        match &self.0 {
            Some(token) => token.cancelled().await,
            None => std::future::pending().await,
        }
    }
}

impl Caller {
    pub(super) fn new(pod: &Arc<Pod>) -> Caller {
        let cancelled = Cancelled(Some(CancellationToken::new()));
        Caller { pod: Arc::clone(pod), lapses: pod.holds.lapses(), cancelled, waits: true }
    }

    /// Whether its work is to end.
    pub(super) fn cancelled(&self) -> Cancelled {
        self.cancelled.clone()
    }

    /// It has its reply.
    pub(super) fn answered(mut self) {
        self.waits = false;
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let Some(token) = self.cancelled.0.take().filter(|_| self.waits) else { return };
        let (pod, lapses) = (Arc::clone(&self.pod), self.lapses);
        tokio::spawn(async move {
            tokio::time::sleep(TOGETHER).await;
            if pod.holds.is_held() && pod.holds.lapses() == lapses {
                token.cancel();
            }
        });
    }
}
