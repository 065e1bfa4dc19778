//! `faasim load`: traffic for a function, and how it fared.

mod bar;
mod summary;

use super::client::{Client, openfaas};
use super::failure::{Failure, Outcome};
use super::given::{self, Format};
use super::{Global, with_client};
use crate::lab::load::{self, Arrivals, LoadError, LoadPlan, Shape};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
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
    after_help = "Examples:\n  faasim load mltest --users 8 --ramp-up 5s --duration 2m --body 50\n  faasim load echo --rate 20/s --requests 200\n  faasim load sleep --rate 5/s --arrivals poisson --duration 1m --body 0.2 -o json"
)]
pub struct Args {
    /// The function, as NAME or NAME.NAMESPACE; or an address that begins with http://
    #[arg(value_name = "NAME")]
    target: String,
    #[command(flatten)]
    shape: ShapeArgs,
    #[command(flatten)]
    request: RequestArgs,
    /// For how long [default: 10s, unless --requests says how many]
    #[arg(long, value_name = "TIME", value_parser = given::duration)]
    duration: Option<Duration>,
    /// At most so many requests
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
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
    #[arg(long, value_name = "N")]
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
    #[arg(long, value_name = "N", default_value_t = 1000, requires = "rate")]
    in_flight: u32,
    /// Where random arrivals begin
    #[arg(long, value_name = "N", default_value_t = 1)]
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
    with_client(global, async |client| {
        let plan = plan(&args, url(&args.target, global, &client).await?)?;
        let stop = CancellationToken::new();
        tokio::spawn(interrupted(stop.clone()));
        let bar = bar::Bar::new(args.quiet || args.output == Format::Json);
        let report = load::run(plan, |progress| bar.show(progress), stop).await.map_err(wrong)?;
        bar.clear();
        let mut out = stdout().lock();
        match args.output {
            Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(&report).unwrap_or_default())?,
            Format::Plain => write!(out, "{}", summary::text(&report))?,
        }
        match report.all_failed() {
            true if report.requests == 0 => {
                Err(Failure::failed("no request was sent before the load was ended"))
            }
            true => Err(Failure::failed(format_args!("all {} requests failed", report.requests))),
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

fn plan(args: &Args, url: String) -> Result<LoadPlan, Failure> {
    let ShapeArgs { users, ramp_up, think, rate, arrivals, in_flight, seed } = args.shape;
    let shape = match rate {
        Some(rate) => Shape::Open {
            rate,
            arrivals: match arrivals {
                Spread::Constant => Arrivals::Constant,
                Spread::Poisson => Arrivals::Poisson,
            },
            in_flight,
        },
        None => Shape::Closed {
            users: users.unwrap_or(1),
            ramp_up: ramp_up.unwrap_or_default(),
            think: think.unwrap_or_default(),
        },
    };
    let mut headers = given::headers(&args.request.header);
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("text/plain"));
    Ok(LoadPlan {
        method: args.request.method.clone(),
        headers,
        body: body(&args.request)?,
        shape,
        duration: match (args.duration, args.requests) {
            (None, None) => Some(Duration::from_secs(10)),
            (duration, _) => duration,
        },
        requests: args.requests,
        timeout: args.request.timeout,
        allow_remote: args.allow_remote,
        seed,
        ..LoadPlan::new(url)
    })
}

fn body(args: &RequestArgs) -> Result<Bytes, Failure> {
    match &args.body_file {
        Some(file) => std::fs::read(file)
            .map(Bytes::from)
            .map_err(|e| Failure::failed(format_args!("--body-file: cannot read {}: {e}", file.display()))),
        None => Ok(args.body.clone().unwrap_or_default().into()),
    }
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
