//! Who may ask at all: deploying is running code, and a web page must not do it.

use super::reply::{Reply, error};
use base64::Engine;
use http::header::{ACCEPT, AUTHORIZATION, HOST, HeaderMap, HeaderValue, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderName, Method, Response, StatusCode, Uri};
use sha2::{Digest, Sha256};

/// The user that the password belongs to.
pub(super) const USER: &str = "admin";

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub(super) struct Guard {
    allowed_hosts: Vec<String>,
    /// Of `user:password`. Digests have one length and are compared in constant time, so a reply's delay says
    /// nothing about either.
    credentials: Option<[u8; 32]>,
}

impl Guard {
    pub(super) fn new(allowed_hosts: &[String], password: Option<&str>) -> Self {
        Guard {
            allowed_hosts: allowed_hosts.iter().map(|h| host_of(h).to_ascii_lowercase()).collect(),
            credentials: password.map(|p| Sha256::digest(format!("{USER}:{p}")).into()),
        }
    }

    /// Refuses a request that names another host than ours, or that a foreign web page makes.
    pub(super) fn refuse_foreign(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Reply> {
        let host = match (uri.authority(), headers.get(HOST)) {
            (Some(authority), _) => Some(authority.as_str()),
            // What is not text is nobody's name.
            (None, Some(host)) => Some(host.to_str().unwrap_or("?")),
            (None, None) => None,
        };
        if let Some(host) = host
            && !self.allows(host)
        {
            return Some(forbidden("Host", host));
        }
        // A page of another port of this machine may call functions, and not deploy them.
        let managing = uri.path().starts_with("/system");
        // Browsers say it of each request; a link from elsewhere may still lead here, but do nothing.
        if !method.is_safe()
            && let Some(site) = headers.get(SEC_FETCH_SITE)
            && (site == "cross-site" || managing && site == "same-site")
        {
            return Some(forbidden("Sec-Fetch-Site", site.to_str().unwrap_or("?")));
        }
        let origin = headers.get(ORIGIN)?.to_str().unwrap_or("?");
        let ours =
            origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")).is_some_and(|from| {
                self.allows(from)
                    && (!managing
                        || host.is_none_or(|host| host.eq_ignore_ascii_case(from))
                        || self.is_named(from))
            });
        (!ours).then(|| forbidden("Origin", origin))
    }

    fn allows(&self, authority: &str) -> bool {
        let host = host_of(authority);
        matches!(host, "127.0.0.1" | "[::1]")
            || host.eq_ignore_ascii_case("localhost")
            || self.is_named(authority)
    }

    /// `gateway.allowed-hosts` has it.
    fn is_named(&self, authority: &str) -> bool {
        self.allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host_of(authority)))
    }

    /// Asks for the password, unless it is there or none is needed.
    pub(super) fn refuse_stranger(&self, headers: &HeaderMap) -> Option<Reply> {
        let expected = self.credentials?;
        let given = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
            .and_then(|(_, token)| base64::engine::general_purpose::STANDARD.decode(token.trim()).ok());
        if given.is_some_and(|given| same(&Sha256::digest(given).into(), &expected)) {
            return None;
        }
        let mut reply = super::reply::text(StatusCode::UNAUTHORIZED, "invalid credentials");
        reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Restricted\""));
        Some(reply)
    }
}

/// A person opens a page.
pub(super) fn is_browser(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"))
}

/// 401 as OpenFaaS answers it, but with the page, which asks for the password itself. A browser that is asked for
/// Basic credentials would keep them for the whole origin, and the page of any function (`/function/x`) is of this
/// origin: it could then deploy. The scheme is one that browsers do not know, so they show the page.
pub(super) fn ask_in_page<B>(reply: &mut Response<B>) {
    *reply.status_mut() = StatusCode::UNAUTHORIZED;
    reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Page realm=\"Restricted\""));
}

fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    let difference = a.iter().zip(b).fold(0, |sum, (x, y)| sum | (x ^ y));
    std::hint::black_box(difference) == 0
}

/// `localhost` of `localhost:8080`, `[::1]` of `[::1]:8080`.
fn host_of(authority: &str) -> &str {
    match authority.rfind(':') {
        Some(colon)
            if !authority[colon..].contains(']')
                && authority[colon + 1..].bytes().all(|b| b.is_ascii_digit()) =>
        {
            &authority[..colon]
        }
        _ => authority,
    }
}

fn forbidden(header: &str, value: &str) -> Reply {
    error(
        StatusCode::FORBIDDEN,
        format!(
            "The {header} `{}` is not this gateway's: use http://127.0.0.1 or http://localhost, or add the host to the \
             setting gateway.allowed-hosts.\n",
            value.chars().take(200).collect::<String>()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_our_names_pass() {
        let guard = Guard::new(&["Lab.example:9000".into()], None);
        let path = Uri::from_static("/function/echo");
        for (host, origin, passes) in [
            ("127.0.0.1:8080", None, true),
            ("localhost", Some("http://localhost:3000"), true),
            ("[::1]:8080", Some("https://[::1]"), true),
            ("LOCALHOST:1", None, true),
            ("lab.EXAMPLE:8080", Some("https://lab.example"), true),
            ("evil.example", None, false),
            ("localhost.evil.example", None, false),
            ("127.0.0.1.evil.example:80", None, false),
            ("127.0.0.1:80@evil", None, false),
            ("localhost", Some("null"), false),
            ("localhost", Some("http://evil.example"), false),
            ("localhost", Some("file://localhost"), false),
            ("", None, false),
        ] {
            let mut given = headers(&[("host", host)]);
            origin.map(|o| given.insert(ORIGIN, o.parse().unwrap()));
            assert_eq!(
                guard.refuse_foreign(&Method::GET, &path, &given).is_none(),
                passes,
                "{host} {origin:?}"
            );
        }
        let absolute = Uri::from_static("http://evil.example/x");
        assert!(guard.refuse_foreign(&Method::GET, &absolute, &headers(&[("host", "localhost")])).is_some());
    }

    #[test]
    fn a_page_of_another_port_may_call_and_not_deploy() {
        let guard = Guard::new(&["lab.example".into()], None);
        for (path, origin, passes) in [
            ("/function/echo", "http://localhost:3000", true),
            ("/system/functions", "http://localhost:3000", false),
            ("/system/functions", "http://127.0.0.1:8080", false),
            ("/system/functions", "http://localhost:8080", true),
            ("/system/functions", "https://lab.example", true),
        ] {
            let given = headers(&[("host", "localhost:8080"), ("origin", origin)]);
            let refused = guard.refuse_foreign(&Method::POST, &Uri::from_static(path), &given);
            assert_eq!(refused.is_none(), passes, "{path} {origin}");
        }
        let given = headers(&[("host", "localhost:8080"), ("sec-fetch-site", "same-site")]);
        for (path, passes) in [("/function/echo", true), ("/system/functions", false)] {
            let refused = guard.refuse_foreign(&Method::POST, &Uri::from_static(path), &given);
            assert_eq!(refused.is_none(), passes, "{path}");
        }
    }

    #[test]
    fn a_foreign_page_may_lead_here_but_do_nothing() {
        let guard = Guard::new(&[], None);
        let path = Uri::from_static("/system/functions");
        for (site, method, passes) in [
            ("cross-site", Method::GET, true),
            ("cross-site", Method::POST, false),
            ("cross-site", Method::DELETE, false),
            ("same-origin", Method::POST, true),
            ("none", Method::POST, true),
        ] {
            let given = headers(&[("host", "localhost"), ("sec-fetch-site", site)]);
            assert_eq!(guard.refuse_foreign(&method, &path, &given).is_none(), passes, "{site} {method}");
        }
    }

    #[test]
    fn only_the_password_passes() {
        let guard = Guard::new(&[], Some("s3:cret"));
        // admin:s3:cret, admin:wrong, root:s3:cret
        for (value, passes) in [
            ("Basic YWRtaW46czM6Y3JldA==", true),
            ("basic YWRtaW46czM6Y3JldA==", true),
            ("Basic YWRtaW46d3Jvbmc=", false),
            ("Basic cm9vdDpzMzpjcmV0", false),
            ("Bearer ", false),
            ("Basic", false),
            ("Basic ???", false),
        ] {
            assert_eq!(
                guard.refuse_stranger(&headers(&[("authorization", value)])).is_none(),
                passes,
                "{value}"
            );
        }
        assert_eq!(guard.refuse_stranger(&HeaderMap::new()).unwrap().status(), StatusCode::UNAUTHORIZED);
        assert!(Guard::new(&[], None).refuse_stranger(&HeaderMap::new()).is_none());
    }
}
