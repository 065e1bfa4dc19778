//! Requests to functions, as any client sends them: through the gateway.

use crate::cluster::function::{DEFAULT_NAMESPACE, FunctionName};
use crate::dashboard::tui::link::{Invocation, Load, LoadNews, LoadProgress, Shape};
use crate::dashboard::tui::words::latency;
use crate::lab::load::{self, Arrivals, COLD_START_HEADER, Failure, LoadPlan, LoadReport};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt};
use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

/// A load that nobody limits ends after this.
const A_DAY: Duration = Duration::from_secs(86_400);
/// Requests of an open loop that may be unanswered at once.
const IN_FLIGHT: u32 = 1000;
/// The longest reply that the screen shows some of.
const REPLY_LIMIT: usize = 1 << 20;

/// Sends requests to the functions of one gateway.
#[derive(Clone)]
pub(super) struct Requests {
    gateway: String,
    http: Client<HttpConnector, Full<Bytes>>,
}

impl Requests {
    pub(super) fn to(gateway: &str) -> Self {
        let http = Client::builder(TokioExecutor::new()).build_http();
        Requests { gateway: gateway.to_owned(), http }
    }

    fn url(&self, function: &FunctionName) -> String {
        match function.namespace == DEFAULT_NAMESPACE {
            true => format!("{}/function/{}", self.gateway, function.name),
            false => format!("{}/function/{function}", self.gateway),
        }
    }

    /// One request.
    pub(super) fn invoke(
        &self,
        function: FunctionName,
        body: Vec<u8>,
    ) -> BoxFuture<'static, Result<Invocation, String>> {
        let (url, http) = (self.url(&function), self.http.clone());
        async move {
            let request =
                Request::builder().method(Method::POST).uri(&url).body(Full::new(Bytes::from(body)));
            let request = request.map_err(|e| format!("{url} cannot be asked: {e}"))?;
            let begun = Instant::now();
            let reply = http.request(request).await.map_err(|e| format!("{url} does not answer: {e}"))?;
            let cold = reply.headers().get(COLD_START_HEADER).is_some_and(|v| v != "false");
            let status = reply.status().as_u16();
            let body = Limited::new(reply.into_body(), REPLY_LIMIT).collect().await;
            let reply = match body {
                Ok(body) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
                Err(e) => format!("(the reply broke off or is too long to show: {e})"),
            };
            Ok(Invocation { status, took: begun.elapsed(), cold, reply })
        }
        .boxed()
    }

    /// A load, by the same generator as `faasim load`.
    pub(super) fn load(&self, load: Load, stop: CancellationToken) -> BoxStream<'static, LoadNews> {
        let plan = LoadPlan {
            body: load.body.into(),
            duration: Some(load.duration.unwrap_or(A_DAY)),
            shape: match load.shape {
                Shape::Users(users) => {
                    load::Shape::Closed { users, ramp_up: Duration::ZERO, think: Duration::ZERO }
                }
                Shape::Rate(rate) => {
                    load::Shape::Open { rate, arrivals: Arrivals::Constant, in_flight: IN_FLIGHT }
                }
            },
            ..LoadPlan::new(self.url(&load.function))
        };
        let (sender, news) = mpsc::channel(8);
        tokio::spawn(async move {
            let progress = sender.clone();
            let tell = move |p: &load::Progress| {
                let so_far = LoadProgress { elapsed: p.elapsed, requests: p.requests, failed: p.failed };
                // A reader who is behind needs only the latest numbers, which come again soon.
                let _ = progress.try_send(LoadNews::Running(so_far));
            };
            let ended = load::run(plan, tell, stop).await;
            let ended = ended.map(|report| summary(&report)).map_err(|e| e.to_string());
            let _ = sender.send(LoadNews::Ended(ended)).await;
        });
        ReceiverStream::new(news).boxed()
    }
}

fn summary(report: &LoadReport) -> String {
    let ms = |ms: f64| latency(Duration::from_secs_f64(ms / 1e3));
    // Those that were on their way when it was stopped are no fault of the function.
    let abandoned = report.errors.get(&Failure::Abandoned).copied().unwrap_or(0);
    let unanswered = match abandoned {
        0 => String::new(),
        n => format!(" and {n} cut off by the stop"),
    };
    format!(
        "{} requests in {:.0} s, {} failed{unanswered}, p50 {}, p95 {}, {:.0}/s",
        report.requests,
        report.seconds,
        report.failed.saturating_sub(abandoned),
        ms(report.latency.p50),
        ms(report.latency.p95),
        report.throughput
    )
}
