//! Sends what is queued: each function's calls in their order, so many at once in each queue, functions by turns.

use super::call::{Call, Finished, Line};
use super::outcomes::Outcomes;
use super::queue::Queue;
use super::retry::Rule;
use super::send::{self, Answer, Http, Through};
use super::table::Orphan;
use super::{limit_of, now, orphans, queue_of};
use crate::cluster::function::FunctionName;
use crate::cluster::scaling::openfaas::Edition;
use crate::cluster::snapshot::Snapshot;
use crate::live::provider::Provider;
use crate::live::settings::Asynchronous;
use rand::RngExt;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often the queue is looked at when nothing tells of a new call: a function may take more than before.
const LOOK: Duration = Duration::from_secs(1);
/// OpenFaaS CE's worker sends one call at a time.
const CE_AT_ONCE: usize = 1;
/// How long a pod may take to let go of a call that was cancelled.
const LETTING_GO: Duration = Duration::from_secs(10);
/// How long what runs may go on when faasim is stopped: as long as the gateway lets requests end.
const GRACE: Duration = Duration::from_secs(10);

/// Everything that calls are sent with.
pub struct Worker {
    /// Where they are kept.
    pub queue: Queue,
    /// Where they are sent.
    pub through: Through,
    /// How many, how long, how often.
    pub settings: Asynchronous,
    /// The functions, for their annotations.
    pub functions: watch::Receiver<Arc<Snapshot>>,
    /// Who knows what adopted pods still work on.
    pub provider: Arc<dyn Provider>,
}

/// What every try needs.
#[derive(Clone)]
struct Desk {
    queue: Queue,
    outcomes: Outcomes,
    http: Http,
    through: Through,
    settings: Asynchronous,
    functions: watch::Receiver<Arc<Snapshot>>,
}

/// Calls that are being sent, by function.
type Sending = BTreeMap<String, usize>;

impl Worker {
    /// Sends until it is told to stop; then what runs may end. What has not ended by then is sent again by the next
    /// faasim: its pod is stopped too.
    pub async fn run(self, stop: CancellationToken) {
        let mut rounds = Rounds {
            desk: Desk {
                outcomes: self.queue.outcomes(),
                queue: self.queue,
                http: send::http(),
                through: self.through,
                settings: self.settings,
                functions: self.functions,
            },
            provider: self.provider,
            tasks: JoinSet::new(),
            sending: HashMap::new(),
            orphans: Vec::new(),
            begun: SystemTime::now(),
            extended: Instant::now(),
            tidied: Instant::now(),
            turn: 0,
        };
        rounds.orphans = rounds.desk.queue.orphans();
        loop {
            rounds.look_after_orphans();
            rounds.send_what_is_due().await;
            rounds.extend_leases();
            rounds.forget_strangers();
            let nap = rounds.nap();
            tokio::select! {
                () = stop.cancelled() => return rounds.end().await,
                () = rounds.desk.queue.news() => {}
                Some(done) = rounds.tasks.join_next_with_id(), if !rounds.tasks.is_empty() => rounds.ended(&done),
                () = tokio::time::sleep(nap) => {}
            }
        }
    }
}

struct Rounds {
    desk: Desk,
    provider: Arc<dyn Provider>,
    tasks: JoinSet<()>,
    /// The call's number and its function.
    sending: HashMap<tokio::task::Id, (i64, String)>,
    orphans: Vec<Orphan>,
    begun: SystemTime,
    extended: Instant,
    tidied: Instant,
    turn: usize,
}

impl Rounds {
    fn look_after_orphans(&mut self) {
        if self.orphans.is_empty() {
            return;
        }
        let begun = since_epoch(self.begun);
        let (over, run) = orphans::sort(&mut self.orphans, &self.provider.calls(), begun, now());
        for id in over {
            self.desk.queue.again(id, now(), None, String::new());
        }
        let lease = self.desk.settings.ack_wait;
        if !run.is_empty() {
            let until = now().saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX));
            self.orphans.iter_mut().filter(|o| run.contains(&o.id)).for_each(|o| o.due = until);
            if self.extended.elapsed() > lease / 4 {
                self.desk.queue.extend(run, now(), lease);
            }
        }
    }

    async fn send_what_is_due(&mut self) {
        let lines = self.desk.queue.lines();
        let at = now();
        let mut due: Vec<&String> =
            lines.iter().filter(|(_, line)| line.due.is_some_and(|due| due <= at)).map(|(f, _)| f).collect();
        if due.is_empty() {
            return;
        }
        // By turns: a function with a long line does not keep the others waiting.
        self.turn = self.turn.wrapping_add(1);
        let turn = self.turn % due.len();
        due.rotate_left(turn);
        let (mut by_function, mut by_queue) = self.sent();
        for function in due {
            let snapshot = self.desk.functions.borrow().clone();
            let known = snapshot.function(&FunctionName::parse(function));
            let queue = queue_of(known.map(|f| &*f.spec)).to_owned();
            let in_queue = by_queue.entry(queue).or_default();
            let of_function = by_function.entry(function.clone()).or_default();
            let most = match snapshot.settings.edition {
                Edition::Ce => CE_AT_ONCE,
                Edition::Pro => self.desk.settings.max_inflight as usize,
            };
            let limit = known.and_then(|f| limit_of(&f.spec, f.replicas)).unwrap_or(most);
            let free = most.saturating_sub(*in_queue).min(limit.saturating_sub(*of_function));
            if free == 0 {
                continue;
            }
            // Why it could not be done has been said by whoever writes; it is tried again a little later.
            let taken = self.desk.queue.take(function, free, now(), self.desk.settings.ack_wait).await;
            for call in taken.unwrap_or_default() {
                *in_queue += 1;
                *of_function += 1;
                let (id, desk) = (call.id, self.desk.clone());
                let cancelled = desk.outcomes.begin(id);
                let (provider, call_id) = (self.provider.clone(), call.call_id.clone());
                let task = self.tasks.spawn(async move {
                    if cancelled.run_until_cancelled(desk.attend(call)).await.is_none() {
                        // Its place is free when its pod has let go of it, not before.
                        let gone = until_over(&call_id, provider.as_ref());
                        let _ = tokio::time::timeout(LETTING_GO, gone).await;
                    }
                });
                self.sending.insert(task.id(), (id, function.clone()));
            }
        }
    }

    /// How many are being sent, by function and by queue; what adopted pods work on counts too.
    fn sent(&self) -> (Sending, Sending) {
        let (mut by_function, mut by_queue) = (Sending::new(), Sending::new());
        let orphans = self.orphans.iter().map(|o| &o.function);
        for function in self.sending.values().map(|(_, function)| function).chain(orphans) {
            *by_function.entry(function.clone()).or_default() += 1;
        }
        let snapshot = self.desk.functions.borrow();
        for (function, n) in &by_function {
            let known = snapshot.function(&FunctionName::parse(function));
            *by_queue.entry(queue_of(known.map(|f| &*f.spec)).to_owned()).or_default() += n;
        }
        (by_function, by_queue)
    }

    fn extend_leases(&mut self) {
        let lease = self.desk.settings.ack_wait;
        if self.extended.elapsed() > lease / 4 {
            self.extended = Instant::now();
            let running = self.desk.outcomes.running();
            if !running.is_empty() {
                self.desk.queue.extend(running, now(), lease);
            }
        }
    }

    /// Functions that are not deployed are counted only as long as they have calls that are not finished.
    fn forget_strangers(&mut self) {
        if self.tidied.elapsed() < LOOK {
            return;
        }
        self.tidied = Instant::now();
        let (snapshot, lines) = (self.desk.functions.borrow().clone(), self.desk.queue.lines());
        let unfinished = |name: &str| lines.get(name).is_some_and(Line::is_unfinished);
        let deployed = |name: &str| snapshot.function(&FunctionName::parse(name)).is_some();
        self.desk.queue.keep_counts(|name| deployed(name) || unfinished(name));
    }

    fn ended(&mut self, done: &Result<(tokio::task::Id, ()), tokio::task::JoinError>) {
        let task = match done {
            Ok((task, ())) => *task,
            Err(error) => error.id(),
        };
        if let Some((id, _)) = self.sending.remove(&task) {
            self.desk.outcomes.end(id);
        }
    }

    /// Until the next call is due, and no longer than a second.
    fn nap(&self) -> Duration {
        let at = now();
        let lines = self.desk.queue.lines();
        let next = lines.values().filter_map(|line| line.due).filter(|due| *due > at).min();
        let wait = next.map(|due| Duration::from_millis(u64::try_from(due - at).unwrap_or_default()));
        wait.map_or(LOOK, |wait| wait.min(LOOK))
    }

    async fn end(mut self) {
        let ended = async {
            while let Some(done) = self.tasks.join_next_with_id().await {
                self.ended(&done);
            }
        };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            self.tasks.shutdown().await;
        }
        for (id, _) in self.sending.values() {
            self.desk.queue.again(*id, now(), None, "faasim was stopped while it ran".into());
        }
        self.desk.queue.settled().await;
    }
}

/// Ends when no pod works on the call any more.
async fn until_over(call_id: &str, provider: &dyn Provider) {
    let begun = since_epoch(SystemTime::now());
    while orphans::fate(call_id, &provider.calls(), begun) != orphans::Fate::Over {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Nanoseconds since the Unix epoch.
fn since_epoch(at: SystemTime) -> u64 {
    u64::try_from(at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()).unwrap_or_default()
}

impl Desk {
    /// One try of a call, and what becomes of it.
    async fn attend(self, call: Call) {
        let answer = send::send(&call, &self.http, &self.through).await;
        let status = answer.status.as_u16();
        let rule = self.rule(&call);
        let wait = rule.as_ref().and_then(|rule| {
            let chance = rand::rng().random();
            rule.wait(call.tries, status, &answer.headers, chance, SystemTime::now())
        });
        if let Some(wait) = wait {
            tracing::info!(
                "call {} of {}: {status} at try {}, again in {wait:?}",
                call.call_id,
                call.function,
                call.tries
            );
            let due = now().saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
            return self.queue.again(call.id, due, Some(status), answer.said());
        }
        if let Some(url) = &call.callback {
            send::call_back(&call, url, &answer, rule.as_ref(), &self.http).await;
        }
        self.finish(&call, &answer);
    }

    fn rule(&self, call: &Call) -> Option<Rule> {
        let snapshot = self.functions.borrow();
        let function = snapshot.function(&FunctionName::parse(&call.function));
        match snapshot.settings.edition {
            Edition::Ce => None,
            Edition::Pro => Some(Rule::of(&self.settings, function.map(|f| &f.spec.annotations))),
        }
    }

    fn finish(&self, call: &Call, answer: &Answer) {
        let status = answer.status.as_u16();
        if answer.status.as_u16() < 400 {
            self.queue.done(call.id);
        } else {
            tracing::warn!(
                "call {} of {} is given up: {status} after {} tries; `faasim async show {}`",
                call.call_id,
                call.function,
                call.tries,
                call.call_id
            );
            self.queue.dead(call.id, now(), status, answer.said());
        }
        self.outcomes.finished(Finished {
            call_id: call.call_id.clone(),
            function: call.function.clone(),
            status,
            tries: call.tries,
            at: now(),
        });
    }
}
