//! What the headers of a request and of its reply become on the way.

use http::header::{
    ACCEPT, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use http::request::Parts;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const CALL_ID: HeaderName = HeaderName::from_static("x-call-id");
const START_TIME: HeaderName = HeaderName::from_static("x-start-time");
const SERVED_BY: HeaderName = HeaderName::from_static("x-served-by");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// About one connection, not about the message.
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    PROXY_CONNECTION,
    KEEP_ALIVE,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The headers by which a call can be followed.
pub(super) struct Stamp {
    /// None when the client chose one: it is then not said back.
    call_id: Option<HeaderValue>,
    start_time: HeaderValue,
}

impl Stamp {
    pub(super) fn new(headers: &HeaderMap) -> Self {
        let call_id = (!headers.contains_key(CALL_ID)).then(|| {
            let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
            let text = uuid::Uuid::new_v4().as_hyphenated().encode_lower(&mut text);
            HeaderValue::from_str(text).expect("a UUID is digits and dashes")
        });
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64);
        Stamp { call_id, start_time: nanos.into() }
    }

    pub(super) fn onto_request(&self, headers: &mut HeaderMap) {
        if let Some(id) = &self.call_id {
            headers.insert(CALL_ID, id.clone());
        }
        headers.insert(START_TIME, self.start_time.clone());
    }

    pub(super) fn onto(&self, headers: &mut HeaderMap) {
        self.onto_request(headers);
        let served_by = HeaderValue::from_static(concat!("faasim/", env!("CARGO_PKG_VERSION")));
        headers.insert(SERVED_BY, served_by);
    }
}

pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    if let Some(connection) = headers.get(CONNECTION).cloned() {
        // What the sender itself names as its connection's.
        for name in connection.to_str().unwrap_or("").split(',') {
            headers.remove(name.trim());
        }
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

/// How long a pod's watchdog says that a request took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Durations {
    /// Starting its process.
    pub(super) forked: Option<Duration>,
    /// All of it.
    pub(super) worked: Option<Duration>,
}

/// Reads what the watchdog says, and takes off what is for us only.
pub(super) fn take_durations(headers: &mut HeaderMap) -> Durations {
    let seconds = |value: &HeaderValue| {
        let seconds = value.to_str().ok()?.parse::<f64>().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    };
    Durations {
        forked: headers.remove("x-faasim-fork-seconds").as_ref().and_then(seconds),
        worked: headers.get("x-duration-seconds").and_then(seconds),
    }
}

/// The client asks for events as they happen.
pub(super) fn wants_stream(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/event-stream"))
}

/// The host that the client believes it talks to.
pub(super) fn asked_host(parts: &Parts) -> Option<HeaderValue> {
    match parts.uri.authority() {
        Some(authority) => HeaderValue::from_str(authority.as_str()).ok(),
        None => parts.headers.get(HOST).cloned(),
    }
}

/// A client's headers become those that the pod gets. `upgrade`: the connection is to become a WebSocket.
pub(super) fn prepare(headers: &mut HeaderMap, host: Option<HeaderValue>, peer: SocketAddr, upgrade: bool) {
    let streams = upgrade || wants_stream(headers);
    let protocol = if upgrade { headers.get(UPGRADE).cloned() } else { None };
    remove_hop_by_hop(headers);
    headers.remove(CONTENT_LENGTH);
    // The gateway itself has told the client to go on.
    headers.remove(EXPECT);
    if let Some(protocol) = protocol {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, protocol);
    }
    if !headers.contains_key(USER_AGENT) {
        let agent = HeaderValue::from_static(concat!("faasim-gateway/", env!("CARGO_PKG_VERSION")));
        headers.insert(USER_AGENT, agent);
    }
    // OpenFaaS streams through another proxy, which gives an address without its port, adds to what is there,
    // and does not say the host.
    let forwarded = match headers.get(&FORWARDED_FOR).and_then(|v| v.to_str().ok()) {
        None if streams => Some(peer.ip().to_string()),
        None => Some(peer.to_string()),
        Some(before) if streams => Some(format!("{before}, {}", peer.ip())),
        Some(_) => None,
    };
    if let Some(value) =
        forwarded.and_then(|text| HeaderValue::from_maybe_shared(bytes::Bytes::from(text)).ok())
    {
        headers.insert(FORWARDED_FOR, value);
    }
    if !streams
        && !headers.contains_key(FORWARDED_HOST)
        && let Some(host) = host
    {
        headers.insert(FORWARDED_HOST, host);
    }
}
