//! What [`Endpoints`](super::Endpoints) says of a request, and counts.

use crate::cluster::pod::PodUid;
use crate::cluster::time::Time;
use serde::{Deserialize, Serialize};

/// A request's place in the queue of its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(super) u64);

/// What becomes of a request that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It runs on this pod; say [`done`](super::Endpoints::done) when it is over.
    Pod(PodUid),
    /// It waits, until [`ready`](super::Endpoints::ready) or [`done`](super::Endpoints::done) names its ticket, or
    /// it is given up by [`cancel`](super::Endpoints::cancel).
    Wait {
        /// Its place.
        ticket: Ticket,
        /// It is the first that found no ready pod at all (or [each](super::Endpoints::set_wake_each) says so): somebody
        /// has to start one.
        wake: bool,
    },
    /// It is turned away and not counted.
    Refuse(RefuseReason),
}

/// Why a request is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefuseReason {
    /// As many requests wait as may wait.
    QueueFull,
    /// No pod is ready, and requests are not to wait for one.
    NoPod,
}

/// What follows from the end of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// This waiting request now runs on the pod that became free.
    pub next: Option<Ticket>,
    /// The pod is draining and this was its last request.
    pub drained: bool,
}

/// The answer to "stop it if nobody used it since".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// It takes no more requests, and has none.
    Closed,
    /// It was used after that; nothing was changed.
    StillUsed {
        /// When it was last used: now, if it is in use.
        since: Time,
    },
}

/// What a scrape reads. Totals only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Requests accepted so far.
    pub started: u64,
    /// Requests answered, failed or given up so far.
    pub completed: u64,
    /// Accepted and not yet answered, waiting ones included: `started - completed`.
    pub in_flight: u32,
    /// The highest `in_flight` since the counters were last read.
    pub peak_in_flight: u32,
    /// Of those in flight, how many wait for a pod.
    pub queued: u32,
    /// When a request last started or ended; [`Time::ZERO`] when none ever did.
    pub last_activity: Time,
    /// Of those completed, how many ended with status 200: what OpenFaaS CE's alert counts. Routing does not
    /// see a status; whoever answers a scrape fills it in.
    #[serde(default)]
    pub completed_ok: u64,
}
