//! Bodies on their way through: no more of them is in memory than one frame.

use super::Call;
use crate::live::gateway::deadline::Deadline;
use crate::live::gateway::pool::Connection;
use crate::live::gateway::reply::BoxError;
use crate::live::router::Seat;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

/// What the sender of a request wants to know about its body.
#[derive(Default)]
pub(super) struct UploadState {
    late: Cell<bool>,
    unfinished: Cell<bool>,
}

impl UploadState {
    pub(super) fn is_late(&self) -> bool {
        self.late.get()
    }
}

/// A request's body. Its length is not told, so it goes to the pod in chunks, as OpenFaaS sends it.
pub(crate) struct Upload {
    body: Option<Incoming>,
    state: Rc<UploadState>,
    deadline: Deadline,
}

impl Upload {
    pub(super) fn new(body: Incoming, state: Rc<UploadState>, deadline: Instant) -> Self {
        let body = (!body.is_end_stream()).then_some(body);
        state.unfinished.set(body.is_some());
        Upload { body, state, deadline: Deadline::new(deadline) }
    }

    pub(super) fn nothing() -> Self {
        Upload { body: None, state: Rc::default(), deadline: Deadline::new(Instant::now()) }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.body.is_none()
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        match Pin::new(&mut *body).poll_frame(context) {
            Poll::Ready(frame) => {
                if frame.is_none() || body.is_end_stream() {
                    this.state.unfinished.set(false);
                }
                Poll::Ready(frame.map(|f| f.map_err(Into::into)))
            }
            Poll::Pending if this.deadline.has_passed(context) => {
                this.state.late.set(true);
                Poll::Ready(Some(Err("the request's body came too slowly".into())))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        if self.body.is_none() { SizeHint::with_exact(0) } else { SizeHint::default() }
    }
}

/// What ends with a reply, in this order: the connection is free, the pod is free, the call is counted.
pub(super) struct Finish {
    pub(super) connection: Connection,
    pub(super) upload: Rc<UploadState>,
    pub(super) _seat: Seat,
    pub(super) _call: Call,
}

impl Finish {
    fn complete(self) {
        // A reply that overtook its request leaves a connection that is still busy: it is closed instead.
        if !self.upload.unfinished.get() {
            self.connection.put_back(Instant::now());
        }
    }
}

/// A pod's reply. Dropped before its end, it closes the connection, and the pod learns that nobody reads.
pub(crate) struct ProxiedBody {
    body: Incoming,
    finish: Option<Finish>,
    deadline: Deadline,
}

impl ProxiedBody {
    pub(super) fn new(body: Incoming, finish: Finish, deadline: Instant) -> Self {
        let mut proxied = ProxiedBody { body, finish: Some(finish), deadline: Deadline::new(deadline) };
        proxied.finish_if(false);
        proxied
    }

    fn finish_if(&mut self, over: bool) {
        if (over || self.body.is_end_stream())
            && let Some(finish) = self.finish.take()
        {
            finish.complete();
        }
    }

    pub(in crate::live::gateway) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => {
                match &frame {
                    Some(Err(_)) => drop(self.finish.take()),
                    Some(Ok(_)) => self.finish_if(false),
                    None => self.finish_if(true),
                }
                Poll::Ready(frame.map(|f| f.map_err(Into::into)))
            }
            Poll::Pending if self.deadline.has_passed(context) => {
                self.finish = None;
                Poll::Ready(Some(Err("the reply was not complete in time".into())))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    pub(in crate::live::gateway) fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    pub(in crate::live::gateway) fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
