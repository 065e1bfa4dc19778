//! `faasim remove`: functions and their pods.

use super::client::openfaas;
use super::failure::{Failure, Outcome};
use super::given::Chosen;
use super::{Global, with_client};
use crate::cluster::function::FunctionName;

/// Remove functions, their pods and their autoscalers
#[derive(clap::Args)]
#[command(
    visible_alias = "rm",
    after_help = "Examples:\n  faasim remove mltest\n  faasim remove -f stack.yml\n  faasim remove -f stack.yml --filter 'ml*'"
)]
pub struct Args {
    /// The functions, as NAME or NAME.NAMESPACE
    names: Vec<String>,
    #[command(flatten)]
    chosen: Chosen,
}

/// Removes them.
///
/// # Errors
/// One of them is not there, or the cluster does not answer.
pub fn run(args: Args, global: &Global) -> Outcome {
    let chosen = &args.chosen;
    let names: Vec<FunctionName> = if args.names.is_empty() || !chosen.file.is_empty() {
        if args.names.is_empty()
            && chosen.file.is_empty()
            && chosen.filter.is_none()
            && chosen.regex.is_none()
        {
            return Err(Failure::used("name the functions to remove, or a stack file with `-f FILE`"));
        }
        chosen.read(&args.names, global)?.1.iter().map(|f| f.spec.full_name()).collect()
    } else {
        args.names.iter().map(|text| openfaas::name(text, global)).collect::<Result<_, _>>()?
    };
    with_client(global, async |client| {
        let mut missing = Vec::new();
        for name in &names {
            println!("Deleting: {name}.");
            match client.remove(name).await? {
                true => println!("Removing old function."),
                false => missing.push(name),
            }
        }
        for name in &missing {
            eprintln!("faasim: no existing function to remove: {}", client.no_function(name).await);
        }
        if missing.is_empty() { Ok(()) } else { Err(Failure::Said(1)) }
    })
}
