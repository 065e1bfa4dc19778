//! The gateway's API: OpenFaaS' `/system/*` and faasim's own `/system/faasim/*`.
//!
//! Who may call it is the gateway's business (password, `Host`, `Origin`); what a wish does is the cluster's.
//! Here a request becomes a [`Command`](crate::cluster::command::Command) and the answer becomes bytes.

mod alert;
pub mod asynchronous;
mod exec;
mod experiments;
mod functions;
mod info;
pub mod logs;
mod namespaces;
pub mod own;
mod scale;
mod secrets;
mod status;
mod ui;

use super::deadline::Late;
use crate::live::handle::{ApplyError, Handle};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any};
use bytes::Bytes;
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;
use std::error::Error;

/// The largest body that the API reads. A deployment is a few hundred bytes.
pub const BODY_LIMIT: usize = 10 << 20;

/// Every route that is not an invocation, `/healthz` or `/`. Paths are those of OpenFaaS; what is unknown is
/// 404, and a known path with another method is 405 without `Allow`, as OpenFaaS answers.
pub fn router(handle: Handle) -> Router {
    let experiments = experiments::routes(&handle);
    Router::new()
        .route(
            "/system/functions",
            only()
                .get(functions::list)
                .post(functions::deploy)
                .put(functions::update)
                .delete(functions::remove),
        )
        .route("/system/function/{name}", only().get(functions::one))
        .route("/system/scale-function/{name}", only().post(scale::scale))
        .route("/system/info", only().get(info::info))
        .route("/system/namespaces", only().get(namespaces::list))
        .route("/system/namespace/", only().post(namespaces::create))
        .route(
            "/system/namespace/{name}",
            only()
                .get(namespaces::one)
                .post(namespaces::create)
                .put(namespaces::update)
                .delete(namespaces::remove),
        )
        .route(
            "/system/secrets",
            only().get(secrets::list).post(secrets::create).put(secrets::update).delete(secrets::remove),
        )
        .route("/system/logs", only().get(logs::logs))
        .route("/system/alert", only().post(alert::alert))
        .route("/async-function/{*rest}", only().post(asynchronous::queue).delete(asynchronous::cancel))
        .route("/system/faasim/async", only().get(asynchronous::list).delete(asynchronous::remove))
        .route("/system/faasim/async/retry", only().post(asynchronous::retry))
        .route("/system/faasim/async/call/{id}", only().get(asynchronous::show))
        .route("/system/faasim/view", only().get(own::view))
        .route("/system/faasim/command", only().post(own::command))
        .route("/system/faasim/exec/{pod}", only().post(exec::exec))
        .route("/system/faasim/shutdown", only().post(own::shutdown))
        .route("/system/faasim/pictures", only().get(ui::pictures))
        .route("/ui", only().get(ui::slash))
        .route("/ui/", only().get(ui::page))
        .route("/ui/{file}", only().get(ui::file))
        .with_state(handle)
        .merge(experiments)
        .fallback(not_found)
}

/// Methods are added to this one, which refuses all others.
fn only<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
    let refused = || async { StatusCode::METHOD_NOT_ALLOWED };
    // A HEAD would be answered as a GET otherwise.
    any(refused).head(refused)
}

async fn not_found() -> Response {
    text(StatusCode::NOT_FOUND, "404 page not found")
}

/// A plain sentence that ends in a newline; browsers must not guess at what it is.
fn text(status: StatusCode, sentence: impl std::fmt::Display) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, format!("{sentence}\n")).into_response()
}

impl IntoResponse for ApplyError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        text(status, self)
    }
}

/// Reads a whole body, at most [`BODY_LIMIT`] of it.
async fn read(body: Body) -> Result<Bytes, Response> {
    read_up_to(body, BODY_LIMIT).await
}

/// Reads a whole body, at most so many bytes.
async fn read_up_to(body: Body, limit: usize) -> Result<Bytes, Response> {
    axum::body::to_bytes(body, limit).await.map_err(|e| {
        if is_caused_by::<Late>(&e) {
            return text(StatusCode::REQUEST_TIMEOUT, Late);
        }
        if is_caused_by::<LengthLimitError>(&e) {
            let limit = crate::cluster::quantity::Bytes(limit as u64);
            let sentence = format!("the body is larger than {limit}, the most that is read here");
            return text(StatusCode::PAYLOAD_TOO_LARGE, sentence);
        }
        text(StatusCode::BAD_REQUEST, format_args!("the body broke off: {e}"))
    })
}

fn is_caused_by<T: Error + 'static>(error: &dyn Error) -> bool {
    error.source().is_some_and(|cause| cause.is::<T>() || is_caused_by::<T>(cause))
}

/// Reads a body as JSON. The refusal names the field where it can.
async fn read_json<T: DeserializeOwned>(body: Body) -> Result<T, Response> {
    let bytes = read(body).await?;
    serde_json::from_slice(&bytes).map_err(|e| {
        text(StatusCode::BAD_REQUEST, format_args!("the body is not the JSON expected here: {e}"))
    })
}

/// A reply whose lines are JSON, each sent as soon as it is there.
fn ndjson<S>(lines: S) -> Response
where
    S: futures_util::Stream<Item = Bytes> + Send + 'static,
{
    let lines = futures_util::StreamExt::map(lines, Ok::<_, std::convert::Infallible>);
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}

/// One line of [`ndjson`].
fn line(value: &impl serde::Serialize) -> Bytes {
    let mut text = serde_json::to_vec(value).unwrap_or_else(|e| format!("{:?}", e.to_string()).into_bytes());
    text.push(b'\n');
    text.into()
}
