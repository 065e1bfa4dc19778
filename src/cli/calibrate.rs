//! `faasim calibrate`: a live function measured into a model.

use super::client::{self, Client};
use super::failure::{Failure, Outcome};
use super::{Global, with_client};
use crate::cluster::command::Command;
use crate::cluster::function::FunctionName;
use crate::cluster::quantity::Bytes;
use crate::cluster::snapshot::FunctionState;
use crate::lab::load::{self, Ended, LoadPlan, Shape};
use crate::sim::calibrate::{Fit, fit};
use crate::sim::{Law, Model, Startup};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Measure a running function into a model for virtual time
///
/// It is scaled to zero and woken a few times, then called one request after another by one user, and by as many as there
/// are cores. What comes out is the [function.model] that a scenario takes, and how well it fits. Nobody else should use
/// the function meanwhile; its replicas are as before in the end.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim calibrate mltest --body 50\n  faasim calibrate mltest --body 50 --write model.toml"
)]
pub struct Args {
    /// The function
    name: String,
    /// Cold starts to measure
    #[arg(long, value_name = "N", default_value = "5")]
    cold: u32,
    /// Warm requests to measure
    #[arg(long, value_name = "N", default_value = "100")]
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
        let before = state(&client, &name).await?.replicas;
        let measured = measure(&client, &name, &args).await;
        // As it was, whatever came of it.
        let back = Command::Scale { function: name.clone(), replicas: before };
        client.command(&back).await?;
        let text = measured?;
        print!("{text}");
        if let Some(path) = &args.write {
            let written = std::fs::write(path, &text);
            written.map_err(|e| Failure::failed(format_args!("cannot write {}: {e}", path.display())))?;
        }
        Ok(())
    })
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

async fn measure(client: &Client, name: &FunctionName, args: &Args) -> Result<String, Failure> {
    let (mut starts, mut firsts) = (Vec::new(), Vec::new());
    for i in 0..args.cold {
        eprintln!("cold start {} of {}", i + 1, args.cold);
        scale(client, name, 0).await?;
        for ended in send(client, name, &args.body, 1, 1).await? {
            starts.push(ended.waited);
            firsts.push(seconds(&ended) - ended.waited);
        }
    }
    scale(client, name, 1).await?;
    eprintln!("{} warm requests by one user", args.requests);
    // A pod's first request may be slower than all others.
    send(client, name, &args.body, 1, 1).await?;
    let cpu_before = cpu(client, name).await;
    let warm: Vec<f64> =
        send(client, name, &args.body, 1, args.requests).await?.iter().map(seconds).collect();
    // The sampler looks once a second.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let cpu_after = cpu(client, name).await;
    let view = client.view().await?;
    let memory = view.snapshot.function(name).and_then(|f| {
        view.snapshot.pods_of(f.id).filter_map(|p| view.usage.get(&p.uid)).map(|u| u.memory.0).max()
    });
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as u32;
    eprintln!("{} requests by {cores} users", args.requests);
    let busy: Vec<f64> =
        send(client, name, &args.body, cores, args.requests).await?.iter().map(seconds).collect();

    let service = fit(&warm).ok_or_else(|| Failure::failed("nothing was measured"))?;
    let mean = service.law.mean();
    let share = match (cpu_before, cpu_after) {
        (Some(before), Some(after)) => ((after - before) / args.requests as f64 / mean).clamp(0.0, 1.0),
        _ => 1.0,
    };
    let start = fit(&starts);
    let model = Model {
        startup: Startup {
            container: start.as_ref().map_or_else(Law::default, |s| s.law.clone()),
            ..Startup::default()
        },
        service: service.law.clone(),
        cpu: (share * 1000.0).round() / 1000.0,
        memory: Bytes(memory.unwrap_or(0)),
        ..Model::default()
    };
    let table = toml::to_string(&model).map_err(|e| Failure::failed(format_args!("{e}")))?;
    let mean_of = |all: &[f64]| all.iter().sum::<f64>() / all.len().max(1) as f64;
    let mut text =
        format!("# {name}, measured: {} cold starts, {} warm requests.\n", starts.len(), warm.len());
    text.push_str(&format!("# service: {}\n", said(&service)));
    if let Some(start) = &start {
        text.push_str(&format!("# start-up: {}\n", said(start)));
    }
    text.push_str(&format!(
        "# first request of a pod: {:.1} ms; by {cores} users at once: {:.1} ms, alone {:.1} ms\n",
        mean_of(&firsts) * 1e3,
        mean_of(&busy) * 1e3,
        mean * 1e3
    ));
    text.push_str("[function.model]\n");
    // The tables of the model are tables of the function's.
    for line in table.lines() {
        match line.strip_prefix('[') {
            Some(rest) => text.push_str(&format!("[function.model.{rest}\n")),
            None => text.push_str(&format!("{line}\n")),
        }
    }
    Ok(text)
}

fn said(fit: &Fit) -> String {
    let name = match &fit.law {
        Law::Constant { .. } => "constant",
        Law::Exponential { .. } => "exponential",
        Law::Lognormal { .. } => "lognormal",
        Law::Gamma { .. } => "gamma",
        Law::Empirical { .. } => {
            return format!("mean {:.1} ms, no law fits: the times themselves", fit.law.mean() * 1e3);
        }
        _ => "mixed",
    };
    let good = if fit.is_good() { "good" } else { "rough" };
    format!(
        "mean {:.1} ms, {name}; a {good} fit (distance {:.3}, {:.3} is good for so many)",
        fit.law.mean() * 1e3,
        fit.distance,
        fit.critical
    )
}
