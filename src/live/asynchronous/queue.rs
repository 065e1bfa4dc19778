//! The queue on disk, as the rest of faasim uses it.

use super::call::{Call, Finished, Lines, Listed, Shown, Which};
use super::outcomes::Outcomes;
use super::table::{self, Orphan};
use super::writer::{Ask, Board, Mark, QueueError, Wish, Writer};
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// A handle to the queue; its thread ends with the last one.
#[derive(Clone, Debug)]
pub struct Queue {
    wishes: Sender<Wish>,
    board: Board,
    /// Reads beside the writer: a long listing delays no call.
    reader: Arc<Mutex<Connection>>,
    orphans: Arc<Mutex<Vec<Orphan>>>,
    outcomes: Outcomes,
}

impl Queue {
    /// Opens (or makes) `queue.db` in the state folder.
    ///
    /// # Errors
    /// The folder cannot be written, or the file is no queue of ours.
    pub fn open(folder: &Path) -> Result<Self, QueueError> {
        let file = folder.join("queue.db");
        let fails = |e: rusqlite::Error| QueueError(format!("cannot open {}: {e}", file.display()));
        // Why it cannot be made SQLite says better.
        let _ = crate::live::folder::private(&file);
        let connection = Connection::open(&file).map_err(fails)?;
        table::prepare(&connection).map_err(fails)?;
        Queue::with(connection, &file).map_err(fails)?
    }

    fn with(connection: Connection, file: &Path) -> rusqlite::Result<Result<Self, QueueError>> {
        let reader = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let orphans = table::running(&connection)?;
        let (writer, board) = Writer::new(connection, file.to_owned())?;
        let (wishes, work) = channel();
        let thread = std::thread::Builder::new().name("queue".into()).spawn(move || writer.run(&work));
        Ok(match thread {
            Ok(_) => Ok(Queue {
                wishes,
                board,
                reader: Arc::new(Mutex::new(reader)),
                orphans: Arc::new(Mutex::new(orphans)),
                outcomes: Outcomes::default(),
            }),
            Err(error) => Err(QueueError(format!("no thread for the queue: {error}"))),
        })
    }

    async fn ask<T>(&self, wish: impl FnOnce(Ask<T>) -> Wish) -> Result<T, QueueError> {
        let (reply, answer) = oneshot::channel();
        let gone = || QueueError("the queue has ended".into());
        self.wishes.send(wish(reply)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, QueueError> {
        let reader = self.reader.clone();
        let work = move || read(&reader.lock().unwrap_or_else(PoisonError::into_inner));
        let done = tokio::task::spawn_blocking(work).await;
        let done = done.map_err(|e| QueueError(e.to_string()))?;
        done.map_err(|e| QueueError(format!("asynchronous calls cannot be read: {e}")))
    }

    /// Adds a call; it is on disk when this returns.
    ///
    /// # Errors
    /// It could not be written.
    pub async fn add(&self, call: Call) -> Result<(), QueueError> {
        self.ask(|reply| Wish::Add(Box::new(call), reply)).await
    }

    /// Waits until something may be there to take.
    pub async fn news(&self) {
        self.board.news.notified().await;
    }

    /// Every function with calls that are not finished.
    pub fn lines(&self) -> Lines {
        self.board.lines()
    }

    /// Calls added since faasim started, by function.
    pub fn submitted(&self) -> BTreeMap<String, u64> {
        self.board.submitted()
    }

    /// Forgets how many calls were added and ended of other functions than these: whoever calls what is not there makes
    /// no counter for ever.
    pub(super) fn keep_counts(&self, of: impl Fn(&str) -> bool) {
        self.board.keep_counts(&of);
        self.outcomes.keep_counts(&of);
    }

    /// What an earlier faasim was sending when it died; given once.
    pub fn orphans(&self) -> Vec<Orphan> {
        std::mem::take(&mut self.orphans.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes up to `n` calls of a function that are due, for `lease` from `now` (ms since the epoch).
    ///
    /// # Errors
    /// They cannot be read or marked.
    pub async fn take(
        &self,
        function: &str,
        n: usize,
        now: i64,
        lease: Duration,
    ) -> Result<Vec<Call>, QueueError> {
        self.ask(|reply| Wish::Take(function.into(), n, now, until(now, lease), reply)).await
    }

    /// These calls still run.
    pub fn extend(&self, ids: Vec<i64>, now: i64, lease: Duration) {
        let _ = self.wishes.send(Wish::Extend(ids, until(now, lease)));
    }

    /// A call is to be tried again at `due`; `said` is what the last try said.
    pub fn again(&self, id: i64, due: i64, status: Option<u16>, said: String) {
        let _ = self.wishes.send(Wish::Mark(Mark::Again { id, due, status, said }));
    }

    /// A call is finished for good.
    pub fn done(&self, id: i64) {
        let _ = self.wishes.send(Wish::Mark(Mark::Done(id)));
    }

    /// A call is given up; it is kept to be looked at.
    pub fn dead(&self, id: i64, at: i64, status: u16, said: String) {
        let _ = self.wishes.send(Wish::Mark(Mark::Dead { id, at, status, said }));
    }

    /// Forgets calls, and waits no more for those that run; gives how many.
    ///
    /// # Errors
    /// It could not be written.
    pub async fn cancel(&self, which: Which) -> Result<usize, QueueError> {
        let (gone, running) = self.ask(|reply| Wish::Cancel(which, reply)).await?;
        self.outcomes.cancel(&running);
        Ok(gone)
    }

    /// Tries dead calls anew, and those that wait for another try at once; gives how many.
    ///
    /// # Errors
    /// It could not be written.
    pub async fn retry(&self, which: Which, now: i64) -> Result<usize, QueueError> {
        self.ask(|reply| Wish::Retry(which, now, reply)).await
    }

    /// Returns when everything that was wished before is written.
    pub(super) async fn settled(&self) {
        let nobody = Which { call_id: Some(String::new()), ..Which::default() };
        if let Err(error) = self.ask(|reply| Wish::Cancel(nobody, reply)).await {
            tracing::warn!("the end of asynchronous calls may not be written: {error}");
        }
    }

    pub(super) fn outcomes(&self) -> Outcomes {
        self.outcomes.clone()
    }

    /// The latest `n` calls that have ended since faasim started.
    pub fn finished(&self, n: usize) -> Vec<Finished> {
        self.outcomes.latest(n)
    }

    /// How the call of this id ended, if it was among the last thousand.
    pub fn ended(&self, call_id: &str) -> Option<Finished> {
        self.outcomes.of(call_id)
    }

    /// Calls that have ended since faasim started, by function.
    pub fn processed(&self) -> BTreeMap<String, u64> {
        self.outcomes.processed()
    }

    /// What runs, then what is next, then the latest dead ones.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn list(&self, which: Which, n: usize) -> Result<Vec<Listed>, QueueError> {
        self.read(move |c| table::list(c, &which, n)).await
    }

    /// The calls of this id: a caller may have given it to several.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn show(&self, call_id: &str) -> Result<Vec<Shown>, QueueError> {
        let call_id = call_id.to_owned();
        self.read(move |c| table::show(c, &call_id)).await
    }
}

fn until(now: i64, lease: Duration) -> i64 {
    now.saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
