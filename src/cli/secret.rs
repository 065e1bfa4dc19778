//! `faasim secret`: what functions may read and nobody may ask for.

use super::client::openfaas::namespace;
use super::failure::{Failure, Outcome};
use super::given::Format;
use super::{Global, with_client};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use std::io::{IsTerminal, Read, Write, stdin, stdout};
use std::path::PathBuf;

/// Create, list, update and remove secrets
///
/// A function that names a secret finds it as a file: in a container as /var/openfaas/secrets/NAME, as a process in the folder
/// that the variable `secret_mount_path` names.
#[derive(clap::Args)]
#[command(
    visible_alias = "secrets",
    after_help = "Examples:\n  faasim secret create api-key --from-literal s3cr3t\n  faasim secret create cert --from-file cert.pem\n  \
                  pass show api | faasim secret update api-key\n  faasim deploy --image me/f --name f --secret api-key"
)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// A new secret; its value comes from --from-literal, --from-file or standard input
    #[command(
        after_help = "Examples:\n  faasim secret create api-key --from-literal s3cr3t\n  faasim secret create cert --from-file cert.pem"
    )]
    Create(Given),
    /// Another value for one that is there
    #[command(after_help = "Example:\n  pass show api | faasim secret update api-key")]
    Update(Given),
    /// The names of all
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  faasim secret list\n  faasim secret list -o json"
    )]
    List {
        /// How to print them
        #[arg(long, short, value_name = "FORMAT", default_value = "plain")]
        output: Format,
    },
    /// Remove one
    #[command(visible_alias = "rm", after_help = "Example:\n  faasim secret remove api-key")]
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(clap::Args)]
struct Given {
    /// Its name
    name: String,
    /// The value
    #[arg(long, value_name = "TEXT", conflicts_with = "from_file")]
    from_literal: Option<String>,
    /// A file that holds the value
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// Take white space at both ends away
    #[arg(long, default_value = "true", action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    trim: bool,
    /// Update it if it is there already
    #[arg(long)]
    replace: bool,
}

impl Given {
    fn value(&self) -> Result<Vec<u8>, Failure> {
        let value = match (&self.from_literal, &self.from_file) {
            (Some(text), _) => text.clone().into_bytes(),
            (None, Some(path)) => std::fs::read(path)
                .map_err(|e| Failure::failed(format_args!("{} cannot be read: {e}", path.display())))?,
            (None, None) if stdin().is_terminal() => {
                return Err(Failure::failed(
                    "give a value with --from-literal, --from-file or on standard input",
                ));
            }
            (None, None) => {
                let mut all = Vec::new();
                stdin().read_to_end(&mut all)?;
                all
            }
        };
        let value = if self.trim { value.trim_ascii().to_vec() } else { value };
        if value.is_empty() { Err(Failure::failed("the value is empty")) } else { Ok(value) }
    }
}

/// Does it.
///
/// # Errors
/// There is no value, the name is taken or not there.
pub fn run(args: Args, global: &Global) -> Outcome {
    let namespace = namespace(global)?.to_owned();
    let body = |name: &str, value: Option<&[u8]>| {
        let mut body = json!({"name": name, "namespace": namespace});
        if let (Some(value), Value::Object(body)) = (value, &mut body) {
            body.insert("rawValue".into(), STANDARD.encode(value).into());
        }
        Bytes::from(body.to_string())
    };
    let path = "/system/secrets";
    with_client(global, async |client| {
        match args.what {
            What::Create(given) => {
                let value = given.value()?;
                let wish = body(&given.name, Some(&value));
                let (status, words) = client.answer(Method::POST, path, wish.clone()).await?;
                let replaced = given.replace && status == http::StatusCode::CONFLICT;
                if replaced {
                    client.ask(Method::PUT, path, wish).await?;
                } else if status.as_u16() >= 400 {
                    return Err(client.refused(status, &words));
                }
                println!("{}: {}", if replaced { "Updated" } else { "Created" }, given.name);
            }
            What::Update(given) => {
                let value = given.value()?;
                client.ask(Method::PUT, path, body(&given.name, Some(&value))).await?;
                println!("Updated: {}", given.name);
            }
            What::Remove { name } => {
                client.ask(Method::DELETE, path, body(&name, None)).await?;
                println!("Removed: {name}");
            }
            What::List { output } => {
                let all: Vec<Value> =
                    client.json(Method::GET, &format!("{path}?namespace={namespace}"), Bytes::new()).await?;
                let mut out = stdout().lock();
                if output == Format::Json {
                    return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&all).unwrap_or_default())?);
                }
                writeln!(out, "NAME")?;
                for secret in all {
                    writeln!(out, "{}", secret["name"].as_str().unwrap_or_default())?;
                }
            }
        }
        Ok(())
    })
}
