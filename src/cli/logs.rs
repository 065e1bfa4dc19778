//! `faasim logs`: what the pods of a function wrote.

use super::client::{Client, lines, openfaas};
use super::failure::{Failure, Outcome};
use super::{Global, given, with_client};
use crate::cluster::function::FunctionName;
use crate::live::gateway::api::logs::LogMessage;
use bytes::Bytes;
use futures_util::StreamExt;
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use std::io::{Write, stdout};
use std::pin::pin;
use std::time::Duration;

/// Print what the pods of a function wrote
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim logs mltest --tail 20\n  faasim logs mltest --follow\n  faasim logs mltest --since 5m -o json"
)]
pub struct Args {
    /// The function, as NAME or NAME.NAMESPACE
    name: String,
    /// Only the last so many lines
    #[arg(long, visible_alias = "lines", value_name = "N", value_parser = given::whole(1_u32))]
    tail: Option<u32>,
    /// Go on with what is written from now on, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// Only what was written within this time
    #[arg(long, value_name = "TIME", value_parser = given::duration, conflicts_with = "since_time")]
    since: Option<Duration>,
    /// Only what was written after this moment, as in 2026-01-02T15:04:05Z
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    since_time: Option<Timestamp>,
    /// Only of this pod
    #[arg(long, value_name = "NAME")]
    pod: Option<String>,
    /// Print the pod's name with each line
    #[arg(long)]
    instance: bool,
    /// How to print lines
    #[arg(long, short, value_name = "FORMAT", default_value = "plain")]
    output: LineFormat,
}

/// How lines are printed, in faas-cli's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum LineFormat {
    /// The moment and the text
    Plain,
    /// timestamp="…" name="…" instance="…" text="…"
    Keyvalue,
    /// One JSON object a line
    Json,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "write a moment such as `2026-01-02T15:04:05Z`".into())
}

/// Prints them.
///
/// # Errors
/// There is no such function, or the cluster does not answer.
pub fn run(args: Args, global: &Global) -> Outcome {
    let name = openfaas::name(&args.name, global)?;
    let path = path(&args, &name)?;
    with_client(global, async |client| {
        if let Some(pod) = &args.pod {
            there_is(&client, &name, pod).await?;
        }
        let reply = open(&client, &path, &name).await?;
        let mut out = stdout().lock();
        let mut lines = pin!(lines(reply));
        while let Some(line) = lines.next().await {
            print(&line?, &args, &mut out)?;
        }
        Ok(())
    })
}

/// That a pod of the function has this name. A gateway that does not say which there are is taken at its word.
async fn there_is(client: &Client, function: &FunctionName, pod: &str) -> Outcome {
    let Ok(view) = client.view().await else { return Ok(()) };
    let Some(state) = view.snapshot.function(function) else { return Ok(()) };
    let names: Vec<&str> = view.snapshot.pods_of(state.id).map(|p| p.name.as_str()).collect();
    match (names.contains(&pod), names.as_slice()) {
        (true, _) => Ok(()),
        (false, []) => {
            Err(Failure::failed(format_args!("`{}` has no pod `{pod}`: it has none now", function.name)))
        }
        (false, names) => {
            let names = names.join(", ");
            Err(Failure::failed(format_args!("`{}` has no pod `{pod}`; it has {names}", function.name)))
        }
    }
}

fn path(args: &Args, name: &FunctionName) -> Result<String, Failure> {
    let FunctionName { name, namespace } = name;
    let mut path = format!("/system/logs?name={name}&namespace={namespace}&follow={}", args.follow);
    if let Some(tail) = args.tail {
        path += &format!("&tail={tail}");
    }
    if let Some(pod) = &args.pod {
        if !crate::cluster::function::is_dns_label(pod) {
            return Err(Failure::used(format_args!("--pod: `{pod}` cannot be the name of a pod")));
        }
        path += &format!("&instance={pod}");
    }
    let since = args.since.map(|since| {
        let since = SignedDuration::try_from(since).unwrap_or(SignedDuration::MAX);
        Timestamp::now().checked_sub(since).unwrap_or(Timestamp::UNIX_EPOCH).max(Timestamp::UNIX_EPOCH)
    });
    if let Some(moment) = since.or(args.since_time) {
        path += &format!("&since={moment}");
    }
    Ok(path)
}

/// The stream of lines; says what is wrong in words that a person can act on.
async fn open(
    client: &Client,
    path: &str,
    name: &FunctionName,
) -> Result<http::Response<hyper::body::Incoming>, Failure> {
    let reply = client.reply(Method::GET, path, Bytes::new()).await?;
    match reply.status() {
        status if status.is_success() => Ok(reply),
        // A gateway of OpenFaaS says 501 where its provider knows no such function.
        StatusCode::NOT_FOUND | StatusCode::NOT_IMPLEMENTED => Err(client.no_function(name).await),
        status => {
            let words = reply.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default();
            Err(client.refused(status, &words))
        }
    }
}

fn print(line: &[u8], args: &Args, out: &mut impl Write) -> Outcome {
    if args.output == LineFormat::Json {
        out.write_all(line)?;
        out.write_all(b"\n")?;
        return Ok(out.flush()?);
    }
    let message: LogMessage = serde_json::from_slice(line)
        .map_err(|e| Failure::failed(format_args!("the gateway sent a line that is no log message: {e}")))?;
    let text = message.text.trim_end_matches('\n');
    match args.output {
        LineFormat::Keyvalue => writeln!(
            out,
            "timestamp=\"{}\" name=\"{}\" instance=\"{}\" text=\"{text}\"",
            message.timestamp, message.name, message.instance
        )?,
        _ if args.instance => writeln!(out, "{} ({}) {text}", seconds(&message.timestamp), message.instance)?,
        _ => writeln!(out, "{} {text}", seconds(&message.timestamp))?,
    }
    Ok(out.flush()?)
}

/// A moment to the second, as faas-cli prints it.
fn seconds(timestamp: &str) -> String {
    match timestamp.parse::<Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Err(_) => timestamp.to_owned(),
    }
}
