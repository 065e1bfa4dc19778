//! `faasim namespace`: the namespaces of the cluster.

use super::failure::{Failure, Outcome};
use super::given::{self, Format};
use super::{Global, with_client};
use crate::cluster::namespaces::Namespace;
use bytes::Bytes;
use http::Method;
use std::io::{Write, stdout};

/// List, create, show, change and delete namespaces
#[derive(clap::Args)]
#[command(
    visible_alias = "namespaces",
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  faasim namespace\n  faasim namespace create staging --label team=blue\n  faasim deploy -f stack.yml -n staging\n  \
                  faasim namespace delete staging"
)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// How to print them
    #[arg(long, short, value_name = "FORMAT", default_value = "plain")]
    output: Format,
}

#[derive(clap::Subcommand)]
enum What {
    /// The names of all
    #[command(visible_alias = "ls")]
    List {
        /// How to print them
        #[arg(long, short, value_name = "FORMAT", default_value = "plain")]
        output: Format,
    },
    /// A new one
    Create(Given),
    /// Other labels and annotations for one that is there
    Update(Given),
    /// One of them, with its labels
    Get {
        /// Its name
        name: String,
    },
    /// Remove one, with the functions and secrets in it
    #[command(visible_aliases = ["remove", "rm"])]
    Delete {
        /// Its name
        name: String,
    },
}

#[derive(clap::Args)]
struct Given {
    /// Its name
    name: String,
    /// A label; may be given again
    #[arg(long, short, value_name = "NAME=VALUE", value_parser = given::pair)]
    label: Vec<(String, String)>,
    /// An annotation; may be given again
    #[arg(long, value_name = "NAME=VALUE", value_parser = given::pair)]
    annotation: Vec<(String, String)>,
}

impl Given {
    fn namespace(self) -> Namespace {
        let mut namespace = Namespace::new(&self.name);
        namespace.labels.extend(self.label);
        namespace.annotations.extend(self.annotation);
        namespace
    }
}

/// Does it.
///
/// # Errors
/// The cluster does not answer, or refuses.
pub fn run(args: Args, global: &Global) -> Outcome {
    let what = args.what.unwrap_or(What::List { output: args.output });
    let path = |name: &str| format!("/system/namespace/{name}");
    let body =
        |namespace: &Namespace| serde_json::to_vec(namespace).map(Bytes::from).map_err(Failure::failed);
    with_client(global, async |client| {
        match what {
            What::List { output } => {
                let all: Vec<String> = client.json(Method::GET, "/system/namespaces", Bytes::new()).await?;
                let mut out = stdout().lock();
                if output == Format::Json {
                    return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&all).unwrap_or_default())?);
                }
                writeln!(out, "Namespaces:")?;
                for name in all {
                    writeln!(out, " - {name}")?;
                }
            }
            What::Create(given) => {
                let namespace = given.namespace();
                client.ask(Method::POST, &path(""), body(&namespace)?).await?;
                println!("Namespace Created: {}", namespace.name);
            }
            What::Update(given) => {
                let namespace = given.namespace();
                client.ask(Method::PUT, &path(&namespace.name), body(&namespace)?).await?;
                println!("Namespace Updated: {}", namespace.name);
            }
            What::Get { name } => {
                let namespace: Namespace = client.json(Method::GET, &path(&name), Bytes::new()).await?;
                println!("Name:        {}", namespace.name);
                for (title, pairs) in [("Labels:", namespace.labels), ("Annotations:", namespace.annotations)]
                {
                    for (index, (key, value)) in pairs.iter().enumerate() {
                        println!("{:<13}{key}={value}", if index == 0 { title } else { "" });
                    }
                }
            }
            What::Delete { name } => {
                client.ask(Method::DELETE, &path(&name), body(&Namespace::new(&name))?).await?;
                println!("Namespace Removed: {name}");
            }
        }
        Ok(())
    })
}
