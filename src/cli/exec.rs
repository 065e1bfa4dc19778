//! `faasim exec`: a command in a pod.

use super::failure::{Failure, Outcome};
use super::{Global, resource, with_client};
use base64::Engine;
use std::io::Write;

/// Run a command in a pod and print what it prints
#[derive(clap::Args)]
#[command(after_help = "Example:\n  faasim exec mltest-946fbcf5d-nh5kp -- env")]
pub struct Args {
    /// The pod
    pod: String,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Runs it; its exit code is this one's.
///
/// # Errors
/// There is no such pod, or it cannot run the command.
pub fn run(args: Args, global: &Global) -> Outcome {
    with_client(global, async |client| {
        let view = client.view().await?;
        let pod = resource::pod(&view.snapshot, &args.pod)?.name.clone();
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
