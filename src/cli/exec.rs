//! `faasim exec`: a command in a pod.

use super::failure::{Failure, Outcome};
use super::resource::{self, Kind};
use super::{Global, with_client};
use crate::cluster::snapshot::Snapshot;
use base64::Engine;
use std::io::Write;

/// Run a command in a pod and print what it prints
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim exec mltest-946fbcf5d-nh5kp -- env\n  faasim exec deploy/mltest -- env"
)]
pub struct Args {
    /// The pod; or deploy/NAME for a ready pod of that function
    pod: String,
    /// As kubectl has it: give the command this terminal's input (not possible here)
    #[arg(short = 'i', long, hide = true)]
    stdin: bool,
    /// As kubectl has it: give the command a terminal (not possible here)
    #[arg(short = 't', long, hide = true)]
    tty: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Runs it; its exit code is this one's.
///
/// # Errors
/// There is no such pod, or it cannot run the command.
pub fn run(args: Args, global: &Global) -> Outcome {
    if args.stdin || args.tty {
        return Err(Failure::used(
            "exec has no terminal and no input: leave out -i and -t, and give the whole command, such as \
             `-- sh -c 'ls; env'`",
        ));
    }
    with_client(global, async |client| {
        let view = client.view().await?;
        let pod = pod(&view.snapshot, &args.pod, global)?;
        let done = client.exec(&pod, args.command).await?;
        let output =
            base64::engine::general_purpose::STANDARD.decode(done.output).map_err(Failure::failed)?;
        std::io::stdout().write_all(&output).map_err(Failure::failed)?;
        match u8::try_from(done.code) {
            Ok(0) => Ok(()),
            Ok(code) => {
                eprintln!("command terminated with exit code {code}");
                Err(Failure::Said(code))
            }
            Err(_) => Err(Failure::failed(format_args!("command terminated with exit code {}", done.code))),
        }
    })
}

/// A pod's name, or the first ready pod of `deploy/NAME`.
fn pod(snapshot: &Snapshot, text: &str, global: &Global) -> Result<String, Failure> {
    let kind =
        text.split_once('/').map(|(kind, _)| kind.parse::<Kind>().map_err(Failure::used)).transpose()?;
    match kind {
        None | Some(Kind::Pod) => Ok(resource::pod(snapshot, text)?.name.clone()),
        Some(kind @ (Kind::Deployment | Kind::Function)) => {
            let function = resource::function(snapshot, kind, text, global)?;
            let mut ready = snapshot.pods_of(function.id).filter(|p| p.ready && p.deleting.is_none());
            ready.next().map(|pod| pod.name.clone()).ok_or_else(|| {
                Failure::failed(format_args!("`{}` has no pod that is ready", function.spec.name))
            })
        }
        Some(kind) => Err(Failure::used(format_args!("{} run no commands: name a pod", kind.plural()))),
    }
}
