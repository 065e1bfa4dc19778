//! `/system/faasim/*`: what faasim's own commands and screens use.

use super::{line, ndjson, read_json};
use crate::cluster::command::Command;
use crate::live::handle::Handle;
use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

#[derive(Deserialize)]
pub(super) struct Watch {
    watch: Option<String>,
}

/// The view once, or with `?watch` one each second until the client leaves or faasim stops.
pub(super) async fn view(State(handle): State<Handle>, Query(query): Query<Watch>) -> Response {
    if matches!(query.watch.as_deref(), None | Some("false" | "0")) {
        return Json(handle.view()).into_response();
    }
    let (send, receive) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        // A reader that was slow gets the present, not what it missed.
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = send.closed() => return,
                () = handle.shutdown().cancelled() => return,
            }
            if send.send(line(&handle.view())).await.is_err() {
                return;
            }
        }
    });
    ndjson(ReceiverStream::new(receive))
}

/// Any wish: the cluster's reply as JSON, or its refusal as a sentence.
pub(super) async fn command(State(handle): State<Handle>, body: Body) -> Response {
    let command: Command = match read_json(body).await {
        Ok(command) => command,
        Err(response) => return response,
    };
    match handle.apply(command).await {
        Ok(reply) => Json(reply).into_response(),
        Err(error) => error.into_response(),
    }
}

/// Stops faasim as Ctrl-C does. The reply leaves before the gateway closes: it lets requests in flight end.
pub(super) async fn shutdown(State(handle): State<Handle>) -> Response {
    handle.shutdown().cancel();
    StatusCode::ACCEPTED.into_response()
}
