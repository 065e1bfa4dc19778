//! Where the cluster is, and its password.

use crate::cli::Global;
use crate::cli::failure::Failure;
use base64::Engine;
use http::Uri;
use http::header::HeaderValue;
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

/// Where a gateway listens when nobody said otherwise.
const DEFAULT: &str = "http://127.0.0.1:8080";

/// A gateway and what it wants to see.
pub(super) struct Whereabouts {
    /// With no slash at its end.
    pub(super) gateway: String,
    /// The header's value.
    pub(super) authorization: Option<HeaderValue>,
}

impl Whereabouts {
    pub(super) fn find(global: &Global) -> Result<Self, Failure> {
        let state = global.state();
        let holder = holder(&state);
        let gateway = match (&global.gateway, &holder) {
            (Some(named), _) => address(named)?,
            (None, Some(held)) => held.clone(),
            (None, None) => DEFAULT.into(),
        };
        // Our own password goes to the gateway that signed our folder, and to no other.
        let ours = global.gateway.is_none() || holder.as_deref().is_some_and(|held| same(held, &gateway));
        let token = match ours {
            true => fs::read_to_string(state.join("password")).ok().map(|p| encode(p.trim())),
            false => None,
        };
        let token = token.or_else(|| logged_in(&config_file()?, &gateway));
        let authorization = token.and_then(|token| HeaderValue::try_from(format!("Basic {token}")).ok());
        Ok(Whereabouts { gateway, authorization })
    }
}

/// `http://host:port` of what a person wrote, who may leave out the scheme.
fn address(named: &str) -> Result<String, Failure> {
    let text = if named.contains("://") { named.to_owned() } else { format!("http://{named}") };
    let wrong =
        |why: &str| Failure::used(format_args!("`{named}` is no gateway: {why}; write it as {DEFAULT}"));
    let uri: Uri = text.parse().map_err(|e| wrong(&format!("{e}")))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http"), Some(_)) => Ok(text.trim_end_matches('/').to_owned()),
        (Some("https"), _) => Err(wrong("faasim speaks http only")),
        (Some(other), _) => Err(wrong(&format!("{other} is not http"))),
        (None, _) => Err(wrong("it names no host")),
    }
}

/// The gateway of the faasim that holds this state folder: the lock's text is `process 4711 at http://…`.
fn holder(state: &Path) -> Option<String> {
    let text = fs::read_to_string(state.join("lock")).ok()?;
    let (_, gateway) = text.trim().split_once(" at ")?;
    Some(gateway.to_owned())
}

/// Two ways to write one address.
fn same(a: &str, b: &str) -> bool {
    let plain = |text: &str| text.replace("//localhost:", "//127.0.0.1:");
    plain(a) == plain(b)
}

fn encode(password: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("admin:{password}"))
}

/// What `faas-cli login` wrote down.
#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    auths: Vec<Login>,
}

#[derive(Deserialize)]
struct Login {
    gateway: String,
    #[serde(default)]
    auth: String,
    #[serde(default)]
    token: String,
}

/// faas-cli's file: its folder is `OPENFAAS_CONFIG`, or `~/.openfaas`.
fn config_file() -> Option<PathBuf> {
    let folder = match std::env::var_os("OPENFAAS_CONFIG") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(std::env::var_os("HOME")?).join(".openfaas"),
    };
    Some(folder.join("config.yml"))
}

/// The token of a basic login at this gateway.
fn logged_in(file: &Path, gateway: &str) -> Option<String> {
    let config: Config = serde_norway::from_str(&fs::read_to_string(file).ok()?).ok()?;
    let login = config.auths.into_iter().find(|l| same(l.gateway.trim_end_matches('/'), gateway))?;
    (login.auth == "basic" && !login.token.is_empty()).then_some(login.token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateways_as_people_write_them() {
        assert_eq!(address("127.0.0.1:9000").unwrap(), "http://127.0.0.1:9000");
        assert_eq!(address("http://localhost:8080/").unwrap(), "http://localhost:8080");
        for (wrong, says) in [
            ("https://x", "http only"),
            ("ftp://x", "not http"),
            ("http://", "no gateway"),
            ("", "no gateway"),
        ] {
            let failure = address(wrong).unwrap_err().to_string();
            assert!(failure.contains(says), "{wrong}: {failure}");
        }
        assert!(same("http://localhost:8080", "http://127.0.0.1:8080"));
        assert!(!same("http://localhost:8080", "http://127.0.0.1:8081"));
    }

    #[test]
    fn the_password_goes_to_the_gateway_that_signed_the_folder() {
        let state = tempfile::tempdir().unwrap();
        fs::write(state.path().join("lock"), "process 1 at http://127.0.0.1:9999\n").unwrap();
        fs::write(state.path().join("password"), "secret\n").unwrap();
        let global = |gateway: Option<&str>| Global {
            gateway: gateway.map(Into::into),
            state: Some(state.path().into()),
            namespace: None,
        };
        let found = Whereabouts::find(&global(None)).unwrap();
        assert_eq!(found.gateway, "http://127.0.0.1:9999");
        assert!(found.authorization.is_some());
        assert!(Whereabouts::find(&global(Some("localhost:9999"))).unwrap().authorization.is_some());
        assert!(Whereabouts::find(&global(Some("http://127.0.0.1:1"))).unwrap().authorization.is_none());
    }

    #[test]
    fn logins_of_faas_cli_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.yml");
        fs::write(
            &file,
            "auths:\n- gateway: http://127.0.0.1:8080\n  auth: basic\n  token: YWRtaW46eA==\n  options: []\n",
        )
        .unwrap();
        assert_eq!(logged_in(&file, "http://localhost:8080").as_deref(), Some("YWRtaW46eA=="));
        assert_eq!(logged_in(&file, "http://localhost:8081"), None);
    }
}
