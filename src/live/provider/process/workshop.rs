//! What a function of a folder needs before it can run as a process: the folder put together from template and handler,
//! the packages of its language in an environment of its own, or its program compiled. Each is done once per change.

use crate::cluster::function::FunctionSpec;
use crate::live::provider::context::Context;
use crate::live::provider::keeper::StartFailure;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// Longer than installing or compiling takes on a slow line.
const PATIENCE: Duration = Duration::from_secs(900);
/// Lines of what a tool says when it fails.
const TAIL: usize = 12;
/// Older folders of a function that are kept: pods that are being replaced still run in them.
const KEPT: usize = 2;

/// Where and how a function's process runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Prepared {
    /// Its working folder; none when the function has no handler.
    pub(super) work: Option<PathBuf>,
    /// What the template wants the watchdog to know.
    pub(super) variables: Vec<(String, String)>,
    /// Looked for programs before the PATH.
    pub(super) bin: Option<PathBuf>,
}

/// Prepares functions, one after the other for each.
pub(super) struct Workshop {
    folder: PathBuf,
    benches: Mutex<HashMap<String, Arc<Mutex<()>>>>,
}

impl Workshop {
    pub(super) fn new(state: &Path) -> Workshop {
        Workshop { folder: state.join("workshop"), benches: Mutex::default() }
    }

    /// Does what is not done yet.
    ///
    /// # Errors
    /// What a tool said, and what to do.
    pub(super) async fn prepare(&self, spec: &FunctionSpec) -> Result<Prepared, StartFailure> {
        let Some(context) = Context::of(spec) else { return Ok(Prepared::default()) };
        if !context.handler.is_dir() {
            // Whoever starts the process says so.
            return Ok(Prepared { work: Some(context.handler), ..Prepared::default() });
        }
        let name = spec.full_name().to_string();
        let bench = self.benches.lock().await.entry(name.clone()).or_default().clone();
        let _one = bench.lock().await;
        let job = Job { name: &spec.name, shelf: self.folder.join(&name), context };
        job.done().await.map_err(StartFailure::create)
    }
}

struct Job<'a> {
    name: &'a str,
    /// The function's folder in the workshop.
    shelf: PathBuf,
    context: Context,
}

impl Job<'_> {
    async fn done(&self) -> Result<Prepared, String> {
        let place = self.context.place.clone().unwrap_or_default();
        let work = match self.context.is_plain() && !self.needs_modules(&self.context.handler) {
            true => self.context.handler.clone(),
            false => self.put_together(&place).await?,
        };
        let bin = self.python(&work, &place).await?;
        if work.join("Cargo.toml").is_file() {
            self.compile(&work).await?;
        }
        Ok(Prepared { work: Some(work), variables: self.context.variables(), bin })
    }

    /// A folder of all the function's files, with Node's modules in it.
    async fn put_together(&self, place: &str) -> Result<PathBuf, String> {
        let cannot = |e: &dyn std::fmt::Display| {
            format!(
                "function {}: its files cannot be put together in {}: {e}",
                self.name,
                self.shelf.display()
            )
        };
        let context = self.context.clone();
        let hash = blocking(move || context.hash()).await.map_err(|e| cannot(&e))?;
        let folder = self.shelf.join(format!("files-{}", &hash[..16]));
        if folder.is_dir() {
            return Ok(folder);
        }
        let making = self.shelf.join("files.making");
        let (context, to) = (self.context.clone(), making.clone());
        let copied = blocking(move || {
            remove(&to)?;
            std::fs::create_dir_all(&to)?;
            context.copy_to(&to)
        });
        copied.await.map_err(|e| cannot(&e))?;
        for inner in [making.clone(), making.join(place)] {
            if self.needs_modules(&inner) {
                self.install_modules(&inner).await?;
            }
        }
        let (from, to, shelf) = (making, folder.clone(), self.shelf.clone());
        let moved = blocking(move || {
            std::fs::rename(&from, &to)?;
            forget_old(&shelf, "files-");
            Ok(())
        });
        moved.await.map_err(|e| cannot(&e))?;
        Ok(folder)
    }

    /// Whether there are packages to install: a `package.json` with some, and none of them there.
    fn needs_modules(&self, folder: &Path) -> bool {
        let Ok(text) = std::fs::read(folder.join("package.json")) else { return false };
        let package: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
        let some = package["dependencies"].as_object().is_some_and(|all| !all.is_empty());
        some && !folder.join("node_modules").is_dir()
    }

    async fn install_modules(&self, folder: &Path) -> Result<(), String> {
        tracing::info!("{}: installing the packages of its package.json", self.name);
        // Tried once and soon given up: where there is no registry, waiting does not help.
        let words = [
            "install",
            "--omit=dev",
            "--no-audit",
            "--no-fund",
            "--fetch-retries=0",
            "--fetch-timeout=60000",
        ];
        let words = words.map(OsString::from);
        run("npm", &words, folder).await.map_err(|why| {
            format!(
                "function {}: npm could not install the packages of package.json: {why}; where the registry cannot be reached, run \
                 `npm install` where it can, and put the node_modules folder into {}",
                self.name,
                self.context.handler.display()
            )
        })
    }

    /// A virtual environment with the packages of `requirements.txt`; gives its programs' folder.
    async fn python(&self, work: &Path, place: &str) -> Result<Option<PathBuf>, String> {
        let mut lists: Vec<PathBuf> = vec![work.join("requirements.txt")];
        if !place.is_empty() {
            lists.push(work.join(place).join("requirements.txt"));
        }
        let mut digest = Sha256::new();
        lists.retain(|list| {
            let text = std::fs::read_to_string(list).unwrap_or_default();
            let wanted = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
            digest.update(text.as_bytes());
            text.lines().any(wanted)
        });
        if lists.is_empty() {
            return Ok(None);
        }
        let hash: String = digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let environment = self.shelf.join(format!("python-{hash}"));
        let (bin, complete) = (environment.join("bin"), environment.join(".complete"));
        if complete.is_file() && bin.join("python3").exists() {
            return Ok(Some(bin));
        }
        tracing::info!("{}: installing the packages of its requirements.txt", self.name);
        let gone = environment.clone();
        let cannot = |e: io::Error| format!("function {}: {}: {e}", self.name, environment.display());
        blocking(move || remove(&gone)).await.map_err(cannot)?;
        std::fs::create_dir_all(&self.shelf).map_err(cannot)?;
        let words = ["-m".into(), "venv".into(), environment.clone().into_os_string()];
        run("python3", &words, work).await.map_err(|why| {
            format!(
                "function {}: no virtual environment can be made: {why}; install Python's venv (Debian: `apt-get install python3-venv`)",
                self.name
            )
        })?;
        let mut words: Vec<OsString> =
            ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"].map(OsString::from).into();
        for list in &lists {
            words.extend(["-r".into(), list.clone().into_os_string()]);
        }
        let program = bin.join("python3");
        run(&program.to_string_lossy(), &words, work).await.map_err(|why| {
            let list = if lists.len() == 1 { &lists[0] } else { &work.join("requirements.txt") };
            format!(
                "function {}: pip could not install the packages of {}: {why}; correct the file, or see that pip reaches its index",
                self.name,
                list.file_name().unwrap_or_default().to_string_lossy()
            )
        })?;
        std::fs::write(&complete, "").map_err(cannot)?;
        forget_old(&self.shelf, "python-");
        Ok(Some(bin))
    }

    /// Cargo knows itself what has changed.
    async fn compile(&self, work: &Path) -> Result<(), String> {
        tracing::info!("{}: compiling it", self.name);
        let words = ["build".into(), "--release".into(), "--quiet".into()];
        run("cargo", &words, work).await.map_err(|why| {
            format!("function {}: cargo could not compile {}: {why}", self.name, work.display())
        })
    }
}

/// Runs a tool to its end; what it says is wanted only when it fails.
async fn run(program: &str, words: &[OsString], folder: &Path) -> Result<(), String> {
    let mut command = tokio::process::Command::new(program);
    command.args(words).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    let ran = tokio::time::timeout(PATIENCE, command.output()).await;
    let ran = ran.map_err(|_| format!("`{program}` has not ended for 15 minutes"))?;
    let output = ran.map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => format!("`{program}` is not on the PATH: install it"),
        _ => format!("`{program}`: {e}"),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let tail = lines[lines.len().saturating_sub(TAIL)..].join(" | ");
    Err(if tail.is_empty() { output.status.to_string() } else { tail })
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn remove(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes all but the newest folders of a kind.
fn forget_old(shelf: &Path, kind: &str) {
    let Ok(entries) = std::fs::read_dir(shelf) else { return };
    let mut all: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(kind))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    all.sort();
    for (_, old) in all.iter().rev().skip(KEPT) {
        // It is tried again at the next change.
        let _ = remove(old);
    }
}
