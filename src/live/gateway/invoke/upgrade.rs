//! WebSockets: after both sides agree, bytes go to and fro.

use super::Call;
use crate::live::gateway::reply::{self, Reply, ReplyBody};
use crate::live::router::Seat;
use http::header::UPGRADE;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, on};
use hyper_util::rt::TokioIo;

/// The client's side, if it asks for a WebSocket.
pub(super) fn wanted(request: &mut Request<Incoming>) -> Option<OnUpgrade> {
    let asks = request.headers().get(UPGRADE)?.as_bytes().eq_ignore_ascii_case(b"websocket");
    asks.then(|| on(request))
}

/// Joins the two once the client has read that its protocol was switched.
pub(super) fn join(client: OnUpgrade, mut response: Response<Incoming>, seat: Seat, call: Call) -> Reply {
    let pod = on(&mut response);
    let mut answer = reply::empty(StatusCode::SWITCHING_PROTOCOLS);
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    tokio::task::spawn_local(async move {
        let _held = (seat, call);
        if let (Ok(client), Ok(pod)) = (client.await, pod.await) {
            // Either side may go without saying so.
            let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(pod)).await;
        }
    });
    answer.map(|_: ReplyBody| ReplyBody::Whole(None))
}
