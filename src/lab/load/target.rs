//! Where the load goes: an address that was looked up once.

use super::plan::LoadError;
use http::{HeaderValue, Uri};
use std::fmt;
use std::net::SocketAddr;

/// A server, found.
#[derive(Clone, Debug)]
pub struct Target {
    /// The addresses of the host, to be tried in turn.
    pub(super) addresses: Vec<SocketAddr>,
    /// What goes into `Host`.
    pub(super) host: HeaderValue,
    /// Path and query: the request line of a server that is no proxy.
    pub(super) path: Uri,
}

impl Target {
    /// Looks the host up.
    ///
    /// # Errors
    /// [`LoadError::Address`] or [`LoadError::NoHost`].
    pub async fn resolve(url: &str) -> Result<Target, LoadError> {
        let bad = |why: &str| LoadError::Address { url: url.into(), why: why.into() };
        let uri: Uri = url.parse().map_err(|e: http::uri::InvalidUri| bad(&e.to_string()))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(bad("https is not spoken here; use http://")),
            _ => return Err(bad("write http://host:port/path")),
        }
        let authority = uri.authority().ok_or_else(|| bad("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(bad("leave out the user: give an Authorization header instead"));
        }
        let host =
            HeaderValue::from_str(authority.as_str()).map_err(|_| bad("its host has odd characters"))?;
        let path = uri.path_and_query().map_or("/", |p| p.as_str());
        let path: Uri = path.parse().map_err(|e: http::uri::InvalidUri| bad(&e.to_string()))?;
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((name, authority.port_u16().unwrap_or(80))).await;
        let no_host = |why: String| LoadError::NoHost { host: name.to_owned(), why };
        let mut addresses: Vec<SocketAddr> = found.map_err(|e| no_host(e.to_string()))?.collect();
        // `localhost` often means ::1 first, where the gateway does not listen.
        addresses.sort_by_key(SocketAddr::is_ipv6);
        if addresses.is_empty() {
            return Err(no_host("it has no address".into()));
        }
        Ok(Target { addresses, host, path })
    }

    /// Whether it is this machine, whatever address is taken.
    pub fn is_loopback(&self) -> bool {
        self.addresses.iter().all(|address| address.ip().to_canonical().is_loopback())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", String::from_utf8_lossy(self.host.as_bytes()), self.path)
    }
}
