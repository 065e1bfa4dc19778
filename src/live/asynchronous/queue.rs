//! The queue on disk: one thread writes, and what comes while it writes goes into the next transaction together.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

/// Writes that one transaction holds at most.
const GROUP: usize = 2000;

/// The queue could not do it: a sentence.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct QueueError(String);

impl From<rusqlite::Error> for QueueError {
    fn from(error: rusqlite::Error) -> Self {
        QueueError(error.to_string())
    }
}

/// A call as it is kept.
#[derive(Clone, Debug, Default)]
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
}

/// How many calls are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Waiting for their first try.
    pub queued: u64,
    /// Being sent.
    pub running: u64,
    /// Waiting for another try.
    pub retrying: u64,
    /// Given up.
    pub dead: u64,
}

/// A call in a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// `X-Call-Id`.
    pub call_id: String,
    /// `name.namespace`.
    pub function: String,
    /// `queued`, `running`, `retrying` or `dead`.
    pub state: String,
    /// Tries so far.
    pub tries: u32,
    /// The status of the last try.
    pub status: Option<u16>,
    /// Bytes of its body.
    pub bytes: u64,
}

type Ask<T> = oneshot::Sender<Result<T, QueueError>>;

enum Wish {
    Add(Box<Call>, Ask<()>),
    Take(usize, i64, Duration, Ask<Vec<Call>>),
    Extend(Vec<i64>, i64),
    Again(i64, i64, u16),
    Done(i64),
    Dead(i64, u16),
    Counts(Ask<Counts>),
    List(usize, Ask<Vec<Listed>>),
}

/// A handle to the queue; its thread ends with the last one.
#[derive(Clone, Debug)]
pub struct Queue {
    wishes: Sender<Wish>,
    news: Arc<Notify>,
}

impl Queue {
    /// Opens (or makes) `queue.db` in the state folder.
    ///
    /// # Errors
    /// The folder cannot be written, or the file is no queue of ours.
    pub fn open(folder: &Path) -> Result<Self, QueueError> {
        let file = folder.join("queue.db");
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(&file)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            // State: 0 waits until `due`, 1 runs until `due` (its lease), 2 is dead.
            connection.execute_batch(
                "CREATE TABLE IF NOT EXISTS calls (
                     id INTEGER PRIMARY KEY, state INTEGER NOT NULL, due INTEGER NOT NULL, tries INTEGER NOT NULL,
                     status INTEGER, call_id TEXT NOT NULL, function TEXT NOT NULL, path TEXT NOT NULL,
                     query TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL, callback TEXT);
                 CREATE INDEX IF NOT EXISTS calls_due ON calls (state, due, id);",
            )?;
            Ok(connection)
        };
        let connection = open().map_err(|e| QueueError(format!("cannot open {}: {e}", file.display())))?;
        let (wishes, work) = channel();
        let thread = std::thread::Builder::new().name("queue".into()).spawn(move || write(connection, &work));
        thread.map_err(|e| QueueError(format!("no thread for the queue: {e}")))?;
        Ok(Queue { wishes, news: Arc::new(Notify::new()) })
    }

    async fn ask<T>(&self, wish: impl FnOnce(Ask<T>) -> Wish) -> Result<T, QueueError> {
        let (reply, answer) = oneshot::channel();
        let gone = || QueueError("the queue has ended".into());
        self.wishes.send(wish(reply)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Adds a call; it is on disk when this returns.
    ///
    /// # Errors
    /// It could not be written.
    pub async fn add(&self, call: Call) -> Result<(), QueueError> {
        self.ask(|reply| Wish::Add(Box::new(call), reply)).await?;
        self.news.notify_one();
        Ok(())
    }

    /// Waits until something may be there to take.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Takes up to `n` calls that are due, and those whose lease is over, for `lease` from `now` (ms since the epoch).
    ///
    /// # Errors
    /// They cannot be read or marked.
    pub async fn take(&self, n: usize, now: i64, lease: Duration) -> Result<Vec<Call>, QueueError> {
        self.ask(|reply| Wish::Take(n, now, lease, reply)).await
    }

    /// These calls still run.
    pub fn extend(&self, ids: Vec<i64>, now: i64, lease: Duration) {
        let _ = self.wishes.send(Wish::Extend(ids, until(now, lease)));
    }

    /// A call is to be tried again.
    pub fn again(&self, id: i64, due: i64, status: u16) {
        let _ = self.wishes.send(Wish::Again(id, due, status));
    }

    /// A call is finished for good.
    pub fn done(&self, id: i64) {
        let _ = self.wishes.send(Wish::Done(id));
    }

    /// A call is given up; it is kept to be looked at.
    pub fn dead(&self, id: i64, status: u16) {
        let _ = self.wishes.send(Wish::Dead(id, status));
    }

    /// How many calls are in which state.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn counts(&self) -> Result<Counts, QueueError> {
        self.ask(Wish::Counts).await
    }

    /// The calls that are next, and the latest dead ones.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn list(&self, n: usize) -> Result<Vec<Listed>, QueueError> {
        self.ask(|reply| Wish::List(n, reply)).await
    }
}

fn until(now: i64, lease: Duration) -> i64 {
    now.saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX))
}

/// Replies wait for the commit: nobody is told of what could still be lost.
type Reply = Box<dyn FnOnce(Result<(), QueueError>)>;

fn write(mut connection: Connection, work: &Receiver<Wish>) {
    while let Ok(first) = work.recv() {
        let mut wishes = vec![first];
        while wishes.len() < GROUP
            && let Ok(next) = work.try_recv()
        {
            wishes.push(next);
        }
        let mut replies: Vec<Reply> = Vec::new();
        let group = || -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            for wish in wishes {
                replies.push(one(&transaction, wish));
            }
            transaction.commit()
        };
        let done = group().map_err(QueueError::from);
        if let Err(error) = &done {
            tracing::error!("the queue of asynchronous calls cannot be written: {error}");
        }
        replies.into_iter().for_each(|reply| reply(done.clone()));
    }
}

fn later<T: 'static>(ask: Ask<T>, result: rusqlite::Result<T>) -> Reply {
    Box::new(move |done| {
        let result = result.map_err(QueueError::from);
        let _ = ask.send(done.and(result));
    })
}

fn told(result: rusqlite::Result<usize>) -> Reply {
    Box::new(move |_| {
        if let Err(error) = result {
            tracing::error!("an asynchronous call cannot be marked: {error}");
        }
    })
}

fn one(c: &Connection, wish: Wish) -> Reply {
    match wish {
        Wish::Add(call, ask) => later(ask, add(c, &call)),
        Wish::Take(n, now, lease, ask) => later(ask, take(c, n, now, until(now, lease))),
        Wish::Extend(ids, due) => {
            let mut extended = Ok(0);
            for id in ids {
                extended = c
                    .prepare_cached("UPDATE calls SET due = ?2 WHERE id = ?1 AND state = 1")
                    .and_then(|mut s| s.execute(params![id, due]));
            }
            told(extended)
        }
        Wish::Again(id, due, status) => told(
            c.prepare_cached("UPDATE calls SET state = 0, due = ?2, status = ?3 WHERE id = ?1")
                .and_then(|mut s| s.execute(params![id, due, status])),
        ),
        Wish::Done(id) => {
            told(c.prepare_cached("DELETE FROM calls WHERE id = ?1").and_then(|mut s| s.execute(params![id])))
        }
        Wish::Dead(id, status) => told(
            c.prepare_cached("UPDATE calls SET state = 2, status = ?2 WHERE id = ?1")
                .and_then(|mut s| s.execute(params![id, status])),
        ),
        Wish::Counts(ask) => later(ask, counts(c)),
        Wish::List(n, ask) => later(ask, list(c, n)),
    }
}

fn add(c: &Connection, call: &Call) -> rusqlite::Result<()> {
    let headers = serde_json::to_string(&call.headers).unwrap_or_default();
    c.prepare_cached(
        "INSERT INTO calls (state, due, tries, call_id, function, path, query, headers, body, callback)
         VALUES (0, 0, 0, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![call.call_id, call.function, call.path, call.query, headers, call.body, call.callback])
    .map(drop)
}

fn take(c: &Connection, n: usize, now: i64, until: i64) -> rusqlite::Result<Vec<Call>> {
    let mut find = c.prepare_cached(
        "SELECT id, call_id, function, path, query, headers, body, callback, tries FROM calls
         WHERE state < 2 AND due <= ?1 ORDER BY due, id LIMIT ?2",
    )?;
    let calls = find.query_map(params![now, n as i64], |row| {
        let headers: String = row.get(5)?;
        Ok(Call {
            id: row.get(0)?,
            call_id: row.get(1)?,
            function: row.get(2)?,
            path: row.get(3)?,
            query: row.get(4)?,
            headers: serde_json::from_str(&headers).unwrap_or_default(),
            body: row.get(6)?,
            callback: row.get(7)?,
            tries: row.get::<_, u32>(8)? + 1,
        })
    })?;
    let calls: Vec<Call> = calls.collect::<rusqlite::Result<_>>()?;
    for call in &calls {
        c.prepare_cached("UPDATE calls SET state = 1, due = ?2, tries = tries + 1 WHERE id = ?1")?
            .execute(params![call.id, until])?;
    }
    Ok(calls)
}

fn counts(c: &Connection) -> rusqlite::Result<Counts> {
    let of = |condition: &str| {
        let found = c.prepare_cached(&format!("SELECT COUNT(*) FROM calls WHERE {condition}"))?;
        let mut found = found;
        found.query_row([], |row| row.get::<_, i64>(0)).optional().map(|n| n.unwrap_or(0).max(0) as u64)
    };
    Ok(Counts {
        queued: of("state = 0 AND tries = 0")?,
        running: of("state = 1")?,
        retrying: of("state = 0 AND tries > 0")?,
        dead: of("state = 2")?,
    })
}

fn list(c: &Connection, n: usize) -> rusqlite::Result<Vec<Listed>> {
    let mut find = c.prepare_cached(
        "SELECT call_id, function, state, tries, status, LENGTH(body) FROM calls ORDER BY state = 2, due, id DESC LIMIT ?1",
    )?;
    let all = find.query_map(params![n as i64], |row| {
        let (state, tries): (i64, u32) = (row.get(2)?, row.get(3)?);
        Ok(Listed {
            call_id: row.get(0)?,
            function: row.get(1)?,
            state: match (state, tries) {
                (2, _) => "dead",
                (1, _) => "running",
                (_, 0) => "queued",
                _ => "retrying",
            }
            .into(),
            tries,
            status: row.get(4)?,
            bytes: row.get::<_, i64>(5)?.max(0) as u64,
        })
    })?;
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str) -> Call {
        Call {
            call_id: name.into(),
            function: "f.openfaas-fn".into(),
            body: b"x".to_vec(),
            ..Call::default()
        }
    }

    #[tokio::test]
    async fn calls_are_kept_until_they_are_done() {
        let folder = tempfile::tempdir().unwrap();
        let lease = Duration::from_secs(60);
        let queue = Queue::open(folder.path()).unwrap();
        for name in ["a", "b", "c", "d"] {
            queue.add(call(name)).await.unwrap();
        }
        let taken = queue.take(3, 1000, lease).await.unwrap();
        assert_eq!(
            taken.iter().map(|c| (c.call_id.as_str(), c.tries)).collect::<Vec<_>>(),
            [("a", 1), ("b", 1), ("c", 1)]
        );
        queue.done(taken[0].id);
        queue.again(taken[1].id, 5000, 503);
        assert_eq!(queue.counts().await.unwrap(), Counts { queued: 1, running: 1, retrying: 1, dead: 0 });
        // Another process: what ran has a lease, and is taken again when that is over.
        drop(queue);
        let queue = Queue::open(folder.path()).unwrap();
        let names = async |now| {
            let taken = queue.take(9, now, lease).await.unwrap();
            taken.into_iter().map(|c| c.call_id).collect::<Vec<_>>()
        };
        assert_eq!(names(2000).await, ["d"]);
        assert_eq!(names(5000).await, ["b"]);
        assert_eq!(names(60_999).await, Vec::<String>::new());
        queue.extend(vec![3], 60_999, lease);
        assert_eq!(names(61_000).await, Vec::<String>::new(), "its lease was extended");
        queue.dead(3, 500);
        let listed = queue.list(10).await.unwrap();
        assert_eq!(listed.last().map(|l| (l.state.as_str(), l.status)), Some(("dead", Some(500))));
    }

    #[tokio::test]
    async fn many_at_once_are_written_together() {
        let folder = tempfile::tempdir().unwrap();
        let queue = Queue::open(folder.path()).unwrap();
        let all = (0..3000).map(|i| {
            let queue = queue.clone();
            tokio::spawn(async move { queue.add(call(&i.to_string())).await })
        });
        for one in all.collect::<Vec<_>>() {
            one.await.unwrap().unwrap();
        }
        assert_eq!(queue.counts().await.unwrap().queued, 3000);
    }
}
