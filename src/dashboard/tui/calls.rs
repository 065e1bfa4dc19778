//! Asynchronous calls, as a screen lists them.

use crate::cluster::function::FunctionName;
use crate::cluster::time::Time;

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Waits for its first try.
    Queued,
    /// Its function works on it.
    Running,
    /// Failed, and waits for another try.
    Retrying,
    /// Given up, and kept to be looked at.
    Dead,
    /// Answered for good.
    Done,
}

impl Stage {
    /// A sign and a word.
    pub fn words(self) -> &'static str {
        match self {
            Stage::Queued => "○ queued",
            Stage::Running => "▸ running",
            Stage::Retrying => "↻ retrying",
            Stage::Dead => "✗ dead",
            Stage::Done => "✓ done",
        }
    }
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRow {
    /// `X-Call-Id`.
    pub id: String,
    /// `name.namespace`.
    pub function: String,
    /// How far it is.
    pub stage: Stage,
    /// Tries so far.
    pub tries: u32,
    /// The status of the last try.
    pub status: Option<u16>,
    /// When it came, where that is known.
    pub came: Option<Time>,
    /// When it is tried next, or when it ended.
    pub due: Time,
}

impl CallRow {
    /// What lists are ordered by: when it came, or else the latest that is known of it.
    pub fn moment(&self) -> Time {
        self.came.unwrap_or(self.due)
    }
}

/// What there is to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// The newest first.
    pub rows: Vec<CallRow>,
    /// The call that was chosen, and what its last try said.
    pub said: Option<(String, String)>,
}

/// What a screen wants to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallsWanted {
    /// Calls of this function only.
    pub function: Option<FunctionName>,
    /// Of this call, what its last try said.
    pub chosen: Option<String>,
}

/// What may be done to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallWish {
    /// Try it now, a dead one from the first try on.
    Retry,
    /// Forget it, wherever it is.
    Cancel,
}
