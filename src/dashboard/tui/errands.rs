//! What the screen has others do meanwhile. All answers come back through the one channel.

use super::app::LogOf;
use super::calls::{CallWish, Calls, CallsWanted};
use super::link::{Invocation, Link, Load, LoadNews, LogRow};
use crate::cluster::command::Command;
use crate::cluster::function::FunctionName;
use crate::dashboard::view::View;
use crossterm::event::Event as Input;
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::Sender;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Lines of a log that are told at once.
const ROWS_AT_ONCE: usize = 256;

/// How often asynchronous calls are looked at while they are shown.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the screen hears.
pub(super) enum News {
    /// A key, a resize, a paste.
    Input(Input),
    /// The terminal went away.
    TerminalGone,
    /// The cluster as it stands, or why it cannot be seen.
    View(Result<Box<View>, String>),
    /// There will be no more views.
    ClusterGone,
    /// A wish was carried out or refused.
    Applied { done: String, result: Result<Vec<String>, String> },
    /// A request was answered.
    Invoked { function: FunctionName, result: Result<Invocation, String> },
    /// The asynchronous calls that were asked for.
    Calls(Result<Calls, String>),
    /// How a load goes.
    Load { function: FunctionName, news: LoadNews },
    /// Lines of the log that a certain reader reads.
    Log { reader: u64, rows: Vec<LogRow> },
}

/// What runs for the screen. It ends with it.
pub(super) struct Errands {
    link: Arc<dyn Link>,
    news: Sender<News>,
    loads: BTreeMap<FunctionName, CancellationToken>,
    log: Option<(LogOf, DropGuard)>,
    /// What was asked for last, and when.
    calls: Option<(CallsWanted, Instant)>,
    asking: Arc<AtomicBool>,
    reader: u64,
    all: CancellationToken,
    _end: DropGuard,
}

impl Errands {
    pub(super) fn new(link: Arc<dyn Link>, news: Sender<News>) -> Self {
        let all = CancellationToken::new();
        let end = all.clone().drop_guard();
        let (loads, asking) = (BTreeMap::new(), Arc::default());
        Errands { link, news, loads, log: None, calls: None, asking, reader: 0, all, _end: end }
    }

    /// Runs something until it is done or the screen is closed.
    fn run(&self, errand: impl Future<Output = ()> + Send + 'static) {
        let end = self.all.clone();
        tokio::spawn(async move { end.run_until_cancelled(errand).await });
    }

    pub(super) fn watch(&self) {
        let (news, mut views) = (self.news.clone(), self.link.views());
        self.run(async move {
            while let Some(view) = views.next().await {
                if news.send(News::View(view.map(Box::new))).await.is_err() {
                    return;
                }
            }
            let _ = news.send(News::ClusterGone).await;
        });
    }

    pub(super) fn apply(&self, command: Command, done: String) {
        let (news, answer) = (self.news.clone(), self.link.apply(command));
        self.run(async move {
            let result = answer.await.map(|reply| reply.notes);
            let _ = news.send(News::Applied { done, result }).await;
        });
    }

    pub(super) fn invoke(&self, function: FunctionName, body: Vec<u8>) {
        let (news, answer) = (self.news.clone(), self.link.invoke(function.clone(), body));
        self.run(async move {
            let result = answer.await;
            let _ = news.send(News::Invoked { function, result }).await;
        });
    }

    pub(super) fn change_call(&self, id: String, wish: CallWish, done: String) {
        let (news, answer) = (self.news.clone(), self.link.change_call(id, wish));
        self.run(async move {
            let result = answer.await.map(|()| Vec::new());
            let _ = news.send(News::Applied { done, result }).await;
        });
    }

    /// Looks at the calls that are wanted: at once when others are, else from time to time. One look at a time.
    pub(super) fn look_at_calls(&mut self, wanted: Option<CallsWanted>) {
        let Some(wanted) = wanted else { return self.look_again() };
        let fresh = |(last, at): &(CallsWanted, Instant)| *last == wanted && at.elapsed() < LOOK_EVERY;
        if self.calls.as_ref().is_some_and(fresh) || self.asking.swap(true, Ordering::SeqCst) {
            return;
        }
        let (news, asking, answer) =
            (self.news.clone(), self.asking.clone(), self.link.calls(wanted.clone()));
        self.calls = Some((wanted, Instant::now()));
        self.run(async move {
            let calls = answer.await;
            asking.store(false, Ordering::SeqCst);
            let _ = news.send(News::Calls(calls)).await;
        });
    }

    /// The next look at calls is not waited for.
    pub(super) fn look_again(&mut self) {
        self.calls = None;
    }

    pub(super) fn start_load(&mut self, load: Load) {
        let function = load.function.clone();
        let stop = self.all.child_token();
        self.loads.insert(function.clone(), stop.clone());
        let (sender, mut news) = (self.news.clone(), self.link.load(load, stop));
        self.run(async move {
            while let Some(news) = news.next().await {
                if sender.send(News::Load { function: function.clone(), news }).await.is_err() {
                    return;
                }
            }
        });
    }

    pub(super) fn stop_load(&mut self, function: &FunctionName) {
        if let Some(stop) = self.loads.remove(function) {
            stop.cancel();
        }
    }

    /// Reads another log when another is wanted, and ends the one before; none is read while none is shown. True
    /// when what was read so far is of no use any more.
    pub(super) fn follow(&mut self, wanted: Option<LogOf>) -> bool {
        if self.log.as_ref().map(|(of, _)| of) == wanted.as_ref() {
            return false;
        }
        self.reader += 1;
        self.log = wanted.map(|wanted| self.read(wanted));
        true
    }

    fn read(&self, wanted: LogOf) -> (LogOf, DropGuard) {
        let (reader, news) = (self.reader, self.news.clone());
        let stream = match &wanted {
            LogOf::Function(name) => self.link.logs(name.clone()),
            LogOf::Faasim => match self.link.own_log() {
                Some(own) => own.map(Ok).boxed(),
                None => {
                    let text = "its own log is where `faasim up` runs, or in faasim.log of its state folder";
                    let row = LogRow {
                        at: crate::cluster::time::Time::ZERO,
                        who: "faasim".into(),
                        text: text.into(),
                    };
                    futures_util::stream::iter([Ok(row)]).boxed()
                }
            },
        };
        let stop = self.all.child_token();
        let guard = stop.clone().drop_guard();
        self.run(async move {
            let mut chunks = stream.ready_chunks(ROWS_AT_ONCE);
            while let Some(Some(chunk)) = stop.run_until_cancelled(chunks.next()).await {
                let rows = chunk.into_iter().map(|row| row.unwrap_or_else(unreadable)).collect();
                if news.send(News::Log { reader, rows }).await.is_err() {
                    return;
                }
            }
        });
        (wanted, guard)
    }

    /// Lines of an earlier reader may still be on their way.
    pub(super) fn is_current(&self, reader: u64) -> bool {
        reader == self.reader
    }
}

fn unreadable(why: String) -> LogRow {
    LogRow { at: crate::cluster::time::Time::ZERO, who: "faasim".into(), text: why }
}
