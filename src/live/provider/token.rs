//! The secret that opens a pod's hold stream.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A new secret: 122 random bits.
pub(super) fn random() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// Writes a file that only its owner can read, whole or not at all.
///
/// # Errors
/// When the folder cannot be written; the old file is then still there.
pub(super) fn write_private(path: &Path, text: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(text)?;
    std::fs::rename(&new, path)
}
