//! What `faasim tui --replay` shows: a virtual run anew from its results, or what a journal recorded.

use crate::cli::failure::Failure;
use crate::cli::screen::{Film, Paced};
use crate::dashboard::tui::link::{Link, Pace};
use crate::lab::scenario;
use crate::lab::stage::Stage;
use crate::live::journal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is needed of `summary.json`.
#[derive(Deserialize)]
struct Summary {
    mode: String,
    values: BTreeMap<String, String>,
    seed: u64,
}

/// What is needed of `provenance.json`.
#[derive(Deserialize)]
struct Provenance {
    scenario: PathBuf,
}

/// The way to what a path holds. Runs on the present tokio runtime.
///
/// # Errors
/// There is nothing that could be shown, or it cannot be read.
pub(super) fn of(path: &Path, speed: f64) -> Result<Arc<dyn Link>, Failure> {
    let journal = if path.is_dir() { path.join("journal.jsonl") } else { path.to_owned() };
    if journal.is_file() {
        let recording = journal::read(&journal).map_err(|e| match e.kind() {
            std::io::ErrorKind::InvalidData => Failure::failed(e),
            _ => Failure::failed(format_args!("cannot read {}: {e}", journal.display())),
        })?;
        return Ok(Arc::new(Film::play(recording, &journal.display().to_string(), speed)));
    }
    if path.join("summary.json").is_file() {
        return again(path, speed);
    }
    Err(Failure::failed(format_args!(
        "{}: neither results (a folder with summary.json) nor a journal (journal.jsonl)",
        path.display()
    )))
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let wrong = |e: String| Failure::failed(format_args!("cannot read {}: {e}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
    serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))
}

/// A virtual run is the same whenever it is run with its seed, so it is run again.
fn again(folder: &Path, speed: f64) -> Result<Arc<dyn Link>, Failure> {
    let summary: Summary = read(&folder.join("summary.json"))?;
    let provenance: Provenance = read(&folder.join("provenance.json"))?;
    if summary.mode != "virtual" {
        return Err(Failure::failed(format_args!(
            "{}: a live run cannot be run again; its report.html shows it, and the journal of a cluster's state folder \
             can be replayed",
            folder.display()
        )));
    }
    let variants = scenario::read(&provenance.scenario, false).map_err(Failure::failed)?;
    let variant = variants.into_iter().find(|v| v.values == summary.values).ok_or_else(|| {
        Failure::failed(format_args!(
            "{}: no longer has the run of {}",
            provenance.scenario.display(),
            folder.display()
        ))
    })?;
    let stage = Stage::new(&variant, summary.seed);
    Ok(Arc::new(Paced::start(stage, Pace::at(speed))))
}
