//! The stream that faasim holds open to each pod's watchdog.
//!
//! Through it come readiness, CPU, memory and requests in flight; while it is open the pod's lease does not
//! run. It is opened again whenever it breaks, as long as the pod is kept.

use crate::cluster::event::Event;
use crate::cluster::pod::PodUid;
use crate::live::provider::Events;
use crate::watchdog::hold::{self, Report};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

/// Waits between attempts to open the stream: a pod that starts must not wait for us.
const FIRST_RETRY: Duration = Duration::from_millis(5);
const LAST_RETRY: Duration = Duration::from_millis(500);
/// A watchdog that is silent for so long hangs: five reports have failed to come.
const SILENCE: Duration = Duration::from_secs(5);
/// One report is a few hundred bytes; call ids of many requests may add to it.
const LONGEST_REPORT: usize = 4 << 20;

/// Where a pod's latest report is put up.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<Mutex<Option<Report>>>);

impl Board {
    /// The latest report since the pod started, if there is one.
    pub fn latest(&self) -> Option<Report> {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }

    /// Puts a report up.
    pub fn post(&self, report: Report) {
        *self.0.lock().unwrap_or_else(|e| e.into_inner()) = Some(report);
    }

    /// Takes the report down: the pod it was about has ended.
    pub fn clear(&self) {
        *self.0.lock().unwrap_or_else(|e| e.into_inner()) = None;
    }
}

/// Tells the cluster when a pod's readiness changes, and only then.
#[derive(Debug)]
pub struct Readiness {
    uid: PodUid,
    events: Events,
    muted: Arc<AtomicBool>,
    ready: bool,
}

impl Readiness {
    /// The pod passes its probe.
    pub fn ready(&mut self) {
        let uid = self.uid;
        self.set(true, || Event::PodReady { uid });
    }

    /// It does not (any more), and why.
    pub fn unready(&mut self, why: &str) {
        let uid = self.uid;
        self.set(false, || Event::PodUnready { uid, message: why.into() });
    }

    fn set(&mut self, ready: bool, event: impl FnOnce() -> Event) {
        if self.ready != ready {
            let event = event();
            self.ready = ready;
            if !self.muted.load(Ordering::Relaxed) {
                // Nobody listens any more when faasim is ending.
                let _ = self.events.send(event);
            }
        }
    }
}

/// A pod being watched, until it is dropped.
#[derive(Debug)]
pub struct Control {
    task: AbortOnDropHandle<()>,
    muted: Arc<AtomicBool>,
}

impl Control {
    /// Watches a pod with the future that `watch` makes. The pod counts as not ready until it says otherwise.
    pub fn spawn<F>(uid: PodUid, events: Events, watch: impl FnOnce(Readiness) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let muted = Arc::new(AtomicBool::new(false));
        let readiness = Readiness { uid, events, muted: Arc::clone(&muted), ready: false };
        Control { task: AbortOnDropHandle::new(tokio::spawn(watch(readiness))), muted }
    }

    /// Holds the stream of the watchdog at `address`, which knows `token`.
    pub fn hold(uid: PodUid, address: String, token: String, board: Board, events: Events) -> Self {
        Control::spawn(uid, events, |readiness| {
            Holder { address, token, board, readiness, retry: FIRST_RETRY }.hold()
        })
    }

    /// Keeps watching, but reports nothing more.
    pub fn mute(&self) {
        self.muted.store(true, Ordering::Relaxed);
    }

    /// Ends the watching, and returns when no event can come of it any more.
    pub async fn end(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

struct Holder {
    address: String,
    token: String,
    board: Board,
    readiness: Readiness,
    retry: Duration,
}

impl Holder {
    async fn hold(mut self) {
        loop {
            let why = match self.read().await {
                Ok(()) => "its watchdog has closed the control stream".to_owned(),
                Err(why) => why,
            };
            // A stream that breaks and is back at once is no news.
            if self.retry > FIRST_RETRY {
                self.readiness.unready(&why);
            }
            tokio::time::sleep(self.retry).await;
            self.retry = (self.retry * 2).min(LAST_RETRY);
        }
    }

    /// Reads reports until the stream ends.
    async fn read(&mut self) -> Result<(), String> {
        let answer = tokio::time::timeout(SILENCE, self.open());
        let (response, _connection) =
            answer.await.map_err(|_| format!("its watchdog at {} does not answer", self.address))??;
        if !response.status().is_success() {
            let status = response.status();
            return Err(format!("its watchdog at {} refuses to be held: {status}", self.address));
        }
        let mut body = response.into_body();
        let mut buffer = BytesMut::new();
        loop {
            let frame = tokio::time::timeout(SILENCE, body.frame()).await.map_err(|_| {
                self.readiness.unready("its watchdog has not reported for 5 s");
                format!("its watchdog at {} is silent", self.address)
            })?;
            let Some(frame) = frame else { return Ok(()) };
            let frame = frame.map_err(|e| format!("its control stream broke: {e}"))?;
            buffer.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()));
            while let Some(end) = buffer.iter().position(|b| *b == b'\n') {
                let line = buffer.split_to(end + 1);
                // A line of a later version that cannot be read says nothing about readiness.
                if let Ok(report) = serde_json::from_slice::<Report>(&line) {
                    self.take(report);
                }
            }
            if buffer.len() > LONGEST_REPORT {
                return Err("its watchdog's report does not end".into());
            }
        }
    }

    async fn open(&self) -> Result<(http::Response<hyper::body::Incoming>, AbortOnDropHandle<()>), String> {
        let at = &self.address;
        let stream = TcpStream::connect(at)
            .await
            .map_err(|e| format!("its watchdog at {at} cannot be reached: {e}"))?;
        let broke = |e: hyper::Error| format!("its watchdog at {at} does not answer: {e}");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broke)?;
        let connection = AbortOnDropHandle::new(tokio::spawn(async move {
            let _ = connection.await;
        }));
        let request = http::Request::get(hold::PATH)
            .header(http::header::HOST, at)
            .header(http::header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Empty::<Bytes>::new())
            .map_err(|e| e.to_string())?;
        Ok((sender.send_request(request).await.map_err(broke)?, connection))
    }

    fn take(&mut self, report: Report) {
        self.retry = FIRST_RETRY;
        if report.ready && !report.draining {
            self.readiness.ready();
        } else if report.draining {
            self.readiness.unready("it is ending");
        } else {
            self.readiness.unready("its server does not accept connections yet");
        }
        self.board.post(report);
    }
}
