//! `faasim calibrate`: a live function measured into a model.

mod model;
mod predict;

use self::model::{Measured, Under};
use super::client::{self, Client};
use super::failure::{Failure, Outcome};
use super::{Global, with_client};
use crate::cluster::command::Command;
use crate::cluster::function::{FunctionName, FunctionSpec};
use crate::cluster::snapshot::FunctionState;
use crate::lab::load::{self, Ended, LoadPlan, Shape};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Measure a running function into a model for virtual time
///
/// A copy of it, NAME-calibration, is scaled to zero and woken a few times, then called by one user, by as many as there are
/// cores, and by twice as many; then the copy is removed. What comes out is the [function.model] that a scenario takes, and
/// how well it fits: each law against the times it was made from, and the model under each load against what was
/// measured.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim calibrate mltest --body 50\n  faasim calibrate mltest --body 50 --write model.toml"
)]
pub struct Args {
    /// The function
    name: String,
    /// Cold starts to measure
    #[arg(long, value_name = "N", default_value = "5", value_parser = super::given::whole(1_u32))]
    cold: u32,
    /// Warm requests to measure under each load
    #[arg(long, value_name = "N", default_value = "100", value_parser = super::given::whole(1_u64))]
    requests: u64,
    /// The body of each request
    #[arg(long, value_name = "TEXT", default_value = "")]
    body: String,
    /// Write the model into a file too
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// How long a pod may take to go or to come.
const PATIENCE: Duration = Duration::from_secs(120);

/// Measures.
///
/// # Errors
/// There is no such function, it does not answer 200, or its pods do not come or go.
pub fn run(args: Args, global: &Global) -> Outcome {
    with_client(global, async |client| {
        let name = client::function_name(&args.name, global);
        let copy = copy_of(&state(&client, &name).await?.spec);
        // One may be left of a run that was killed.
        let view = client.view().await?;
        let deploy = match view.snapshot.function(&copy.full_name()) {
            Some(_) => Command::Update(copy.clone()),
            None => Command::Deploy(copy.clone()),
        };
        client.command(&deploy).await?;
        let measured = tokio::select! {
            measured = measure(&client, &name, &copy, &args) => measured,
            _ = tokio::signal::ctrl_c() => Err(Failure::failed("interrupted")),
        };
        client.command(&Command::Remove(copy.full_name())).await?;
        let text = measured?;
        print!("{text}");
        if let Some(path) = &args.write {
            let written = std::fs::write(path, &text);
            written.map_err(|e| Failure::failed(format_args!("cannot write {}: {e}", path.display())))?;
        }
        Ok(())
    })
}

/// The same function under another name, which no scaler touches: a load must not bring pods beside the one that is
/// measured.
fn copy_of(spec: &FunctionSpec) -> FunctionSpec {
    let mut copy = spec.clone();
    copy.name = format!("{}-calibration", spec.name);
    copy.labels.retain(|label, _| !label.starts_with("com.openfaas.scale."));
    for label in ["min", "max"] {
        copy.labels.insert(format!("com.openfaas.scale.{label}"), "1".into());
    }
    copy
}

async fn state(client: &Client, name: &FunctionName) -> Result<FunctionState, Failure> {
    let view = client.view().await?;
    match view.snapshot.function(name) {
        Some(state) => Ok(state.clone()),
        None => Err(client.no_function(name).await),
    }
}

async fn scale(client: &Client, name: &FunctionName, replicas: u32) -> Result<(), Failure> {
    client.command(&Command::Scale { function: name.clone(), replicas }).await?;
    let until = Instant::now() + PATIENCE;
    loop {
        let view = client.view().await?;
        let f = view.snapshot.function(name);
        let pods = f.map_or(0, |f| view.snapshot.pods_of(f.id).count() as u32);
        if f.is_some_and(|f| f.ready == replicas && pods == replicas) {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(Failure::failed(format_args!("{name} does not come to {replicas} pods")));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn send(
    client: &Client,
    name: &FunctionName,
    body: &str,
    users: u32,
    requests: u64,
) -> Result<Vec<Ended>, Failure> {
    let plan = LoadPlan {
        shape: Shape::Closed { users, ramp_up: Duration::ZERO, think: Duration::ZERO },
        duration: Some(Duration::from_secs(600)),
        requests: Some(requests),
        body: body.to_owned().into(),
        ..LoadPlan::new(format!("{}/function/{name}", client.gateway()))
    };
    let all = Arc::new(Mutex::new(Vec::new()));
    let into = all.clone();
    let each = move |ended: Ended| into.lock().unwrap_or_else(PoisonError::into_inner).push(ended);
    let done = load::run_each(plan, |_| {}, Some(Box::new(each)), CancellationToken::new()).await;
    done.map_err(|e| Failure::failed(format_args!("{e}")))?;
    let all = std::mem::take(&mut *all.lock().unwrap_or_else(PoisonError::into_inner));
    match all.iter().find(|ended| ended.status != Some(200)) {
        None if !all.is_empty() => Ok(all),
        Some(Ended { status: Some(status), .. }) => {
            Err(Failure::failed(format_args!("{name} answered {status}: is the body what it expects?")))
        }
        _ => Err(Failure::failed(format_args!("{name} did not answer"))),
    }
}

fn seconds(ended: &Ended) -> f64 {
    ended.ended.saturating_duration_since(ended.intended).as_secs_f64()
}

/// CPU that the function's pods have used, in seconds, as the metrics have it.
async fn cpu(client: &Client, name: &FunctionName) -> Option<f64> {
    let view = client.view().await.ok()?;
    let f = view.snapshot.function(name)?;
    let http = legacy::Client::builder(TokioExecutor::new()).build_http::<Empty<bytes::Bytes>>();
    let reply = http.get(view.platform.metrics.parse().ok()?).await.ok()?;
    let text = String::from_utf8(reply.into_body().collect().await.ok()?.to_bytes().to_vec()).ok()?;
    let pods: Vec<&str> = view.snapshot.pods_of(f.id).map(|p| p.name.as_str()).collect();
    let lines = text.lines().filter(|line| {
        line.starts_with("container_cpu_usage_seconds_total")
            && pods.iter().any(|pod| line.contains(&format!("pod=\"{pod}\"")))
    });
    let values: Vec<f64> = lines.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
    (!values.is_empty()).then(|| values.iter().sum())
}

/// Memory of the function's pods now, in bytes.
async fn memory(client: &Client, name: &FunctionName) -> Option<u64> {
    let view = client.view().await.ok()?;
    let f = view.snapshot.function(name)?;
    view.snapshot.pods_of(f.id).filter_map(|p| view.usage.get(&p.uid)).map(|u| u.memory.0).max()
}

/// Sends a load, and looks at the memory meanwhile.
async fn under(client: &Client, name: &FunctionName, args: &Args, users: u32) -> Result<Under, Failure> {
    eprintln!("{} requests by {users} user{}", args.requests, if users == 1 { "" } else { "s" });
    let mut peak = 0;
    let sent = send(client, name, &args.body, users, args.requests);
    let mut sent = std::pin::pin!(sent);
    loop {
        tokio::select! {
            all = &mut sent => {
                let times = all?.iter().map(seconds).collect();
                return Ok(Under { users, times, peak });
            }
            () = tokio::time::sleep(Duration::from_millis(250)) => {
                peak = memory(client, name).await.unwrap_or(0).max(peak);
            }
        }
    }
}

/// The sampler looks once a second: after this long it has seen what was done before.
const SAMPLED: Duration = Duration::from_millis(1500);

async fn measure(
    client: &Client,
    original: &FunctionName,
    spec: &FunctionSpec,
    args: &Args,
) -> Result<String, Failure> {
    let name = &spec.full_name();
    let (mut starts, mut firsts) = (Vec::new(), Vec::new());
    for i in 0..args.cold {
        eprintln!("cold start {} of {}", i + 1, args.cold);
        scale(client, name, 0).await?;
        for ended in send(client, name, &args.body, 1, 1).await? {
            starts.push(ended.waited);
            firsts.push(seconds(&ended) - ended.waited);
        }
    }
    scale(client, name, 0).await?;
    scale(client, name, 1).await?;
    tokio::time::sleep(SAMPLED).await;
    let (start_cpu, memory) = (cpu(client, name).await, memory(client, name).await.unwrap_or(0));
    // A pod's first request may be slower than all others.
    send(client, name, &args.body, 1, 1).await?;
    tokio::time::sleep(SAMPLED).await;
    let cpu_before = cpu(client, name).await;
    let alone = under(client, name, args, 1).await?;
    tokio::time::sleep(SAMPLED).await;
    let cpu_after = cpu(client, name).await;
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as u32;
    let crowds = vec![
        under(client, name, args, cores.max(2)).await?,
        under(client, name, args, 2 * cores.max(2)).await?,
    ];
    let request_cpu =
        cpu_before.zip(cpu_after).map(|(before, after)| (after - before) / args.requests as f64);
    let measured = Measured { starts, firsts, start_cpu, request_cpu, memory, alone, crowds, cores };
    measured.text(original, spec)
}
