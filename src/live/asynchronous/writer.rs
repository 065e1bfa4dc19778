//! The one thread that writes: what comes while it writes goes into the next transaction together (group commit).

use super::call::{Call, CallState, Line, Lines, Which};
use super::table::{self, KEPT_DEAD};
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

/// Writes that one transaction holds at most, and bytes of bodies.
const GROUP: usize = 2000;
const GROUP_BYTES: usize = 32 << 20;
/// Between attempts to write down how calls ended, where the disk is full.
const AGAIN: Duration = Duration::from_secs(1);

/// The queue could not do it: a sentence.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct QueueError(pub(super) String);

pub(super) type Ask<T> = oneshot::Sender<Result<T, QueueError>>;

/// How a try ended: what must be written down, if not now, then later.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    /// Finished for good.
    Done(i64),
    /// To be tried again when it is due.
    Again { id: i64, due: i64, status: Option<u16>, said: String },
    /// Given up.
    Dead { id: i64, at: i64, status: u16, said: String },
}

/// What is wished of the writer.
pub(super) enum Wish {
    Add(Box<Call>, Ask<()>),
    /// Function, how many, now, and until when they are taken.
    Take(String, usize, i64, i64, Ask<Vec<Call>>),
    Extend(Vec<i64>, i64),
    Mark(Mark),
    /// Forgets calls; gives the numbers of those that were running.
    Cancel(Which, Ask<(usize, Vec<i64>)>),
    /// Tries dead calls, and those that wait, at once.
    Retry(Which, i64, Ask<usize>),
}

impl Wish {
    fn bytes(&self) -> usize {
        match self {
            Wish::Add(call, _) => call.body.len(),
            _ => 0,
        }
    }
}

/// What the writer shares with those who ask.
#[derive(Clone, Debug, Default)]
pub(super) struct Board {
    lines: Arc<Mutex<Lines>>,
    /// Calls added since the start, by function.
    submitted: Arc<Mutex<std::collections::BTreeMap<String, u64>>>,
    /// Tells that something may be there to take.
    pub(super) news: Arc<Notify>,
}

impl Board {
    /// Every function with calls that are not finished.
    pub(super) fn lines(&self) -> Lines {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn submitted(&self) -> std::collections::BTreeMap<String, u64> {
        self.submitted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Goes on counting only those functions.
    pub(super) fn keep_counts(&self, of: impl Fn(&str) -> bool) {
        self.submitted.lock().unwrap_or_else(PoisonError::into_inner).retain(|function, _| of(function));
    }

    fn publish(&self, changes: Vec<Change>) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            let line = lines.entry(change.function.clone()).or_default();
            if let Some(from) = change.from {
                let count = from.count(&mut line.counts);
                *count = count.saturating_sub(1);
            }
            if let Some(to) = change.to {
                *to.count(&mut line.counts) += 1;
            }
            match change.due {
                Due::Same => {}
                Due::Earlier(due) => line.due = Some(line.due.map_or(due, |known| known.min(due))),
                Due::Is(due) => line.due = due,
            }
            if change.new {
                let mut all = self.submitted.lock().unwrap_or_else(PoisonError::into_inner);
                *all.entry(change.function.clone()).or_default() += 1;
            }
            if *line == Line::default() {
                lines.remove(&change.function);
            }
        }
    }
}

enum Due {
    Same,
    Earlier(i64),
    Is(Option<i64>),
}

/// What a write changes in a function's line.
struct Change {
    function: String,
    from: Option<CallState>,
    to: Option<CallState>,
    due: Due,
    new: bool,
}

impl Change {
    fn moved(function: String, from: CallState, to: Option<CallState>) -> Change {
        Change { function, from: Some(from), to, due: Due::Same, new: false }
    }
}

/// Replies wait for the commit: nobody is told of what could still be lost.
type Reply = Box<dyn FnOnce(Result<(), QueueError>)>;

/// The writing end.
pub(super) struct Writer {
    connection: Connection,
    file: PathBuf,
    board: Board,
    /// Marks that could not be written: what has ended must not be taken for running.
    unwritten: Vec<Mark>,
    failing: bool,
}

impl Writer {
    /// # Errors
    /// The table cannot be read.
    pub(super) fn new(connection: Connection, file: PathBuf) -> rusqlite::Result<(Writer, Board)> {
        let board = Board::default();
        *board.lines.lock().unwrap_or_else(PoisonError::into_inner) = table::lines(&connection)?;
        let writer = Writer { connection, file, board: board.clone(), unwritten: Vec::new(), failing: false };
        Ok((writer, board))
    }

    /// Writes until nobody wishes anything more.
    pub(super) fn run(mut self, work: &Receiver<Wish>) {
        loop {
            let first = if self.unwritten.is_empty() {
                work.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                work.recv_timeout(AGAIN)
            };
            let mut wishes = Vec::new();
            match first {
                Ok(first) => wishes.push(first),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let mut bytes: usize = wishes.iter().map(Wish::bytes).sum();
            while wishes.len() < GROUP
                && bytes < GROUP_BYTES
                && let Ok(next) = work.try_recv()
            {
                bytes += next.bytes();
                wishes.push(next);
            }
            self.group(wishes);
        }
    }

    fn group(&mut self, wishes: Vec<Wish>) {
        let mut marks = std::mem::take(&mut self.unwritten);
        let mut others = Vec::new();
        // What has ended goes first: a lease that is over must not make it run again.
        for wish in wishes {
            match wish {
                Wish::Mark(mark) => marks.push(mark),
                other => others.push(other),
            }
        }
        let (mut changes, mut replies) = (Vec::new(), Vec::new());
        let done = self.write(&marks, others, &mut changes, &mut replies);
        let done = done.map_err(|error| self.trouble(&error));
        match &done {
            Ok(()) => {
                if std::mem::take(&mut self.failing) {
                    tracing::info!("asynchronous calls can be kept again in {}", self.file.display());
                }
                self.board.publish(changes);
                self.board.news.notify_one();
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!("asynchronous calls cannot be kept: {error}");
                }
                self.unwritten = marks;
            }
        }
        replies.into_iter().for_each(|reply: Reply| reply(done.clone()));
    }

    /// All of a group, or nothing of it.
    fn write(
        &mut self,
        marks: &[Mark],
        others: Vec<Wish>,
        changes: &mut Vec<Change>,
        replies: &mut Vec<Reply>,
    ) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        let mut failed = marks.iter().try_for_each(|mark| self::mark(&transaction, mark, changes)).err();
        for wish in others {
            // After a failure nobody is served, but everybody must be told.
            let done = one(&transaction, wish, failed.is_none(), changes, replies);
            failed = failed.or(done.err());
        }
        if failed.is_none() {
            failed = self::forget_dead(&transaction, &self.board, changes).err();
        }
        match failed {
            // A statement that finds the disk full may have ended the transaction already.
            Some(error) => {
                let _ = transaction.rollback();
                Err(error)
            }
            None => transaction.commit(),
        }
    }

    fn trouble(&self, error: &rusqlite::Error) -> QueueError {
        let file = self.file.display();
        QueueError(match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => {
                format!(
                    "the disk of {file} is full: free some space, or choose another state folder with `--state`"
                )
            }
            Some(rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::CannotOpen) => {
                format!("{file} cannot be written ({error}): make its folder writable")
            }
            _ => format!("{file}: {error}"),
        })
    }
}

fn later<T: 'static>(ask: Ask<T>, value: Option<T>) -> Reply {
    Box::new(move |done| {
        // There is a value unless something failed, and then that is told.
        let answer = done.and_then(|()| value.ok_or_else(|| QueueError("nothing was done".into())));
        let _ = ask.send(answer);
    })
}

/// Does one thing, unless something has failed before it; whoever waits for it is told after the commit either way.
fn serve<T: 'static>(
    ask: Ask<T>,
    go_on: bool,
    replies: &mut Vec<Reply>,
    work: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<()> {
    let (value, done) = match go_on.then(work) {
        None => (None, Ok(())),
        Some(Ok(value)) => (Some(value), Ok(())),
        Some(Err(error)) => (None, Err(error)),
    };
    replies.push(later(ask, value));
    done
}

fn one(
    c: &Connection,
    wish: Wish,
    go_on: bool,
    changes: &mut Vec<Change>,
    replies: &mut Vec<Reply>,
) -> rusqlite::Result<()> {
    match wish {
        Wish::Add(call, ask) => serve(ask, go_on, replies, || add(c, &call, changes)),
        Wish::Take(function, n, now, until, ask) => {
            serve(ask, go_on, replies, || take(c, &function, n, now, until, changes))
        }
        Wish::Cancel(which, ask) => serve(ask, go_on, replies, || cancel(c, &which, changes)),
        Wish::Retry(which, now, ask) => serve(ask, go_on, replies, || retry(c, &which, now, changes)),
        Wish::Extend(ids, until) if go_on => table::extend(c, &ids, until),
        Wish::Extend(..) | Wish::Mark(_) => Ok(()),
    }
}

fn add(c: &Connection, call: &Call, changes: &mut Vec<Change>) -> rusqlite::Result<()> {
    table::add(c, call)?;
    changes.push(Change {
        function: call.function.clone(),
        from: None,
        to: Some(CallState::Queued),
        due: Due::Earlier(call.queued_at),
        new: true,
    });
    Ok(())
}

fn take(
    c: &Connection,
    function: &str,
    n: usize,
    now: i64,
    until: i64,
    changes: &mut Vec<Change>,
) -> rusqlite::Result<Vec<Call>> {
    let calls = table::take(c, function, n, now, until)?;
    for call in &calls {
        let from = if call.tries > 1 { CallState::Retrying } else { CallState::Queued };
        changes.push(Change::moved(function.to_owned(), from, Some(CallState::Running)));
    }
    changes.push(due_now(c, function)?);
    Ok(calls)
}

/// After calls were taken or forgotten: when the next one is due.
fn due_now(c: &Connection, function: &str) -> rusqlite::Result<Change> {
    let due = Due::Is(table::due(c, function)?);
    Ok(Change { function: function.to_owned(), from: None, to: None, due, new: false })
}

/// A call that was cancelled meanwhile is not there any more: its end is no news.
fn mark(c: &Connection, mark: &Mark, changes: &mut Vec<Change>) -> rusqlite::Result<()> {
    let (Mark::Done(id) | Mark::Again { id, .. } | Mark::Dead { id, .. }) = mark;
    let Some((function, from)) = table::found(c, *id)? else { return Ok(()) };
    match mark {
        Mark::Done(id) => {
            table::remove(c, *id)?;
            changes.push(Change::moved(function, from, None));
        }
        Mark::Again { id, due, status, said } => {
            table::wait(c, *id, *due, *status, said, false)?;
            let due = Due::Earlier(*due);
            let to = Some(CallState::Retrying);
            changes.push(Change { function, from: Some(from), to, due, new: false });
        }
        Mark::Dead { id, at, status, said } => {
            table::dead(c, *id, *at, *status, said)?;
            changes.push(Change::moved(function, from, Some(CallState::Dead)));
        }
    }
    Ok(())
}

fn cancel(c: &Connection, which: &Which, changes: &mut Vec<Change>) -> rusqlite::Result<(usize, Vec<i64>)> {
    let ids = table::ids(c, which)?;
    let mut running = Vec::new();
    let mut functions = std::collections::BTreeSet::new();
    for id in &ids {
        let Some((function, from)) = table::found(c, *id)? else { continue };
        table::remove(c, *id)?;
        if from == CallState::Running {
            running.push(*id);
        }
        functions.insert(function.clone());
        changes.push(Change::moved(function, from, None));
    }
    for function in &functions {
        changes.push(due_now(c, function)?);
    }
    Ok((ids.len(), running))
}

fn retry(c: &Connection, which: &Which, now: i64, changes: &mut Vec<Change>) -> rusqlite::Result<usize> {
    let mut done = 0;
    for id in table::ids(c, which)? {
        let Some((function, from)) = table::found(c, id)? else { continue };
        let dead = match from {
            CallState::Running | CallState::Queued => continue,
            CallState::Dead => true,
            CallState::Retrying => false,
        };
        table::wait(c, id, now, None, "", dead)?;
        let to = Some(if dead { CallState::Queued } else { CallState::Retrying });
        changes.push(Change { function, from: Some(from), to, due: Due::Earlier(now), new: false });
        done += 1;
    }
    Ok(done)
}

/// Keeps the dead ones from filling the disk.
fn forget_dead(c: &Connection, board: &Board, changes: &mut Vec<Change>) -> rusqlite::Result<()> {
    let moved = |to: bool| {
        let state = |change: &&Change| if to { change.to } else { change.from } == Some(CallState::Dead);
        changes.iter().filter(state).count() as u64
    };
    if moved(true) == 0 {
        return Ok(());
    }
    let before: u64 = board.lines().values().map(|line| line.counts.dead).sum();
    let over = (before + moved(true)).saturating_sub(moved(false) + KEPT_DEAD);
    for _ in 0..over {
        let Some(id) = table::oldest_dead(c)? else { break };
        if let Some((function, from)) = table::found(c, id)? {
            table::remove(c, id)?;
            changes.push(Change::moved(function, from, None));
        }
    }
    Ok(())
}
