//! One keep-alive connection, and one request on it.

use super::record::Failure;
use super::{COLD_START_HEADER, Run, Target};
use crate::live::gateway::{TRACE, TRACE_FORK, TRACE_POD, TRACE_QUEUE};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub bytes: u64,
    pub cold: bool,
    /// How long it waited for a pod, in seconds.
    pub waited: f64,
    /// What the gateway and the pod say of its way, if they were asked.
    pub trace: Trace,
    /// How long connecting took, if a new connection was needed.
    pub connect: Duration,
    /// From the send to the reply's head.
    pub first_byte: Duration,
    /// The beginning of the body, where it is kept.
    pub head: Bytes,
    /// Why the reply is not as it should be.
    pub objection: Option<Arc<str>>,
}

impl Answer {
    /// No answer came.
    pub(super) fn none() -> Self {
        Answer {
            status: 0,
            bytes: 0,
            cold: false,
            waited: 0.0,
            trace: Trace::default(),
            connect: Duration::ZERO,
            first_byte: Duration::ZERO,
            head: Bytes::new(),
            objection: None,
        }
    }
}

/// What the gateway and the pod say of a request's way; times in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Trace {
    /// The pod's number.
    pub pod: Option<u64>,
    /// Waiting at the gateway for a pod that has room.
    pub queue: f64,
    /// Starting the function's process.
    pub fork: f64,
    /// In the pod, from its request to its reply, `fork` included.
    pub in_pod: Option<f64>,
}

impl Trace {
    fn of(headers: &HeaderMap) -> Self {
        let number = |name: &str| {
            headers.get(name).and_then(|v| v.to_str().ok()?.parse::<f64>().ok()).filter(|n| *n >= 0.0)
        };
        Trace {
            pod: headers.get(TRACE_POD).and_then(|v| v.to_str().ok()?.parse().ok()),
            queue: number(TRACE_QUEUE).unwrap_or(0.0),
            // Past the gateway, the watchdog's own word.
            fork: number(TRACE_FORK).or(number("x-faasim-fork-seconds")).unwrap_or(0.0),
            in_pod: number("x-duration-seconds"),
        }
    }
}

/// A connection that is opened when it is needed, and again when it was lost.
#[derive(Default)]
pub(super) struct Connection {
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    /// Sends the plan's request and reads the answer to its end. A connection that the server had closed while it
    /// was idle is replaced: such a request was never sent.
    pub async fn call(&mut self, run: &Run, body: Bytes) -> Result<Answer, Failure> {
        match tokio::time::timeout(run.plan.timeout, self.exchange(run, body)).await {
            Ok(result) => {
                if result.is_err() {
                    self.sender = None;
                }
                result
            }
            Err(_) => {
                // An answer may still come: nothing else can be asked on this connection.
                self.sender = None;
                Err(Failure::TimedOut)
            }
        }
    }

    async fn exchange(&mut self, run: &Run, body: Bytes) -> Result<Answer, Failure> {
        let mut request = request(run, body);
        let mut connect_took = Duration::ZERO;
        loop {
            let used_before = self.sender.as_ref().is_some_and(|sender| !sender.is_closed());
            if !used_before {
                self.sender = None;
            }
            let sender = match &mut self.sender {
                Some(sender) => sender,
                none => {
                    run.recorder.connected();
                    let begun = Instant::now();
                    let sender = connect(&run.target).await?;
                    connect_took = begun.elapsed();
                    none.insert(sender)
                }
            };
            if sender.ready().await.is_err() && used_before {
                self.sender = None;
                continue;
            }
            let sent = Instant::now();
            match sender.try_send_request(request).await {
                Ok(response) => {
                    let first_byte = connect_took + sent.elapsed();
                    let status = response.status().as_u16();
                    let waited = response.headers().get(COLD_START_HEADER);
                    let cold = waited.is_some_and(|value| value != "false");
                    let waited = waited.and_then(|v| v.to_str().ok()?.parse().ok()).unwrap_or(0.0);
                    let trace = if run.plan.trace { Trace::of(response.headers()) } else { Trace::default() };
                    let asserts = run.plan.accept.contains.is_some();
                    let mut body = response.into_body();
                    let (mut bytes, mut read) = (0, BytesMut::new());
                    while let Some(frame) = body.frame().await {
                        let frame = frame.map_err(|_| Failure::CutOff)?;
                        let Some(data) = frame.data_ref() else { continue };
                        bytes += data.len() as u64;
                        let room = if asserts { MOST } else { run.plan.keep }.saturating_sub(read.len());
                        read.extend_from_slice(&data[..data.len().min(room)]);
                    }
                    let objection = run.plan.accept.objection(status, &read).map(Arc::from);
                    read.truncate(run.plan.keep);
                    return Ok(Answer {
                        status,
                        bytes,
                        cold,
                        waited,
                        trace,
                        connect: connect_took,
                        first_byte,
                        head: read.freeze(),
                        objection,
                    });
                }
                Err(mut error) => match error.take_message() {
                    Some(unsent) if used_before => {
                        self.sender = None;
                        request = unsent;
                    }
                    _ => return Err(failure(error.error())),
                },
            }
        }
    }
}

async fn connect(target: &Target) -> Result<SendRequest<Full<Bytes>>, Failure> {
    for address in &target.addresses {
        let Ok(stream) = TcpStream::connect(address).await else { continue };
        // Only a delay would be the cost if this failed.
        let _ = stream.set_nodelay(true);
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|_| Failure::NoConnection)?;
        // It ends when its sender is dropped; its errors come back with the request.
        tokio::spawn(connection);
        return Ok(sender);
    }
    Err(Failure::NoConnection)
}

/// So much of a reply is looked through for what it must contain.
const MOST: usize = 4 << 20;

fn request(run: &Run, body: Bytes) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = run.plan.method.clone();
    *request.uri_mut() = run.target.path.clone();
    *request.headers_mut() = run.plan.headers.clone();
    if run.plan.trace {
        request.headers_mut().insert(TRACE, HeaderValue::from_static("1"));
    }
    request.headers_mut().entry(header::HOST).or_insert_with(|| run.target.host.clone());
    request
}

fn failure(error: &hyper::Error) -> Failure {
    if error.is_parse() { Failure::NotHttp } else { Failure::Closed }
}
