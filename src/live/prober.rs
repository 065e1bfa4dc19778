//! Asks pods how they are, as a kubelet does, and tells the cluster when a row of answers means something.

use crate::cluster::event::Event;
use crate::cluster::pod::PodUid;
use crate::cluster::probe::{HEALTH_PATH, Probe, Probes, Row};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::task::AbortOnDropHandle;

/// A timer of ours that is later than this says that the machine is too busy to blame a pod.
const OUR_OWN_DELAY: Duration = Duration::from_millis(250);

/// One task for each pod that is asked.
pub struct Prober {
    events: UnboundedSender<Event>,
    tasks: BTreeMap<PodUid, AbortOnDropHandle<()>>,
}

impl Prober {
    /// Asks nobody yet. What is found goes to `events`.
    pub fn new(events: UnboundedSender<Event>) -> Self {
        Prober { events, tasks: BTreeMap::new() }
    }

    /// Begins to ask a pod whose container has just started at this address.
    pub fn start(&mut self, uid: PodUid, address: String, probes: Probes) {
        let events = self.events.clone();
        let task = tokio::spawn(async move {
            let Probes { liveness, readiness } = probes;
            let alive = ask(
                &address,
                &liveness,
                |good, message| match good {
                    true => None,
                    false => Some(Event::PodUnhealthy { uid, message }),
                },
                &events,
            );
            let ready = async {
                if let Some(readiness) = &readiness {
                    let event = |ready, message| Some(Event::PodProbed { uid, ready, message });
                    ask(&address, readiness, event, &events).await;
                }
            };
            tokio::join!(alive, ready);
        });
        self.tasks.insert(uid, AbortOnDropHandle::new(task));
    }

    /// Asks it no more.
    pub fn stop(&mut self, uid: PodUid) {
        self.tasks.remove(&uid);
    }
}

/// Asks for ever.
async fn ask(
    address: &str,
    probe: &Probe,
    event: impl Fn(bool, String) -> Option<Event>,
    events: &UnboundedSender<Event>,
) {
    tokio::time::sleep(probe.initial_delay).await;
    let mut row = Row::default();
    let mut ticks = tokio::time::interval(probe.period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let begun = Instant::now();
        let answer = match tokio::time::timeout(probe.timeout, get(address, &probe.path)).await {
            Ok(answer) => answer.map_err(|e| e.to_string()),
            Err(_) if begun.elapsed() > probe.timeout + OUR_OWN_DELAY => continue,
            Err(_) => Err(format!("no answer within {} s", probe.timeout.as_secs_f64())),
        };
        let bad = match answer {
            Ok(200..=399) => None,
            // A server without a watchdog does not know the usual path, and serves all the same.
            Ok(404) if probe.path == HEALTH_PATH => None,
            Ok(status) => Some(format!("the answer is {status}")),
            Err(why) => Some(why),
        };
        if let Some(good) = row.take(bad.is_none(), probe) {
            let message = format!("GET http://{address}{}: {}", probe.path, bad.unwrap_or_default());
            // Nobody listens any more when faasim is ending.
            let _ = event(good, message).map(|event| events.send(event));
        }
    }
}

/// The status of a reply. A connection for each question, as a kubelet makes.
async fn get(address: &str, path: &str) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: kube-probe/faasim\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await?;
    let status = std::str::from_utf8(&head[9..]).ok().and_then(|text| text.parse().ok());
    status.ok_or_else(|| std::io::Error::other("the answer is not HTTP"))
}
