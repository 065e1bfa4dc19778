//! The `.lock` file whose presence means healthy; people remove it by hand to take a pod out.

use super::log::Log;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::OnceLock;

/// The lock file of one watchdog.
#[derive(Debug)]
pub(super) struct LockFile {
    path: PathBuf,
    kind: OnceLock<Kind>,
    suppressed: bool,
}

#[derive(Debug, PartialEq)]
enum Kind {
    File,
    /// The temp folder cannot be written; healthy all the same.
    Impossible,
}

/// Where the file is: `.lock` in the temp folder.
pub(super) fn path() -> PathBuf {
    std::env::temp_dir().join(".lock")
}

impl LockFile {
    /// A lock file that is not there yet. A suppressed one is never made, and health checks then fail for ever,
    /// because the original still looks for the file.
    pub(super) fn new(suppressed: bool) -> LockFile {
        LockFile { path: path(), kind: OnceLock::new(), suppressed }
    }

    /// Makes the file, and says so.
    pub(super) fn make(&self, log: &Log) {
        if self.suppressed {
            return log.say("suppress_lock is set: no lock-file, and no health check will pass");
        }
        log.say(format!("Writing lock-file to: {}", self.path.display()));
        let made = OpenOptions::new().create(true).write(true).truncate(true).mode(0o660).open(&self.path);
        let kind = match made {
            Ok(_) => Kind::File,
            Err(error) => {
                log.say(format!(
                    "Cannot write lock-file {}: {error}; healthy without it",
                    self.path.display()
                ));
                Kind::Impossible
            }
        };
        // Made once, at the start.
        let _ = self.kind.set(kind);
    }

    /// Whether health checks may pass.
    pub(super) fn is_there(&self) -> bool {
        match self.kind.get() {
            Some(Kind::File) => self.path.exists(),
            Some(Kind::Impossible) => true,
            None => false,
        }
    }

    /// Removes the file, and says so.
    pub(super) fn remove(&self, log: &Log) {
        log.say(format!("Removing lock-file : {}", self.path.display()));
        if self.kind.get() == Some(&Kind::File) {
            // It may be gone already, by somebody's hand.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
