//! Sending a request to a pod, on a connection that is open already where there is one.

use super::Upload;
use crate::live::gateway::pool::Connection;
use crate::live::gateway::reply::BoxError;
use crate::live::gateway::serve::Worker;
use crate::live::router::{Route, Seat};
use http::{Method, Request, Response};
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a pod may take to accept a connection: one that is gone with its whole network does not even refuse.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How often a pod that refused a connection is tried.
const RECOVERY: Duration = Duration::from_millis(100);

/// A request that has no reply.
pub(super) enum Unsent {
    /// The pod takes no connection, and has seen nothing of it: another pod may have it.
    Refused(Box<Request<Upload>>, BoxError),
    /// The pod may have begun to work on it.
    Broken(BoxError),
}

impl Worker {
    /// Sends on an idle connection, or on a new one. One that turns out to be closed costs nothing but another
    /// try, as long as the pod cannot have begun to work on the request: it was not written, or has no body
    /// and a method that may be repeated.
    pub(super) async fn send(
        &self,
        address: SocketAddr,
        mut request: Request<Upload>,
    ) -> Result<(Response<Incoming>, Connection), Unsent> {
        let repeatable = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
            && request.body().is_nothing();
        loop {
            let mut connection = match self.pool.reuse(address) {
                Some(connection) => connection,
                None => match timeout(CONNECT_TIMEOUT, self.pool.connect(address)).await {
                    Ok(Ok(connection)) => connection,
                    Ok(Err(error)) => return Err(Unsent::Refused(Box::new(request), error)),
                    Err(late) => return Err(Unsent::Refused(Box::new(request), late.into())),
                },
            };
            let closed = connection.sender.ready().await.err();
            if let Some(error) = closed {
                if connection.reused {
                    continue;
                }
                return Err(Unsent::Refused(Box::new(request), error.into()));
            }
            let copy = (repeatable && connection.reused).then(|| copy_of(&request));
            match connection.sender.try_send_request(request).await {
                Ok(response) => return Ok((response, connection)),
                Err(mut error) => match error.take_message() {
                    Some(unsent) if !connection.reused => {
                        return Err(Unsent::Refused(Box::new(unsent), error.into_error().into()));
                    }
                    unsent => {
                        let again = unsent.or(copy);
                        request = again.ok_or_else(|| Unsent::Broken(error.into_error().into()))?;
                    }
                },
            }
        }
    }
}

/// Nobody gets this pod until it takes connections again: it may be about to be found dead, or only be started anew.
pub(super) fn leave_alone(route: &Arc<Route>, seat: &Seat) {
    let (route, uid, address) = (route.clone(), seat.uid(), seat.address());
    if !route.refused(uid) {
        return;
    }
    tokio::task::spawn_local(async move {
        while route.is_refusing(uid) {
            tokio::time::sleep(RECOVERY).await;
            if matches!(timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await, Ok(Ok(_))) {
                return route.recovered(uid);
            }
        }
    });
}

fn copy_of(request: &Request<Upload>) -> Request<Upload> {
    let mut copy = Request::new(Upload::nothing());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}
