//! The state folder: whose it is, and the secrets it keeps.

use rand::RngExt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Why a state folder cannot be used: what, where, what to do.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another faasim holds it.
    #[error(
        "the state folder {path} is held by another faasim ({holder}): stop it with `faasim down`, or choose another folder with `--state`"
    )]
    Held {
        /// The folder.
        path: String,
        /// Its process number and gateway, as it wrote them down.
        holder: String,
    },
    /// It cannot be made, read or written.
    #[error("cannot use {path} for the cluster's state: {source}; {}", what_to_do(.source.kind()))]
    Unusable {
        /// The folder or file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

/// What a person can do about a state folder that the system refuses for this reason.
pub fn what_to_do(kind: io::ErrorKind) -> &'static str {
    use io::ErrorKind::*;
    match kind {
        StorageFull | QuotaExceeded | FileTooLarge => {
            "free some space, or choose another folder with `--state`"
        }
        PermissionDenied | ReadOnlyFilesystem => "make it writable, or choose another folder with `--state`",
        AlreadyExists | NotADirectory => "it is no folder: choose one with `--state`",
        IsADirectory => "a folder is where a file should be: move it away, or choose another with `--state`",
        _ => "choose another folder with `--state`",
    }
}

/// Makes a file of the state folder, if it is not there, that nobody but its owner can read: bodies, variables and headers
/// are in them. What SQLite puts beside a database is as the database.
///
/// # Errors
/// It cannot be made.
pub fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// A state folder that this process holds. Dropping it lets it go.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    lock: File,
}

impl Folder {
    /// Makes the folder if need be, and takes hold of it.
    ///
    /// # Errors
    /// Somebody else holds it, or it cannot be written.
    pub fn take(path: &Path) -> Result<Self, FolderError> {
        let unusable = |source| FolderError::Unusable { path: path.display().to_string(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(unusable)?;
        // Pods are told paths inside it, and they run in other folders.
        let path = path.canonicalize().map_err(unusable)?;
        let file = path.join("lock");
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&file)
            .map_err(|source| FolderError::Unusable { path: file.display().to_string(), source })?;
        match lock.try_lock() {
            Ok(()) => Ok(Folder { path, lock }),
            Err(fs::TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = lock.read_to_string(&mut holder);
                let holder = if holder.is_empty() { "it is starting".into() } else { holder.trim().into() };
                Err(FolderError::Held { path: path.display().to_string(), holder })
            }
            Err(fs::TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says who holds it, for the next one who wants it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn sign(&mut self, gateway: &str) -> Result<(), FolderError> {
        let mut write = || -> io::Result<()> {
            self.lock.set_len(0)?;
            self.lock.rewind()?;
            writeln!(self.lock, "process {} at {gateway}", std::process::id())
        };
        write().map_err(|source| FolderError::Unusable { path: self.path.display().to_string(), source })
    }

    /// The password of the user `admin`, made at first use and kept readable for its owner only.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn password(&self) -> Result<String, FolderError> {
        self.secret("password", 24)
    }

    /// The random text that tells this cluster's pods from others'.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn cluster_id(&self) -> Result<String, FolderError> {
        self.secret("cluster-id", 12)
    }

    fn secret(&self, name: &str, length: usize) -> Result<String, FolderError> {
        let file = self.path.join(name);
        let unusable = |source| FolderError::Unusable { path: file.display().to_string(), source };
        match fs::read_to_string(&file) {
            Ok(text) if !text.trim().is_empty() => return Ok(text.trim().into()),
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(unusable(e)),
            _ => {}
        }
        let mut rng = rand::rng();
        let letters = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let text: String = (0..length).map(|_| letters[rng.random_range(0..letters.len())] as char).collect();
        let mut out = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&file)
            .map_err(unusable)?;
        writeln!(out, "{text}").map_err(unusable)?;
        Ok(text)
    }
}

/// Who holds a folder, as it wrote itself down: `process 4711 at http://127.0.0.1:8080`. Asked without taking hold of it.
pub fn holder(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path.join("lock")).ok()?;
    let text = text.trim();
    let pid = text.strip_prefix("process ")?.split(' ').next()?;
    Path::new("/proc").join(pid).exists().then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time_and_secrets_stay() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = Folder::take(dir.path()).unwrap();
        first.sign("http://127.0.0.1:8080").unwrap();
        let error = Folder::take(dir.path()).unwrap_err().to_string();
        assert!(error.contains("http://127.0.0.1:8080") && error.contains("faasim down"), "{error}");
        let password = first.password().unwrap();
        drop(first);
        let again = Folder::take(dir.path()).unwrap();
        assert_eq!(again.password().unwrap(), password);
        assert_eq!(password.len(), 24);
    }

    #[test]
    fn a_holder_is_one_that_lives() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(holder(dir.path()), None);
        Folder::take(dir.path()).unwrap().sign("http://127.0.0.1:8080").unwrap();
        let who = format!("process {} at http://127.0.0.1:8080", std::process::id());
        assert_eq!(holder(dir.path()), Some(who));
        fs::write(dir.path().join("lock"), "process 999999999 at http://127.0.0.1:8080\n").unwrap();
        assert_eq!(holder(dir.path()), None);
    }
}
