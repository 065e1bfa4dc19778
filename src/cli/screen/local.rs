//! The cluster of this very process.

use super::calls;
use super::requests::Requests;
use crate::cli::logbook::LogBook;
use crate::cluster::command::{Command, Reply};
use crate::cluster::function::FunctionName;
use crate::dashboard::tui::calls::{CallWish, Calls, CallsWanted};
use crate::dashboard::tui::link::{Invocation, Link, Load, LoadNews, LogRow};
use crate::dashboard::view::View;
use crate::live::asynchronous::{Which, now};
use crate::live::gateway::api::logs;
use crate::live::handle::Handle;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_stream::wrappers::{IntervalStream, ReceiverStream};
use tokio_util::sync::CancellationToken;

/// How often the screen looks. It costs a copy of some maps.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Lines of a log that were written before it was opened.
const TAIL: usize = 200;

/// The way to the cluster of this process.
pub struct Local {
    handle: Handle,
    requests: Requests,
    book: Arc<LogBook>,
}

impl Local {
    /// The way to the cluster behind `handle`, whose own log is `book`.
    pub fn new(handle: Handle, gateway: &str, book: Arc<LogBook>) -> Self {
        Local { handle, requests: Requests::to(gateway), book }
    }
}

impl Link for Local {
    fn views(&self) -> BoxStream<'static, Result<View, String>> {
        let (handle, ended) = (self.handle.clone(), self.handle.shutdown().clone().cancelled_owned());
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        IntervalStream::new(tick).take_until(ended).map(move |_| Ok(handle.view())).boxed()
    }

    fn apply(&self, command: Command) -> BoxFuture<'static, Result<Reply, String>> {
        let handle = self.handle.clone();
        async move { handle.apply(command).await.map_err(|e| e.to_string()) }.boxed()
    }

    fn invoke(
        &self,
        function: FunctionName,
        body: Vec<u8>,
    ) -> BoxFuture<'static, Result<Invocation, String>> {
        self.requests.invoke(function, body)
    }

    fn logs(&self, function: FunctionName) -> BoxStream<'static, Result<LogRow, String>> {
        match logs::follow(&self.handle, &function, TAIL) {
            Some(lines) => ReceiverStream::new(lines)
                .map(|line| Ok(LogRow { at: line.at, who: line.pod, text: line.text }))
                .boxed(),
            None => stream::empty().boxed(),
        }
    }

    fn own_log(&self) -> Option<BoxStream<'static, LogRow>> {
        Some(self.book.follow())
    }

    fn load(&self, load: Load, stop: CancellationToken) -> BoxStream<'static, LoadNews> {
        self.requests.load(load, stop)
    }

    fn calls(&self, wanted: CallsWanted) -> BoxFuture<'static, Result<Calls, String>> {
        let handle = self.handle.clone();
        async move {
            let queue = handle.queue();
            let function = wanted.function.map(|f| f.to_string());
            let mut ended = queue.finished(usize::MAX);
            ended.retain(|one| function.as_ref().is_none_or(|wanted| *wanted == one.function));
            let which = Which { function, ..Which::default() };
            let open = queue.list(which, calls::MOST).await.map_err(|e| e.to_string())?;
            let shown = match &wanted.chosen {
                Some(id) => queue.show(id).await.map_err(|e| e.to_string())?,
                None => Vec::new(),
            };
            Ok(calls::with_said(calls::listed(open, ended), wanted.chosen, shown))
        }
        .boxed()
    }

    fn change_call(&self, id: String, wish: CallWish) -> BoxFuture<'static, Result<(), String>> {
        let handle = self.handle.clone();
        async move {
            let which = Which { call_id: Some(id.clone()), ..Which::default() };
            let changed = match wish {
                CallWish::Retry => handle.queue().retry(which, now()).await,
                CallWish::Cancel => handle.queue().cancel(which).await,
            };
            match changed {
                Ok(0) => Err(format!("{id} has ended, or was cancelled")),
                Ok(_) => Ok(()),
                Err(error) => Err(error.to_string()),
            }
        }
        .boxed()
    }
}
