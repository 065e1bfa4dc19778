//! The classic way: a process per request, body on stdin, reply on stdout.

use super::caller::Cancelled;
use super::log::Stream;
use super::pod::{InFlight, Pod};
use super::reply::{self, Body};
use super::{cgi, command, gofmt, sniff, tree};
use base64::Engine;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Response, StatusCode, header};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;

/// So much of a function's stderr is kept until its end, to be logged as one.
const LOGGED_PIECE: usize = 64 << 10;

/// One request's process, after its end.
struct Ran {
    output: Vec<u8>,
    errors: Vec<u8>,
    end: End,
}

enum End {
    Done,
    /// In Go's words: `exit status 1`, `fork/exec …: no such file or directory`.
    Failed(String),
    /// Past its limit or cancelled: killed with all its children.
    Killed,
}

/// Runs the function for one request whose body has been read.
///
/// It runs on a task of its own, because the process is not killed when the caller goes away, only when the call is
/// `cancelled`: `in_flight` ends with the process.
///
/// # Errors
/// When that task was dropped, at the pod's end.
pub(super) async fn call(
    pod: Arc<Pod>,
    head: Parts,
    body: Bytes,
    length: Option<u64>,
    in_flight: InFlight,
    cancelled: Cancelled,
) -> Result<Response<Body>, tokio::task::JoinError> {
    tokio::spawn(async move {
        let started = Instant::now();
        pod.log.say("Forking fprocess.");
        let vars = if pod.options.cgi_headers { cgi::variables(&head, length) } else { Vec::new() };
        let input = if pod.options.marshal_request { marshalled(&head.headers, &body) } else { body };
        let (ran, forked) = run(&pod, vars, input, &cancelled).await;
        let mut response = answer(&pod, &head.headers, ran, started);
        reply::mark_fork(&mut response, forked);
        drop(in_flight);
        response
    })
    .await
}

fn answer(pod: &Pod, asked: &HeaderMap, ran: Ran, started: Instant) -> Response<Body> {
    let options = &pod.options;
    if !ran.errors.is_empty() {
        pod.log.say(format!("stderr: {}", String::from_utf8_lossy(&ran.errors)));
    }
    match ran.end {
        End::Killed => reply::text(StatusCode::REQUEST_TIMEOUT, "Killed process.\n"),
        End::Failed(reason) => {
            pod.log.say(&reason);
            let mut content = reason.into_bytes();
            content.push(b'\n');
            content.extend(ran.output);
            reply::text(StatusCode::INTERNAL_SERVER_ERROR, content)
        }
        End::Done => {
            let took = started.elapsed();
            let seconds = took.as_secs_f64();
            if options.write_debug {
                pod.log.plain(Stream::Stdout, &String::from_utf8_lossy(&ran.output));
                pod.log.say(format!("Duration: {seconds:.6}s"));
            } else {
                pod.log.say(format!("Wrote {} Bytes - Duration: {seconds:.6}s", ran.output.len()));
            }
            let kind = options.content_type.clone().or_else(|| asked.get(header::CONTENT_TYPE).cloned());
            let kind = kind.or_else(|| sniff::content_type(&ran.output).map(http::HeaderValue::from_static));
            let mut response = Response::new(reply::bytes(ran.output));
            if let Some(kind) = kind {
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
            }
            reply::mark_duration(&mut response, took);
            response
        }
    }
}

/// What became of it, and how long its process took to start.
async fn run(
    pod: &Pod,
    vars: Vec<(String, OsString)>,
    input: Bytes,
    cancelled: &Cancelled,
) -> (Ran, Duration) {
    let begun = Instant::now();
    let started = start(pod, vars);
    let forked = begun.elapsed();
    let ran = match started {
        Ok(running) => running.finish(pod, input, cancelled).await,
        Err(reason) => Ran { output: Vec::new(), errors: Vec::new(), end: End::Failed(reason) },
    };
    (ran, forked)
}

struct Running {
    child: tokio::process::Child,
    pid: i32,
    output: pipe::Receiver,
    errors: Option<pipe::Receiver>,
}

fn start(pod: &Pod, vars: Vec<(String, OsString)>) -> Result<Running, String> {
    let io = |e: std::io::Error| format!("pipe: {}", gofmt::refusal(&e));
    let mut prepared = command::prepare(&pod.options)?;
    let command = &mut prepared.command;
    let (output, writer) = std::io::pipe().map_err(io)?;
    let mut errors = None;
    if pod.options.combine_output {
        // One pipe for both keeps the order in which things were written.
        command.stderr(writer.try_clone().map_err(io)?);
    } else {
        let (reader, writer) = std::io::pipe().map_err(io)?;
        command.stderr(writer);
        errors = Some(pipe::Receiver::from_owned_fd(reader.into()).map_err(io)?);
    }
    command.stdin(Stdio::piped()).stdout(writer).envs(vars);
    let output = pipe::Receiver::from_owned_fd(output.into()).map_err(io)?;
    let child = prepared.spawn()?;
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).unwrap_or_default();
    pod.await_child(pid);
    Ok(Running { child, pid, output, errors })
}

impl Running {
    async fn finish(mut self, pod: &Pod, input: Bytes, cancelled: &Cancelled) -> Ran {
        let (mut output, mut errors) = (Vec::with_capacity(1024), Vec::new());
        let stdin = self.child.stdin.take();
        let work = async {
            let feed = async {
                if let Some(mut stdin) = stdin {
                    // A function need not read its input.
                    let _ = stdin.write_all(&input).await;
                }
            };
            let read_errors = async {
                if let Some(reader) = &mut self.errors {
                    keep_errors(pod, reader, &mut errors).await;
                }
            };
            let _ = tokio::join!(feed, self.output.read_to_end(&mut output), read_errors);
            self.child.wait().await
        };
        let limit = pod.options.exec_timeout;
        let status = tokio::select! {
            status = work => Some(status),
            () = tokio::time::sleep(limit), if !limit.is_zero() => None,
            () = cancelled.wait() => None,
        };
        let end = match status {
            Some(Ok(status)) if status.success() => End::Done,
            Some(Ok(status)) => End::Failed(gofmt::ending(status)),
            Some(Err(error)) => End::Failed(format!("wait: {}", gofmt::refusal(&error))),
            None => {
                pod.log.say(format!("Killing process: {}", pod.options.fprocess));
                tree::kill_below(self.pid);
                // Only the process, not its pipes: somebody who got away may hold them open.
                let _ = self.child.wait().await;
                End::Killed
            }
        };
        pod.forget_child(self.pid);
        Ran { output, errors, end }
    }
}

/// Reads what is to be logged. A function that writes more than a piece is logged on the way, so that it cannot fill the
/// memory.
async fn keep_errors(pod: &Pod, reader: &mut pipe::Receiver, errors: &mut Vec<u8>) {
    while matches!(reader.read_buf(errors).await, Ok(read) if read > 0) {
        if errors.len() >= LOGGED_PIECE {
            let end = errors.iter().rposition(|b| *b == b'\n').map_or(errors.len(), |at| at + 1);
            pod.log.say(format!("stderr: {}", String::from_utf8_lossy(&errors[..end])));
            errors.drain(..end);
        }
    }
}

/// `{"header": {name: [values]}, "body": {"raw": base64}}`.
fn marshalled(headers: &HeaderMap, body: &[u8]) -> Bytes {
    let mut lists = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        lists.entry(cgi::canonical(name.as_str())).or_default().push(value);
    }
    let raw = base64::engine::general_purpose::STANDARD.encode(body);
    serde_json::json!({ "header": lists, "body": { "raw": raw } }).to_string().into()
}
