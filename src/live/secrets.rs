//! Secrets: files of the state folder that pods read, and whose values nobody can ask for.
//!
//! A container sees them as `/var/openfaas/secrets/NAME`, as OpenFaaS has it; a process finds their folder in the variable
//! `secret_mount_path`.

use crate::cluster::function::{FunctionSpec, is_dns_label};
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Where containers see them.
pub const MOUNT: &str = "/var/openfaas/secrets";

/// The variable that names their folder to a process.
pub const VARIABLE: &str = "secret_mount_path";

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// 400.
    #[error("a secret cannot be called `{0}`: use a-z, 0-9, `-` and `.`")]
    Name(String),
    /// 409.
    #[error("secret `{0}` exists already: update it, or remove it first")]
    Exists(String),
    /// 404.
    #[error("no secret `{0}`")]
    NotFound(String),
    /// 500.
    #[error("the secret cannot be kept in {}: {source}", path.display())]
    Kept {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The secrets of a cluster.
#[derive(Clone, Debug)]
pub struct Secrets(PathBuf);

impl Secrets {
    /// Those of a state folder.
    pub fn of(state: &Path) -> Self {
        Secrets(state.join("secrets"))
    }

    /// The folder of a namespace's secrets.
    pub fn folder(&self, namespace: &str) -> PathBuf {
        self.0.join(namespace)
    }

    fn file(&self, namespace: &str, name: &str) -> Result<PathBuf, SecretError> {
        // What would be a path is no name.
        let good = name.len() <= 253 && name.split('.').all(is_dns_label) && is_dns_label(namespace);
        if good { Ok(self.folder(namespace).join(name)) } else { Err(SecretError::Name(name.into())) }
    }

    /// The names of a namespace's secrets, in order.
    pub fn names(&self, namespace: &str) -> Vec<String> {
        // What would be a path is no namespace.
        let folder = is_dns_label(namespace).then(|| self.folder(namespace));
        let entries = folder.and_then(|f| fs::read_dir(f).ok()).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|e| e.file_name().into_string().ok()).collect();
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        names
    }

    /// A new secret.
    ///
    /// # Errors
    /// Its name is not allowed or taken, or it cannot be written.
    pub fn create(&self, namespace: &str, name: &str, value: &[u8]) -> Result<(), SecretError> {
        let file = self.file(namespace, name)?;
        if file.exists() {
            return Err(SecretError::Exists(name.into()));
        }
        self.write(&file, value)
    }

    /// Another value; pods that run see it at once.
    ///
    /// # Errors
    /// There is none of that name, or it cannot be written.
    pub fn update(&self, namespace: &str, name: &str, value: &[u8]) -> Result<(), SecretError> {
        let file = self.file(namespace, name)?;
        if !file.exists() {
            return Err(SecretError::NotFound(name.into()));
        }
        // In place: a container has the file itself, not its name.
        let written = fs::OpenOptions::new().write(true).truncate(true).open(&file);
        let written = written.and_then(|mut f| f.write_all(value));
        written.map_err(|source| SecretError::Kept { path: file, source })
    }

    /// Removes one.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn remove(&self, namespace: &str, name: &str) -> Result<(), SecretError> {
        let file = self.file(namespace, name)?;
        fs::remove_file(&file).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => SecretError::NotFound(name.into()),
            _ => SecretError::Kept { path: file, source },
        })
    }

    /// Removes all of a namespace that is gone.
    pub fn forget(&self, namespace: &str) {
        let folder = self.folder(namespace);
        if is_dns_label(namespace)
            && let Err(error) = fs::remove_dir_all(&folder)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(
                "the secrets in {} cannot be removed: {error}; remove them by hand",
                folder.display()
            );
        }
    }

    fn write(&self, file: &Path, value: &[u8]) -> Result<(), SecretError> {
        let kept = |source| SecretError::Kept { path: file.to_owned(), source };
        // The folder is its owner's alone; the file itself is read by whoever a container runs as.
        let folder = file.parent().unwrap_or(&self.0);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(kept)?;
        let draft = folder.join(format!(".{}", uuid::Uuid::new_v4()));
        let written = fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(&draft);
        let written = written.and_then(|mut f| f.write_all(value)).and_then(|()| fs::rename(&draft, file));
        written.inspect_err(|_| drop(fs::remove_file(&draft))).map_err(kept)
    }

    /// The first secret that a function names and that is not there.
    pub fn missing<'a>(&self, spec: &'a FunctionSpec) -> Option<&'a str> {
        let there = |name: &String| self.file(&spec.namespace, name).is_ok_and(|file| file.exists());
        spec.secrets.iter().find(|name| !there(name)).map(String::as_str)
    }

    /// Gives a process its own folder with what its function names, as links: an update is seen, other secrets are not.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn link(&self, spec: &FunctionSpec, into: &Path) -> io::Result<()> {
        fs::create_dir_all(into)?;
        for name in &spec.secrets {
            let Ok(file) = self.file(&spec.namespace, name) else { continue };
            let link = into.join(name);
            if link.symlink_metadata().is_ok() {
                fs::remove_file(&link)?;
            }
            std::os::unix::fs::symlink(file, link)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_come_change_and_go() {
        let state = tempfile::tempdir().unwrap();
        let secrets = Secrets::of(state.path());
        secrets.create("openfaas-fn", "api-key", b"one").unwrap();
        assert!(matches!(secrets.create("openfaas-fn", "api-key", b"x"), Err(SecretError::Exists(_))));
        assert!(matches!(secrets.update("openfaas-fn", "other", b"x"), Err(SecretError::NotFound(_))));
        for bad in ["../password", "A", "", "a/b", "a..b", ".hidden"] {
            assert!(matches!(secrets.create("openfaas-fn", bad, b"x"), Err(SecretError::Name(_))), "{bad}");
        }
        assert!(matches!(secrets.create("..", "a", b"x"), Err(SecretError::Name(_))));
        let mut spec = FunctionSpec::new("f", "f");
        spec.secrets = vec!["api-key".into(), "more".into()];
        assert_eq!(secrets.missing(&spec), Some("more"));
        spec.secrets.pop();
        assert_eq!(secrets.missing(&spec), None);
        let folder = state.path().join("pod");
        secrets.link(&spec, &folder).unwrap();
        secrets.update("openfaas-fn", "api-key", b"2").unwrap();
        assert_eq!(fs::read(folder.join("api-key")).unwrap(), b"2");
        assert_eq!(secrets.names("openfaas-fn"), ["api-key"]);
        secrets.remove("openfaas-fn", "api-key").unwrap();
        assert!(matches!(secrets.remove("openfaas-fn", "api-key"), Err(SecretError::NotFound(_))));
        assert!(secrets.names("openfaas-fn").is_empty());
    }
}
