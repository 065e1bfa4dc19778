//! How long a body may take.

use super::reply::BoxError;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::time::{Sleep, sleep_until};

/// A time by which a body has to be complete; it costs nothing while the body comes without a pause.
pub(super) struct Deadline {
    at: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    pub(super) fn new(at: Instant) -> Self {
        Deadline { at, timer: None }
    }

    pub(super) fn has_passed(&mut self, context: &mut Context<'_>) -> bool {
        let at = self.at;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at.into())));
        timer.as_mut().poll(context).is_ready()
    }
}

/// The client did not send its body in time.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("The request's body did not arrive within gateway.read-timeout.")]
pub(super) struct Late;

/// A request's body that has to be there by a time: one that comes too slowly ends with [`Late`].
pub(super) struct Timely {
    body: Incoming,
    deadline: Deadline,
}

impl Timely {
    pub(super) fn new(body: Incoming, by: Instant) -> Self {
        Timely { body, deadline: Deadline::new(by) }
    }
}

impl Body for Timely {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => Poll::Ready(frame.map(|f| f.map_err(Into::into))),
            Poll::Pending if self.deadline.has_passed(context) => Poll::Ready(Some(Err(Late.into()))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
