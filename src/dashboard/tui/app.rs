//! What the screen knows, and what news change about it. What keys change is in [`act`](App::act).

mod act;
mod calls;
mod dialogs;
pub mod explain;
mod loads;
mod pane;
mod select;

pub use loads::LoadState;
pub use pane::Pane;
pub use select::{FunctionSort, PodSort};

use super::calls::{CallWish, Calls};
use super::dialog::Dialog;
use super::guide::{Guide, Wish};
use super::history::{Cpu, History, cpu};
use super::link::{Invocation, Load, LogRow, Pace};
use crate::cluster::command::Command;
use crate::cluster::function::{FunctionId, FunctionName};
use crate::cluster::pod::PodUid;
use crate::cluster::snapshot::FunctionState;
use crate::cluster::time::Time;
use crate::dashboard::view::View;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// How long a message stays.
const MESSAGE_STAYS: Duration = Duration::from_secs(8);
/// A cluster whose time goes back by more than this is another one.
const ANOTHER: Duration = Duration::from_secs(1);
/// How many lines of a log are kept.
const LOG_ROWS: usize = 2000;

/// What closing the screen means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenClosed {
    /// The cluster is in another process and goes on.
    GoesOn,
    /// The cluster is in this process: the screen asks first.
    StopsCluster,
}

/// A short message: the answer to a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// In a sentence.
    pub text: String,
    /// It did not work.
    pub bad: bool,
    until: Duration,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // There is one at a time, and it is taken apart at once.
pub enum Effect {
    /// Carry out a command; `done` is said when it was.
    Apply {
        /// What.
        command: Command,
        /// In words, when it is done.
        done: String,
    },
    /// Do something to an asynchronous call.
    ChangeCall {
        /// Its id.
        id: String,
        /// What.
        wish: CallWish,
        /// In words, when it is done.
        done: String,
    },
    /// Send one request.
    Invoke(FunctionName, Vec<u8>),
    /// Start a load.
    StartLoad(Load),
    /// Stop the load on a function.
    StopLoad(FunctionName),
    /// Draw everything again: another program wrote on the screen.
    Redraw,
    /// Look at another part of the screen.
    Show(Pane),
    /// Tell whoever leads through a lesson.
    Tell(Wish),
    /// Let virtual time pass otherwise.
    Pace(Pace),
    /// Let one step of virtual time pass.
    Step,
    /// Close the screen.
    Close {
        /// Stop the cluster too.
        stop: bool,
    },
}

/// Which log is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogOf {
    /// That of a function's pods.
    Function(FunctionName),
    /// That of faasim itself.
    Faasim,
}

/// What the screen knows.
#[derive(Clone, Debug)]
pub struct App {
    when_closed: WhenClosed,
    latest: Option<Arc<View>>,
    frozen: Option<(Arc<View>, Time)>,
    /// The cluster's time when the latest view was taken, and the screen's own then.
    base: (Time, Duration),
    /// The screen's own time: since it was opened.
    seen: Duration,
    /// The past, for charts.
    pub history: History,
    cpu: BTreeMap<FunctionId, Cpu>,
    chosen: Option<FunctionId>,
    pod: Option<PodUid>,
    /// Replicas asked for since the latest view.
    asked: BTreeMap<FunctionId, u32>,
    /// What the keys act on.
    pub pane: Pane,
    /// The pane that has the place below the charts, where there is room for one only.
    pub tab: Pane,
    /// The pane has the whole screen.
    pub zoomed: bool,
    /// How much of the past charts show.
    pub window: Duration,
    /// Lines that the pane is scrolled away from where it begins (events and logs: the newest).
    pub scroll: usize,
    /// How many decisions before the last one is shown.
    pub back: usize,
    /// Functions whose charts are shown beside the chosen one's.
    pub compared: BTreeSet<FunctionId>,
    /// What each pane is filtered by.
    pub filters: BTreeMap<Pane, String>,
    /// The order of functions.
    pub function_sort: FunctionSort,
    /// The order of pods.
    pub pod_sort: PodSort,
    /// The open question.
    pub dialog: Option<Dialog>,
    /// The answer to the last wish.
    pub message: Option<Message>,
    /// Loads that were started here and run.
    pub loads: BTreeMap<FunctionName, LoadState>,
    /// The log of faasim itself is shown rather than that of pods.
    pub own_log: bool,
    /// The log that is shown.
    pub log: VecDeque<LogRow>,
    /// Asynchronous calls as they were seen last, or why there are none to see.
    pub calls: Option<Result<Calls, String>>,
    /// Calls of all functions are shown rather than the chosen one's.
    pub all_calls: bool,
    call: Option<String>,
    /// Why the last view did not come.
    pub stalled: Option<String>,
    /// The page of a lesson beside the cluster.
    pub guide: Option<Guide>,
    /// Lines that it is scrolled away from where it is best read.
    pub guide_scroll: isize,
    /// How the cluster's time passes, where it is virtual.
    pub pace: Option<Pace>,
    /// The part below the functions, where a lesson leaves room for one only.
    pub beside: Pane,
    bodies: BTreeMap<FunctionName, String>,
}

impl App {
    /// A screen that has seen nothing yet.
    pub fn new(when_closed: WhenClosed) -> Self {
        App {
            when_closed,
            latest: None,
            frozen: None,
            base: (Time::ZERO, Duration::ZERO),
            seen: Duration::ZERO,
            history: History::default(),
            cpu: BTreeMap::new(),
            chosen: None,
            pod: None,
            asked: BTreeMap::new(),
            pane: Pane::Functions,
            tab: Pane::Pods,
            zoomed: false,
            window: Duration::from_secs(120),
            scroll: 0,
            back: 0,
            compared: BTreeSet::new(),
            filters: BTreeMap::new(),
            function_sort: FunctionSort::default(),
            pod_sort: PodSort::default(),
            dialog: None,
            message: None,
            loads: BTreeMap::new(),
            own_log: false,
            log: VecDeque::new(),
            calls: None,
            all_calls: false,
            call: None,
            stalled: None,
            guide: None,
            guide_scroll: 0,
            pace: None,
            beside: Pane::Charts,
            bodies: BTreeMap::new(),
        }
    }

    /// Time passed: `seen` since the screen was opened.
    pub fn tick(&mut self, seen: Duration) {
        self.seen = self.seen.max(seen);
        if self.message.as_ref().is_some_and(|m| m.until <= self.seen) {
            self.message = None;
        }
    }

    /// A new view came.
    pub fn observe(&mut self, seen: Duration, view: View) {
        self.tick(seen);
        self.stalled = None;
        let at = view.snapshot.at;
        if self.latest.as_ref().is_some_and(|last| last.snapshot.at.since(at) > ANOTHER) {
            // Another cluster has taken the place of this one.
            self.history = History::default();
            self.loads.clear();
            self.back = 0;
        }
        // Between two views the screen counts on by itself.
        self.base = (at, self.seen);
        self.history.observe(self.live_now(), &view);
        self.asked.clear();
        self.latest = Some(Arc::new(view));
        if self.frozen.is_none() {
            self.settle();
        }
    }

    /// A view was due and did not come.
    pub fn missed(&mut self, why: String) {
        self.stalled = Some(why);
    }

    /// Lines of the log that is shown.
    pub fn logged(&mut self, rows: impl IntoIterator<Item = LogRow>) {
        for row in rows {
            if self.log.len() == LOG_ROWS {
                self.log.pop_front();
            }
            // Who reads older lines goes on reading them.
            if self.pane == Pane::Log && self.scroll > 0 {
                self.scroll += 1;
            }
            self.log.push_back(row);
        }
    }

    /// Says something for a few seconds.
    pub fn say(&mut self, text: impl Into<String>, bad: bool) {
        self.message = Some(Message { text: text.into(), bad, until: self.seen + MESSAGE_STAYS });
    }

    /// A wish was carried out, or refused.
    pub fn applied(&mut self, done: String, result: Result<Vec<String>, String>) {
        match result {
            Ok(notes) => {
                let text = std::iter::once(done).chain(notes).collect::<Vec<_>>().join("; ");
                self.say(text, false);
            }
            Err(why) => {
                self.asked.clear();
                self.say(why, true);
            }
        }
    }

    /// A request was answered.
    pub fn invoked(&mut self, function: &FunctionName, result: Result<Invocation, String>) {
        if let Some(Dialog::Form(form)) = &mut self.dialog
            && form.answered(function, &result)
        {
            return;
        }
        match result {
            Ok(i) => {
                let took = super::words::latency(i.took);
                self.say(format!("{}: status {} after {took}", function.name, i.status), i.status >= 400);
            }
            Err(why) => self.say(why, true),
        }
    }

    /// Keeps what is chosen among what is there.
    fn settle(&mut self) {
        let functions = self.functions();
        if !self.chosen.is_some_and(|id| functions.contains(&id)) {
            self.chosen = functions.first().copied();
            self.pod = None;
        }
        let pods = self.pods();
        if !self.pod.is_some_and(|uid| pods.iter().any(|p| p.uid == uid)) {
            self.pod = pods.first().map(|p| p.uid);
        }
        self.choose_call(0);
        if let Some(view) = self.view() {
            self.cpu = cpu(view);
        }
    }

    /// What is shown: the latest view, or the one at which the screen was paused.
    pub fn view(&self) -> Option<&Arc<View>> {
        self.frozen.as_ref().map(|(view, _)| view).or(self.latest.as_ref())
    }

    /// The screen stands still.
    pub fn paused(&self) -> bool {
        self.frozen.is_some()
    }

    /// Shows the page of a lesson.
    pub fn guided(&mut self, guide: Guide) {
        let same = self.guide.as_ref().is_some_and(|g| {
            g.place == guide.place && g.title == guide.title && g.ends_count == guide.ends_count
        });
        if !same {
            self.guide_scroll = 0;
        }
        self.guide = Some(guide);
    }

    /// Closing the screen stops the cluster.
    pub fn stops_cluster(&self) -> bool {
        self.when_closed == WhenClosed::StopsCluster
    }

    /// The moment that is shown, in the cluster's time.
    pub fn now(&self) -> Time {
        self.frozen.as_ref().map_or_else(|| self.live_now(), |(_, at)| *at)
    }

    fn live_now(&self) -> Time {
        match self.pace {
            // A view comes with each of its steps.
            Some(_) => self.base.0,
            None => self.base.0 + self.seen.saturating_sub(self.base.1),
        }
    }

    /// CPU of a function's pods.
    pub fn cpu_of(&self, function: FunctionId) -> Cpu {
        self.cpu.get(&function).copied().unwrap_or_default()
    }

    /// The function that keys act on.
    pub fn function(&self) -> Option<&FunctionState> {
        self.view()?.snapshot.functions.get(&self.chosen?)
    }

    /// Which log is to be read.
    pub fn log_of(&self) -> Option<LogOf> {
        if self.own_log {
            return Some(LogOf::Faasim);
        }
        self.function().map(|f| LogOf::Function(f.name()))
    }
}
