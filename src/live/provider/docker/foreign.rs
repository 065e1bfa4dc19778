//! A pod whose watchdog is not faasim: probed from outside, measured by the engine.

use super::container::Running;
use super::engine::Engine;
use crate::cluster::pod::PodUid;
use crate::live::control::{Board, Control, Readiness};
use crate::live::provider::Events;
use crate::watchdog::hold::Report;
use bollard::query_parameters::StatsOptionsBuilder;
use futures_util::StreamExt;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Between probes of a pod that is not ready, and of one that is.
const SOON: Duration = Duration::from_millis(100);
const LATER: Duration = Duration::from_secs(2);
/// One that has not answered a probe by then fails it.
const PATIENCE: Duration = Duration::from_secs(1);
/// As many probes in a row must fail before a ready pod is not ready any more.
const FAILURES: u32 = 3;
/// Between attempts to have the engine's figures.
const STATS_RETRY: Duration = Duration::from_secs(1);

/// Watches readiness by `GET /_/health`, and usage by the engine's figures.
pub(super) fn watch(uid: PodUid, running: &Running, engine: Engine, board: Board, events: Events) -> Control {
    let (address, id) = (running.address.clone(), running.id.clone());
    Control::spawn(uid, events, move |readiness| async move {
        tokio::join!(probe(address, readiness), measure(engine, id, board));
    })
}

async fn probe(address: String, mut readiness: Readiness) {
    let mut failures = 0;
    loop {
        match tokio::time::timeout(PATIENCE, healthy(&address)).await {
            Ok(Ok(true)) => {
                failures = 0;
                readiness.ready();
                tokio::time::sleep(LATER).await;
            }
            _ => {
                failures += 1;
                if failures >= FAILURES {
                    readiness.unready("Readiness probe failed");
                }
                tokio::time::sleep(SOON).await;
            }
        }
    }
}

/// Whether the watchdog says 200. One that does not know the path serves all the same.
async fn healthy(address: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /_/health HTTP/1.0\r\nHost: pod\r\n\r\n").await?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await?;
    Ok(matches!(head.get(9..12), Some(b"200" | b"404")))
}

/// Puts the engine's figures up, one a second, for as long as the container runs.
async fn measure(engine: Engine, id: String, board: Board) {
    loop {
        let options = StatsOptionsBuilder::default().stream(true).build();
        let mut figures = Box::pin(engine.docker.stats(&id, Some(options)));
        while let Some(Ok(now)) = figures.next().await {
            let cpu_ns =
                now.cpu_stats.as_ref().and_then(|c| c.cpu_usage.as_ref()).and_then(|u| u.total_usage);
            let memory = now.memory_stats.as_ref();
            let used = memory.and_then(|m| m.usage).unwrap_or_default();
            let cached = memory.and_then(|m| m.stats.as_ref()).and_then(cache).unwrap_or_default();
            let at = now.read.as_deref().and_then(|t| t.parse::<jiff::Timestamp>().ok());
            let at = at.and_then(|t| u64::try_from(t.as_nanosecond()).ok());
            if let (Some(cpu_ns), Some(at)) = (cpu_ns, at) {
                board.post(Report {
                    at,
                    ready: true,
                    cpu_ns,
                    memory: used.saturating_sub(cached),
                    ..Report::default()
                });
            }
        }
        tokio::time::sleep(STATS_RETRY).await;
    }
}

/// The file cache that the kernel can take back at once: a working set does not hold it, as kubectl counts.
fn cache(stats: &std::collections::HashMap<String, u64>) -> Option<u64> {
    ["total_inactive_file", "inactive_file"].iter().find_map(|key| stats.get(*key).copied())
}
