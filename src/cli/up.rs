//! `faasim up`: a whole cluster in this process.

mod deploy;
mod news;

use super::failure::{Failure, Outcome};
use super::given::Chosen;
use super::logbook::{self, LogBook};
use super::logins::{self, Logins};
use super::screen::Local;
use super::signals::Signals;
use super::stack::Stack;
use super::watch::Watch;
use super::{Global, stack};
use crate::cluster::function::FunctionName;
use crate::dashboard::tui::app::WhenClosed;
use crate::dashboard::tui::{self, Left, terminal};
use crate::live::host::Host;
use crate::live::settings::{Loaded, Sources};
use deploy::{deploy, watched};
use news::News;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Between looks for what there is to tell.
const NEWS_PAUSE: Duration = Duration::from_millis(200);
/// Start a cluster: a gateway, functions, pods, autoscalers
///
/// Without a stack file in the working folder it deploys the functions that this program carries.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim up\n  faasim up -f stack.yml --provider process --port 9090\n  faasim up --preset lecture"
)]
pub struct Args {
    #[command(flatten)]
    chosen: Chosen,
    /// Deploy again what changes: the stack file, and the files of each handler folder
    #[arg(long)]
    watch: bool,
    /// How pods run: docker or process [default: docker where an engine answers]
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Whose rules OpenFaaS' labels follow: pro or ce [default: pro]
    #[arg(long, value_name = "NAME")]
    edition: Option<String>,
    /// The gateway's port on 127.0.0.1; 0 takes a free one [default: 8080]
    #[arg(long, value_name = "PORT")]
    port: Option<String>,
    /// The port of Prometheus' /metrics on 127.0.0.1 [default: the gateway's + 2]
    #[arg(long, value_name = "PORT")]
    metrics_port: Option<String>,
    /// Settings by name, such as `lecture` with its short intervals
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// The settings file [default: faasim.toml in the working folder, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, such as hpa.sync-period=5s; may be given again
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Print plain lines instead of the screen
    #[arg(long)]
    no_tui: bool,
    /// Print the settings, each with where it came from, and end
    #[arg(long)]
    print_config: bool,
}

impl Args {
    fn sources(&self, state: Option<&Path>) -> Sources {
        // The flag and FAASIM_STATE arrive as one, and the flag wins.
        let variable = std::env::var_os("FAASIM_STATE").is_some_and(|v| Some(Path::new(&v)) == state);
        let dir = state.map(|dir| dir.display().to_string());
        let flags = [
            ("state.dir", &dir, if variable { "FAASIM_STATE" } else { "--state" }),
            ("pods.provider", &self.provider, "--provider"),
            ("openfaas.edition", &self.edition, "--edition"),
            ("gateway.port", &self.port, "--port"),
            ("gateway.metrics-port", &self.metrics_port, "--metrics-port"),
        ];
        let given = |(key, value, flag): (&'static str, &Option<String>, &str)| {
            value.clone().map(|v| (key, v, flag.to_owned()))
        };
        Sources {
            preset: self.preset.clone(),
            config: self.config.clone(),
            folder: PathBuf::new(),
            environment: std::env::vars().filter(|(name, _)| name != "FAASIM_STATE").collect(),
            sets: self.sets.clone(),
            flags: flags.into_iter().filter_map(given).collect(),
        }
    }
}

/// Runs a cluster until it is interrupted.
///
/// # Errors
/// A setting, the stack file, the state folder, the engine or the port: a sentence that says what to do.
pub fn run(args: Args, global: &Global) -> Outcome {
    let mut loaded = Loaded::read(&args.sources(global.state.as_deref())).map_err(Failure::used)?;
    if let Some(dir) = &global.state {
        // As it was given, should it be no Unicode.
        loaded.settings.state.dir = Some(dir.clone());
    }
    if args.print_config {
        print!("{}", loaded.print_config());
        return Ok(());
    }
    for note in &loaded.notes {
        eprintln!("note: {note}");
    }
    // Read before anything starts, so that a mistake in it starts nothing.
    let paths = stack_files(&args.chosen, &loaded.settings.state.folder())?;
    let stack = args.chosen.stack(&paths, &[], global)?;
    for note in &stack.notes {
        eprintln!("note: {note}");
    }
    let watch = args.watch.then(|| {
        let (chosen, global) = (args.chosen.clone(), global.clone());
        let read = move || chosen.stack(&paths, &[], &global).map_err(|failure| failure.to_string());
        Watch::new(stack.clone(), read)
    });
    let screen = !args.no_tui && terminal::usable();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime
        .map_err(|e| format!("cannot start: {e}"))?
        .block_on(serve(loaded, stack, screen, watch))
        .map_err(Failure::Failed)
}

/// What to deploy: the stack files named, the one in the working folder, or the samples.
fn stack_files(chosen: &Chosen, state: &Path) -> Result<Vec<PathBuf>, String> {
    if !chosen.file.is_empty() {
        return Ok(chosen.file.clone());
    }
    let found = match stack::find(Path::new(".")) {
        Some(path) => path,
        None => crate::functions::samples::unpack(&state.join("samples")).map_err(|e| {
            format!(
                "cannot write the sample functions to {}: {e}; choose another state folder with `--state`",
                state.display()
            )
        })?,
    };
    Ok(vec![found])
}

async fn serve(loaded: Loaded, stack: Stack, screen: bool, watch: Option<Watch>) -> Result<(), String> {
    let mut signals = Signals::listen(screen)?;
    let shown = match screen {
        true => with_screen(&loaded, stack, &mut signals, watch).await?,
        false => plain(&loaded, stack, &mut signals, watch).await?,
    };
    say("stopping: requests in flight may finish".into());
    shown.host.stop().await.map_err(|e| e.to_string())?;
    say("stopped: no pod is left".into());
    shown.trouble.map_or(Ok(()), Err)
}

/// A cluster that is to be stopped.
struct Shown {
    host: Host,
    /// What is to be said after it has stopped.
    trouble: Option<String>,
}

/// Says what happens in plain lines until the cluster is to stop.
async fn plain(
    loaded: &Loaded,
    stack: Stack,
    signals: &mut Signals,
    watch: Option<Watch>,
) -> Result<Shown, String> {
    logbook::to_stderr();
    let host = Host::start(&loaded.settings).await.map_err(|e| e.to_string())?;
    for note in notes(&host) {
        complain(note);
    }
    for line in greeting(&host) {
        say(line);
    }
    let cannot_run = deploy(&host, stack, say, complain).await;
    say(match cannot_run.len() {
        0 => "ready; Ctrl-C stops it".into(),
        _ => {
            let names: Vec<&str> = cannot_run.iter().map(|name| name.name.as_str()).collect();
            format!("ready, except {}; Ctrl-C stops it", names.join(", "))
        }
    });
    tokio::select! {
        () = until_stopped(&host, signals) => {}
        never = told(&host, cannot_run) => match never {},
        never = watched(&host, watch, say, complain) => match never {},
    }
    Ok(Shown { host, trouble: None })
}

/// Shows the screen until the cluster is to stop. What faasim has to say goes to the screen's log and to a file.
async fn with_screen(
    loaded: &Loaded,
    stack: Stack,
    signals: &mut Signals,
    watch: Option<Watch>,
) -> Result<Shown, String> {
    let book = LogBook::install();
    let host = Host::start(&loaded.settings).await.map_err(|e| e.to_string())?;
    let file = Path::new(&host.handle.view().platform.state_dir).join("faasim.log");
    if let Err(error) = book.open(&file) {
        book.write(format!("warning: there is no log file {}: {error}", file.display()));
    }
    for line in notes(&host).into_iter().chain(greeting(&host)) {
        book.write(line);
    }
    let link = Arc::new(Local::new(host.handle.clone(), &host.gateway, book.clone()));
    let screen = tui::run(link, WhenClosed::StopsCluster, signals.any());
    let deployed = async {
        deploy(&host, stack, |line| book.write(line), |line| book.write(line)).await;
        watched(&host, watch, |line| book.write(line), |line| book.write(line)).await
    };
    // Without anything to watch, or with: the screen decides when it is over.
    let left = tokio::select! {
        left = screen => left,
        never = deployed => match never {},
    };
    let trouble = left.as_ref().err().map(|e| format!("the terminal cannot be used: {e}; try `--no-tui`"));
    if left.is_ok_and(|left| left == Left::Closed) {
        say(format!("the screen is closed; the cluster goes on at {}", host.gateway));
        say("`faasim tui` shows it again; Ctrl-C stops it".into());
        until_stopped(&host, signals).await;
    }
    Ok(Shown { host, trouble })
}

/// Where the cluster is.
fn greeting(host: &Host) -> Vec<String> {
    let platform = host.handle.view().platform;
    let serves = format!(
        "faasim {} serves {} ({} pods, state in {})",
        platform.version, host.gateway, platform.provider, platform.state_dir
    );
    vec![serves, format!("metrics for Prometheus at {}", platform.metrics)]
}

/// faas-cli finds the password without being told.
fn remember(host: &Host) -> Result<(), String> {
    let Some(logins) = Logins::find() else { return Ok(()) };
    let file = Path::new(&host.handle.view().platform.state_dir).join("password");
    let password =
        std::fs::read_to_string(&file).map_err(|e| format!("{} cannot be read: {e}", file.display()))?;
    let written = logins.remember(&host.gateway, &logins::token("admin", password.trim()));
    written.map_err(|e| format!("faas-cli does not know this cluster's password: {e}"))
}

/// What is not as a person may expect.
fn notes(host: &Host) -> Vec<String> {
    let platform = host.handle.view().platform;
    let login = remember(host).err();
    let all = platform.provider_note.iter().chain(&host.metrics_note).chain(&login);
    all.map(|note| format!("note: {note}")).collect()
}

/// Tells what happens, for ever.
async fn told(host: &Host, cannot_run: BTreeSet<FunctionName>) -> Infallible {
    let mut snapshots = host.snapshots.clone();
    let mut news = News::since(snapshots.borrow().at, cannot_run);
    loop {
        let lines = news.of(&snapshots.borrow_and_update());
        lines.into_iter().for_each(say);
        if snapshots.changed().await.is_err() {
            // The controller has ended: nothing happens any more.
            return std::future::pending().await;
        }
        // Many things happen at once, and a person reads them together.
        tokio::time::sleep(NEWS_PAUSE).await;
    }
}

async fn until_stopped(host: &Host, signals: &mut Signals) {
    tokio::select! {
        () = signals.any() => {}
        () = host.handle.shutdown().clone().cancelled_owned() => {}
    }
}

/// Tells a line to whoever is there. Whoever left (a window that was closed, `| head`) must not keep the cluster from
/// being stopped, as a panic of `println!` would.
fn say(line: String) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The same, for what is not well.
fn complain(line: String) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
