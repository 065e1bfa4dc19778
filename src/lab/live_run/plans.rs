//! What is to be sent when: one plan for a load, or one for each moment.

use crate::cluster::function::FunctionName;
use crate::cluster::time::Time;
use crate::lab::load::{self, Accept, LoadPlan, Shape};
use crate::lab::scenario::{Load, RateOf, Scenario};
use crate::live::host::Host;
use crate::sim::{Arrivals, Rate, Source, Spacing, moments};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::path::Path;
use std::time::Duration;

/// So much of each reply is kept for the results' tree.
const KEPT: usize = 400;

/// A request that takes longer than this is given up, unless the load says otherwise.
const PATIENCE: Duration = Duration::from_secs(600);

pub(super) fn of(
    host: &Host,
    s: &Scenario,
    l: &Load,
    i: usize,
    seed: u64,
) -> Result<Vec<(Duration, LoadPlan)>, String> {
    let (from, until) = (l.from.duration(), l.end(s.duration).duration());
    let (body, bodies) = bodies(l)?;
    let plan = |url: String, shape: Shape, span: Duration, requests: Option<u64>| LoadPlan {
        shape,
        duration: Some(span),
        requests,
        method: l.method.as_deref().and_then(|m| m.parse().ok()).unwrap_or(Method::POST),
        headers: headers(l),
        body: body.clone(),
        bodies: bodies.clone(),
        think: Some(l.think.law()),
        accept: Accept { statuses: l.assert_status.clone(), contains: l.assert_body.clone() },
        trace: true,
        // A container has an address of its own, on this machine all the same.
        allow_remote: l.direct,
        keep: KEPT,
        seed: seed.wrapping_add(i as u64),
        timeout: l.timeout.map_or(PATIENCE, |t| t.duration()),
        ..LoadPlan::new(url)
    };
    let url = format!("{}/function/{}{}", host.gateway, l.function, l.path);
    if let Some(users) = l.users {
        let closed = |users, ramp_up| Shape::Closed { users, ramp_up, think: Duration::ZERO };
        if !l.direct {
            let shape = closed(users, l.ramp_up.duration());
            return Ok(vec![(from, plan(url, shape, until - from, l.loops.map(|n| n * u64::from(users))))]);
        }
        // Each user's connection goes to one pod, as those of a Kubernetes service do.
        let pods = pods(host, l)?;
        let one = |user: u32| {
            let at = from + l.ramp_up.duration().mul_f64(f64::from(user) / f64::from(users));
            let url = format!("http://{}{}", pods[user as usize % pods.len()], rest(l));
            (at, plan(url, closed(1, Duration::ZERO), until.saturating_sub(at), l.loops))
        };
        return Ok((0..users).map(one).collect());
    }
    let url = if l.direct { format!("http://{}{}", pods(host, l)?[0], rest(l)) } else { url };
    if let Some(Rate::Constant { rate }) = l.rate.as_ref().map(RateOf::rate) {
        let arrivals = match l.spacing {
            Spacing::Poisson => load::Arrivals::Poisson,
            Spacing::Even => load::Arrivals::Constant,
        };
        let shape = Shape::Open { rate, arrivals, in_flight: 1000 };
        return Ok(vec![(from, plan(url, shape, until - from, None))]);
    }
    // The very moments of the virtual run.
    let arrivals = match &l.rate {
        Some(rate) => Arrivals::Open { rate: rate.rate(), spacing: l.spacing },
        None => l.listed(),
    };
    let source = Source {
        name: l.label(i),
        function: l.function.clone(),
        arrivals,
        from: Time::ZERO + from,
        until: Time::ZERO + until,
        direct: l.direct,
    };
    let once = Shape::Closed { users: 1, ramp_up: Duration::ZERO, think: Duration::ZERO };
    let at = |at: Time| (at.since(Time::ZERO), plan(url.clone(), once, Duration::from_secs(3600), Some(1)));
    Ok(moments(source, seed).into_iter().map(at).collect())
}

fn rest(l: &Load) -> &str {
    if l.path.is_empty() { "/" } else { &l.path }
}

/// The addresses of the pods that take requests.
fn pods(host: &Host, l: &Load) -> Result<Vec<String>, String> {
    let snapshot = host.handle.view().snapshot;
    let function = snapshot.function(&FunctionName::parse(&l.function)).map(|f| f.id);
    let pods = function.into_iter().flat_map(|id| snapshot.pods_of(id));
    let all: Vec<String> = pods.filter(|p| p.ready).filter_map(|p| p.address.clone()).collect();
    if all.is_empty() {
        return Err(format!(
            "load: `{}` has no pod at the beginning that could be called directly",
            l.function
        ));
    }
    Ok(all)
}

fn bodies(l: &Load) -> Result<(Bytes, Vec<Bytes>), String> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|e| format!("load: {} cannot be read: {e}", path.display()))
    };
    if let Some(path) = &l.body_file {
        return Ok((read(path)?.into(), Vec::new()));
    }
    let Some(path) = &l.bodies else { return Ok((l.body.clone().into(), Vec::new())) };
    let text = read(path)?;
    let lines = text.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    Ok((Bytes::new(), lines.map(Bytes::copy_from_slice).collect()))
}

fn headers(l: &Load) -> HeaderMap {
    let pairs = l.headers.iter().filter_map(|(name, value)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
    });
    let mut headers: HeaderMap = pairs.collect();
    headers.entry(http::header::CONTENT_TYPE).or_insert(HeaderValue::from_static("text/plain"));
    headers
}
