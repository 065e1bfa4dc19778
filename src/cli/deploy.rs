//! `faasim deploy`: functions of a stack file, or one named by flags.

mod flags;

use super::client::{Client, openfaas};
use super::failure::{Failure, Outcome};
use super::given::Chosen;
use super::{Global, with_client};
use crate::cluster::command::{Command, Reply};
use crate::cluster::function::{DEFAULT_NAMESPACE, FunctionName, FunctionSpec};
use crate::dashboard::kubectl::trouble;
use bytes::Bytes;
use flags::Flags;
use http::{Method, StatusCode};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long new pods are looked at before it is said how their deployment went.
pub(super) const MOMENT: Duration = Duration::from_secs(1);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Deploy functions: those of a stack file, or one by its image and name
///
/// A function that exists is changed: its pods are replaced one after the other, and no request is lost.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim deploy -f stack.yml\n  faasim deploy -f stack.yml --filter 'ml*' --label com.openfaas.scale.max=6\n  faasim deploy --image faasim/base:latest --name upper --fprocess 'tr a-z A-Z' --cpu-request 10m"
)]
pub struct Args {
    /// The functions of the stack file to deploy [default: all]
    names: Vec<String>,
    #[command(flatten)]
    chosen: Chosen,
    #[command(flatten)]
    flags: Flags,
    /// Remove a function that exists, with its pods and its autoscaler, and deploy it anew
    #[arg(long)]
    replace: bool,
    /// Whether a function that exists may be changed
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set, hide_default_value = true)]
    update: bool,
}

/// Deploys them, and says of each who is in charge of scaling it.
///
/// # Errors
/// Mistakes in the stack file or the flags; what the cluster refuses.
pub fn run(args: Args, global: &Global) -> Outcome {
    let specs = specs(&args, global)?;
    with_client(global, async |client| all(&client, &specs, args.replace, args.update).await)
}

/// Deploys functions one after the other; one that is refused does not keep the others from it.
///
/// # Errors
/// The cluster does not answer, or has refused some of them: that was said.
pub(super) async fn all(client: &Client, specs: &[FunctionSpec], replace: bool, update: bool) -> Outcome {
    let mut refused = false;
    let mut deployed = Vec::new();
    for spec in specs {
        println!("Deploying: {}.", spec.name);
        match deploy(client, spec, replace, update).await {
            Ok((status, reply)) => {
                said(client, spec, status, &reply);
                deployed.push(spec.full_name());
            }
            Err(failure) if failure.is_no_answer() => return Err(failure),
            Err(failure) => {
                eprintln!("faasim: `{}` was not deployed: {failure}", spec.name);
                refused = true;
            }
        }
    }
    troubles(client, &deployed).await;
    if refused { Err(Failure::Said(1)) } else { Ok(()) }
}

/// Looks a moment at how it went, and says which cannot run.
async fn troubles(client: &Client, deployed: &[FunctionName]) {
    let until = Instant::now() + MOMENT;
    loop {
        let Ok(view) = client.view().await else { return };
        let functions = || deployed.iter().filter_map(|name| view.snapshot.function(name));
        if functions().all(|f| trouble::is_settled(&view.snapshot, f)) || Instant::now() >= until {
            for f in functions() {
                if let Some(why) = trouble::of_function(&view.snapshot, f) {
                    println!("note: `{}` does not run: {why}", f.spec.name);
                }
            }
            return;
        }
        sleep(PAUSE).await;
    }
}

/// What is to be deployed. With `--image` and `--name` it is what they say, whatever lies in the working folder.
fn specs(args: &Args, global: &Global) -> Result<Vec<FunctionSpec>, Failure> {
    let by_flags = args.flags.one(global)?;
    let mut specs = match by_flags {
        Some(spec) => {
            if !args.chosen.file.is_empty() || !args.names.is_empty() {
                return Err(Failure::used(
                    "give a stack file with `-f`, or `--image` and `--name`, not both",
                ));
            }
            vec![spec]
        }
        None => {
            let (stack, functions) = args.chosen.read(&args.names, global)?;
            if let (Some(theirs), None) = (stack.gateway, &global.gateway) {
                elsewhere(&theirs, global)?;
            }
            functions.into_iter().map(|f| f.spec).collect()
        }
    };
    for spec in &mut specs {
        args.flags.add_to(spec);
        spec.validate().map_err(|refusal| Failure::used(format_args!("`{}`: {refusal}", spec.name)))?;
    }
    Ok(specs)
}

/// A stack that names a gateway of its own is deployed to this cluster all the same: that must be said.
fn elsewhere(theirs: &str, global: &Global) -> Outcome {
    let ours = Client::new(global)?;
    let theirs = theirs.trim_end_matches('/').replace("//localhost:", "//127.0.0.1:");
    let usual = theirs == "http://127.0.0.1:8080";
    if !usual && theirs != ours.gateway() {
        eprintln!(
            "note: the stack file names the gateway {theirs}; deploying to {} (`--gateway {theirs}` goes there)",
            ours.gateway()
        );
    }
    Ok(())
}

async fn deploy(
    client: &Client,
    spec: &FunctionSpec,
    replace: bool,
    update: bool,
) -> Result<(StatusCode, Reply), Failure> {
    if replace && client.remove(&spec.full_name()).await? {
        println!("Removing old function.");
    }
    if update && !replace {
        let (status, words) = wish(client, &Command::Update(spec.clone())).await?;
        match status {
            StatusCode::NOT_FOUND => {}
            status if status.is_success() => return accepted(&words),
            status => return Err(client.refused(status, &words)),
        }
    }
    match wish(client, &Command::Deploy(spec.clone())).await? {
        (status, words) if status.is_success() => accepted(&words),
        (StatusCode::CONFLICT, _) if !update => Err(Failure::failed(format_args!(
            "it already exists in namespace `{}`; it was not changed because of --update=false",
            spec.namespace
        ))),
        (status, words) => Err(client.refused(status, &words)),
    }
}

async fn wish(client: &Client, command: &Command) -> Result<(StatusCode, Bytes), Failure> {
    let body = serde_json::to_vec(command).map_err(Failure::failed)?;
    client.answer(Method::POST, "/system/faasim/command", body.into()).await
}

fn accepted(words: &[u8]) -> Result<(StatusCode, Reply), Failure> {
    Ok((StatusCode::ACCEPTED, super::client::parse(words)?))
}

fn said(client: &Client, spec: &FunctionSpec, status: StatusCode, reply: &Reply) {
    let namespace = match spec.namespace.as_str() {
        DEFAULT_NAMESPACE => String::new(),
        other => format!(".{other}"),
    };
    println!("\nDeployed. {} {}.", status.as_u16(), status.canonical_reason().unwrap_or_default());
    println!("URL: {}/function/{}{namespace}", client.gateway(), spec.name);
    for note in &reply.notes {
        println!("note: {note}");
    }
    println!();
}
