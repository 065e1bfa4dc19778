//! One keep-alive connection, and one request on it.

use super::record::Failure;
use super::{COLD_START_HEADER, Run, Target};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What came back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub bytes: u64,
    pub cold: bool,
    /// How long it waited for a pod, in seconds.
    pub waited: f64,
}

/// A connection that is opened when it is needed, and again when it was lost.
#[derive(Default)]
pub(super) struct Connection {
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    /// Sends the plan's request and reads the answer to its end. A connection that the server had closed while it
    /// was idle is replaced: such a request was never sent.
    pub async fn call(&mut self, run: &Run) -> Result<Answer, Failure> {
        match tokio::time::timeout(run.plan.timeout, self.exchange(run)).await {
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

    async fn exchange(&mut self, run: &Run) -> Result<Answer, Failure> {
        let mut request = request(run);
        loop {
            let used_before = self.sender.as_ref().is_some_and(|sender| !sender.is_closed());
            if !used_before {
                self.sender = None;
            }
            let sender = match &mut self.sender {
                Some(sender) => sender,
                none => {
                    run.recorder.connected();
                    none.insert(connect(&run.target).await?)
                }
            };
            if sender.ready().await.is_err() && used_before {
                self.sender = None;
                continue;
            }
            match sender.try_send_request(request).await {
                Ok(response) => {
                    let status = response.status().as_u16();
                    let waited = response.headers().get(COLD_START_HEADER);
                    let cold = waited.is_some_and(|value| value != "false");
                    let waited = waited.and_then(|v| v.to_str().ok()?.parse().ok()).unwrap_or(0.0);
                    let mut body = response.into_body();
                    let mut bytes = 0;
                    while let Some(frame) = body.frame().await {
                        let frame = frame.map_err(|_| Failure::CutOff)?;
                        bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                    }
                    return Ok(Answer { status, bytes, cold, waited });
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

fn request(run: &Run) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(run.plan.body.clone()));
    *request.method_mut() = run.plan.method.clone();
    *request.uri_mut() = run.target.path.clone();
    *request.headers_mut() = run.plan.headers.clone();
    request.headers_mut().entry(header::HOST).or_insert_with(|| run.target.host.clone());
    request
}

fn failure(error: &hyper::Error) -> Failure {
    if error.is_parse() { Failure::NotHttp } else { Failure::Closed }
}
