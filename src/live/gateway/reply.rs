//! Replies that the gateway makes itself, and the body that any reply has.

use super::invoke::ProxiedBody;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a reply.
#[allow(clippy::large_enum_variant)] // It lives as long as its reply: a box would be one more allocation for each.
pub(super) enum ReplyBody {
    /// All of it is there; none once it was handed over.
    Whole(Option<Bytes>),
    /// It comes from a pod.
    Proxied(ProxiedBody),
    /// It comes from an API handler.
    Api(axum::body::Body),
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.get_mut() {
            ReplyBody::Whole(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            ReplyBody::Proxied(body) => body.poll_frame(context),
            ReplyBody::Api(body) => Pin::new(body).poll_frame(context).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            ReplyBody::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            ReplyBody::Proxied(body) => body.is_end_stream(),
            ReplyBody::Api(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            ReplyBody::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            ReplyBody::Proxied(body) => body.size_hint(),
            ReplyBody::Api(body) => body.size_hint(),
        }
    }
}

pub(super) type Reply = Response<ReplyBody>;

pub(super) fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(ReplyBody::Whole(None));
    *reply.status_mut() = status;
    reply
}

pub(super) fn text(status: StatusCode, text: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(ReplyBody::Whole(Some(text.into())));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    reply
}

/// An error as Go's servers write one: browsers are told not to guess what it is.
pub(super) fn error(status: StatusCode, message: impl Into<Bytes>) -> Reply {
    let mut reply = text(status, message);
    reply
        .headers_mut()
        .insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    reply
}

pub(super) fn not_found() -> Reply {
    error(StatusCode::NOT_FOUND, "404 page not found\n")
}

pub(super) fn moved(status: StatusCode, to: &str) -> Reply {
    let mut reply = empty(status);
    if let Ok(location) = HeaderValue::from_str(to) {
        reply.headers_mut().insert(http::header::LOCATION, location);
    }
    reply
}
