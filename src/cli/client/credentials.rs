//! Where the cluster is, and its password.

use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cli::logins::{self, Logins, same};
use http::Uri;
use http::header::HeaderValue;
use std::fs;
use std::path::Path;

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
            true => fs::read_to_string(state.join("password")).ok().map(|p| logins::token("admin", p.trim())),
            false => None,
        };
        let token = token.or_else(|| Logins::find()?.token(&gateway));
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
}
