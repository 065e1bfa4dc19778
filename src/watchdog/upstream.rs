//! The long-lived server process of http mode: started once, its lines logged, its end noticed.

use super::config::Options;
use super::log::Stream;
use super::pod::Pod;
use super::{command, gofmt, tree};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpStream;
use tokio::process::Child;

/// First and longest pause between two attempts to connect to a starting server.
const PROBE: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));

/// The running server process.
#[derive(Debug)]
pub(super) struct Upstream {
    child: Child,
    pid: i32,
}

/// Starts the server process and, beside it, whatever logs its lines and waits for its port to answer.
///
/// # Errors
/// In Go's words, when it cannot be started.
pub(super) fn start(pod: &Arc<Pod>, address: &http::Uri) -> Result<Upstream, String> {
    let words: Vec<&str> = pod.options.fprocess.split(' ').collect();
    pod.log.say(format!("Forking: {}, arguments: [{}]", words[0], words[1..].join(" ")));
    let mut prepared = command::prepare(&pod.options)?;
    prepared.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = prepared.spawn()?;
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).unwrap_or_default();
    pod.await_child(pid);
    if let Some(stderr) = child.stderr.take() {
        tokio::spawn(log_lines(Arc::clone(pod), Stream::Stderr, stderr));
    }
    if let Some(stdout) = child.stdout.take() {
        tokio::spawn(log_lines(Arc::clone(pod), Stream::Stdout, stdout));
    }
    tokio::spawn(wait_for_port(Arc::clone(pod), address.clone()));
    Ok(Upstream { child, pid })
}

impl Upstream {
    /// Ends when the process has; the pod then knows how it ended.
    pub(super) async fn ended(&mut self, pod: &Pod) -> std::io::Result<std::process::ExitStatus> {
        let status = self.child.wait().await?;
        pod.forget_child(self.pid);
        pod.set_exit(status);
        pod.log.say(format!("Forked function has terminated: {}", gofmt::ending(status)));
        Ok(status)
    }

    /// Asks it and its group to end.
    pub(super) fn terminate(&self) {
        tree::terminate(self.pid);
    }
}

async fn wait_for_port(pod: Arc<Pod>, address: http::Uri) {
    let host = address.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = address.port_u16().unwrap_or(80);
    let mut pause = PROBE.0;
    while TcpStream::connect((host.as_str(), port)).await.is_err() {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PROBE.1);
    }
    pod.set_accepting();
}

/// Logs a stream of the function's, line by line, until its end.
pub(super) async fn log_lines(pod: Arc<Pod>, stream: Stream, mut from: impl AsyncRead + Unpin) {
    pod.log.say(format!("Started logging: {} from function.", stream.name()));
    let longest = pod.options.log_buffer_size;
    let mut waiting: Vec<u8> = Vec::new();
    loop {
        waiting.reserve(1024);
        let ended = matches!(from.read_buf(&mut waiting).await, Ok(0) | Err(_));
        let mut logged = 0;
        while let Some(length) = next_line(&waiting[logged..], longest, ended) {
            log_line(&pod.options, &pod.log, stream, &waiting[logged..logged + length]);
            logged += length;
        }
        waiting.drain(..logged);
        if ended {
            return;
        }
    }
}

/// Length of the next line with its end, or of the piece to cut off an endless one.
fn next_line(waiting: &[u8], longest: usize, ended: bool) -> Option<usize> {
    let window = &waiting[..waiting.len().min(longest)];
    match window.iter().position(|b| *b == b'\n') {
        Some(end) => Some(end + 1),
        None if window.len() == longest || (ended && !window.is_empty()) => Some(window.len()),
        None => None,
    }
}

fn log_line(options: &Options, log: &super::log::Log, stream: Stream, line: &[u8]) {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\n', '\r']);
    if options.prefix_logs {
        log.dated(stream, &format!("{}: {text}", stream.name()));
    } else {
        log.plain(stream, text);
    }
}

#[cfg(test)]
mod tests {
    use super::next_line;

    #[test]
    fn lines_are_cut_at_their_end_or_at_the_limit() {
        for (waiting, ended, want) in [
            ("a\nb", false, Some(2)),
            ("abc", false, None),
            ("abc", true, Some(3)),
            ("", true, None),
            ("abcdefgh\n", false, Some(8)),
            ("\n", false, Some(1)),
        ] {
            assert_eq!(next_line(waiting.as_bytes(), 8, ended), want, "{waiting:?}");
        }
    }
}
