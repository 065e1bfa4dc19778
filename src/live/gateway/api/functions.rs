//! `/system/functions` and `/system/function/{name}`.

use super::status::FunctionStatus;
use super::{read, read_json, text};
use crate::cluster::command::Command;
use crate::cluster::function::{DEFAULT_NAMESPACE, FunctionName, FunctionSpec, Resources};
use crate::live::handle::Handle;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(super) struct Where {
    #[serde(default)]
    pub(super) namespace: Option<String>,
    #[serde(default)]
    usage: Option<String>,
}

pub(super) async fn list(State(handle): State<Handle>, Query(query): Query<Where>) -> Response {
    let view = handle.view();
    let namespace = query.namespace.filter(|n| !n.is_empty()).unwrap_or_else(|| DEFAULT_NAMESPACE.into());
    let functions: Vec<_> = view
        .snapshot
        .functions
        .values()
        .filter(|f| f.spec.namespace == namespace)
        .map(|f| FunctionStatus::new(&view, f, false))
        .collect();
    Json(functions).into_response()
}

pub(super) async fn one(
    State(handle): State<Handle>,
    Path(name): Path<String>,
    Query(query): Query<Where>,
) -> Response {
    let view = handle.view();
    let name = FunctionName::within(&name, query.namespace.as_deref());
    let usage = matches!(query.usage.as_deref(), Some("1" | "true" | "t" | "T" | "TRUE" | "True"));
    match view.snapshot.function(&name) {
        Some(function) => Json(FunctionStatus::new(&view, function, usage)).into_response(),
        // Clients tell an unknown function from an unknown page by the empty body.
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

pub(super) async fn deploy(State(handle): State<Handle>, body: Body) -> Response {
    change(handle, body, Command::Deploy).await
}

pub(super) async fn update(State(handle): State<Handle>, body: Body) -> Response {
    change(handle, body, Command::Update).await
}

async fn change(handle: Handle, body: Body, command: fn(FunctionSpec) -> Command) -> Response {
    let spec = match read(body).await {
        Ok(bytes) => match parse(&bytes) {
            Ok(spec) => spec,
            Err(why) => return text(StatusCode::BAD_REQUEST, why),
        },
        Err(response) => return response,
    };
    answer(handle.apply(command(spec)).await.map(drop))
}

/// Reads a deployment; the sentence of refusal names the field.
fn parse(bytes: &[u8]) -> Result<FunctionSpec, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|e| match e.line() {
        0 | 1 if bytes.trim_ascii().is_empty() => "the deployment is not JSON: it is empty".to_owned(),
        line => format!("the deployment is not JSON: see line {line}, column {}", e.column()),
    })?;
    let Value::Object(fields) = &value else {
        return Err("the deployment is not a JSON object: `service` and `image` are needed".into());
    };
    serde_json::from_value(value.clone()).map_err(|whole| {
        let culprit = fields.iter().find_map(|(key, value)| {
            let alone = Value::Object([(key.clone(), value.clone())].into_iter().collect());
            let error = serde_json::from_value::<FunctionSpec>(alone).err()?;
            let inner = value.as_object().filter(|_| matches!(key.as_str(), "limits" | "requests"));
            let part = inner.into_iter().flatten().find_map(|(part, value)| {
                let alone = Value::Object([(part.clone(), value.clone())].into_iter().collect());
                serde_json::from_value::<Resources>(alone).err().map(|_| part)
            });
            Some(match part {
                Some(part) => format!("{key}.{part}: {error}"),
                None => format!("{key}: {error}"),
            })
        });
        culprit.unwrap_or_else(|| whole.to_string())
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Removal {
    #[serde(default)]
    function_name: String,
    #[serde(default)]
    namespace: Option<String>,
}

pub(super) async fn remove(State(handle): State<Handle>, Query(query): Query<Where>, body: Body) -> Response {
    let removal: Removal = match read_json(body).await {
        Ok(removal) => removal,
        Err(response) => return response,
    };
    if removal.function_name.is_empty() {
        return text(StatusCode::BAD_REQUEST, "functionName: name the function to remove");
    }
    let namespace = removal.namespace.or(query.namespace);
    let name = FunctionName::within(&removal.function_name, namespace.as_deref());
    answer(handle.apply(Command::Remove(name)).await.map(drop))
}

fn answer(result: Result<(), crate::live::handle::ApplyError>) -> Response {
    match result {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(error) => error.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_that_cannot_be_read_is_refused_with_its_field() {
        for (body, start) in [
            ("", "the deployment is not JSON"),
            ("[]", "the deployment is not a JSON object"),
            (r#"{"service":5,"image":"i"}"#, "service: "),
            (r#"{"service":"a","envVars":["x"]}"#, "envVars: "),
            (r#"{"service":"a","limits":{"cpu":"lots"}}"#, "limits.cpu: `lots`"),
            (r#"{"service":"a","requests":{"memory":"1 cow","cpu":"1"}}"#, "requests.memory: `1 cow`"),
        ] {
            let why = parse(body.as_bytes()).unwrap_err();
            assert!(why.starts_with(start), "{body}: {why}");
        }
    }
}
