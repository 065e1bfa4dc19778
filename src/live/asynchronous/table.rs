//! The queue's table: one statement for each thing that can be done with calls.
//!
//! `state` 0 waits until `due`, 1 runs until `due` (its lease), 2 is dead since `due`. Times are ms since the epoch.

use super::call::{Call, CallState, Line, Lines, Listed, Shown, Which};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

/// Dead calls that are kept; the oldest go first.
pub(super) const KEPT_DEAD: u64 = 10_000;
/// How much is kept of what a failed try said.
pub(super) const SAID: usize = 2000;

/// Makes the table, or brings one of an earlier faasim up to date.
pub(super) fn prepare(c: &Connection) -> rusqlite::Result<()> {
    c.pragma_update(None, "journal_mode", "WAL")?;
    c.pragma_update(None, "synchronous", "FULL")?;
    c.execute_batch(
        "CREATE TABLE IF NOT EXISTS calls (
             id INTEGER PRIMARY KEY, state INTEGER NOT NULL, due INTEGER NOT NULL, tries INTEGER NOT NULL,
             status INTEGER, call_id TEXT NOT NULL, function TEXT NOT NULL, path TEXT NOT NULL,
             query TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL, callback TEXT);",
    )?;
    for (column, kind) in [("queued_at", "INTEGER NOT NULL DEFAULT 0"), ("said", "TEXT")] {
        let there = c.prepare(&format!("SELECT {column} FROM calls LIMIT 0")).is_ok();
        if !there {
            c.execute_batch(&format!("ALTER TABLE calls ADD COLUMN {column} {kind}"))?;
        }
    }
    c.execute_batch(
        "DROP INDEX IF EXISTS calls_due;
         CREATE INDEX IF NOT EXISTS calls_next ON calls (function, state, due, id);
         CREATE INDEX IF NOT EXISTS calls_id ON calls (call_id);",
    )
}

/// The lines of all functions, counted.
pub(super) fn lines(c: &Connection) -> rusqlite::Result<Lines> {
    let mut lines = Lines::new();
    let mut find = c.prepare(
        "SELECT function, state, tries > 0, COUNT(*), MIN(due) FROM calls GROUP BY function, state, tries > 0",
    )?;
    let rows = find.query_map([], |row| {
        let (function, state, tried): (String, i64, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok((
            function,
            CallState::of(state, tried),
            state,
            row.get::<_, i64>(3)?.unsigned_abs(),
            row.get::<_, i64>(4)?,
        ))
    })?;
    for row in rows {
        let (function, call_state, state, count, due) = row?;
        let line: &mut Line = lines.entry(function).or_default();
        *call_state.count(&mut line.counts) += count;
        if state == 0 {
            line.due = Some(line.due.map_or(due, |known| known.min(due)));
        }
    }
    Ok(lines)
}

pub(super) fn add(c: &Connection, call: &Call) -> rusqlite::Result<()> {
    let headers = serde_json::to_string(&call.headers).unwrap_or_default();
    c.prepare_cached(
        "INSERT INTO calls (state, due, tries, call_id, function, path, query, headers, body, callback, queued_at)
         VALUES (0, ?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?1)",
    )?
    .execute(params![
        call.queued_at,
        call.call_id,
        call.function,
        call.path,
        call.query,
        headers,
        call.body,
        call.callback
    ])
    .map(drop)
}

const WHOLE: &str = "id, call_id, function, path, query, headers, body, callback, tries, queued_at";

fn whole(row: &Row<'_>) -> rusqlite::Result<Call> {
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
        tries: row.get(8)?,
        queued_at: row.get(9)?,
    })
}

/// Takes up to `n` calls of a function that are due, for a lease that ends at `until`. They have the number of tries
/// that this one makes.
pub(super) fn take(
    c: &Connection,
    function: &str,
    n: usize,
    now: i64,
    until: i64,
) -> rusqlite::Result<Vec<Call>> {
    let mut find = c.prepare_cached(&format!(
        "SELECT {WHOLE} FROM calls WHERE function = ?1 AND state = 0 AND due <= ?2 ORDER BY due, id LIMIT ?3"
    ))?;
    let limit = i64::try_from(n).unwrap_or(i64::MAX);
    let calls = find.query_map(params![function, now, limit], whole)?;
    let mut calls: Vec<Call> = calls.collect::<rusqlite::Result<_>>()?;
    for call in &mut calls {
        c.prepare_cached("UPDATE calls SET state = 1, due = ?2, tries = tries + 1 WHERE id = ?1")?
            .execute(params![call.id, until])?;
        call.tries += 1;
    }
    Ok(calls)
}

/// When the next call of a function is due.
pub(super) fn due(c: &Connection, function: &str) -> rusqlite::Result<Option<i64>> {
    c.prepare_cached("SELECT MIN(due) FROM calls WHERE function = ?1 AND state = 0")?
        .query_row([function], |row| row.get(0))
}

/// A call that an earlier faasim was sending when it died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    pub(super) id: i64,
    pub(super) call_id: String,
    pub(super) function: String,
    /// When its lease is over.
    pub(super) due: i64,
}

pub(super) fn running(c: &Connection) -> rusqlite::Result<Vec<Orphan>> {
    let mut find = c.prepare("SELECT id, call_id, function, due FROM calls WHERE state = 1 ORDER BY id")?;
    let all = find.query_map([], |row| {
        Ok(Orphan { id: row.get(0)?, call_id: row.get(1)?, function: row.get(2)?, due: row.get(3)? })
    })?;
    all.collect()
}

/// The lease of calls that still run.
pub(super) fn extend(c: &Connection, ids: &[i64], until: i64) -> rusqlite::Result<()> {
    let mut update = c.prepare_cached("UPDATE calls SET due = ?2 WHERE id = ?1 AND state = 1")?;
    ids.iter().try_for_each(|id| update.execute(params![id, until]).map(drop))
}

/// A row's function and state, before it was changed; none when it is not there.
pub(super) fn found(c: &Connection, id: i64) -> rusqlite::Result<Option<(String, CallState)>> {
    c.prepare_cached("SELECT function, state, tries FROM calls WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, CallState::of(row.get(1)?, row.get(2)?))))
        .optional()
}

/// It is to be tried again at `due`; with `renew`, as if it had never been tried.
pub(super) fn wait(
    c: &Connection,
    id: i64,
    due: i64,
    status: Option<u16>,
    said: &str,
    renew: bool,
) -> rusqlite::Result<()> {
    c.prepare_cached(
        "UPDATE calls SET state = 0, due = ?2, status = IFNULL(?3, status), said = IFNULL(NULLIF(?4, ''), said),
             tries = CASE WHEN ?5 THEN 0 ELSE tries END WHERE id = ?1",
    )?
    .execute(params![id, due, status, said, renew])
    .map(drop)
}

pub(super) fn dead(c: &Connection, id: i64, at: i64, status: u16, said: &str) -> rusqlite::Result<()> {
    c.prepare_cached("UPDATE calls SET state = 2, due = ?2, status = ?3, said = ?4 WHERE id = ?1")?
        .execute(params![id, at, status, said])
        .map(drop)
}

pub(super) fn remove(c: &Connection, id: i64) -> rusqlite::Result<()> {
    c.prepare_cached("DELETE FROM calls WHERE id = ?1")?.execute([id]).map(drop)
}

/// The dead call that has been kept the longest.
pub(super) fn oldest_dead(c: &Connection) -> rusqlite::Result<Option<i64>> {
    c.query_row("SELECT id FROM calls WHERE state = 2 ORDER BY due, id LIMIT 1", [], |row| row.get(0))
        .optional()
}

fn condition(which: &Which) -> (String, Vec<Value>) {
    let mut parts = vec!["1 = 1".to_owned()];
    let mut values: Vec<Value> = Vec::new();
    for (column, wanted) in [("function", &which.function), ("call_id", &which.call_id)] {
        if let Some(wanted) = wanted {
            values.push(wanted.clone().into());
            parts.push(format!("{column} = ?{}", values.len()));
        }
    }
    parts.extend(which.state.map(|state| {
        match state {
            CallState::Queued => "state = 0 AND tries = 0",
            CallState::Retrying => "state = 0 AND tries > 0",
            CallState::Running => "state = 1",
            CallState::Dead => "state = 2",
        }
        .to_owned()
    }));
    (parts.join(" AND "), values)
}

/// The numbers of the calls that are meant.
pub(super) fn ids(c: &Connection, which: &Which) -> rusqlite::Result<Vec<i64>> {
    let (condition, values) = condition(which);
    let mut find = c.prepare_cached(&format!("SELECT id FROM calls WHERE {condition} ORDER BY id"))?;
    find.query_map(params_from_iter(values), |row| row.get(0))?.collect()
}

const BRIEF: &str = "call_id, function, state, tries, status, LENGTH(body), queued_at, due";

fn brief(row: &Row<'_>) -> rusqlite::Result<Listed> {
    let (state, tries): (i64, u32) = (row.get(2)?, row.get(3)?);
    Ok(Listed {
        call_id: row.get(0)?,
        function: row.get(1)?,
        state: CallState::of(state, tries),
        tries,
        status: row.get(4)?,
        bytes: row.get::<_, i64>(5)?.unsigned_abs(),
        queued_at: row.get(6)?,
        due: row.get(7)?,
    })
}

/// What runs, then what is next, then the latest dead ones.
pub(super) fn list(c: &Connection, which: &Which, n: usize) -> rusqlite::Result<Vec<Listed>> {
    let (condition, mut values) = condition(which);
    values.push(i64::try_from(n).unwrap_or(i64::MAX).into());
    let mut find = c.prepare_cached(&format!(
        "SELECT {BRIEF} FROM calls WHERE {condition}
         ORDER BY CASE state WHEN 1 THEN 0 WHEN 0 THEN 1 ELSE 2 END, CASE state WHEN 2 THEN -due ELSE due END, id
         LIMIT ?{}",
        values.len()
    ))?;
    find.query_map(params_from_iter(values), brief)?.collect()
}

/// All calls of this id: a caller may have given it to several.
pub(super) fn show(c: &Connection, call_id: &str) -> rusqlite::Result<Vec<Shown>> {
    let mut find = c.prepare_cached(&format!(
        "SELECT {BRIEF}, path, query, headers, callback, said FROM calls WHERE call_id = ?1 ORDER BY id"
    ))?;
    let all = find.query_map([call_id], |row| {
        let headers: String = row.get(10)?;
        Ok(Shown {
            listed: brief(row)?,
            path: row.get(8)?,
            query: row.get(9)?,
            headers: without_secrets(serde_json::from_str(&headers).unwrap_or_default()),
            callback: row.get(11)?,
            said: row.get(12)?,
        })
    })?;
    all.collect()
}

/// Of headers that prove who the caller is, only the name.
fn without_secrets(mut headers: Vec<(String, String)>) -> Vec<(String, String)> {
    const SECRET: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "token", "key"];
    for (name, value) in &mut headers {
        let name = name.to_ascii_lowercase();
        if SECRET.iter().any(|secret| name.ends_with(secret)) {
            "(hidden)".clone_into(value);
        }
    }
    headers
}
