//! `/system/info`.

use crate::live::handle::Handle;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::json;

pub(super) async fn info(State(handle): State<Handle>) -> Response {
    let release = env!("CARGO_PKG_VERSION");
    let version = json!({"commit_message": "", "sha": "", "release": release});
    // Go's words for the two architectures that matter, since `faas-cli` compares with its own.
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x86_64",
        "aarch64" => "arm64",
        other => other,
    };
    Json(json!({
        "provider": {
            "provider": "faasim",
            "version": version,
            "orchestration": handle.provider().name(),
        },
        "version": version,
        "arch": arch,
    }))
    .into_response()
}
