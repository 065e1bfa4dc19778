//! What must survive a restart: one SQLite file that a person can open with other tools.

use crate::cluster::record::Record;
use crate::live::folder;
use rusqlite::{Connection, params};
use std::io;
use std::path::Path;

/// What the state folder could not keep: a sentence that says what, where and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{what} {path}: {source}; {}", what_to_do(.source))]
pub struct StoreError {
    what: &'static str,
    path: String,
    source: rusqlite::Error,
}

/// What a person can do about a database that SQLite refuses for this reason.
fn what_to_do(error: &rusqlite::Error) -> &'static str {
    use rusqlite::ErrorCode::*;
    match error.sqlite_error_code() {
        Some(NotADatabase | DatabaseCorrupt) => {
            "it is damaged or no file of faasim's: move it away, or choose another folder with `--state`"
        }
        Some(DiskFull) => folder::what_to_do(io::ErrorKind::StorageFull),
        Some(ReadOnly | PermissionDenied | CannotOpen) => folder::what_to_do(io::ErrorKind::PermissionDenied),
        _ => "free some space, make the folder writable, or choose another with `--state`",
    }
}

/// The functions of a cluster on disk.
pub struct Store {
    connection: Connection,
    path: String,
    /// Records that could not be written yet; they go out with the next that can.
    pending: Vec<Record>,
}

impl Store {
    /// Opens (or makes) `state.db` in the state folder.
    ///
    /// # Errors
    /// The folder cannot be written, or the file is not a database of ours.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let file = folder.join("state.db");
        let path = file.display().to_string();
        let open = || -> rusqlite::Result<Connection> {
            // Why it cannot be made SQLite says better.
            let _ = folder::private(&file);
            let connection = Connection::open(&file)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.execute_batch(
                "CREATE TABLE IF NOT EXISTS functions (
                     namespace TEXT NOT NULL, name TEXT NOT NULL, record TEXT NOT NULL,
                     PRIMARY KEY (namespace, name));
                 CREATE TABLE IF NOT EXISTS namespaces (name TEXT NOT NULL PRIMARY KEY, record TEXT NOT NULL)",
            )?;
            Ok(connection)
        };
        let connection =
            open().map_err(|source| StoreError { what: "cannot open", path: path.clone(), source })?;
        Ok(Store { connection, path, pending: Vec::new() })
    }

    /// Writes records down in one transaction, durable when this returns.
    ///
    /// # Errors
    /// Nothing of it was written; it is tried again with the next call.
    pub fn commit(&mut self, records: impl IntoIterator<Item = Record>) -> Result<(), StoreError> {
        self.pending.extend(records);
        if self.pending.is_empty() {
            return Ok(());
        }
        let written = write(&mut self.connection, &self.pending);
        written.map_err(|source| StoreError { what: "cannot write", path: self.path.clone(), source })?;
        self.pending.clear();
        Ok(())
    }

    /// Everything that was written down.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn records(&self) -> Result<Vec<Record>, StoreError> {
        let read = || -> rusqlite::Result<Vec<Record>> {
            let mut records = Vec::new();
            // Functions are put into namespaces: these come first.
            for table in ["namespaces", "functions"] {
                let query = format!("SELECT record FROM {table} ORDER BY rowid");
                let mut statement = self.connection.prepare(&query)?;
                let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
                for row in rows {
                    match serde_json::from_str(&row?) {
                        Ok(record) => records.push(record),
                        Err(error) => {
                            tracing::warn!("one of the {table} in {} cannot be read: {error}", self.path);
                        }
                    }
                }
            }
            Ok(records)
        };
        read().map_err(|source| StoreError { what: "cannot read", path: self.path.clone(), source })
    }

    /// Forgets every function and namespace.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn clear(&mut self) -> Result<(), StoreError> {
        let cleared = self.connection.execute_batch("DELETE FROM functions; DELETE FROM namespaces");
        cleared.map_err(|source| StoreError { what: "cannot write", path: self.path.clone(), source })
    }
}

fn write(connection: &mut Connection, records: &[Record]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for record in records {
        match record {
            Record::Function(f) => {
                let text = serde_json::to_string(record).unwrap_or_default();
                transaction.execute(
                    "INSERT INTO functions (namespace, name, record) VALUES (?1, ?2, ?3)
                     ON CONFLICT (namespace, name) DO UPDATE SET record = ?3",
                    params![f.spec.namespace, f.spec.name, text],
                )?;
            }
            Record::Namespace(namespace) => {
                let text = serde_json::to_string(record).unwrap_or_default();
                transaction.execute(
                    "INSERT INTO namespaces (name, record) VALUES (?1, ?2)
                     ON CONFLICT (name) DO UPDATE SET record = ?2",
                    params![namespace.name, text],
                )?;
            }
            Record::NoNamespace(name) => {
                transaction.execute("DELETE FROM namespaces WHERE name = ?1", params![name])?;
            }
            Record::NoFunction(name) => {
                transaction.execute(
                    "DELETE FROM functions WHERE namespace = ?1 AND name = ?2",
                    params![name.namespace, name.name],
                )?;
            }
        }
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::function::{FunctionId, FunctionName, FunctionSpec};
    use crate::cluster::namespaces::Namespace;
    use crate::cluster::record::FunctionRecord;
    use crate::cluster::time::Time;
    use std::sync::Arc;

    fn record(name: &str, replicas: u32) -> Record {
        Record::Function(FunctionRecord {
            id: FunctionId(1),
            spec: Arc::new(FunctionSpec::new(name, "image")),
            created: Time::from_secs(1),
            replicas,
            generation: 1,
            revisions: Vec::new(),
            hpa: None,
        })
    }

    #[test]
    fn what_was_written_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        store.commit([record("a", 1), record("b", 2), record("a", 3)]).unwrap();
        let namespace = |name: &str| Record::Namespace(Namespace::new(name));
        store.commit([Record::NoFunction(FunctionName::parse("b")), namespace("c"), namespace("d")]).unwrap();
        store.commit([Record::NoNamespace("c".into())]).unwrap();
        drop(store);
        assert_eq!(Store::open(folder.path()).unwrap().records().unwrap(), [namespace("d"), record("a", 3)]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_clear_error() {
        let Err(error) = Store::open(Path::new("/proc/no-such-folder")) else { panic!("it opened") };
        assert!(error.to_string().contains("/proc/no-such-folder/state.db"), "{error}");
    }
}
