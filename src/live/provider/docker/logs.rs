//! A pod's log as the engine keeps it.

use super::super::{LogLine, LogQuery, ProviderError};
use super::engine::{Engine, words};
use crate::cluster::time::Time;
use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::stream::{self, BoxStream, StreamExt};

/// The lines of a pod's log that `query` asks for.
pub(super) fn read(
    engine: Engine,
    pod: String,
    query: LogQuery,
) -> BoxStream<'static, Result<LogLine, ProviderError>> {
    let tail = query.tail.map_or_else(|| "all".to_owned(), |n| n.to_string());
    // The engine counts in seconds; what is older than asked for is left out below.
    let since = query.since.map_or(0, |t| i32::try_from(t.as_nanos() / 1_000_000_000).unwrap_or(i32::MAX));
    let options = LogsOptionsBuilder::default()
        .stdout(true)
        .stderr(true)
        .timestamps(true)
        .follow(query.follow)
        .since(since)
        .tail(&tail)
        .build();
    let name = pod.clone();
    let outputs = engine.docker.logs(&pod, Some(options));
    let mut parts = Parts::default();
    outputs
        .map(Some)
        .chain(stream::once(async { None }))
        .flat_map(move |output| stream::iter(parts.take(output, &name)))
        .filter(move |line| {
            let wanted = match (line, query.since) {
                (Ok(line), Some(since)) => line.at >= since,
                _ => true,
            };
            std::future::ready(wanted)
        })
        .boxed()
}

/// Lines whose ends have not come yet, of each stream.
#[derive(Default)]
struct Parts {
    out: String,
    err: String,
}

impl Parts {
    fn take(
        &mut self,
        output: Option<Result<LogOutput, bollard::errors::Error>>,
        pod: &str,
    ) -> Vec<Result<LogLine, ProviderError>> {
        let mut lines = Vec::new();
        let (part, bytes) = match output {
            None => {
                for rest in [&mut self.out, &mut self.err] {
                    lines.extend((!rest.is_empty()).then(|| Ok(line(rest, pod))));
                    rest.clear();
                }
                return lines;
            }
            Some(Err(error)) => {
                let error = format!("the log of pod {pod} cannot be read: {}", words(&error));
                return vec![Err(ProviderError(error))];
            }
            Some(Ok(LogOutput::StdErr { message })) => (&mut self.err, message),
            Some(Ok(output)) => (&mut self.out, output.into_bytes()),
        };
        part.push_str(&String::from_utf8_lossy(&bytes));
        while let Some(end) = part.find('\n') {
            let whole: String = part.drain(..=end).collect();
            lines.push(Ok(line(whole.trim_end_matches(['\n', '\r']), pod)));
        }
        lines
    }
}

/// `2026-01-02T03:04:05.6Z text`.
fn line(text: &str, pod: &str) -> LogLine {
    let (stamp, rest) = text.split_once(' ').unwrap_or((text, ""));
    let at = stamp.parse::<jiff::Timestamp>().ok().and_then(|t| u64::try_from(t.as_nanosecond()).ok());
    let text = if at.is_some() { rest } else { text };
    LogLine { at: at.map_or(Time::ZERO, Time::from_nanos), pod: pod.to_owned(), text: text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_from_what_comes() {
        let mut parts = Parts::default();
        let mut take = |text: &str| {
            let message = text.to_owned().into();
            let lines = parts.take(Some(Ok(LogOutput::StdOut { message })), "p");
            lines.into_iter().map(|l| l.unwrap().text).collect::<Vec<_>>()
        };
        assert_eq!(take("2026-01-02T03:04:05.6Z one\n2026-01-02T03:04:05.7Z tw"), ["one"]);
        assert_eq!(take("o\n"), ["two"]);
        let last = line("2026-01-02T03:04:05.6Z", "p");
        assert_eq!((last.text.as_str(), last.at.as_nanos()), ("", 1_767_323_045_600_000_000));
    }
}
