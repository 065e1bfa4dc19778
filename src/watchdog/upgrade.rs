//! WebSockets in http mode: once the server has agreed, bytes go to and fro until both sides are gone.

use super::reply::{self, Body};
use http::header::{CONNECTION, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, on};
use hyper_util::rt::TokioIo;

/// The caller asks for a WebSocket.
pub(super) fn is_asked_for(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// The caller's side of the connection, if it is to become a WebSocket.
pub(super) fn side_of(head: Parts, body: Incoming) -> (Parts, Incoming, Option<OnUpgrade>) {
    if !is_asked_for(&head.headers) {
        return (head, body, None);
    }
    let mut request = Request::from_parts(head, body);
    let side = on(&mut request);
    let (head, body) = request.into_parts();
    (head, body, Some(side))
}

/// Asks the server for the same.
pub(super) fn ask(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
}

/// Joins the two sides; `until_then` is dropped when they are gone.
pub(super) fn join(
    caller: OnUpgrade,
    mut answer: Response<Incoming>,
    until_then: impl Send + 'static,
) -> Response<Body> {
    let server = on(&mut answer);
    let mut response = reply::empty(StatusCode::SWITCHING_PROTOCOLS);
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    tokio::spawn(async move {
        let _until_then = until_then;
        if let (Ok(caller), Ok(server)) = (caller.await, server.await) {
            // Either side may go without saying so.
            let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(caller), &mut TokioIo::new(server)).await;
        }
    });
    response
}
