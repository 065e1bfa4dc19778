//! Traces of Azure Functions as Microsoft published them (Azure/AzurePublicDataset, CC BY): of 2019 (Shahrad et al., USENIX
//! ATC 2020), counts per minute with percentiles of durations and memory; of 2021 (Zhang et al., SOSP 2021), one row
//! per call.
//!
//! Which it is, the header says. Rows are read one by one; what cannot be read is dropped and counted.

use super::arrivals::{Arrival, Arrivals, Arriving, Source};
use super::law::{Law, Seconds};
use super::model::Model;
use super::random::Stream;
use crate::cluster::quantity::Bytes;
use crate::cluster::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

/// Where calls lie within a minute that the trace of 2019 only counts. It is invented, so it is to be named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

/// Calls counted by the minute.
#[derive(Debug)]
struct Counted {
    minutes: std::vec::IntoIter<(u32, u32)>,
    within: WithinMinute,
    /// What is left of the present minute, latest first.
    left: Vec<f64>,
}

impl Counted {
    fn new(minutes: Vec<(u32, u32)>, within: WithinMinute) -> Self {
        Counted { minutes: minutes.into_iter(), within, left: Vec::new() }
    }
}

impl Arriving for Counted {
    fn next(&mut self, stream: &mut Stream) -> Option<Arrival> {
        while self.left.is_empty() {
            let (minute, calls) = self.minutes.next()?;
            let begin = 60.0 * f64::from(minute);
            match self.within {
                WithinMinute::Uniform => {
                    self.left.extend((0..calls).map(|_| begin + 60.0 * stream.uniform()))
                }
                WithinMinute::Even => {
                    let gap = 60.0 / f64::from(calls);
                    self.left.extend((0..calls).map(|i| begin + gap * (f64::from(i) + 0.5)));
                }
                WithinMinute::Poisson => {
                    let mut at = 0.0;
                    loop {
                        at += stream.exponential() * 60.0 / f64::from(calls);
                        if at >= 60.0 {
                            break;
                        }
                        self.left.push(begin + at);
                    }
                }
            }
            self.left.sort_by(|a, b| b.total_cmp(a));
        }
        let at = self.left.pop()?;
        Some(Arrival { after: Seconds(at).duration(), service: None })
    }
}

/// Calls written down one by one.
#[derive(Debug)]
struct Called(std::vec::IntoIter<(f64, f64)>);

impl Arriving for Called {
    fn next(&mut self, _: &mut Stream) -> Option<Arrival> {
        let (at, service) = self.0.next()?;
        Some(Arrival { after: Seconds(at).duration(), service: Some(service) })
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

/// The hashes of owner, application and function; one of a function alone where no more is there.
type Hashes = (String, String, String);

fn short(owner: &str, function: &str) -> String {
    let part = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).take(8).collect::<String>().to_lowercase()
    };
    format!("f-{}-{}", part(owner), part(function))
}

/// Reads a file of calls: `invocations_per_function…` of 2019 or the one file of 2021.
///
/// # Errors
/// The header is neither's; it says which columns are missing.
pub fn calls(reader: impl Read) -> Result<Trace, String> {
    let (csv, names) = rows(reader)?;
    if column(&names, "end_timestamp").is_some() {
        calls_2021(csv, &names)
    } else if column(&names, "hashfunction").is_some() {
        calls_2019(csv, &names)
    } else {
        Err(format!(
            "neither a trace of 2019 (HashOwner, HashApp, HashFunction, Trigger, 1, 2, …) nor of 2021 (app, func, \
             end_timestamp, duration): the columns are {}",
            names.iter().take(8).cloned().collect::<Vec<_>>().join(", ")
        ))
    }
}

fn named(mut trace: Trace, mut all: BTreeMap<Hashes, TraceFunction>) -> Trace {
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for f in all.values_mut() {
        let n = taken.entry(f.name.clone()).or_default();
        *n += 1;
        if *n > 1 {
            f.name = format!("{}-{n}", f.name);
        }
    }
    trace.functions = all.into_values().filter(|f| f.calls > 0).collect();
    trace.functions.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.name.cmp(&b.name)));
    trace
}

fn calls_2019<R: Read>(mut csv: csv::Reader<R>, names: &[String]) -> Result<Trace, String> {
    let need = |name: &str| column(names, name).ok_or_else(|| format!("there is no column `{name}`"));
    let (owner, app, function) = (need("hashowner")?, need("hashapp")?, need("hashfunction")?);
    // Samples are cut shorter than a day: as many minutes as there are.
    let minutes: Vec<(usize, u32)> = names
        .iter()
        .enumerate()
        .filter_map(|(i, n)| Some((i, n.parse::<u32>().ok()?.checked_sub(1)?)))
        .collect();
    if minutes.is_empty() {
        return Err("there is no column of a minute: `1`, `2`, …".into());
    }
    let last = minutes.iter().map(|(_, m)| m + 1).max().unwrap_or(0);
    let mut trace = Trace { duration: 60.0 * f64::from(last), ..Trace::default() };
    let mut all = BTreeMap::new();
    for row in csv.records() {
        let Ok(row) = row else {
            trace.drop_row("no CSV");
            continue;
        };
        let text = |i: usize| row.get(i).unwrap_or_default().trim();
        if text(function).is_empty() {
            trace.drop_row("no function");
            continue;
        }
        let mut counts = Vec::new();
        let mut good = true;
        for (i, minute) in &minutes {
            match text(*i) {
                "" | "0" => {}
                n => match n.parse::<f64>() {
                    Ok(n) if (0.0..=4e9).contains(&n) => counts.push((*minute, n as u32)),
                    _ => good = false,
                },
            }
        }
        if !good {
            trace.drop_row("a count that is no number");
            continue;
        }
        counts.retain(|(_, n)| *n > 0);
        let calls = counts.iter().map(|(_, n)| u64::from(*n)).sum();
        let key = (text(owner).to_owned(), text(app).to_owned(), text(function).to_owned());
        let (name, hashes) = (short(text(app), text(function)), (key.1.clone(), key.2.clone()));
        let calls_at = CallsAt::Minutes(counts);
        let f = TraceFunction { name, calls, model: Model::default(), hashes, calls_at };
        if all.insert(key, f).is_some() {
            trace.drop_row("a function that comes twice");
        }
    }
    Ok(named(trace, all))
}

fn calls_2021<R: Read>(mut csv: csv::Reader<R>, names: &[String]) -> Result<Trace, String> {
    let need = |name: &str| column(names, name).ok_or_else(|| format!("there is no column `{name}`"));
    let (app, func, end, duration) = (need("app")?, need("func")?, need("end_timestamp")?, need("duration")?);
    let mut trace = Trace::default();
    let mut all: BTreeMap<Hashes, Vec<(f64, f64)>> = BTreeMap::new();
    for row in csv.records() {
        let Ok(row) = row else {
            trace.drop_row("no CSV");
            continue;
        };
        let number =
            |i: usize| row.get(i).and_then(|t| t.trim().parse::<f64>().ok()).filter(|n| n.is_finite());
        let (Some(end), Some(duration)) = (number(end), number(duration)) else {
            trace.drop_row("a time that is no number");
            continue;
        };
        // Timestamps were altered before publication: some calls would have begun before the trace did.
        let at = end - duration;
        if duration < 0.0 || end < 0.0 {
            trace.drop_row("a time below zero");
            continue;
        }
        trace.duration = trace.duration.max(end);
        let text = |i: usize| row.get(i).unwrap_or_default().trim().to_owned();
        // A function's name is its own within its application only.
        all.entry((text(app), text(func), String::new())).or_default().push((at.max(0.0), duration));
    }
    let all = all.into_iter().map(|(key, mut calls)| {
        calls.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let values = calls.iter().map(|c| Seconds(c.1)).collect();
        let model = Model::serving(Law::Empirical { values });
        let (name, count) = (short(&key.0, &key.1), calls.len() as u64);
        let hashes = (key.0.clone(), key.1.clone());
        (key, TraceFunction { name, calls: count, model, hashes, calls_at: CallsAt::Calls(calls) })
    });
    let all = all.collect();
    Ok(named(trace, all))
}

/// Gives the functions of a trace of 2019 their durations: `function_durations_percentiles…`. The percentiles are of averages
/// over 30 s, so single calls vary more than this.
///
/// # Errors
/// The header is not that file's.
pub fn durations(trace: &mut Trace, reader: impl Read) -> Result<(), String> {
    percentiles(trace, reader, "percentile_average_", |model, points| {
        // A hundred values in the middle of each percent, on straight lines between those that are given.
        let values = (0..100).map(|i| Seconds(between(points, f64::from(i) + 0.5) / 1000.0)).collect();
        model.service = Law::Empirical { values };
    })
}

/// Gives the functions of a trace of 2019 their memory: `app_memory_percentiles…`, which is the application's.
///
/// # Errors
/// The header is not that file's.
pub fn memory(trace: &mut Trace, reader: impl Read) -> Result<(), String> {
    percentiles(trace, reader, "averageallocatedmb_pct", |model, points| {
        model.memory = Bytes((between(points, 50.0) * f64::from(1 << 20)) as u64);
    })
}

fn between(points: &[(f64, f64)], percent: f64) -> f64 {
    let after = points.iter().position(|(p, _)| *p >= percent).unwrap_or(points.len().saturating_sub(1));
    match (after.checked_sub(1).and_then(|i| points.get(i)), points.get(after)) {
        (Some((p0, v0)), Some((p1, v1))) if p1 > p0 => {
            v0 + (v1 - v0) * ((percent - p0) / (p1 - p0)).clamp(0.0, 1.0)
        }
        (_, Some((_, v))) => *v,
        _ => 0.0,
    }
}

fn percentiles(
    trace: &mut Trace,
    reader: impl Read,
    prefix: &str,
    mut set: impl FnMut(&mut Model, &[(f64, f64)]),
) -> Result<(), String> {
    let (mut csv, names) = rows(reader)?;
    let app = column(&names, "hashapp").ok_or("there is no column `HashApp`")?;
    // The memory file of the original has no functions, derived samples have.
    let function = column(&names, "hashfunction");
    let columns: Vec<(usize, f64)> = names
        .iter()
        .enumerate()
        .filter_map(|(i, n)| Some((i, n.strip_prefix(prefix)?.parse::<f64>().ok()?)))
        .collect();
    if columns.is_empty() {
        return Err(format!("there is no column `{prefix}…`"));
    }
    let mut by_hash: BTreeMap<(String, Option<String>), Vec<usize>> = BTreeMap::new();
    for (i, f) in trace.functions.iter().enumerate() {
        let (app, one) = f.hashes.clone();
        by_hash.entry((app, function.map(|_| one))).or_default().push(i);
    }
    for row in csv.records() {
        let Ok(row) = row else {
            trace.drop_row("no CSV");
            continue;
        };
        let text = |i: usize| row.get(i).unwrap_or_default().trim();
        let mut points: Vec<(f64, f64)> =
            columns.iter().filter_map(|(i, p)| Some((*p, text(*i).parse::<f64>().ok()?))).collect();
        points.retain(|(_, v)| v.is_finite() && *v >= 0.0);
        if points.is_empty() {
            trace.drop_row("percentiles that are no numbers");
            continue;
        }
        let hashes = (text(app).to_owned(), function.map(|f| text(f).to_owned()));
        match by_hash.get(&hashes) {
            Some(found) => found.iter().for_each(|i| set(&mut trace.functions[*i].model, &points)),
            None => trace.drop_row("a function that is never called"),
        }
    }
    Ok(())
}

/// All moments of a function's calls: for runs that take a list.
pub fn moments(f: &TraceFunction, within: WithinMinute, seed: u64) -> Vec<Duration> {
    let all = super::arrivals::moments(f.source(within), seed);
    all.into_iter().map(|at| at.since(Time::ZERO)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    fn sample(name: &str) -> File {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/azure-trace-sample/");
        File::open(format!("{folder}{name}")).unwrap()
    }

    #[test]
    fn the_sample_of_2019_is_read_whole() {
        let mut trace = calls(sample("invocations.csv")).unwrap();
        durations(&mut trace, sample("durations.csv")).unwrap();
        memory(&mut trace, sample("memory.csv")).unwrap();
        assert_eq!(trace.said(), "");
        assert_eq!(trace.duration, 1440.0 * 60.0);
        assert!(!trace.functions.is_empty());
        for f in &trace.functions {
            assert!(crate::cluster::function::is_dns_label(&f.name), "{}", f.name);
            assert!(f.model.service.mean() > 0.0, "{f:?}");
            assert!(f.model.memory.0 > 60 << 20, "{:?}", f.model.memory);
            for within in [WithinMinute::Uniform, WithinMinute::Even] {
                assert_eq!(moments(f, within, 1).len() as u64, f.calls);
            }
            let poisson = moments(f, WithinMinute::Poisson, 1).len() as f64;
            assert!((poisson / f.calls as f64 - 1.0).abs() < 0.2, "{poisson} for {}", f.calls);
        }
    }

    #[test]
    fn the_sample_of_2021_is_put_in_order() {
        let trace = calls(sample("2021/invocations_200.csv")).unwrap();
        let calls: u64 = trace.functions.iter().map(|f| f.calls).sum();
        assert_eq!(calls + trace.dropped.values().sum::<u64>(), 199);
        for f in &trace.functions {
            let at = moments(f, WithinMinute::Uniform, 1);
            assert!(at.is_sorted());
            let mut source = super::super::arrivals::Running::new(f.source(WithinMinute::Uniform), 1);
            assert!(source.next().unwrap().1.is_some(), "each call knows what it took");
        }
    }

    #[test]
    fn odd_rows_are_dropped_and_counted() {
        let text = "\u{feff}HashOwner,HashApp,HashFunction,Trigger,1,2,3\no,a,f,http,1,0,2.0\no,a,,http,1,1,1\no,a,g,http,x,1,1\no,a,h,http,0,0,0";
        let trace = calls(text.as_bytes()).unwrap();
        assert_eq!((trace.functions.len(), trace.functions[0].calls, trace.duration), (1, 3, 180.0));
        assert_eq!(trace.said(), "1 dropped: a count that is no number, 1 dropped: no function");
        let trace =
            calls("app,func,end_timestamp,duration\na,f,9,2\na,f,3,1\na,f,x,1\nb,f,1,5".as_bytes()).unwrap();
        assert_eq!(trace.functions.iter().map(|f| f.calls).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(trace.said(), "1 dropped: a time that is no number");
        assert!(calls("a,b\n1,2".as_bytes()).unwrap_err().contains("neither"));
    }
}
