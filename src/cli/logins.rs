//! faas-cli's file of logins, `~/.openfaas/config.yml`: read, and changed with everything else in it left as it is.

mod edit;

use base64::Engine;
use serde::Deserialize;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Why the file was left as it is: what, where, what to do.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// It is not the YAML that faas-cli writes.
    #[error("{path} is not a file of faas-cli's, so it is left alone: {why}; mend or remove it")]
    Strange {
        /// The file.
        path: String,
        /// What the parser said.
        why: String,
    },
    /// It cannot be read or written.
    #[error("{path} cannot be used: {source}")]
    Unusable {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    auths: Option<Vec<Login>>,
}

#[derive(Deserialize)]
struct Login {
    gateway: String,
    #[serde(default)]
    auth: String,
    #[serde(default)]
    token: String,
}

/// The logins of one file.
#[derive(Clone, Debug)]
pub struct Logins(PathBuf);

impl Logins {
    /// Where faas-cli looks: the folder `OPENFAAS_CONFIG`; `.openfaas` of the working folder where `CI` is set; else that of
    /// the home. None when there is no home.
    pub fn find() -> Option<Self> {
        Self::from_variables(|name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<Self> {
        let in_ci = variable("CI").is_some_and(|ci| ci == Path::new("true") || ci == Path::new("1"));
        let folder = match variable("OPENFAAS_CONFIG") {
            Some(folder) => folder,
            None if in_ci => PathBuf::from(".openfaas"),
            None => variable("HOME")?.join(".openfaas"),
        };
        Some(Logins(folder.join("config.yml")))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The token of a basic login at this gateway.
    pub fn token(&self, gateway: &str) -> Option<String> {
        let config: Config = serde_norway::from_str(&fs::read_to_string(&self.0).ok()?).ok()?;
        let mut logins = config.auths.unwrap_or_default().into_iter();
        let login = logins.find(|l| same(l.gateway.trim_end_matches('/'), gateway))?;
        (login.auth == "basic" && !login.token.is_empty()).then_some(login.token)
    }

    /// Writes a login down, in place of an earlier one at the same gateway.
    ///
    /// # Errors
    /// The file is not what faas-cli writes, or cannot be written.
    pub fn remember(&self, gateway: &str, token: &str) -> Result<(), LoginError> {
        self.change(|text| edit::set(text, gateway, token))
    }

    /// Takes a login out. False when there was none.
    ///
    /// # Errors
    /// As [`remember`](Self::remember).
    pub fn forget(&self, gateway: &str) -> Result<bool, LoginError> {
        let known = self.token(gateway).is_some();
        if known {
            self.change(|text| edit::remove(text, gateway))?;
        }
        Ok(known)
    }

    /// Takes every login with this token out.
    ///
    /// # Errors
    /// As [`remember`](Self::remember).
    pub fn forget_token(&self, token: &str) -> Result<(), LoginError> {
        let config =
            fs::read_to_string(&self.0).ok().and_then(|text| serde_norway::from_str::<Config>(&text).ok());
        for login in config.and_then(|c| c.auths).unwrap_or_default() {
            if login.token == token {
                self.forget(&login.gateway)?;
            }
        }
        Ok(())
    }

    fn change(&self, edit: impl FnOnce(&str) -> Result<String, String>) -> Result<(), LoginError> {
        let path = || self.0.display().to_string();
        let unusable = |source| LoginError::Unusable { path: path(), source };
        let before = match fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(unusable(error)),
        };
        let after = edit(&before).map_err(|why| LoginError::Strange { path: path(), why })?;
        if after == before { Ok(()) } else { self.write(&after).map_err(unusable) }
    }

    /// Whole or not at all, and for its owner's eyes only.
    fn write(&self, text: &str) -> io::Result<()> {
        // A link stays one: people keep such files elsewhere.
        let file = fs::canonicalize(&self.0).unwrap_or_else(|_| self.0.clone());
        let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let draft = folder.join(format!(".config.yml.{}", std::process::id()));
        let _ = fs::remove_file(&draft);
        let written = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft);
        let written =
            written.and_then(|mut f| f.write_all(text.as_bytes())).and_then(|()| fs::rename(&draft, &file));
        written.inspect_err(|_| drop(fs::remove_file(&draft)))
    }
}

/// The token of a user and a password.
pub fn token(user: &str, password: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
}

/// Two ways to write one address.
pub fn same(a: &str, b: &str) -> bool {
    let plain = |text: &str| text.trim_end_matches('/').replace("//localhost:", "//127.0.0.1:");
    plain(a) == plain(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_file_is_where_faas_cli_looks() {
        for (variables, expected) in [
            (&[("HOME", "/h")][..], Some("/h/.openfaas/config.yml")),
            (&[("HOME", "/h"), ("OPENFAAS_CONFIG", "/o")], Some("/o/config.yml")),
            (&[("HOME", "/h"), ("CI", "true")], Some(".openfaas/config.yml")),
            (&[("HOME", "/h"), ("CI", "false")], Some("/h/.openfaas/config.yml")),
            (&[], None),
        ] {
            let found = Logins::from_variables(|name| {
                variables.iter().find(|(n, _)| *n == name).map(|(_, value)| PathBuf::from(value))
            });
            assert_eq!(found.as_ref().map(Logins::path), expected.map(Path::new));
        }
    }

    #[test]
    fn a_login_is_written_down_found_and_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let logins = Logins(dir.path().join("new/config.yml"));
        logins.remember("http://127.0.0.1:8080", &token("admin", "x")).unwrap();
        assert_eq!(logins.token("http://localhost:8080").as_deref(), Some("YWRtaW46eA=="));
        assert_eq!(logins.token("http://localhost:8081"), None);
        assert_eq!(fs::metadata(logins.path()).unwrap().permissions().mode() & 0o777, 0o600);
        logins.remember("http://127.0.0.1:8080", &token("admin", "y")).unwrap();
        assert_eq!(logins.token("http://127.0.0.1:8080"), Some(token("admin", "y")));
        assert!(logins.forget("http://127.0.0.1:8080").unwrap());
        assert!(!logins.forget("http://127.0.0.1:8080").unwrap());
        assert_eq!(logins.token("http://127.0.0.1:8080"), None);
        assert_eq!(fs::read_dir(dir.path().join("new")).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn what_is_not_faas_clis_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let logins = Logins(dir.path().join("config.yml"));
        for strange in ["auths: [", "- a\n- b\n", "auths: 5\n"] {
            fs::write(logins.path(), strange).unwrap();
            let error = logins.remember("http://127.0.0.1:8080", "t").unwrap_err().to_string();
            assert!(error.contains("left alone") && error.contains("config.yml"), "{error}");
            assert_eq!(fs::read_to_string(logins.path()).unwrap(), strange);
        }
    }
}
