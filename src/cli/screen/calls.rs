//! Asynchronous calls as the screen lists them, from what the queue lists.

use crate::cluster::time::Time;
use crate::dashboard::tui::calls::{CallRow, Calls, Stage};
use crate::live::asynchronous::{CallState, Finished, Listed, Shown};

/// Calls of each kind that are listed at most.
pub(super) const MOST: usize = 200;

/// The newest first. A call that was given up is in the queue and has ended, too: it is listed once.
pub(super) fn listed(open: Vec<Listed>, ended: Vec<Finished>) -> Vec<CallRow> {
    let mut rows: Vec<CallRow> = open.into_iter().map(row).collect();
    let ended = ended.into_iter().filter(|f| f.status < 400).take(MOST);
    rows.extend(ended.map(|f| CallRow {
        id: f.call_id,
        function: f.function,
        stage: Stage::Done,
        tries: f.tries,
        status: Some(f.status),
        came: None,
        due: time(f.at),
    }));
    rows.sort_by_key(|row| std::cmp::Reverse(row.moment()));
    rows
}

/// With what the last try of the chosen call said.
pub(super) fn with_said(rows: Vec<CallRow>, chosen: Option<String>, shown: Vec<Shown>) -> Calls {
    let said = shown.into_iter().find_map(|shown| shown.said);
    Calls { rows, said: chosen.zip(said) }
}

fn row(call: Listed) -> CallRow {
    CallRow {
        id: call.call_id,
        function: call.function,
        stage: match call.state {
            CallState::Queued => Stage::Queued,
            CallState::Running => Stage::Running,
            CallState::Retrying => Stage::Retrying,
            CallState::Dead => Stage::Dead,
        },
        tries: call.tries,
        status: call.status,
        came: (call.queued_at > 0).then(|| time(call.queued_at)),
        due: time(call.due),
    }
}

/// From ms since the Unix epoch.
fn time(ms: i64) -> Time {
    Time::from_nanos(u64::try_from(ms).unwrap_or(0).saturating_mul(1_000_000))
}
