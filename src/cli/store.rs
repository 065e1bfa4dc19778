//! `faasim store`: the functions that this program carries.

use super::deploy;
use super::failure::{Failure, Outcome};
use super::stack::{self, Stack};
use super::{Global, with_client};
use crate::functions::samples;

/// List the functions that this program carries, and deploy them
///
/// OpenFaaS' own store is on the network, and its images too; these are here.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  faasim store list\n  faasim store deploy mltest")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Name them, and say what each does
    #[command(visible_alias = "ls")]
    List,
    /// Deploy some of them to the cluster
    Deploy {
        /// Their names
        #[arg(required = true)]
        names: Vec<String>,
    },
}

/// Lists or deploys them.
///
/// # Errors
/// There is no such function; the cluster does not answer or refuses it.
pub fn run(args: Args, global: &Global) -> Outcome {
    let folder = global.state().join("samples");
    let path = samples::unpack(&folder)
        .map_err(|e| Failure::failed(format_args!("{} cannot be written: {e}", folder.display())))?;
    let stack: Stack = stack::read(&path).map_err(Failure::failed)?;
    match args.what {
        What::List => {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            println!("{:<12}DESCRIPTION", "FUNCTION");
            for function in &stack.functions {
                println!("{:<12}{}", function.spec.name, about(&text, &function.spec.name));
            }
            Ok(())
        }
        What::Deploy { names } => {
            let mut specs = Vec::new();
            for name in &names {
                let found = stack.functions.iter().find(|f| f.spec.name == *name);
                let known = stack.functions.iter().map(|f| f.spec.name.as_str());
                let mut spec = found
                    .ok_or_else(|| {
                        Failure::used(crate::mistake::unknown("function of the store", name, known))
                    })?
                    .spec
                    .clone();
                global.namespace().clone_into(&mut spec.namespace);
                specs.push(spec);
            }
            with_client(global, async |client| deploy::all(&client, &specs, false, true).await)
        }
    }
}

/// The comment above a function in the stack file.
fn about(text: &str, name: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let Some(at) = lines.iter().position(|line| *line == format!("  {name}:")) else { return String::new() };
    let comments = lines[..at].iter().rev().map_while(|line| line.strip_prefix("  # "));
    let mut comments: Vec<&str> = comments.collect();
    comments.reverse();
    comments.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_described_by_the_comment_above_it() {
        let text = "functions:\n  # The first\n  # of all.\n  a:\n    image: i\n\n  b:\n";
        assert_eq!((about(text, "a"), about(text, "b")), ("The first of all.".into(), String::new()));
    }
}
