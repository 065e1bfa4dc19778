//! `/system/scale-function/{name}`.

use super::functions::Where;
use super::{read, text};
use crate::cluster::command::Command;
use crate::cluster::function::FunctionName;
use crate::live::handle::Handle;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

#[derive(Deserialize)]
struct Scale {
    /// Left out is 0, as Go reads it.
    #[serde(default)]
    replicas: u32,
    #[serde(default)]
    namespace: Option<String>,
}

pub(super) async fn scale(
    State(handle): State<Handle>,
    Path(name): Path<String>,
    Query(query): Query<Where>,
    body: Body,
) -> Response {
    let bytes = match read(body).await {
        Ok(bytes) => bytes,
        Err(response) => return response,
    };
    let Ok(scale) = serde_json::from_slice::<Scale>(&bytes) else {
        return text(StatusCode::BAD_REQUEST, "Error unmarshalling request body");
    };
    let namespace = query.namespace.or(scale.namespace);
    let function = FunctionName::within(&name, namespace.as_deref());
    match handle.apply(Command::Scale { function, replicas: scale.replicas }).await {
        Ok(_) => StatusCode::ACCEPTED.into_response(),
        Err(error) => error.into_response(),
    }
}
