//! What the screen is to virtual time: views of it, wishes to it, and the keys that are its own.

use crate::cluster::command::{Command, Reply};
use crate::cluster::function::FunctionName;
use crate::dashboard::tui::link::{Invocation, Link, Load, LoadNews, LogRow, Pace, STEP};
use crate::dashboard::view::View;
use crate::lab::virtual_run::Session;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tokio_util::sync::CancellationToken;

/// What is said to who wants to call a function that is only modelled.
const MODELLED: &str = "in virtual time functions are models: the scenario's loads call them";

/// Lets so much of real time pass.
pub(super) fn pass(pace: Pace, passed: Duration, session: &mut Session) {
    if !pace.still {
        let on = passed.min(Duration::from_millis(500)).mul_f64(pace.speed);
        session.advance(session.now() + on);
    }
}

/// What the screen draws.
pub(super) fn view(session: &mut Session) -> View {
    let mut view = session.view();
    view.platform.gateway = "virtual time".into();
    view.platform.provider = "virtual".into();
    view.platform.version = env!("CARGO_PKG_VERSION").into();
    view
}

/// The way to a cluster in virtual time.
pub(super) struct Simulated {
    session: Arc<Mutex<Session>>,
    pace: Arc<Mutex<Pace>>,
    views: watch::Receiver<View>,
}

impl Simulated {
    /// The way to a session, and where its views go.
    pub(super) fn new(session: Arc<Mutex<Session>>, pace: Arc<Mutex<Pace>>) -> (Self, watch::Sender<View>) {
        let first = view(&mut lock(&session));
        let (sender, views) = watch::channel(first);
        (Simulated { session, pace, views }, sender)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Link for Simulated {
    fn views(&self) -> BoxStream<'static, Result<View, String>> {
        WatchStream::new(self.views.clone()).map(Ok).boxed()
    }

    fn apply(&self, command: Command) -> BoxFuture<'static, Result<Reply, String>> {
        let answer = lock(&self.session).apply(command).map_err(|e| e.to_string());
        std::future::ready(answer).boxed()
    }

    fn invoke(&self, _: FunctionName, _: Vec<u8>) -> BoxFuture<'static, Result<Invocation, String>> {
        std::future::ready(Err(MODELLED.into())).boxed()
    }

    fn logs(&self, _: FunctionName) -> BoxStream<'static, Result<LogRow, String>> {
        stream::once(std::future::ready(Err("in virtual time pods write no log".into()))).boxed()
    }

    fn own_log(&self) -> Option<BoxStream<'static, LogRow>> {
        None
    }

    fn load(&self, _: Load, _: CancellationToken) -> BoxStream<'static, LoadNews> {
        stream::once(std::future::ready(LoadNews::Ended(Err(MODELLED.into())))).boxed()
    }

    fn pace(&self) -> Option<Pace> {
        let over = lock(&self.session).is_over();
        let pace = *lock(&self.pace);
        Some(Pace { still: pace.still || over, ..pace })
    }

    fn set_pace(&self, wanted: Pace) {
        *lock(&self.pace) = wanted;
    }

    fn step(&self) {
        lock(&self.pace).still = true;
        let mut session = lock(&self.session);
        let next = session.now() + STEP;
        session.advance(next);
    }
}
