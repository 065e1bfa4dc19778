//! `faasim scale`: how many pods a function has.

use super::failure::Outcome;
use super::resource::{self, Kind};
use super::{Global, given, with_client};
use crate::cluster::command::Command;

/// Set how many replicas a function has
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim scale mltest --replicas 3\n  faasim scale deployment/mltest --replicas=0"
)]
pub struct Args {
    /// The functions
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// How many
    #[arg(long, value_name = "N", value_parser = given::whole(0_u32))]
    replicas: u32,
}

/// Scales.
///
/// # Errors
/// There is no such function, or it may not have so many.
pub fn run(args: Args, global: &Global) -> Outcome {
    let names = names(args.names);
    with_client(global, async |client| {
        let view = client.view().await?;
        for name in names {
            let function = resource::function(&view.snapshot, Kind::Deployment, &name, global)?.name();
            let reply = client
                .command(&Command::Scale { function: function.clone(), replicas: args.replicas })
                .await?;
            println!("deployment.apps/{} scaled", function.name);
            reply.notes.iter().for_each(|note| eprintln!("note: {note}"));
        }
        Ok(())
    })
}

/// `deployment NAME…` and `deployment/NAME…` are names too.
pub fn names(mut words: Vec<String>) -> Vec<String> {
    let is_kind = |word: &String| matches!(word.parse(), Ok(Kind::Deployment | Kind::Function | Kind::Hpa));
    if words.len() > 1 && words.first().is_some_and(is_kind) {
        words.remove(0);
    }
    words
}
