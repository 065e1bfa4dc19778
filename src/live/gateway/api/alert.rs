//! `/system/alert`: what Prometheus' Alertmanager tells OpenFaaS CE.

use super::read;
use crate::cluster::command::{Command, Refusal};
use crate::cluster::function::FunctionName;
use crate::live::handle::{ApplyError, Handle};
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

#[derive(Deserialize)]
struct Webhook {
    #[serde(default)]
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
struct Alert {
    #[serde(default)]
    status: String,
    #[serde(default)]
    labels: Labels,
}

#[derive(Default, Deserialize)]
struct Labels {
    #[serde(default)]
    function_name: String,
}

pub(super) async fn alert(State(handle): State<Handle>, body: Body) -> Response {
    let bytes = match read(body).await {
        Ok(bytes) => bytes,
        Err(response) => return response,
    };
    let Ok(webhook) = serde_json::from_slice::<Webhook>(&bytes) else {
        return (StatusCode::BAD_REQUEST, "Unable to parse alert, bad format.").into_response();
    };
    let mut errors = String::new();
    for alert in webhook.alerts {
        let function = FunctionName::parse(&alert.labels.function_name);
        let firing = alert.status == "firing";
        match handle.apply(Command::Alert { function, firing }).await {
            // Alerts about what is long gone are normal: Alertmanager repeats itself.
            Ok(_) | Err(ApplyError::Refused(Refusal::NotFound(_))) => {}
            Err(error) => errors.push_str(&format!("[{}] {error}\n", errors.lines().count())),
        }
    }
    match errors.is_empty() {
        true => StatusCode::OK.into_response(),
        false => (StatusCode::INTERNAL_SERVER_ERROR, errors).into_response(),
    }
}
