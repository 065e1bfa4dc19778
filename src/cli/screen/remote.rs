//! A cluster that another process runs.

use super::calls;
use super::requests::Requests;
use crate::cli::asynchronous::escaped;
use crate::cli::client::{Client, lines};
use crate::cluster::command::{Command, Reply};
use crate::cluster::function::FunctionName;
use crate::cluster::time::Time;
use crate::dashboard::tui::calls::{CallWish, Calls, CallsWanted};
use crate::dashboard::tui::link::{Invocation, Link, Load, LoadNews, LogRow};
use crate::dashboard::view::View;
use crate::live::gateway::api::asynchronous::{CallList, CallShown};
use crate::live::gateway::api::logs::LogMessage;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use http::Method;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long after a failure the cluster is asked again.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// Lines of a log that were written before it was opened.
const TAIL: usize = 200;

/// The way to a cluster over its gateway.
pub struct Remote {
    client: Client,
    requests: Requests,
}

impl Remote {
    /// The way to the cluster that the client asks.
    pub fn new(client: Client) -> Self {
        let requests = Requests::to(client.gateway());
        Remote { client, requests }
    }
}

impl Link for Remote {
    /// Views until the cluster goes away, then why; and views again when it is back.
    fn views(&self) -> BoxStream<'static, Result<View, String>> {
        let client = self.client.clone();
        let connect = move |wait: bool| {
            let client = client.clone();
            async move {
                if wait {
                    tokio::time::sleep(TRY_AGAIN).await;
                }
                let views = match client.watch().await {
                    Ok(views) => views.map(|view| view.map_err(|e| e.to_string())).boxed(),
                    Err(why) => stream::iter([Err(why.to_string())]).boxed(),
                };
                let ended = Err("the cluster has stopped, or does not answer: trying again".to_owned());
                Some((views.chain(stream::iter([ended])), true))
            }
        };
        stream::unfold(false, connect).flatten().boxed()
    }

    fn apply(&self, command: Command) -> BoxFuture<'static, Result<Reply, String>> {
        let client = self.client.clone();
        async move { client.command(&command).await.map_err(|e| e.to_string()) }.boxed()
    }

    fn invoke(
        &self,
        function: FunctionName,
        body: Vec<u8>,
    ) -> BoxFuture<'static, Result<Invocation, String>> {
        self.requests.invoke(function, body)
    }

    fn logs(&self, function: FunctionName) -> BoxStream<'static, Result<LogRow, String>> {
        let client = self.client.clone();
        let FunctionName { name, namespace } = function;
        let path = format!("/system/logs?name={name}&namespace={namespace}&tail={TAIL}&follow=true");
        let open = async move {
            match client.ask(Method::GET, &path, Bytes::new()).await {
                Ok(reply) => lines(reply).map(|line| row(&line.map_err(|e| e.to_string())?)).boxed(),
                Err(why) => stream::iter([Err(why.to_string())]).boxed(),
            }
        };
        stream::once(open).flatten().boxed()
    }

    fn own_log(&self) -> Option<BoxStream<'static, LogRow>> {
        None
    }

    fn load(&self, load: Load, stop: CancellationToken) -> BoxStream<'static, LoadNews> {
        self.requests.load(load, stop)
    }

    fn calls(&self, wanted: CallsWanted) -> BoxFuture<'static, Result<Calls, String>> {
        let client = self.client.clone();
        async move {
            let of =
                wanted.function.map_or(String::new(), |f| format!("&function={}", escaped(&f.to_string())));
            let path = format!("/system/faasim/async?limit={}{of}", calls::MOST);
            let list: CallList =
                client.json(Method::GET, &path, Bytes::new()).await.map_err(|e| e.to_string())?;
            let shown = match &wanted.chosen {
                Some(id) => {
                    let path = format!("/system/faasim/async/call/{}", escaped(id));
                    // It may have ended meanwhile.
                    let shown = client.json::<CallShown>(Method::GET, &path, Bytes::new()).await;
                    shown.map_or_else(|_| Vec::new(), |shown| shown.calls)
                }
                None => Vec::new(),
            };
            Ok(calls::with_said(calls::listed(list.calls, list.finished), wanted.chosen, shown))
        }
        .boxed()
    }

    fn change_call(&self, id: String, wish: CallWish) -> BoxFuture<'static, Result<(), String>> {
        let client = self.client.clone();
        async move {
            let (method, path) = match wish {
                CallWish::Retry => (Method::POST, "/system/faasim/async/retry"),
                CallWish::Cancel => (Method::DELETE, "/system/faasim/async"),
            };
            let path = format!("{path}?call_id={}", escaped(&id));
            client.ask(method, &path, Bytes::new()).await.map(drop).map_err(|e| e.to_string())
        }
        .boxed()
    }
}

fn row(line: &[u8]) -> Result<LogRow, String> {
    let message: LogMessage =
        serde_json::from_slice(line).map_err(|e| format!("a line of the log cannot be read: {e}"))?;
    let at = message.timestamp.parse::<jiff::Timestamp>().unwrap_or_default().as_nanosecond();
    let at = Time::from_nanos(u64::try_from(at).unwrap_or(0));
    Ok(LogRow { at, who: message.instance, text: message.text })
}
