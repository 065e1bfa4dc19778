//! Small servers that stand where a pod's watchdog would.

use http::{Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

pub type Reply = Response<BoxBody<Bytes, hyper::Error>>;

/// A server on a free port; it ends when it is dropped.
pub struct Pod {
    pub address: SocketAddr,
    /// Connections that it accepted.
    pub connections: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Pod {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub fn full(text: impl Into<Bytes>) -> Reply {
    Response::new(Full::new(text.into()).map_err(|never: Infallible| match never {}).boxed())
}

impl Pod {
    /// Each connection is handled by `serve`.
    pub async fn raw<F, Fut>(serve: F) -> Pod
    where
        F: Fn(TcpStream) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::<AtomicUsize>::default();
        let counted = connections.clone();
        let task = tokio::spawn(async move {
            let mut running = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                running.spawn(serve(stream));
            }
        });
        Pod { address, connections, task }
    }

    /// Each request is answered by `answer`.
    pub async fn http<F, Fut>(answer: F) -> Pod
    where
        F: Fn(Request<Incoming>) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Reply> + Send + 'static,
    {
        Pod::raw(move |stream| {
            let answer = answer.clone();
            async move {
                let service = service_fn(move |request| {
                    let reply = answer(request);
                    async move { Ok::<_, Infallible>(reply.await) }
                });
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            }
        })
        .await
    }

    /// Sends the body back; the request line and headers come as reply headers `saw-…`.
    pub async fn echo() -> Pod {
        Pod::http(|request| async move {
            let (parts, body) = request.into_parts();
            let mut reply = Response::new(body.boxed());
            let headers = reply.headers_mut();
            headers.insert("saw-method", parts.method.as_str().parse().unwrap());
            headers.insert("saw-path", parts.uri.to_string().parse().unwrap());
            for (name, value) in &parts.headers {
                headers.append(http::HeaderName::try_from(format!("saw-{name}")).unwrap(), value.clone());
            }
            reply
        })
        .await
    }

    /// Answers each request of a connection with these bytes as they are, and never closes by itself.
    pub async fn canned(reply: &'static str) -> Pod {
        Pod::raw(move |mut stream| async move {
            while read_head(&mut stream).await.is_some() {
                if stream.write_all(reply.as_bytes()).await.is_err() {
                    return;
                }
            }
        })
        .await
    }
}

/// A request's head, or none when the peer has gone.
pub async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

pub fn status(status: StatusCode) -> Reply {
    let mut reply = full("");
    *reply.status_mut() = status;
    reply
}
