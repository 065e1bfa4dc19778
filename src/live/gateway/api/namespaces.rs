//! `/system/namespaces` and `/system/namespace/{ns}`.

use super::{read_json, text};
use crate::cluster::command::{Command, Refusal};
use crate::cluster::namespaces::Namespace;
use crate::live::handle::Handle;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

pub(super) async fn list(State(handle): State<Handle>) -> Response {
    let names: Vec<String> = handle.view().snapshot.namespaces.keys().cloned().collect();
    Json(names).into_response()
}

pub(super) async fn one(State(handle): State<Handle>, Path(name): Path<String>) -> Response {
    match handle.view().snapshot.namespaces.get(&name) {
        Some(namespace) => Json(namespace).into_response(),
        None => text(StatusCode::NOT_FOUND, Refusal::NotFound(format!("no namespace `{name}`"))),
    }
}

/// faas-cli creates at the path of no name; the body has it.
pub(super) async fn create(State(handle): State<Handle>, path: Option<Path<String>>, body: Body) -> Response {
    let namespace = match given(path, body).await {
        Ok(namespace) => namespace,
        Err(response) => return response,
    };
    answer(&handle, Command::CreateNamespace(namespace), StatusCode::CREATED).await
}

pub(super) async fn update(State(handle): State<Handle>, path: Option<Path<String>>, body: Body) -> Response {
    let namespace = match given(path, body).await {
        Ok(namespace) => namespace,
        Err(response) => return response,
    };
    answer(&handle, Command::UpdateNamespace(namespace), StatusCode::ACCEPTED).await
}

pub(super) async fn remove(State(handle): State<Handle>, Path(name): Path<String>) -> Response {
    let done = answer(&handle, Command::RemoveNamespace(name.clone()), StatusCode::ACCEPTED).await;
    if done.status() == StatusCode::ACCEPTED {
        handle.secrets().forget(&name);
    }
    done
}

/// The body's namespace. Where the path names one too, both must be the same.
async fn given(path: Option<Path<String>>, body: Body) -> Result<Namespace, Response> {
    let mut namespace: Namespace = read_json(body).await?;
    if let Some(Path(name)) = path {
        if namespace.name.is_empty() {
            namespace.name = name;
        } else if namespace.name != name {
            let why = format!("name: the body says `{}`, and the path says `{name}`", namespace.name);
            return Err(text(StatusCode::BAD_REQUEST, why));
        }
    }
    Ok(namespace)
}

async fn answer(handle: &Handle, command: Command, done: StatusCode) -> Response {
    match handle.apply(command).await {
        Ok(_) => done.into_response(),
        Err(error) => error.into_response(),
    }
}
