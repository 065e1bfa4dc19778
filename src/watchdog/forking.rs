//! of-watchdog's two ways with a process per request: `streaming` hands the output on as it comes, `serializing`
//! waits for the end. In both, stderr is logged and never in the reply.

use super::caller::Cancelled;
use super::config::Options;
use super::log::Stream;
use super::pod::{InFlight, Pod};
use super::reply::{self, Body};
use super::{cgi, command, gofmt, tree, upstream};
use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use std::ffi::OsString;
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_stream::wrappers::ReceiverStream;

/// How much output is read at a time.
const CHUNK: usize = 16 * 1024;
/// Chunks on their way to a slow caller; then the function waits.
const AHEAD: usize = 4;
/// A limit that is never reached.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// Starts the function and replies with its output as it comes. The status is 200 whatever its end, as in the
/// original; only a function that cannot be started at all is a 500.
pub(super) fn stream(pod: Arc<Pod>, head: Parts, body: Incoming, in_flight: InFlight) -> Response<Body> {
    let note = Note::new(&pod, &head);
    let mut running = match Running::start(&pod, &head) {
        Ok(running) => running,
        Err(reason) => return refused(&pod, &note, reason),
    };
    let (sender, receiver) = mpsc::channel::<io::Result<Frame<Bytes>>>(AHEAD);
    let kind = content_type(&pod.options);
    tokio::spawn(async move {
        let stdin = running.child.stdin.take();
        let stdout = running.child.stdout.take();
        let mut written = 0;
        let work = async {
            let copy = copy_out(&pod, &sender, stdout, note.started, &mut written);
            // Whoever reads no input still ends: with its output over, nobody waits for the caller's body.
            tokio::select! {
                () = copy => {}
                () = async { feed(body, stdin).await; std::future::pending().await } => {}
            }
            running.child.wait().await
        };
        let end = within(&pod, note.started, work).await;
        let end = running.settle(&pod, end).await;
        let status = if end.is_ok() { 200 } else { 500 };
        if let Err(reason) = end {
            pod.log.say(reason);
        }
        note.say(&pod, status, Some(written));
        drop(in_flight);
    });
    let mut response = Response::new(StreamBody::new(ReceiverStream::new(receiver)).boxed_unsync());
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Runs the function to its end and replies with its output, or with 500 and the reason.
///
/// # Errors
/// When its task was dropped, at the pod's end.
pub(super) async fn serialize(
    pod: Arc<Pod>,
    head: Parts,
    body: Bytes,
    in_flight: InFlight,
    cancelled: Cancelled,
) -> Result<Response<Body>, tokio::task::JoinError> {
    // On a task of its own: the process is not killed when the caller goes away, only when the call is cancelled.
    tokio::spawn(async move {
        let note = Note::new(&pod, &head);
        let mut running = match Running::start(&pod, &head) {
            Ok(running) => running,
            Err(reason) => return refused(&pod, &note, reason),
        };
        let forked = note.started.elapsed();
        let (stdin, stdout) = (running.child.stdin.take(), running.child.stdout.take());
        let mut output = Vec::new();
        let work = async {
            let give = async {
                if let Some(mut stdin) = stdin {
                    let _ = stdin.write_all(&body).await;
                }
            };
            let take = async {
                if let Some(mut stdout) = stdout {
                    let _ = stdout.read_to_end(&mut output).await;
                }
            };
            tokio::join!(give, take);
            running.child.wait().await
        };
        let end = tokio::select! {
            end = within(&pod, note.started, work) => end,
            () = cancelled.wait() => None,
        };
        let mut response = match running.settle(&pod, end).await {
            Ok(()) => {
                note.say(&pod, 200, Some(output.len() as u64));
                let mut response = Response::new(reply::bytes(output));
                response.headers_mut().insert(header::CONTENT_TYPE, content_type(&pod.options));
                response
            }
            Err(reason) => refused(&pod, &note, reason),
        };
        reply::mark_duration(&mut response, note.started.elapsed());
        reply::mark_fork(&mut response, forked);
        drop(in_flight);
        response
    })
    .await
}

fn refused(pod: &Pod, note: &Note, reason: String) -> Response<Body> {
    pod.log.say(&reason);
    note.say(pod, 500, Some(reason.len() as u64));
    reply::text(StatusCode::INTERNAL_SERVER_ERROR, reason)
}

fn content_type(options: &Options) -> HeaderValue {
    options.content_type.clone().unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// The work's end, or nothing when `exec_timeout` came first.
async fn within<T>(pod: &Pod, started: Instant, work: impl Future<Output = T>) -> Option<T> {
    let exec_timeout = pod.options.exec_timeout;
    let limit = if exec_timeout.is_zero() { NEVER } else { exec_timeout };
    let end = tokio::time::timeout_at(started + limit, work).await.ok();
    if end.is_none() {
        pod.log.say(format!("Function was killed by ExecTimeout: {}", gofmt::duration(exec_timeout)));
    }
    end
}

struct Running {
    child: Child,
    pid: i32,
}

impl Running {
    fn start(pod: &Arc<Pod>, head: &Parts) -> Result<Running, String> {
        let mut prepared = command::prepare(&pod.options)?;
        prepared
            .command
            .envs(variables(head))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = prepared.spawn()?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).unwrap_or_default();
        pod.await_child(pid);
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(upstream::log_lines(Arc::clone(pod), Stream::Stderr, stderr));
        }
        Ok(Running { child, pid })
    }

    /// Kills what is past its limit or cancelled, with all its children, and says how it ended in Go's words.
    async fn settle(
        &mut self,
        pod: &Pod,
        end: Option<io::Result<std::process::ExitStatus>>,
    ) -> Result<(), String> {
        let end = match end {
            Some(end) => end,
            None => {
                tree::kill_below(self.pid);
                self.child.wait().await
            }
        };
        pod.forget_child(self.pid);
        match end {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(gofmt::ending(status)),
            Err(error) => Err(format!("wait: {}", gofmt::refusal(&error))),
        }
    }
}

/// As in the classic watchdog, less the two that of-watchdog does not set.
fn variables(head: &Parts) -> Vec<(String, OsString)> {
    let length = head.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    let mut variables = cgi::variables(head, length);
    variables.retain(|(name, value)| {
        name != "Http_ContentLength"
            && name != "Http_Host"
            && !(name == "Http_Content_Length" && value == "-1")
    });
    variables
}

/// The request's body into the function; a function need not read it.
async fn feed(mut body: Incoming, stdin: Option<ChildStdin>) {
    let Some(mut stdin) = stdin else { return };
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data()
            && stdin.write_all(&data).await.is_err()
        {
            return;
        }
    }
}

/// The function's output to the caller. A caller who has gone closes the pipe, and the function notices.
async fn copy_out(
    pod: &Pod,
    to: &mpsc::Sender<io::Result<Frame<Bytes>>>,
    stdout: Option<ChildStdout>,
    started: Instant,
    written: &mut u64,
) {
    let Some(mut stdout) = stdout else { return };
    let limit = pod.options.write_timeout;
    let write_by = started + if limit.is_zero() { NEVER } else { limit };
    let mut buffer = BytesMut::with_capacity(CHUNK);
    loop {
        buffer.reserve(CHUNK);
        let read = tokio::select! {
            read = stdout.read_buf(&mut buffer) => read,
            () = to.closed() => return,
        };
        if matches!(read, Ok(0) | Err(_)) {
            return;
        }
        let chunk = buffer.split().freeze();
        *written += chunk.len() as u64;
        let late = Instant::now() > write_by;
        let item = if late {
            Err(io::Error::new(io::ErrorKind::TimedOut, "write_timeout"))
        } else {
            Ok(Frame::data(chunk))
        };
        tokio::select! {
            sent = to.send(item) => if sent.is_err() || late { return },
            () = sleep_until(write_by), if !late => return,
        }
    }
}

/// The line that is logged when a request has been answered.
struct Note {
    request: String,
    call_id: Option<String>,
    quiet: bool,
    started: Instant,
}

impl Note {
    fn new(pod: &Pod, head: &Parts) -> Note {
        let text = |headers: &HeaderMap, name: &str| {
            headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned)
        };
        let path = head.uri.path_and_query().map_or("/", |p| p.as_str());
        Note {
            request: format!("{} {path}", head.method),
            call_id: pod
                .options
                .log_callid
                .then(|| text(&head.headers, "x-call-id").unwrap_or_else(|| "none".into())),
            quiet: text(&head.headers, "user-agent").is_some_and(|agent| agent.starts_with("kube-probe")),
            started: Instant::now(),
        }
    }

    fn say(&self, pod: &Pod, status: u16, length: Option<u64>) {
        if self.quiet {
            return;
        }
        let (size, seconds) = (gofmt::size(length), self.started.elapsed().as_secs_f64());
        let id = self.call_id.as_ref().map_or_else(String::new, |id| format!(" [{id}]"));
        pod.log.say(format!("{} - {status} - ContentLength: {size} ({seconds:.4}s){id}", self.request));
    }
}
