//! `faasim load`: traffic for a function, and how it fared.

mod bar;
mod plan;
mod sheet;
mod summary;

use super::client::{Client, openfaas};
use super::failure::{Failure, Outcome};
use super::given::{self, Format};
use super::{Global, with_client};
use crate::lab::load::{self, LoadError};
use http::{HeaderName, HeaderValue, Method};
use std::io::{Write, stdout};
use std::path::PathBuf;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Send load to a function and report latencies, statuses and throughput
///
/// Users wait for each answer before they go on (a closed loop, JMeter's thread group); a rate does not wait (an
/// open loop), and its latencies count from when each request was due. Ctrl-C ends the load with its report.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim load mltest --users 8 --ramp-up 5s --duration 2m --body 50\n  faasim load echo --rate 20/s --requests 200\n  faasim load sleep --rate 5/s --arrivals poisson --duration 1m --body 0.2 -o json\n  faasim load mltest --users 4 --jtl results.jtl   # jmeter -g results.jtl -o report\n  faasim load --jmx plan.jmx --jtl results.jtl"
)]
pub struct Args {
    /// The function, as NAME or NAME.NAMESPACE; or an address that begins with http://
    #[arg(value_name = "NAME", required_unless_present = "jmx")]
    target: Option<String>,
    /// Send what a plan of JMeter says (.jmx): its thread groups, one HTTP sampler in each, its timers
    #[arg(long, value_name = "FILE", conflicts_with_all = ["users", "rate", "ramp_up", "think", "body", "body_file", "bodies"])]
    jmx: Option<PathBuf>,
    /// Print the plan of --jmx as the loads of a scenario, and send nothing
    #[arg(long, requires = "jmx")]
    convert: bool,
    /// Write each request into this file as JMeter does (JTL)
    #[arg(long, value_name = "FILE")]
    jtl: Option<PathBuf>,
    #[command(flatten)]
    shape: ShapeArgs,
    #[command(flatten)]
    request: RequestArgs,
    /// For how long [default: 10s, unless --requests says how many]
    #[arg(long, value_name = "TIME", value_parser = given::duration)]
    duration: Option<Duration>,
    /// At most so many requests
    #[arg(long, value_name = "N", value_parser = given::whole(1_u64))]
    requests: Option<u64>,
    /// Send to other machines too
    #[arg(long)]
    allow_remote: bool,
    /// How to print the report
    #[arg(long, short, value_name = "FORMAT", default_value = "plain")]
    output: Format,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

/// When requests are sent.
#[derive(clap::Args)]
#[command(next_help_heading = "Load")]
struct ShapeArgs {
    /// So many users, each waiting for its answer [default: 1]
    #[arg(long, value_name = "N", value_parser = given::whole(1_u32))]
    users: Option<u32>,
    /// The last user begins after this time
    #[arg(long, value_name = "TIME", value_parser = given::duration, conflicts_with = "rate")]
    ramp_up: Option<Duration>,
    /// How long a user waits between an answer and the next request
    #[arg(long, value_name = "TIME", value_parser = given::duration, conflicts_with = "rate")]
    think: Option<Duration>,
    /// So many requests a second, whether answers come or not: 20/s, 600/m
    #[arg(long, value_name = "RATE", value_parser = given::rate, conflicts_with = "users")]
    rate: Option<f64>,
    /// How the requests of a rate are spread
    #[arg(long, value_name = "HOW", default_value = "constant", requires = "rate")]
    arrivals: Spread,
    /// The most requests of a rate that may be unanswered
    #[arg(long, value_name = "N", default_value_t = 1000, requires = "rate", value_parser = given::whole(1_u32))]
    in_flight: u32,
    /// Where random arrivals begin
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = given::whole(0_u64))]
    seed: u64,
}

/// How the requests of a rate are spread.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Spread {
    /// Evenly
    Constant,
    /// At random, independent of each other
    Poisson,
}

/// What is sent.
#[derive(clap::Args)]
#[command(next_help_heading = "Request")]
struct RequestArgs {
    /// The body of each request
    #[arg(long, short = 'd', value_name = "TEXT", conflicts_with = "body_file")]
    body: Option<String>,
    /// The file that holds the body of each request
    #[arg(long, value_name = "FILE")]
    body_file: Option<PathBuf>,
    /// A file of bodies, a line each, that are sent in turn
    #[arg(long, value_name = "FILE", conflicts_with_all = ["body", "body_file"])]
    bodies: Option<PathBuf>,
    /// A status that is as it should be; may be given again [default: all below 400]
    #[arg(long, value_name = "STATUS")]
    assert_status: Vec<u16>,
    /// What each reply must contain
    #[arg(long, value_name = "TEXT")]
    assert_body: Option<String>,
    /// The method
    #[arg(long, short, value_name = "METHOD", default_value = "POST", value_parser = super::invoke::method)]
    method: Method,
    /// A header; may be given again
    #[arg(long, short = 'H', value_name = "NAME: VALUE", value_parser = given::header)]
    header: Vec<(HeaderName, HeaderValue)>,
    /// How long one request may take
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = given::duration)]
    timeout: Duration,
}

/// Sends the load and prints what it measured.
///
/// # Errors
/// A load that makes no sense, no such function, or every request failed.
pub fn run(args: Args, global: &Global) -> Outcome {
    if args.convert {
        let plan = plan::read(args.jmx.as_deref())?;
        print!("{}", crate::lab::jmx::to_toml(&plan));
        return Ok(());
    }
    with_client(global, async |client| {
        let plans = plan::of(&args, global, &client).await?;
        let sheet = args.jtl.as_deref().map(sheet::Sheet::begin).transpose()?;
        let stop = CancellationToken::new();
        tokio::spawn(interrupted(stop.clone()));
        let bar = bar::Bar::new(args.quiet || args.output == Format::Json);
        let all = plans.into_iter().enumerate().map(|(i, (label, plan))| {
            let each = sheet.as_ref().map(|sheet| sheet.each(label, plan.url.clone()));
            // The first of several is shown.
            let (bar, show) = (&bar, i == 0);
            let show = move |progress: &load::Progress| {
                if show {
                    bar.show(progress)
                }
            };
            load::run_each(plan, show, each, stop.clone())
        });
        let reports = futures_util::future::try_join_all(all).await.map_err(wrong)?;
        bar.clear();
        if let Some(sheet) = sheet {
            sheet.end()?;
        }
        let mut out = stdout().lock();
        for report in &reports {
            match args.output {
                Format::Json => {
                    writeln!(out, "{}", serde_json::to_string_pretty(report).unwrap_or_default())?;
                }
                Format::Plain => write!(out, "{}", summary::text(report))?,
            }
        }
        let requests: u64 = reports.iter().map(|r| r.requests).sum();
        match reports.iter().all(load::LoadReport::all_failed) {
            true if requests == 0 => Err(Failure::failed("no request was sent before the load was ended")),
            true => Err(Failure::failed(format_args!("all {requests} requests failed"))),
            false => Ok(()),
        }
    })
}

/// Where the load goes. A function that is not there is said at once, not measured.
async fn url(target: &str, global: &Global, client: &Client) -> Result<String, Failure> {
    if target.contains("://") {
        return Ok(target.to_owned());
    }
    let name = openfaas::name(target, global)?;
    if client.function(&name).await?.is_none() {
        return Err(client.no_function(&name).await);
    }
    Ok(format!("{}/function/{name}", client.gateway()))
}

fn wrong(error: LoadError) -> Failure {
    match error {
        LoadError::NoHost { .. } => Failure::failed(error),
        _ => Failure::used(error),
    }
}

/// The first Ctrl-C ends the load with its report, a second one at once.
async fn interrupted(stop: CancellationToken) {
    if tokio::signal::ctrl_c().await.is_ok() {
        stop.cancel();
    }
    if tokio::signal::ctrl_c().await.is_ok() {
        std::process::exit(130);
    }
}
