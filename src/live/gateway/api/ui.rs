//! The portal: its files below `/ui/`, and the pictures that it draws.
//!
//! The files hold no secret and are given to everybody on this machine. What they show is below
//! `/system`, where the password is asked for, so the page asks a person for it and keeps it in its memory:
//! a cookie would go to every program that listens on another port of this host.

use crate::cluster::function::FunctionName;
use crate::dashboard::web::picture::Picture;
use crate::dashboard::web::{self, File};
use crate::live::handle::Handle;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};

/// How often a page gets a picture.
const EVERY: Duration = Duration::from_secs(1);

/// `/ui`: the page's relative addresses need the slash.
pub(super) async fn slash() -> Redirect {
    Redirect::permanent("/ui/")
}

/// `/ui/`.
pub(super) async fn page() -> Response {
    give(web::file(""))
}

/// `/ui/main.js` and the others.
pub(super) async fn file(Path(name): Path<String>) -> Response {
    give(web::file(&name))
}

fn give(file: Option<&'static File>) -> Response {
    let Some(file) = file else { return super::text(StatusCode::NOT_FOUND, "404 page not found") };
    let headers: [(HeaderName, &str); 5] = [
        (CONTENT_TYPE, file.kind),
        (CONTENT_SECURITY_POLICY, web::POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        // Another version may answer at the same address tomorrow.
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, file.text).into_response()
}

#[derive(Deserialize)]
pub(super) struct Of {
    function: Option<String>,
    namespace: Option<String>,
}

/// Server-sent events: a picture now and one each second, with the details of `?function=`.
pub(super) async fn pictures(State(handle): State<Handle>, Query(of): Query<Of>) -> Response {
    let of = of.function.map(|name| FunctionName::within(&name, of.namespace.as_deref()));
    let (send, receive) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(EVERY);
        // A slow browser gets the present, not what it missed.
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = send.closed() => return,
                () = handle.shutdown().cancelled() => return,
            }
            if send.send(event(&Picture::new(&handle.view(), of.as_ref()))).await.is_err() {
                return;
            }
        }
    });
    events(ReceiverStream::new(receive))
}

/// A reply of server-sent events.
pub(super) fn events(events: impl Stream<Item = String> + Send + 'static) -> Response {
    let events = events.map(Ok::<_, std::convert::Infallible>);
    ([(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")], Body::from_stream(events))
        .into_response()
}

/// One event.
pub(super) fn event(of: &impl serde::Serialize) -> String {
    // JSON in one line has no newline in it, which would end the event.
    format!("data: {}\n\n", serde_json::to_string(of).unwrap_or_default())
}
