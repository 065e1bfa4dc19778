//! Traces of Azure Functions as Microsoft published them (Azure/AzurePublicDataset, CC BY): of 2019 (Shahrad et al., USENIX
//! ATC 2020), counts per minute with percentiles of durations and memory; of 2021 (Zhang et al., SOSP 2021), one row
//! per call.
//!
//! Which it is, the header says. Rows are read one by one; what cannot be read is dropped and counted.
//!
//! | file | question |
//! |---|---|
//! | `traces` | what is a trace? |
//! | `traces/calls` | who was called when? |
//! | `traces/shares` | how long did calls take, how much memory? |
//! | `traces/moments` | when exactly, where only minutes are counted? |

mod calls;
mod moments;
mod shares;
#[cfg(test)]
mod tests;

pub use self::calls::calls;
pub use self::shares::{durations, memory};

use self::moments::{Called, Counted};

use super::arrivals::{Arrivals, Arriving, Source};
use super::model::Model;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Read;

/// Where calls lie within a minute that the trace of 2019 only counts. It is invented, so it is to be named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WithinMinute {
    /// Anywhere, each as likely: a Poisson process of which the count is known.
    #[default]
    Uniform,
    /// As evenly as may be.
    Even,
    /// A Poisson process at the minute's rate: the count is right in the mean only.
    Poisson,
}

/// One function of a trace.
#[derive(Clone, Debug)]
pub struct TraceFunction {
    /// `f-` and the first letters of its hashes: a name that a function may have.
    pub name: String,
    /// Calls in the trace.
    pub calls: u64,
    /// How it behaves, as far as the trace says.
    pub model: Model,
    /// Hashes of application and function.
    hashes: (String, String),
    calls_at: CallsAt,
}

#[derive(Clone, Debug)]
enum CallsAt {
    /// Minute from 0, calls.
    Minutes(Vec<(u32, u32)>),
    /// Arrival and duration in seconds, in order of arrival.
    Calls(Vec<(f64, f64)>),
}

/// What was read, and what was not.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Its functions, those with the most calls first.
    pub functions: Vec<TraceFunction>,
    /// How long it is, in seconds.
    pub duration: f64,
    /// Rows that could not be used, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
}

impl Trace {
    fn drop_row(&mut self, why: &'static str) {
        *self.dropped.entry(why).or_default() += 1;
    }

    /// What was dropped, in words; empty when nothing was.
    pub fn said(&self) -> String {
        let all: Vec<String> = self.dropped.iter().map(|(why, n)| format!("{n} dropped: {why}")).collect();
        all.join(", ")
    }
}

impl TraceFunction {
    /// Its calls as a source of requests.
    pub fn source(&self, within: WithinMinute) -> Source {
        let calls: Box<dyn Arriving> = match &self.calls_at {
            CallsAt::Minutes(minutes) => Box::new(Counted::new(minutes.clone(), within)),
            CallsAt::Calls(calls) => Box::new(Called(calls.clone().into_iter())),
        };
        Source::new(&self.name, Arrivals::Trace(calls))
    }
}

fn rows<R: Read>(reader: R) -> Result<(csv::Reader<R>, Vec<String>), String> {
    let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
    let headers = csv.headers().map_err(|e| e.to_string())?;
    // A byte-order mark, and whatever case.
    let names = headers.iter().map(|h| h.trim_start_matches('\u{feff}').trim().to_lowercase()).collect();
    Ok((csv, names))
}

fn column(names: &[String], name: &str) -> Option<usize> {
    names.iter().position(|n| n == name)
}
