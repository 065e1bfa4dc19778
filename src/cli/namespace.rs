//! `faasim namespace`: the namespaces of the cluster.

use super::client::openfaas::namespace;
use super::failure::Outcome;
use super::given::Format;
use super::{Global, with_client};
use bytes::Bytes;
use http::Method;
use std::io::{Write, stdout};

/// List the namespaces
#[derive(clap::Args)]
#[command(
    visible_alias = "namespaces",
    after_help = "Examples:\n  faasim namespace\n  faasim namespace list -o json"
)]
pub struct Args {
    /// What to do: list
    #[arg(default_value = "list", hide_default_value = true)]
    what: What,
    /// How to print them
    #[arg(long, short, value_name = "FORMAT", default_value = "plain")]
    output: Format,
}

/// What to do with namespaces. They come and go with the functions that name them.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum What {
    List,
}

/// Prints them.
///
/// # Errors
/// The cluster does not answer.
pub fn run(args: Args, global: &Global) -> Outcome {
    let What::List = args.what;
    namespace(global)?;
    with_client(global, async |client| {
        let all: Vec<String> = client.json(Method::GET, "/system/namespaces", Bytes::new()).await?;
        let mut out = stdout().lock();
        if args.output == Format::Json {
            return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&all).unwrap_or_default())?);
        }
        writeln!(out, "Namespaces:")?;
        for name in all {
            writeln!(out, " - {name}")?;
        }
        Ok(())
    })
}
