//! A running cluster, asked over its gateway.

mod credentials;
pub mod openfaas;

use super::Global;
use super::failure::Failure;
use crate::cluster::command::{Command, Reply};
use crate::cluster::function::FunctionName;
use crate::dashboard::view::View;
use crate::live::exec::{ExecRequest, PROTOCOL};
use bytes::Bytes;
use credentials::Whereabouts;
use futures_util::stream::{self, Stream, StreamExt};
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HeaderValue, UPGRADE};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde::de::DeserializeOwned;

/// A connection to a cluster: where it is, and the password for it.
#[derive(Clone)]
pub struct Client {
    http: hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>,
    /// `http://127.0.0.1:8080`, with no slash at its end.
    gateway: String,
    authorization: Option<HeaderValue>,
}

impl Client {
    /// Finds the cluster: the gateway that was named, else the one that holds the state folder, else port 8080 here.
    ///
    /// # Errors
    /// The address is no `http://` address.
    pub fn new(global: &Global) -> Result<Self, Failure> {
        let Whereabouts { gateway, authorization } = Whereabouts::find(global)?;
        let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http();
        Ok(Client { http, gateway, authorization })
    }

    /// `http://127.0.0.1:8080`.
    pub fn gateway(&self) -> &str {
        &self.gateway
    }

    /// The cluster, its traffic and its usage as of now.
    ///
    /// # Errors
    /// It does not answer, or not as a faasim.
    pub async fn view(&self) -> Result<View, Failure> {
        self.json(Method::GET, "/system/faasim/view", Bytes::new()).await
    }

    /// A view each second, until the cluster stops.
    ///
    /// # Errors
    /// It does not answer; later, that the stream broke off.
    pub async fn watch(&self) -> Result<impl Stream<Item = Result<View, Failure>> + use<>, Failure> {
        let reply = self.ask(Method::GET, "/system/faasim/view?watch=true", Bytes::new()).await?;
        Ok(lines(reply).map(|line| parse(&line?)))
    }

    /// Carries out a wish.
    ///
    /// # Errors
    /// The cluster's refusal, in its own words.
    pub async fn command(&self, command: &Command) -> Result<Reply, Failure> {
        let body = serde_json::to_vec(command).map_err(Failure::failed)?;
        self.json(Method::POST, "/system/faasim/command", body.into()).await
    }

    /// Has a command run in a pod: the connection to it, which carries [frames](crate::live::exec::frames).
    ///
    /// # Errors
    /// There is no such pod.
    pub async fn exec(&self, pod: &str, request: &ExecRequest) -> Result<TokioIo<Upgraded>, Failure> {
        let path = format!("/system/faasim/exec/{pod}");
        let body = serde_json::to_vec(request).map_err(Failure::failed)?.into();
        let mut asked = self.request(Method::POST, &path, body)?;
        asked.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
        asked.headers_mut().insert(UPGRADE, HeaderValue::from_static(PROTOCOL));
        let reply = self.good(self.opened(asked).await?).await?;
        hyper::upgrade::on(reply)
            .await
            .map(TokioIo::new)
            .map_err(|e| Failure::failed(format_args!("the gateway broke off: {e}")))
    }

    /// Asks the gateway's API, and gives its reply when it is a good one.
    ///
    /// # Errors
    /// It does not answer, or answers with a status of 400 and more: then its words.
    pub async fn ask(&self, method: Method, path: &str, body: Bytes) -> Result<Response<Incoming>, Failure> {
        self.good(self.reply(method, path, body).await?).await
    }

    /// The reply when it is a good one, or else its words.
    async fn good(&self, reply: Response<Incoming>) -> Result<Response<Incoming>, Failure> {
        match reply.status() {
            status if status.as_u16() < 400 => Ok(reply),
            status => {
                let words = reply.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default();
                Err(self.refused(status, &words))
            }
        }
    }

    /// Asks the gateway's API and reads the whole reply, whatever its status.
    ///
    /// # Errors
    /// It does not answer, or wants another password.
    pub async fn answer(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), Failure> {
        let reply = self.reply(method, path, body).await?;
        let status = reply.status();
        let bytes = reply.into_body().collect().await.map_err(Failure::failed)?.to_bytes();
        Ok((status, bytes))
    }

    /// A reply of a status that is no success, in its own words.
    pub fn refused(&self, status: StatusCode, words: &[u8]) -> Failure {
        let words = String::from_utf8_lossy(words);
        Failure::failed(match words.trim() {
            "" => format!("the gateway {} answered {status}", self.gateway),
            words => words.to_owned(),
        })
    }

    /// Asks the gateway's API, and gives its reply whatever the status.
    pub(super) async fn reply(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Response<Incoming>, Failure> {
        self.opened(self.request(method, path, body)?).await
    }

    /// A request to the gateway's API, with the password.
    fn request(&self, method: Method, path: &str, body: Bytes) -> Result<Request<Full<Bytes>>, Failure> {
        let mut request = Request::builder().method(method).uri(self.uri(path)?);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request.body(Full::new(body)).map_err(Failure::failed)
    }

    /// The reply to a request that the password has to open.
    async fn opened(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Failure> {
        let reply = self.send(request).await?;
        match reply.status() {
            StatusCode::UNAUTHORIZED => Err(Failure::no_answer(format_args!(
                "the gateway {} wants another password: name the cluster's state folder with `--state`, or log in with `faas-cli login`",
                self.gateway
            ))),
            _ => Ok(reply),
        }
    }

    /// Whether this token opens the gateway's API.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn accepts(&self, token: &str) -> Result<bool, Failure> {
        let request =
            Request::get(self.uri("/system/functions")?).header(AUTHORIZATION, format!("Basic {token}"));
        let reply = self.send(request.body(Full::default()).map_err(Failure::failed)?).await?;
        match reply.status() {
            StatusCode::UNAUTHORIZED => Ok(false),
            status if status.is_success() => Ok(true),
            status => Err(self.refused(status, b"")),
        }
    }

    /// Asks the gateway's API for JSON.
    ///
    /// # Errors
    /// As [`ask`](Self::ask), or the reply is not what faasim answers.
    pub async fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<T, Failure> {
        let reply = self.ask(method, path, body).await?;
        let bytes = reply.into_body().collect().await.map_err(Failure::failed)?.to_bytes();
        parse(&bytes)
    }

    /// Sends any request, such as an invocation, whatever its reply's status is. It carries no password.
    ///
    /// # Errors
    /// The gateway does not answer.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Failure> {
        self.http.request(request).await.map_err(|e| {
            let cause = std::error::Error::source(&e).map_or_else(|| e.to_string(), ToString::to_string);
            Failure::no_answer(match e.is_connect() {
                true => format!(
                    "no cluster answers at {}: start one with `faasim up`, or name another with `--gateway` ({cause})",
                    self.gateway
                ),
                false => format!("the gateway {} broke off: {cause}", self.gateway),
            })
        })
    }

    /// The address of a path of the gateway.
    ///
    /// # Errors
    /// The path cannot be part of an address.
    pub fn uri(&self, path: &str) -> Result<Uri, Failure> {
        let text = format!("{}{path}", self.gateway);
        text.parse().map_err(|e| Failure::used(format_args!("`{text}` is no address: {e}")))
    }
}

/// The lines of a reply as they come, without their ends.
///
/// A line that ends with the stream and not with a newline is given too.
pub fn lines(reply: Response<Incoming>) -> impl Stream<Item = Result<Bytes, Failure>> {
    let state = (reply.into_body(), Vec::new(), false);
    stream::unfold(state, |(mut body, mut rest, mut ended)| async move {
        loop {
            if let Some(end) = rest.iter().position(|b| *b == b'\n') {
                let mut line: Vec<u8> = rest.drain(..=end).collect();
                line.pop();
                return Some((Ok(line.into()), (body, rest, ended)));
            }
            if ended {
                let last = std::mem::take(&mut rest);
                return (!last.is_empty()).then(|| (Ok(last.into()), (body, rest, true)));
            }
            match body.frame().await {
                Some(Ok(frame)) => rest.extend(frame.into_data().unwrap_or_default()),
                Some(Err(e)) => {
                    rest.clear();
                    return Some((
                        Err(Failure::failed(format_args!("the gateway broke off: {e}"))),
                        (body, rest, true),
                    ));
                }
                None => ended = true,
            }
        }
    })
}

pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|e| {
        Failure::failed(format_args!(
            "the gateway's reply is not faasim's ({e}): is it a faasim of version {}?",
            env!("CARGO_PKG_VERSION")
        ))
    })
}

/// `NAME` or `NAME.NAMESPACE` as faas-cli and kubectl users write it; the namespace of `-n` where it names none.
pub fn function_name(text: &str, global: &Global) -> FunctionName {
    match text.split_once('.') {
        Some((name, namespace)) => FunctionName { name: name.into(), namespace: namespace.into() },
        None => FunctionName { name: text.into(), namespace: global.namespace().into() },
    }
}
