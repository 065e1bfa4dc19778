//! `faasim up`: a whole cluster in this process.

use super::failure::{Failure, Outcome};
use super::{Global, stack};
use crate::cluster::function::FunctionSpec;
use crate::live::host::Host;
use crate::live::settings::{Loaded, Sources};
use std::path::{Path, PathBuf};
use tokio::signal::unix::{SignalKind, signal};

/// Start a cluster: a gateway, functions, pods, autoscalers
///
/// Without a stack file in the working folder it deploys the functions that this program carries.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim up\n  faasim up -f stack.yml --provider process --port 9090\n  faasim up --preset lecture"
)]
pub struct Args {
    /// The stack file to deploy
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
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
    /// Print the settings, each with where it came from, and end
    #[arg(long)]
    print_config: bool,
}

impl Args {
    fn sources(&self) -> Sources {
        let flags = [
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
            // FAASIM_STATE is the flag's own, and arrives through it.
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
    let mut loaded = Loaded::read(&args.sources()).map_err(Failure::used)?;
    if let Some(dir) = &global.state {
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
    let specs = functions(args.file.as_deref(), &loaded.settings.state.folder())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|e| format!("cannot start: {e}"))?.block_on(serve(loaded, specs)).map_err(Failure::Failed)
}

/// What to deploy: the stack file named, the one in the working folder, or the samples.
fn functions(file: Option<&Path>, state: &Path) -> Result<Vec<FunctionSpec>, String> {
    let path = match file {
        Some(path) => path.to_path_buf(),
        None => match stack::find(Path::new(".")) {
            Some(path) => path,
            None => crate::functions::samples::unpack(&state.join("samples")).map_err(|e| {
                format!("cannot write the sample functions to {}: {e}; choose another state folder with `--state`", state.display())
            })?,
        },
    };
    let stack = stack::read(&path).map_err(|e| e.to_string())?;
    for note in &stack.notes {
        eprintln!("note: {note}");
    }
    Ok(stack.specs())
}

async fn serve(loaded: Loaded, specs: Vec<FunctionSpec>) -> Result<(), String> {
    let on = |kind| signal(kind).map_err(|e| format!("cannot listen for signals: {e}"));
    let (mut interrupt, mut terminate) = (on(SignalKind::interrupt())?, on(SignalKind::terminate())?);
    let host = Host::start(&loaded.settings).await.map_err(|e| e.to_string())?;
    let platform = host.handle.view().platform;
    for note in platform.provider_note.iter().chain(&host.metrics_note) {
        eprintln!("note: {note}");
    }
    println!(
        "faasim {} serves {} ({} pods, state in {})",
        platform.version, host.gateway, platform.provider, platform.state_dir
    );
    println!("metrics for Prometheus at {}", platform.metrics);
    let mut failed = Vec::new();
    for (name, answer) in host.deploy(specs).await {
        match answer {
            Ok(notes) => {
                println!("deployed {name}: {}/function/{name}", host.gateway);
                notes.iter().for_each(|n| println!("  {n}"));
            }
            Err(error) => failed.push(format!("{name}: {error}")),
        }
    }
    for failure in &failed {
        eprintln!("not deployed: {failure}");
    }
    println!("ready; Ctrl-C stops it");
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = host.handle.shutdown().clone().cancelled_owned() => {}
    }
    println!("stopping: requests in flight may finish");
    host.stop().await.map_err(|e| e.to_string())?;
    println!("stopped: no pod is left");
    Ok(())
}
