//! `faasim rollout`: replacing the pods of a function, and going back.

use super::failure::{Failure, Outcome};
use super::output;
use super::resource::{self, Kind};
use super::{Global, with_client};
use crate::cluster::command::Command;
use crate::cluster::snapshot::FunctionState;
use clap::Subcommand;
use futures_util::StreamExt;
use std::pin::pin;

/// Watch, restart or undo a change of a function
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim rollout status mltest\n  faasim rollout restart mltest\n  faasim rollout undo mltest --to-revision 1"
)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Wait until all pods are of the present template
    #[command(after_help = "Example:\n  faasim deploy -f stack.yml && faasim rollout status mltest")]
    Status(Name),
    /// Replace all pods, one after the other
    #[command(after_help = "Example:\n  faasim rollout restart mltest")]
    Restart(Name),
    /// Go back to the template before, or to the revision named
    #[command(
        after_help = "Examples:\n  faasim rollout undo mltest\n  faasim rollout undo mltest --to-revision 1"
    )]
    Undo {
        #[command(flatten)]
        name: Name,
        /// The revision's number, from `rollout history`
        #[arg(long, value_name = "N", value_parser = super::given::whole(1_u32))]
        to_revision: Option<u32>,
    },
    /// List the templates there were
    #[command(after_help = "Example:\n  faasim rollout history mltest")]
    History(Name),
}

#[derive(clap::Args)]
struct Name {
    /// The function
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

/// Does it.
///
/// # Errors
/// There is no such function or revision.
pub fn run(args: Args, global: &Global) -> Outcome {
    let (words, to_revision) = match &args.what {
        What::Undo { name, to_revision } => (name, *to_revision),
        What::Status(name) | What::Restart(name) | What::History(name) => (name, None),
    };
    let names = super::scale::names(words.names.clone());
    with_client(global, async |client| {
        let view = client.view().await?;
        for name in names {
            let state = resource::function(&view.snapshot, Kind::Deployment, &name, global)?;
            let function = state.name();
            let plain = &function.name;
            match &args.what {
                What::Restart(_) => {
                    client.command(&Command::Restart(function.clone())).await?;
                    println!("deployment.apps/{plain} restarted");
                }
                What::Undo { .. } => {
                    client.command(&Command::Undo { function: function.clone(), to_revision }).await?;
                    println!("deployment.apps/{plain} rolled back");
                }
                What::History(_) => {
                    let rows: Vec<_> = state
                        .revisions
                        .iter()
                        .map(|(number, spec)| {
                            vec![number.to_string(), spec.template_hash(), spec.image.clone()]
                        })
                        .collect();
                    let table =
                        crate::dashboard::kubectl::table::text(&["REVISION", "TEMPLATE", "IMAGE"], &rows);
                    output::print(&format!("deployment.apps/{plain}\n{table}"))?;
                }
                What::Status(_) => {
                    let mut views = pin!(client.watch().await?);
                    let mut said = String::new();
                    while let Some(view) = views.next().await {
                        let view = view?;
                        let state = resource::function(&view.snapshot, Kind::Deployment, &name, global)?;
                        let now = progress(state);
                        if now != said {
                            output::print(&format!("{now}\n"))?;
                        }
                        if is_done(state) {
                            break;
                        }
                        said = now;
                    }
                }
            }
        }
        Ok::<(), Failure>(())
    })
}

fn is_done(f: &FunctionState) -> bool {
    f.updated >= f.replicas && f.current == f.updated && f.ready >= f.replicas
}

/// In kubectl's words.
fn progress(f: &FunctionState) -> String {
    let name = &f.spec.name;
    let waiting = format!("Waiting for deployment \"{name}\" rollout to finish:");
    if f.updated < f.replicas {
        format!("{waiting} {} out of {} new replicas have been updated...", f.updated, f.replicas)
    } else if f.current > f.updated {
        format!("{waiting} {} old replicas are pending termination...", f.current - f.updated)
    } else if f.ready < f.replicas {
        format!("{waiting} {} of {} updated replicas are available...", f.ready, f.replicas)
    } else {
        format!("deployment \"{name}\" successfully rolled out")
    }
}
