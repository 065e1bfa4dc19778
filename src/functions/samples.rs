//! The sample functions as files: what `functions/` of the source holds, carried in the binary.

use rust_embed::Embed;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Embed)]
#[folder = "functions/"]
struct Samples;

/// Writes the samples into `folder` (made if need be) and returns the path of their stack file. Files that are
/// there already are written anew.
///
/// # Errors
/// The folder cannot be made or written.
pub fn unpack(folder: &Path) -> io::Result<PathBuf> {
    for name in Samples::iter() {
        let Some(file) = Samples::get(&name) else { continue };
        let path = folder.join(&*name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, &file.data)?;
        if file.data.starts_with(b"#!") {
            make_executable(&path)?;
        }
    }
    Ok(folder.join("stack.yml"))
}

#[cfg(unix)]
fn make_executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_are_a_stack_that_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = unpack(folder.path()).unwrap();
        unpack(folder.path()).expect("a second time too");
        let stack = crate::cli::stack::read(&path).unwrap();
        let names: Vec<&str> = stack.functions.iter().map(|f| f.spec.name.as_str()).collect();
        assert!(["mltest", "knn", "echo", "hello", "shout"].iter().all(|n| names.contains(n)), "{names:?}");
        assert!(stack.functions.iter().all(|f| f.spec.requests.cpu.is_some()), "an HPA needs requests");
    }
}
