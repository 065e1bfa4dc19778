//! `faasim down`: stop everything and leave nothing behind.

use super::Global;
use super::failure::Outcome;
use super::logins::{self, Logins};
use crate::live::folder::{Folder, FolderError};
use crate::live::provider::{self, Config, Kind, Provider};
use crate::live::store::Store;
use rustix::process::{Pid, Signal, kill_process};
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a running faasim may take to drain and end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Stop the cluster of a state folder: its faasim, its pods, its functions with their secrets and calls
#[derive(clap::Args)]
#[command(after_help = "Example:\n  faasim down")]
pub struct Args {}

/// Stops it.
///
/// # Errors
/// Something could not be stopped or removed: a sentence that says what.
pub fn run(_: Args, global: &Global) -> Outcome {
    let path = global.state();
    if !path.exists() {
        println!("nothing to stop: there is no state folder {}", path.display());
        return Ok(());
    }
    let folder = take(&path)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|e| format!("cannot start: {e}"))?.block_on(sweep(&folder))?;
    forget(&path);
    println!("stopped: nothing of the cluster in {} is left", path.display());
    Ok(())
}

/// Takes the cluster's logins out of faas-cli's file: those with its password.
fn forget(path: &Path) {
    let (Some(logins), Ok(password)) = (Logins::find(), std::fs::read_to_string(path.join("password")))
    else {
        return;
    };
    let ours = logins::token("admin", password.trim());
    if let Err(error) = logins.forget_token(&ours) {
        eprintln!("note: the login of faas-cli stays: {error}");
    }
}

/// Takes hold of the folder; whoever holds it is asked to end first.
fn take(path: &Path) -> Result<Folder, String> {
    let until = Instant::now() + PATIENCE;
    let mut asked = false;
    loop {
        match Folder::take(path) {
            Ok(folder) => return Ok(folder),
            Err(FolderError::Held { holder, .. }) if Instant::now() < until => {
                if !asked && let Some(pid) = process_of(&holder) {
                    // It may have ended meanwhile: then the folder is free at the next look.
                    let _ = kill_process(pid, Signal::TERM);
                    asked = true;
                    if std::io::stderr().is_terminal() {
                        eprintln!("stopping {holder}: requests in flight may finish");
                    }
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// The process number in `process 4711 at http://…`.
fn process_of(holder: &str) -> Option<Pid> {
    let number = holder.strip_prefix("process ")?.split(' ').next()?.parse().ok()?;
    Pid::from_raw(number)
}

/// Removes what a faasim that died left behind, and forgets the functions with their secrets and calls.
async fn sweep(folder: &Folder) -> Result<(), String> {
    let text = |e: &dyn std::error::Error| e.to_string();
    let config = Config {
        cluster_id: folder.cluster_id().map_err(|e| text(&e))?,
        state_dir: folder.path().to_path_buf(),
        exe: std::env::current_exe().map_err(|e| text(&e))?,
        lease: Duration::from_secs(60),
        pull_policy: provider::PullPolicy::default(),
        events: tokio::sync::mpsc::unbounded_channel().0,
    };
    let mut providers: Vec<Arc<dyn Provider>> = Vec::new();
    if let Ok((docker, _)) = provider::choose(Some(Kind::Docker), config.clone()).await {
        providers.push(docker);
    }
    providers.push(provider::choose(Some(Kind::Process), config).await.map_err(|e| text(&e))?.0);
    for provider in providers {
        provider.remove_all(Duration::from_secs(10)).await.map_err(|e| text(&e))?;
    }
    // What was installed and compiled for functions as processes; their secrets; their calls.
    let queue = ["queue.db", "queue.db-wal", "queue.db-shm"];
    for name in ["workshop", "secrets"].into_iter().chain(queue) {
        let path = folder.path().join(name);
        let removed =
            if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        if let Err(error) = removed
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(format!("{} cannot be removed: {error}; remove it by hand", path.display()));
        }
    }
    let mut store = Store::open(folder.path()).map_err(|e| text(&e))?;
    store.clear().map_err(|e| text(&e))
}
