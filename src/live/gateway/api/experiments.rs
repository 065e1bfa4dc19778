//! `/system/faasim/experiments`: scenarios, runs in virtual time beside this cluster, and their reports.

use super::{read_json, text};
use crate::lab::desk::{Curve, Desk, Refused, Run, Wish};
use crate::live::handle::Handle;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::json;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Where a person's own scenarios lie: beside the stack file that `up` was given.
const OWN: &str = "sim-configs";
/// How often a page is told of progress at most.
const EVERY: Duration = Duration::from_millis(200);
/// A report may draw and fold, and nothing else: it asks nobody, and is a stranger to the portal's page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src 'self' data:; \
                      frame-ancestors 'none'; sandbox allow-scripts allow-popups allow-downloads";

#[derive(Clone)]
struct Table {
    desk: Desk,
    handle: Handle,
}

/// The routes of the desk beside this cluster.
pub(super) fn routes(handle: &Handle) -> Router {
    let state_dir = handle.view().platform.state_dir;
    let desk = Desk::of(state_dir.as_ref(), OWN.as_ref(), handle.shutdown().clone());
    Router::new()
        .route("/system/faasim/experiments", super::only().get(scenarios).post(start))
        .route("/system/faasim/experiments/runs", super::only().get(runs))
        .route("/system/faasim/experiments/runs/{id}", super::only().get(run).delete(end))
        .route("/system/faasim/experiments/runs/{id}/{part}/curves", super::only().get(curves))
        .route("/ui/reports/{id}/{part}/{file}", super::only().get(report))
        .with_state(Table { desk, handle: handle.clone() })
}

fn unknown() -> Response {
    text(StatusCode::NOT_FOUND, "there is no such run: it may have been forgotten")
}

async fn scenarios(State(table): State<Table>) -> Response {
    // Files are read and checked: not on a thread that serves requests.
    match tokio::task::spawn_blocking(move || table.desk.scenarios()).await {
        Ok(scenarios) => Json(json!({"scenarios": scenarios})).into_response(),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}

async fn start(State(table): State<Table>, body: Body) -> Response {
    let wish: Wish = match read_json(body).await {
        Ok(wish) => wish,
        Err(response) => return response,
    };
    match tokio::task::spawn_blocking(move || table.desk.start(&wish)).await {
        Ok(Ok(run)) => (StatusCode::ACCEPTED, Json(run)).into_response(),
        Ok(Err(why)) => {
            let status = match why {
                Refused::Mistakes(_) | Refused::Many(_) => StatusCode::BAD_REQUEST,
                Refused::Unknown(_) => StatusCode::NOT_FOUND,
                Refused::Busy => StatusCode::TOO_MANY_REQUESTS,
                Refused::Folder { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            };
            text(status, why)
        }
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}

/// Server-sent events: all runs now, and again whenever one of them gets on.
async fn runs(State(table): State<Table>) -> Response {
    let (send, receive) = mpsc::channel(1);
    let mut changes = table.desk.changes();
    changes.mark_changed();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = send.closed() => return,
                () = table.handle.shutdown().cancelled() => return,
            }
            let runs: Vec<Run> = table.desk.runs().into_iter().map(brief).collect();
            if send.send(super::ui::event(&json!({"runs": runs}))).await.is_err() {
                return;
            }
            tokio::time::sleep(EVERY).await;
        }
    });
    super::ui::events(ReceiverStream::new(receive))
}

/// A list of runs needs to know of each part only whether it passed.
fn brief(mut run: Run) -> Run {
    for part in &mut run.parts {
        part.expectations.clear();
        part.functions.clear();
    }
    run
}

async fn run(State(table): State<Table>, Path(id): Path<String>) -> Response {
    table.desk.run(&id).map_or_else(unknown, |run| Json(run).into_response())
}

/// Stops a run that goes on, and forgets one that is over.
async fn end(State(table): State<Table>, Path(id): Path<String>) -> Response {
    match table.desk.cancel_or_forget(&id) {
        true => StatusCode::ACCEPTED.into_response(),
        false => unknown(),
    }
}

async fn curves(State(table): State<Table>, Path((id, part)): Path<(String, usize)>) -> Response {
    give(&table.desk, &id, part, Curve::FILE).await.unwrap_or_else(unknown)
}

/// A file of a part. No password is asked for: a link cannot carry one, and nobody guesses the run's id.
async fn report(
    State(table): State<Table>,
    Path((id, part, file)): Path<(String, usize, String)>,
) -> Response {
    give(&table.desk, &id, part, &file).await.unwrap_or_else(unknown)
}

async fn give(desk: &Desk, id: &str, part: usize, file: &str) -> Option<Response> {
    let kind = match file.rsplit_once('.')? {
        // Not a hidden file, not another folder.
        (name, _) if name.is_empty() || name.contains(['/', '\\', '.']) => return None,
        (_, "html") => "text/html; charset=utf-8",
        (_, "svg") => "image/svg+xml",
        (_, "json") => "application/json",
        (_, "csv") => "text/csv; charset=utf-8",
        (_, "jtl" | "toml") => "text/plain; charset=utf-8",
        _ => return None,
    };
    let bytes = tokio::fs::read(desk.part_folder(id, part)?.join(file)).await.ok()?;
    let headers: [(HeaderName, &str); 5] = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ];
    Some((headers, bytes).into_response())
}
