//! `faasim delete`: a pod, a deployment, an autoscaler.

use super::client::function_name;
use super::failure::{Failure, Outcome};
use super::resource::{self, Kind};
use super::{Global, with_client};
use crate::cluster::command::Command;

/// Delete pods (others take their place), deployments or autoscalers
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim delete pod mltest-946fbcf5d-nh5kp\n  faasim delete hpa mltest\n  faasim delete deploy mltest"
)]
pub struct Args {
    /// What (pod, deploy, hpa) and its names
    #[arg(required = true, value_name = "KIND NAME")]
    what: Vec<String>,
    /// All of them in the namespace
    #[arg(long)]
    all: bool,
}

/// Deletes.
///
/// # Errors
/// One of them is not there; those named before it are deleted.
pub fn run(args: Args, global: &Global) -> Outcome {
    let wanted = resource::parse(&args.what)?;
    with_client(global, async |client| {
        let view = client.view().await?;
        let mut named = Vec::new();
        for (kind, name) in wanted {
            match name {
                Some(name) => named.push((kind, name)),
                None if args.all => {
                    let pods = view.snapshot.pods.values().filter(|p| p.spec.namespace == global.namespace());
                    let functions = view.snapshot.functions.values();
                    let functions = functions.filter(|f| f.spec.namespace == global.namespace());
                    let functions = functions.filter(|f| kind != Kind::Hpa || f.hpa.is_some());
                    match kind {
                        Kind::Pod => named.extend(pods.map(|p| (kind, p.name.clone()))),
                        _ => named.extend(functions.map(|f| (kind, f.spec.name.clone()))),
                    }
                }
                None => {
                    return Err(Failure::used(format_args!(
                        "name the {} to delete, or say --all",
                        kind.plural()
                    )));
                }
            }
        }
        for (kind, name) in named {
            let command = match kind {
                Kind::Pod => Command::DeletePod { name: resource::pod(&view.snapshot, &name)?.name.clone() },
                Kind::Hpa => {
                    let function = resource::function(&view.snapshot, kind, &name, global)?;
                    if function.hpa.is_none() {
                        return Err(resource::not_found(kind, &name, &[]));
                    }
                    Command::DeleteHpa(function_name(&name, global))
                }
                Kind::Deployment | Kind::Function => {
                    Command::Remove(resource::function(&view.snapshot, kind, &name, global)?.name())
                }
                _ => return Err(Failure::used(format_args!("{} cannot be deleted", kind.plural()))),
            };
            client.command(&command).await?;
            let name = name.rsplit('/').next().unwrap_or(&name);
            println!("{} \"{name}\" deleted", kind.singular());
        }
        Ok(())
    })
}
