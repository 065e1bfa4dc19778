//! What is sent: users as in JMeter, a rate, moments, a trace, or a plan that JMeter made.

use crate::sim::traces::{TraceFunction, WithinMinute};
use crate::sim::{Arrivals, Law, Rate, Seconds, Spacing, Startup};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Requests to one function: users, a rate, or moments.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Load {
    /// To which function. A plan of JMeter may name it in its path, `/function/NAME`.
    pub function: String,
    /// Its name in results; the function's if none.
    pub name: Option<String>,
    /// A plan of JMeter (`.jmx`), beside the scenario unless the path says otherwise: each of its thread groups becomes a
    /// load. `from`, `until` and `duration` that are written here go before the plan's.
    pub jmx: Option<PathBuf>,
    /// Closed loop: so many users, each waiting for its reply (JMeter: threads).
    pub users: Option<u32>,
    /// Over what time the users come.
    pub ramp_up: Seconds,
    /// What a user waits between reply and next request.
    pub think: Think,
    /// Requests per user.
    pub loops: Option<u64>,
    /// Open loop: requests per second, a number or a shape.
    pub rate: Option<RateOf>,
    /// How an open loop's requests lie.
    pub spacing: Spacing,
    /// Open loop: exactly these moments, counted from `from`.
    pub times: Option<Vec<Seconds>>,
    /// When it begins.
    pub from: Seconds,
    /// When it ends; with the run if none.
    pub until: Option<Seconds>,
    /// How long it lasts, instead of `until`.
    pub duration: Option<Seconds>,
    /// Past the gateway, to the pods themselves: its counters see nothing of it.
    pub direct: bool,
    /// The method, live; `POST` if none.
    pub method: Option<String>,
    /// What follows the function's name in the address, live.
    pub path: String,
    /// Headers, live.
    pub headers: BTreeMap<String, String>,
    /// The body of each request, live.
    pub body: String,
    /// A file that holds the body of each request, live.
    pub body_file: Option<PathBuf>,
    /// A file of bodies, a line each, live; they are sent in turn.
    pub bodies: Option<PathBuf>,
    /// How long a request may take, live; ten minutes if none.
    pub timeout: Option<Seconds>,
    /// Statuses that are as they should be; every one below 400 if none are named.
    pub assert_status: Vec<u16>,
    /// What a reply must contain, live.
    pub assert_body: Option<String>,
    /// Open loop: the calls of a function of a trace, which are not written here but read one after another.
    #[serde(skip)]
    pub calls: Option<Calls>,
}

/// Whose calls of a trace are sent.
#[derive(Clone, Debug)]
pub struct Calls {
    /// The trace's function.
    pub function: Arc<TraceFunction>,
    /// Where they lie within a minute.
    pub within: WithinMinute,
}

impl Load {
    /// Nothing yet, to a function.
    pub fn to(function: &str) -> Self {
        Load { function: function.into(), ..Load::default() }
    }

    /// The moments of an open loop that has no rate: those written down, or a trace's.
    pub fn listed(&self) -> Arrivals {
        match &self.calls {
            Some(calls) => calls.function.source(calls.within).arrivals,
            None => Arrivals::Times(self.times.clone().unwrap_or_default()),
        }
    }

    /// Whether a reply of this status is as it should be.
    pub fn is_good(&self, status: u16) -> bool {
        if self.assert_status.is_empty() {
            (100..400).contains(&status)
        } else {
            self.assert_status.contains(&status)
        }
    }

    /// When it ends in a run of this length.
    pub fn end(&self, run: Seconds) -> Seconds {
        let by_duration = self.duration.map(|d| Seconds(self.from.0 + d.0));
        self.until.or(by_duration).unwrap_or(run)
    }

    /// What results call it.
    pub fn label(&self, place: usize) -> String {
        self.name.clone().unwrap_or_else(|| format!("load {place} of {}", self.function))
    }
}

/// Azure Functions' traces, as published.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TraceOf {
    /// The file of calls; beside the scenario unless its path says otherwise.
    pub calls: PathBuf,
    /// The file of durations (2019).
    #[serde(default)]
    pub durations: Option<PathBuf>,
    /// The file of memory (2019).
    #[serde(default)]
    pub memory: Option<PathBuf>,
    /// Where calls lie within a minute (2019).
    #[serde(default)]
    pub within_minute: WithinMinute,
    /// So many functions, those with the most calls; all if none.
    #[serde(default)]
    pub functions: Option<usize>,
    /// Labels of all of them.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// What all of them take to start.
    #[serde(default)]
    pub startup: Startup,
}

/// A time to think: a time, or a law.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a time such as \"1s\" or a law such as { law = \"exponential\", mean = \"1s\" }"
)]
pub enum Think {
    /// Always the same.
    Fixed(Seconds),
    /// Drawn.
    Law(Law),
}

impl Default for Think {
    fn default() -> Self {
        Think::Fixed(Seconds(0.0))
    }
}

impl Think {
    /// The law of it.
    pub fn law(&self) -> Law {
        match self {
            Think::Fixed(seconds) => Law::Constant { value: *seconds },
            Think::Law(law) => law.clone(),
        }
    }
}

/// A rate: a number, or a shape.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "requests per second, or a shape such as { shape = \"ramp\", from = 0, to = 10, over = \"1m\" }"
)]
pub enum RateOf {
    /// Always the same.
    Number(f64),
    /// Changing.
    Shape(Rate),
}

impl RateOf {
    /// The rate over time.
    pub fn rate(&self) -> Rate {
        match self {
            RateOf::Number(rate) => Rate::Constant { rate: *rate },
            RateOf::Shape(rate) => rate.clone(),
        }
    }
}
