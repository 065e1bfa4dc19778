//! What a screen needs of a cluster: views in, wishes out. One kind of link goes to the cluster of this very
//! process, another to one that is reached over its gateway; the screen cannot tell them apart.

use super::calls::{CallWish, Calls, CallsWanted};
use crate::cluster::command::{Command, Reply};
use crate::cluster::function::FunctionName;
use crate::cluster::time::Time;
use crate::dashboard::view::View;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The way to a cluster. Every error is a sentence for a person.
pub trait Link: Send + Sync + 'static {
    /// A view about each second. An error says why there is none at the moment; the stream goes on, and its end
    /// says that the cluster has stopped.
    fn views(&self) -> BoxStream<'static, Result<View, String>>;

    /// Carries out a wish.
    fn apply(&self, command: Command) -> BoxFuture<'static, Result<Reply, String>>;

    /// Sends one request.
    fn invoke(&self, function: FunctionName, body: Vec<u8>)
    -> BoxFuture<'static, Result<Invocation, String>>;

    /// What the pods of a function wrote lately, and what they write from now on.
    fn logs(&self, function: FunctionName) -> BoxStream<'static, Result<LogRow, String>>;

    /// What faasim itself wrote lately, and writes from now on; `None` where that is in another process.
    fn own_log(&self) -> Option<BoxStream<'static, LogRow>>;

    /// Sends a load until it ends or `stop` is cancelled, and tells how it goes.
    fn load(&self, load: Load, stop: CancellationToken) -> BoxStream<'static, LoadNews>;

    /// Asynchronous calls: those that are not finished, those that were given up, and the last that ended.
    fn calls(&self, _wanted: CallsWanted) -> BoxFuture<'static, Result<Calls, String>> {
        std::future::ready(Err(NO_CALLS.into())).boxed()
    }

    /// Does something to a call.
    fn change_call(&self, _id: String, _wish: CallWish) -> BoxFuture<'static, Result<(), String>> {
        std::future::ready(Err(NO_CALLS.into())).boxed()
    }

    /// How time passes there, where that is not as it does here.
    fn pace(&self) -> Option<Pace> {
        None
    }

    /// Lets time pass otherwise, where that can be.
    fn set_pace(&self, _pace: Pace) {}

    /// Lets one [`STEP`] of time pass and then stand still, where that can be.
    fn step(&self) {}
}

/// What a cluster without a queue says of asynchronous calls.
const NO_CALLS: &str = "there are no asynchronous calls in virtual time";

/// So much time passes in one step.
pub const STEP: Duration = Duration::from_secs(1);

/// How virtual time passes for whoever watches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Seconds of the cluster in one second of the person's.
    pub speed: f64,
    /// It stands still.
    pub still: bool,
    /// How long it goes on in all; none: for ever.
    pub whole: Option<Duration>,
}

impl Pace {
    /// Time that passes, for ever.
    pub fn at(speed: f64) -> Pace {
        Pace { speed, still: false, whole: None }
    }

    /// What can be chosen.
    const SPEEDS: [f64; 7] = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0];

    /// A speed up or down.
    pub fn faster(self, up: bool) -> Pace {
        let mut speeds = Self::SPEEDS.into_iter();
        let next = match up {
            true => speeds.find(|s| *s > self.speed),
            false => speeds.rev().find(|s| *s < self.speed),
        };
        Pace { speed: next.unwrap_or(self.speed), ..self }
    }
}

/// How one request went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The HTTP status.
    pub status: u16,
    /// From the first byte sent to the last one read.
    pub took: Duration,
    /// It had to wait for a pod to become ready.
    pub cold: bool,
    /// The reply, as far as it is text; cut where it is long.
    pub reply: String,
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRow {
    /// When.
    pub at: Time,
    /// The pod, or `faasim`.
    pub who: String,
    /// What.
    pub text: String,
}

/// When the requests of a load are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// So many users, each of whom waits for the answer before the next request.
    Users(u32),
    /// So many requests per second, whether answered or not.
    Rate(f64),
}

/// A load on one function.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// On which.
    pub function: FunctionName,
    /// When requests are sent.
    pub shape: Shape,
    /// The body of each request.
    pub body: String,
    /// How long; `None` until it is stopped.
    pub duration: Option<Duration>,
}

/// How a load goes.
#[derive(Clone, Debug, PartialEq)]
pub enum LoadNews {
    /// Told four times a second.
    Running(LoadProgress),
    /// It is over: a summary in a sentence, or why it could not be sent.
    Ended(Result<String, String>),
}

/// The numbers of a load so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LoadProgress {
    /// Since its start.
    pub elapsed: Duration,
    /// Requests that ended.
    pub requests: u64,
    /// Of these, without an answer or with a status of 400 or more.
    pub failed: u64,
}
