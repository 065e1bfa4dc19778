//! A call that is answered later: as it is kept, as it is listed, and how far it is.

use crate::dashboard::view::CallCounts;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallState {
    /// Waits for its first try.
    Queued,
    /// Its function works on it.
    Running,
    /// Waits for another try.
    Retrying,
    /// Given up; kept to be looked at.
    Dead,
}

impl CallState {
    /// As it is written in the file: 0 waits until it is due, 1 runs until its lease is over, 2 is dead.
    pub(super) fn of(state: i64, tries: u32) -> CallState {
        match (state, tries) {
            (2, _) => CallState::Dead,
            (1, _) => CallState::Running,
            (_, 0) => CallState::Queued,
            _ => CallState::Retrying,
        }
    }

    /// Its count among those of a function.
    pub(super) fn count(self, counts: &mut CallCounts) -> &mut u64 {
        match self {
            CallState::Queued => &mut counts.queued,
            CallState::Running => &mut counts.running,
            CallState::Retrying => &mut counts.retrying,
            CallState::Dead => &mut counts.dead,
        }
    }
}

impl std::fmt::Display for CallState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            CallState::Queued => "queued",
            CallState::Running => "running",
            CallState::Retrying => "retrying",
            CallState::Dead => "dead",
        })
    }
}

/// A call as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// Its number in the queue.
    pub id: i64,
    /// `X-Call-Id`.
    pub call_id: String,
    /// `name.namespace`.
    pub function: String,
    /// What follows the name, with its slash.
    pub path: String,
    /// Without the question mark.
    pub query: String,
    /// All of the caller's that a function may see.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
    /// Who wants to be told.
    pub callback: Option<String>,
    /// Tries so far, this one included.
    pub tries: u32,
    /// When it came, in ms since the Unix epoch.
    pub queued_at: i64,
}

/// A call in a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// `X-Call-Id`.
    pub call_id: String,
    /// `name.namespace`.
    pub function: String,
    /// How far it is.
    pub state: CallState,
    /// Tries so far.
    pub tries: u32,
    /// The status of the last try.
    pub status: Option<u16>,
    /// Bytes of its body.
    pub bytes: u64,
    /// When it came, in ms since the Unix epoch; 0 when an older faasim kept it.
    #[serde(default)]
    pub queued_at: i64,
    /// When it is tried next (waiting), when its lease is over (running), or when it was given up, in ms since the epoch.
    #[serde(default)]
    pub due: i64,
}

/// Everything about one call but its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// As in a listing.
    #[serde(flatten)]
    pub listed: Listed,
    /// What follows the function's name, with its slash.
    pub path: String,
    /// Without the question mark.
    pub query: String,
    /// The caller's headers, with the names of those that may hold secrets only.
    pub headers: Vec<(String, String)>,
    /// `X-Callback-Url`.
    pub callback: Option<String>,
    /// The beginning of what the last try said.
    pub said: Option<String>,
}

/// A call that has ended, for those who ask a little later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// `X-Call-Id`.
    pub call_id: String,
    /// `name.namespace`.
    pub function: String,
    /// The status of the last try.
    pub status: u16,
    /// Tries in all.
    pub tries: u32,
    /// When, in ms since the Unix epoch.
    pub at: i64,
}

/// Which calls.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Which {
    /// Of this function only (`name.namespace`).
    pub function: Option<String>,
    /// In this state only.
    pub state: Option<CallState>,
    /// With this `X-Call-Id` only.
    pub call_id: Option<String>,
}

/// The calls of one function that are not finished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// How many are in which state.
    pub counts: CallCounts,
    /// When the next of those that wait is due, in ms since the epoch.
    pub due: Option<i64>,
}

impl Line {
    /// Something of it is still to be done.
    pub fn is_unfinished(&self) -> bool {
        let CallCounts { queued, running, retrying, .. } = self.counts;
        queued + running + retrying > 0
    }
}

/// The lines of all functions, by full name.
pub type Lines = BTreeMap<String, Line>;
