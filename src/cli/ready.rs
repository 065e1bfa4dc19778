//! `faasim ready`: wait until the gateway, or a function, takes requests.

use super::client::{Client, openfaas};
use super::failure::{Failure, Outcome};
use super::given;
use super::{Global, with_client};
use crate::cluster::function::FunctionName;
use crate::dashboard::kubectl::trouble;
use bytes::Bytes;
use http::{Method, StatusCode};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often is asked.
const PAUSE: Duration = Duration::from_millis(100);

/// Wait until the cluster, or a function, takes requests
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim ready\n  faasim ready mltest --timeout 10s && faasim invoke mltest < input.txt"
)]
pub struct Args {
    /// The function; without one, the gateway
    name: Option<String>,
    /// How long to wait
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = given::duration)]
    timeout: Duration,
}

/// Waits.
///
/// # Errors
/// It does not become ready in time; there is no such function.
pub fn run(args: Args, global: &Global) -> Outcome {
    let name = args.name.as_deref().map(|name| openfaas::name(name, global)).transpose()?;
    with_client(global, async |client| {
        let deadline = Instant::now() + args.timeout;
        let mut told: Vec<String> = Vec::new();
        loop {
            let why = match &name {
                Some(name) => function(&client, name).await?,
                None => gateway(&client).await,
            };
            let Err(why) = why else { break };
            if Instant::now() >= deadline {
                let waited = crate::cluster::go_duration::print(args.timeout);
                return Err(Failure::failed(format_args!("not ready after {waited}: {why}")));
            }
            // A reason comes and goes with each try; it is told once.
            if !told.contains(&why) {
                eprintln!("Waiting: {why}");
                told.push(why);
            }
            sleep(PAUSE).await;
        }
        println!("Ready.");
        Ok(())
    })
}

/// Ready, or why not. A function that is not there will not come by waiting: that is the outer failure.
async fn function(client: &Client, name: &FunctionName) -> Result<Result<(), String>, Failure> {
    let Some(function) = client.function(name).await? else { return Err(client.no_function(name).await) };
    Ok(match (function.available_replicas, function.replicas) {
        (1.., _) => Ok(()),
        (_, 0) => Err(format!("`{}` is scaled to zero; a request to it starts a pod", name.name)),
        (_, wanted) => {
            let why = trouble(client, name).await.map_or_else(String::new, |why| format!(": {why}"));
            Err(format!("`{}` has 0 of {wanted} pods ready{why}", name.name))
        }
    })
}

/// Why its pods do not run, where the gateway is faasim's and knows.
async fn trouble(client: &Client, name: &FunctionName) -> Option<String> {
    let view = client.view().await.ok()?;
    trouble::of_function(&view.snapshot, view.snapshot.function(name)?)
}

async fn gateway(client: &Client) -> Result<(), String> {
    match client.answer(Method::GET, "/healthz", Bytes::new()).await {
        Ok((StatusCode::OK, _)) => Ok(()),
        Ok((status, _)) => Err(format!("the gateway {} answers {status}", client.gateway())),
        Err(failure) => Err(failure.to_string()),
    }
}
