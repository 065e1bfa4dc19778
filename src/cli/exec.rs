//! `faasim exec`: a command in a pod.

mod talk;

use super::failure::{Failure, Outcome};
use super::resource::{self, Kind};
use super::{Global, with_client};
use crate::cluster::snapshot::Snapshot;
use crate::live::exec::{ExecRequest, Window};
use std::io::IsTerminal;

/// Run a command in a pod
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim exec mltest-946fbcf5d-nh5kp -- env\n  faasim exec deploy/mltest -- env\n  faasim exec -it deploy/shout -- sh\n  echo 'ls; env' | faasim exec -i deploy/shout -- sh\n\nIts exit code is the command's own. Ctrl-C ends the command; with -t it is typed into its terminal."
)]
pub struct Args {
    /// The pod; or deploy/NAME for a ready pod of that function
    pod: String,
    /// Give the command what is typed here, or comes through a pipe
    #[arg(short = 'i', long)]
    stdin: bool,
    /// Give the command a terminal, for a shell for example
    #[arg(short = 't', long)]
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
    let terminal = args.tty.then(window).flatten();
    if args.tty && terminal.is_none() {
        eprintln!("note: no terminal for the command, since there is none here (-t)");
    }
    with_client(global, async |client| {
        let view = client.view().await?;
        let pod = pod(&view.snapshot, &args.pod, global)?;
        let request = ExecRequest { command: args.command, stdin: args.stdin, terminal };
        let connection = client.exec(&pod, &request).await?;
        match u8::try_from(talk::until_it_ends(connection, &request).await?) {
            Ok(0) => Ok(()),
            Ok(code) => {
                eprintln!("command terminated with exit code {code}");
                Err(Failure::Said(code))
            }
            Err(_) => Err(Failure::failed("the command's exit code is none")),
        }
    })
}

/// The size of the terminal that this runs in.
fn window() -> Option<Window> {
    let both = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let size = both.then(crossterm::terminal::size).and_then(Result::ok);
    size.map(|(columns, rows)| Window { columns, rows })
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
