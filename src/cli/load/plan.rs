//! What is sent: from flags, or from a plan of JMeter.

use super::{Args, RequestArgs, ShapeArgs, Spread, url};
use crate::cli::Global;
use crate::cli::client::Client;
use crate::cli::failure::Failure;
use crate::cli::given;
use crate::lab::jmx::{self, Plan};
use crate::lab::load::{Accept, Arrivals, LoadPlan, Shape};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use std::path::Path;
use std::time::Duration;

/// Each load with the name of what it calls.
pub(super) async fn of(
    args: &Args,
    global: &Global,
    client: &Client,
) -> Result<Vec<(String, LoadPlan)>, Failure> {
    let Some(path) = &args.jmx else {
        let target = args.target.clone().unwrap_or_default();
        let url = url(&target, global, client).await?;
        return Ok(vec![(target, plan(args, url)?)]);
    };
    let read = read(Some(path))?;
    for note in &read.notes {
        eprintln!("note: {note}");
    }
    let gateway = client.gateway();
    read.groups.iter().map(|group| from_group(args, group, gateway)).collect()
}

/// Reads a plan of JMeter.
pub(super) fn read(path: Option<&Path>) -> Result<Plan, Failure> {
    jmx::read(path.unwrap_or(Path::new(""))).map_err(|why| Failure::failed(format_args!("--jmx: {why}")))
}

fn from_group(args: &Args, group: &jmx::Group, gateway: &str) -> Result<(String, LoadPlan), Failure> {
    let wrong = |what: &str| Failure::failed(format_args!("--jmx: {}: {what}", group.name));
    let mut headers = http::HeaderMap::new();
    for (name, value) in &group.headers {
        let name = HeaderName::try_from(name).map_err(|_| wrong("a header has no good name"))?;
        headers.insert(name, HeaderValue::try_from(value).map_err(|_| wrong("a header has no good value"))?);
    }
    let seconds = Duration::from_secs_f64;
    let ramp_up = seconds(group.ramp_up);
    let plan = LoadPlan {
        method: group.method.parse().map_err(|_| wrong("its method is none"))?,
        headers,
        body: group.body.clone().into(),
        shape: Shape::Closed { users: group.users, ramp_up, think: Duration::ZERO },
        think: Some(group.think.clone()),
        accept: Accept { statuses: group.statuses.clone(), contains: group.contains.clone() },
        // What the command line says goes before the plan; a plan without an end gets one.
        duration: match (args.duration, group.duration, group.loops) {
            (Some(given), ..) => Some(given),
            (None, Some(planned), _) => Some(seconds(planned)),
            (None, None, Some(_)) => None,
            (None, None, None) => Some(Duration::from_secs(10)),
        },
        requests: args.requests.or(group.loops.map(|n| n * u64::from(group.users))),
        timeout: group.timeout.map_or(args.request.timeout, seconds),
        allow_remote: args.allow_remote,
        seed: args.shape.seed,
        ..LoadPlan::new(group.url(gateway))
    };
    Ok((group.name.clone(), plan))
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
        bodies: bodies(&args.request)?,
        accept: Accept {
            statuses: args.request.assert_status.clone(),
            contains: args.request.assert_body.clone(),
        },
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

fn bodies(args: &RequestArgs) -> Result<Vec<Bytes>, Failure> {
    let Some(file) = &args.bodies else { return Ok(Vec::new()) };
    let text = std::fs::read(file)
        .map_err(|e| Failure::failed(format_args!("--bodies: cannot read {}: {e}", file.display())))?;
    let lines = text.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    Ok(lines.map(Bytes::copy_from_slice).collect())
}
