//! `faasim apply`: autoscalers from Kubernetes' manifests.

use super::failure::{Failure, Outcome};
use super::resource::{self, Kind};
use super::{Global, manifest, with_client};
use crate::cluster::command::Command;
use std::io::Read;
use std::path::PathBuf;

/// Create or change autoscalers from Kubernetes' YAML (autoscaling/v1 or v2)
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim apply -f hpa.yaml\n  faasim get hpa mltest -o yaml | faasim apply -f -"
)]
pub struct Args {
    /// The manifest; `-` is standard input
    #[arg(long, short = 'f', required = true, value_name = "FILE")]
    filename: Vec<PathBuf>,
}

/// Applies.
///
/// # Errors
/// Mistakes in a file, each with its place; or the cluster's refusal.
pub fn run(args: Args, global: &Global) -> Outcome {
    let mut autoscalers = Vec::new();
    for file in &args.filename {
        autoscalers.extend(
            match file.as_os_str() == "-" {
                true => {
                    let mut text = String::new();
                    std::io::stdin().read_to_string(&mut text).map_err(Failure::failed)?;
                    manifest::read_text("standard input", &text, global.namespace())
                }
                false => manifest::read(file, global.namespace()),
            }
            .map_err(Failure::failed)?,
        );
    }
    with_client(global, async |client| {
        let view = client.view().await?;
        for manifest::Autoscaler { function, spec, notes } in autoscalers {
            let state = resource::function(&view.snapshot, Kind::Deployment, &function.to_string(), global)?;
            let before = state.hpa.as_ref().map(|hpa| &hpa.spec);
            // What says the same in other words leaves the one that is there as it is.
            let (done, spec) = match before {
                None => ("created", spec),
                Some(before) if manifest::same(before, &spec) => ("unchanged", before.clone()),
                Some(_) => ("configured", spec),
            };
            let name = function.name.clone();
            let reply = client.command(&Command::Autoscale { function, spec, replace: true }).await?;
            println!("horizontalpodautoscaler.autoscaling/{name} {done}");
            notes.iter().chain(&reply.notes).for_each(|note| eprintln!("note: {note}"));
        }
        Ok(())
    })
}
