//! `/system/faasim/exec/POD`: a command in a pod, with whoever asked at its other end.

use super::{read_json, text};
use crate::cluster::command::Refusal;
use crate::cluster::pod::PodUid;
use crate::live::exec::{Exec, ExecRequest, FromCommand, PROTOCOL, ToCommand, frames};
use crate::live::handle::Handle;
use crate::live::provider::Provider;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, HeaderValue, UPGRADE};
use axum::response::{IntoResponse, Response};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::mpsc;

/// Pieces of input and output that are under way.
const UNDER_WAY: usize = 16;
/// How long a client may take to leave once it has its answer.
const FAREWELL: Duration = Duration::from_secs(2);

pub(super) async fn exec(
    State(handle): State<Handle>,
    Path(pod): Path<String>,
    mut request: Request,
) -> Response {
    let asked = request.headers().get(UPGRADE).is_some_and(|asked| asked == PROTOCOL);
    let upgrade = hyper::upgrade::on(&mut request);
    let request: ExecRequest = match read_json(request.into_body()).await {
        Ok(request) => request,
        Err(response) => return response,
    };
    if request.command.is_empty() {
        return text(StatusCode::BAD_REQUEST, "command: name what to run");
    }
    let Some(uid) = handle.view().snapshot.pod(&pod).map(|p| p.uid) else {
        return text(StatusCode::NOT_FOUND, Refusal::NotFound(format!("no pod `{pod}`")));
    };
    if !asked {
        let sentence = "exec talks both ways: send `Connection: Upgrade` and `Upgrade: faasim-exec`";
        return text(StatusCode::UPGRADE_REQUIRED, sentence);
    }
    tokio::spawn(async move {
        // It is none when the client left before the reply.
        if let Ok(connection) = upgrade.await {
            tokio::select! {
                () = converse(connection, &**handle.provider(), uid, request) => {}
                () = handle.shutdown().cancelled() => {}
            }
        }
    });
    let headers =
        [(CONNECTION, HeaderValue::from_static("upgrade")), (UPGRADE, HeaderValue::from_static(PROTOCOL))];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

/// Until the command has ended, or the client has left.
async fn converse(connection: Upgraded, provider: &dyn Provider, uid: PodUid, request: ExecRequest) {
    let (sink, stream) = frames::<FromCommand, ToCommand>(TokioIo::new(connection));
    let (mut sink, mut stream) = (pin!(sink), pin!(stream));
    let (told, input) = mpsc::channel(UNDER_WAY);
    let (output, mut printed) = mpsc::channel(UNDER_WAY);
    let mut listening = pin!(async {
        while let Some(Ok(frame)) = stream.next().await {
            // A command that reads nothing more is not over for that.
            let _ = told.send(frame).await;
        }
    });
    let running = async {
        let mut ending = pin!(provider.exec(uid, Exec { request, input, output }));
        let ended = loop {
            tokio::select! {
                ended = &mut ending => break ended,
                Some(frame) = printed.recv() => sink.send(frame).await?,
            }
        };
        // What a child of it still prints goes nowhere.
        printed.close();
        while let Some(frame) = printed.recv().await {
            sink.send(frame).await?;
        }
        sink.send(ended.map_or_else(|e| FromCommand::Failed(e.to_string()), FromCommand::Ended)).await
    };
    tokio::select! {
        () = &mut listening => return,
        // The client has its answer, or has left.
        _ = running => {}
    }
    // A connection that is closed with something unread is reset, and the answer may be lost with it.
    let _ = tokio::time::timeout(FAREWELL, listening).await;
}
