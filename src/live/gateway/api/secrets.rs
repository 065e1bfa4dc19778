//! `/system/secrets`: names come out, values only go in.

use super::{read_json, text};
use crate::cluster::function::DEFAULT_NAMESPACE;
use crate::live::handle::Handle;
use crate::live::secrets::SecretError;
use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
pub(super) struct Where {
    namespace: Option<String>,
}

/// OpenFaaS' `Secret`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Secret {
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    value: Option<String>,
    /// Base64; wins over `value`.
    #[serde(default)]
    raw_value: Option<String>,
}

fn namespace(given: Option<String>, query: Option<String>) -> String {
    given.or(query).filter(|n| !n.is_empty()).unwrap_or_else(|| DEFAULT_NAMESPACE.into())
}

pub(super) async fn list(State(handle): State<Handle>, Query(query): Query<Where>) -> Response {
    let namespace = namespace(query.namespace, None);
    let names = handle.secrets().names(&namespace);
    let all: Vec<_> = names.into_iter().map(|name| json!({"name": name, "namespace": namespace})).collect();
    Json(all).into_response()
}

enum Change {
    Create,
    Update,
    Remove,
}

async fn change(handle: Handle, query: Where, body: Body, change: Change) -> Response {
    let secret: Secret = match read_json(body).await {
        Ok(secret) => secret,
        Err(response) => return response,
    };
    let raw = secret.raw_value.filter(|raw| !raw.is_empty()).map(|raw| STANDARD.decode(raw)).transpose();
    let Ok(raw) = raw else { return text(StatusCode::BAD_REQUEST, "rawValue: it is not base64") };
    let value = raw.unwrap_or_else(|| secret.value.unwrap_or_default().into_bytes());
    let (namespace, secrets) = (namespace(secret.namespace, query.namespace), handle.secrets());
    if !handle.view().snapshot.namespaces.contains_key(&namespace) {
        let why = format!(
            "namespace: there is no namespace `{namespace}`: `faasim namespace create {namespace}` makes it"
        );
        return text(StatusCode::BAD_REQUEST, why);
    }
    let done = match change {
        Change::Create => secrets.create(&namespace, &secret.name, &value),
        Change::Update => secrets.update(&namespace, &secret.name, &value),
        Change::Remove => secrets.remove(&namespace, &secret.name),
    };
    match done {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(error) => {
            let status = match &error {
                SecretError::Name(_) => StatusCode::BAD_REQUEST,
                SecretError::Exists(_) => StatusCode::CONFLICT,
                SecretError::NotFound(_) => StatusCode::NOT_FOUND,
                SecretError::Kept { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            };
            text(status, error)
        }
    }
}

pub(super) async fn create(State(handle): State<Handle>, Query(query): Query<Where>, body: Body) -> Response {
    change(handle, query, body, Change::Create).await
}

pub(super) async fn update(State(handle): State<Handle>, Query(query): Query<Where>, body: Body) -> Response {
    change(handle, query, body, Change::Update).await
}

pub(super) async fn remove(State(handle): State<Handle>, Query(query): Query<Where>, body: Body) -> Response {
    change(handle, query, body, Change::Remove).await
}
