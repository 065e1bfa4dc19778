//! What a scenario expects to be seen, in one line each.
//!
//! ```text
//! replicas at 45s == 6                          a series at a moment
//! replicas == 6                                 ... at the end
//! max(replicas) <= 6                            max, min, mean, last of a series
//! max(cpu in steady) < 1.5                      within a phase
//! p95(warm) < 50ms                              p50 … p99, mean, max, min of response times
//! p95(latency in rush of mltest) < 2s           … of one phase and one function
//! mean(wait cold) < 3s                          … of the wait before the work
//! count(status = 408) == 1                      requests, all or some
//! share(status = 200) >= 0.99
//! first time replicas >= 4 within 30s
//! course of replicas == 2 4 6 2                 each size in turn
//! pods-started == 7
//! gb-seconds < 12
//! ```

use super::observations::{Observations, Request, quantile};
use super::scenario::Phase;
use crate::cluster::go_duration;
use crate::mistake::unknown;
use serde::{Deserialize, Serialize};

const SERIES: [&str; 8] = ["replicas", "ready", "pods", "in-flight", "queued", "rate", "cpu", "cpu-per-pod"];
const TOTALS: [&str; 4] = ["pods-started", "pod-seconds", "cpu-seconds", "gb-seconds"];
const OF_SERIES: [&str; 4] = ["max", "min", "mean", "last"];
const OF_TIMES: [&str; 8] = ["p50", "p75", "p90", "p95", "p99", "mean", "max", "min"];

/// One line of `expect`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Expectation {
    text: String,
    what: What,
    op: Op,
    value: Value,
}

/// Something that is measured: an expectation without its comparison, such as `p95(first)` or `max(replicas)`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Measure {
    text: String,
    of: Expectation,
}

impl TryFrom<String> for Measure {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let of = parse(&format!("{text} >= 0")).map_err(|why| format!("measure: `{text}`: {why}"))?;
        Ok(Measure { text, of })
    }
}

impl Measure {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// See [`Expectation::check`].
    ///
    /// # Errors
    /// The name that is not there.
    pub fn check(&self, functions: &[&str], phases: &[&str]) -> Result<(), String> {
        self.of.check(functions, phases)
    }

    /// What was seen; times in seconds.
    pub fn value(&self, seen: &Observations, phases: &[Phase]) -> Option<f64> {
        self.of.number(seen, phases)
    }
}

/// How it came out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The expectation as it was written.
    pub expected: String,
    /// What was seen instead, or all the same.
    pub seen: String,
    /// It holds.
    pub holds: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    At { series: String, seconds: f64 },
    First { series: String, within: f64 },
    Course,
    Aggregate { how: String, of: Of },
    Total(String),
}

#[derive(Clone, Debug, PartialEq)]
enum Of {
    Series(String),
    Response,
    Wait,
    Count,
    Share,
}

/// What is counted: all that fits.
#[derive(Clone, Debug, Default, PartialEq)]
struct Filter {
    function: Option<String>,
    phase: Option<String>,
    cold: Option<bool>,
    status: Option<u16>,
    /// Words whose meaning only the scenario tells: functions and phases.
    words: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Op {
    Equal,
    Not,
    Less,
    AtMost,
    More,
    AtLeast,
}

#[derive(Clone, Debug, PartialEq)]
struct Value {
    numbers: Vec<f64>,
    filter: Filter,
}

impl Op {
    pub(super) fn holds(self, seen: f64, value: f64) -> bool {
        // Times and shares are sums of floats.
        let equal = (seen - value).abs() <= 1e-9 * value.abs().max(1.0);
        match self {
            Op::Equal => equal,
            Op::Not => !equal,
            Op::Less => seen < value,
            Op::AtMost => seen < value || equal,
            Op::More => seen > value,
            Op::AtLeast => seen > value || equal,
        }
    }
}

impl TryFrom<String> for Expectation {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse(&text).map_err(|why| format!("expect: `{text}`: {why}"))
    }
}

pub(super) fn tokens(text: &str) -> Vec<String> {
    let spaced: String = text
        .replace("->", " ")
        .chars()
        .map(|c| match c {
            '(' | ')' => format!(" {c} "),
            ',' | '→' => " ".into(),
            c => c.to_string(),
        })
        .collect();
    let mut all = Vec::new();
    for word in spaced.split_whitespace() {
        // Operators may stand without spaces: `status=408`, `p95<2s`.
        let mut rest = word;
        while let Some(at) = rest.find(['<', '>', '=', '!']) {
            if at > 0 {
                all.push(rest[..at].to_owned());
            }
            let end = rest[at..].find(|c| !['<', '>', '=', '!'].contains(&c)).map_or(rest.len(), |n| at + n);
            all.push(rest[at..end].to_owned());
            rest = &rest[end..];
        }
        if !rest.is_empty() {
            all.push(rest.to_owned());
        }
    }
    all
}

pub(super) fn op(text: &str) -> Result<Op, String> {
    Ok(match text {
        "==" | "=" => Op::Equal,
        "!=" => Op::Not,
        "<" => Op::Less,
        "<=" => Op::AtMost,
        ">" => Op::More,
        ">=" => Op::AtLeast,
        other => return Err(format!("`{other}` is no comparison: write ==, !=, <, <=, > or >=")),
    })
}

fn seconds(text: &str) -> Result<f64, String> {
    let parsed = go_duration::parse(text).map(|d| d.as_secs_f64()).or_else(|| text.parse().ok());
    parsed.ok_or_else(|| format!("`{text}` is no time: write 45s or 1m30s"))
}

/// A number; a time in seconds where times are meant; thousandths of a core as `583m` where CPU is.
fn number(text: &str, times: bool, cpu: bool) -> Result<f64, String> {
    if let Ok(number) = text.parse::<f64>() {
        return Ok(number);
    }
    if let Some(percent) = text.strip_suffix('%').and_then(|n| n.parse::<f64>().ok()) {
        return Ok(percent / 100.0);
    }
    if cpu && let Some(milli) = text.strip_suffix('m').and_then(|n| n.parse::<f64>().ok()) {
        return Ok(milli / 1000.0);
    }
    if times {
        return seconds(text);
    }
    Err(format!("`{text}` is no number"))
}

fn series(name: &str) -> Result<String, String> {
    if SERIES.contains(&name) { Ok(name.into()) } else { Err(unknown("series", name, SERIES)) }
}

/// `of F`, `in PHASE`, `cold`, `warm`, `status = N`, or the bare name of a function or phase.
fn filter(words: &[String]) -> Result<Filter, String> {
    let mut filter = Filter::default();
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "of" => filter.function = Some(words.next().ok_or("a function follows `of`")?.into()),
            "in" => filter.phase = Some(words.next().ok_or("a phase follows `in`")?.into()),
            "cold" => filter.cold = Some(true),
            "warm" => filter.cold = Some(false),
            "status" => {
                let (sign, code) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                if !["=", "=="].contains(&sign) {
                    return Err("write `status = 200`".into());
                }
                filter.status = Some(code.parse().map_err(|_| format!("`{code}` is no status"))?);
            }
            name => filter.words.push(name.into()),
        }
    }
    Ok(filter)
}

fn parse(text: &str) -> Result<Expectation, String> {
    let all = tokens(text);
    let words: Vec<&str> = all.iter().map(String::as_str).collect();
    let done = |what: What, sign: &str, numbers: Vec<f64>, filter: Filter| {
        Ok(Expectation { text: text.into(), what, op: op(sign)?, value: Value { numbers, filter } })
    };
    match words.as_slice() {
        ["first", "time", name, rest @ ..] => {
            let within = rest.iter().position(|w| *w == "within").ok_or("`within 30s` is missing")?;
            let time = rest.get(within + 1).ok_or("a time follows `within`")?;
            let [middle @ .., sign, value] = &rest[..within] else {
                return Err("write `replicas >= 4`".into());
            };
            let name = series(name)?;
            let value = number(value, false, name.starts_with("cpu"))?;
            let of: Vec<String> = middle.iter().map(|w| (*w).to_owned()).collect();
            done(What::First { series: name, within: seconds(time)? }, sign, vec![value], filter(&of)?)
        }
        ["course", "of", "replicas", rest @ ..] => {
            let at = rest.iter().position(|w| op(w).is_ok()).ok_or("`== 2 4 6` is missing")?;
            let of: Vec<String> = rest[..at].iter().map(|w| (*w).to_owned()).collect();
            let sizes: Result<Vec<f64>, String> =
                rest[at + 1..].iter().map(|n| number(n, false, false)).collect();
            done(What::Course, rest[at], sizes?, filter(&of)?)
        }
        [how, "(", rest @ ..] => {
            let end = rest.iter().position(|w| *w == ")").ok_or("`)` is missing")?;
            let (inside, after) = (&rest[..end], &rest[end + 1..]);
            let [sign, value] = after else { return Err("a comparison and a value follow `)`".into()) };
            let mut inside: Vec<String> = inside.iter().map(|w| (*w).to_owned()).collect();
            let first = inside.first().cloned().unwrap_or_default();
            let of = match *how {
                "count" => Of::Count,
                "share" => Of::Share,
                how if OF_SERIES.contains(&how) && SERIES.contains(&first.as_str()) => {
                    inside.remove(0);
                    Of::Series(first)
                }
                how if OF_TIMES.contains(&how) => {
                    if first == "wait" {
                        inside.remove(0);
                        Of::Wait
                    } else {
                        if ["latency", "response"].contains(&first.as_str()) {
                            inside.remove(0);
                        }
                        Of::Response
                    }
                }
                how => {
                    let names = OF_TIMES.into_iter().chain(["last", "count", "share"]);
                    return Err(unknown("measure", how, names));
                }
            };
            let times = matches!(of, Of::Response | Of::Wait);
            let cpu = matches!(&of, Of::Series(name) if name.starts_with("cpu"));
            let value = number(value, times, cpu)?;
            done(What::Aggregate { how: (*how).into(), of }, sign, vec![value], filter(&inside)?)
        }
        [name, rest @ .., sign, value] if TOTALS.contains(name) => {
            let of: Vec<String> = rest.iter().map(|w| (*w).to_owned()).collect();
            done(What::Total((*name).into()), sign, vec![number(value, false, false)?], filter(&of)?)
        }
        [name, middle @ .., "at", time, sign, value] => {
            let name = series(name)?;
            let of: Vec<String> = middle.iter().map(|w| (*w).to_owned()).collect();
            let value = number(value, false, name.starts_with("cpu"))?;
            done(What::At { series: name, seconds: seconds(time)? }, sign, vec![value], filter(&of)?)
        }
        [name, rest @ .., sign, value] if SERIES.contains(name) && op(sign).is_ok() => {
            let of: Vec<String> = rest.iter().map(|w| (*w).to_owned()).collect();
            let value = number(value, false, name.starts_with("cpu"))?;
            let what = What::Aggregate { how: "last".into(), of: Of::Series((*name).into()) };
            done(what, sign, vec![value], filter(&of)?)
        }
        [name, ..] if !SERIES.contains(name) => {
            let names = SERIES.into_iter().chain(TOTALS).chain(["first", "course", "count", "p95"]);
            Err(unknown("beginning", name, names))
        }
        _ => {
            Err("write for instance `replicas at 45s == 6`, `max(replicas) <= 6` or `p95(warm) < 50ms`"
                .into())
        }
    }
}

impl Expectation {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the functions and phases that it names are there.
    ///
    /// # Errors
    /// The name that is not, with what was probably meant.
    pub fn check(&self, functions: &[&str], phases: &[&str]) -> Result<(), String> {
        let f = &self.value.filter;
        let among = |what: &str, name: &Option<String>, all: &[&str]| match name {
            Some(name) if !all.contains(&name.as_str()) => {
                Err(format!("`{}`: {}", self.text, unknown(what, name, all.iter().copied())))
            }
            _ => Ok(()),
        };
        among("function", &f.function, functions)?;
        among("phase", &f.phase, phases)?;
        for word in &f.words {
            if !functions.contains(&word.as_str()) && !phases.contains(&word.as_str()) {
                let names =
                    functions.iter().chain(phases).copied().chain(["cold", "warm", "latency", "wait"]);
                return Err(format!("`{}`: {}", self.text, unknown("word", word, names)));
            }
        }
        Ok(())
    }

    /// The number that was seen, if it is one.
    fn number(&self, seen: &Observations, phases: &[Phase]) -> Option<f64> {
        self.see(seen, phases).0.split_whitespace().next()?.parse().ok()
    }

    /// What was seen, and whether it is as expected.
    pub fn judge(&self, seen: &Observations, phases: &[Phase]) -> Verdict {
        let (text, holds) = self.see(seen, phases);
        Verdict { expected: self.text.clone(), seen: text, holds }
    }

    fn see(&self, o: &Observations, phases: &[Phase]) -> (String, bool) {
        let value = self.value.numbers.first().copied().unwrap_or(0.0);
        let f = &self.value.filter;
        let named = |names: &Option<String>| {
            names.clone().or_else(|| f.words.iter().find(|w| o.functions.contains(w)).cloned())
        };
        let function = named(&f.function).and_then(|name| o.functions.iter().position(|n| *n == name));
        let phase =
            f.phase.as_ref().or_else(|| f.words.iter().find(|w| phases.iter().any(|p| p.name == **w)));
        let span = phase.and_then(|name| phases.iter().find(|p| p.name == *name));
        let span = span.map_or((0.0, f64::INFINITY), |p| (p.from.0, p.until.0));
        let within = |at: f64| span.0 <= at && at < span.1;
        let row_function = function.unwrap_or(0);
        let series = |name: &str| -> Vec<(f64, f64)> {
            let value = |r: &super::observations::Row| match name {
                "replicas" => f64::from(r.replicas),
                "ready" => f64::from(r.ready),
                "pods" => f64::from(r.pods),
                "in-flight" => r.in_flight as f64,
                "queued" => r.queued as f64,
                "rate" => r.rate,
                "cpu" => r.cpu,
                _ => r.cpu / f64::from(r.pods.max(1)),
            };
            o.rows_of(row_function).filter(|r| within(r.at)).map(|r| (r.at, value(r))).collect()
        };
        let judged = |seen: Option<f64>, unit: &str| match seen {
            Some(seen) => (format!("{}{unit}", short(seen)), self.op.holds(seen, value)),
            None => ("nothing to measure".into(), false),
        };
        match &self.what {
            What::At { series: name, seconds } => {
                let row = series(name).into_iter().take_while(|(at, _)| *at <= *seconds + 1e-9).last();
                judged(row.map(|(_, v)| v), "")
            }
            What::First { series: name, within } => {
                let first =
                    series(name).into_iter().find(|(_, v)| self.op.holds(*v, value)).map(|(at, _)| at);
                match first {
                    Some(at) => (format!("after {} s", short(at)), at <= *within + 1e-9),
                    None => ("never".into(), false),
                }
            }
            What::Course => {
                let course = o.course(row_function);
                let sizes: Vec<f64> = course.iter().map(|(_, n)| f64::from(*n)).collect();
                let words: Vec<String> =
                    course.iter().map(|(at, n)| format!("{n} (at {} s)", short(*at))).collect();
                (words.join(" → "), (sizes == self.value.numbers) == (self.op == Op::Equal))
            }
            What::Total(name) => {
                let mine = |i: usize| function.is_none_or(|f| f == i);
                let sum = |of: fn(&super::observations::Usage) -> f64| {
                    o.usage.iter().enumerate().filter(|(i, _)| mine(*i)).map(|(_, u)| of(u)).sum::<f64>()
                };
                let seen = match name.as_str() {
                    "pods-started" => o.pods.iter().filter(|p| mine(p.function)).count() as f64,
                    "pod-seconds" => sum(|u| u.pod_seconds),
                    "cpu-seconds" => sum(|u| u.cpu_seconds),
                    _ => sum(|u| u.gb_seconds),
                };
                judged(Some(seen), "")
            }
            What::Aggregate { how, of: Of::Series(name) } => {
                let values: Vec<f64> = series(name).into_iter().map(|(_, v)| v).collect();
                judged(aggregate(how, &values), "")
            }
            What::Aggregate { how, of } => {
                let fits = |r: &&Request| {
                    function.is_none_or(|f| f == r.function)
                        && within(r.at)
                        && f.cold.is_none_or(|cold| cold == r.cold)
                };
                let status = |r: &&Request| f.status.is_none_or(|s| s == r.status);
                let all = o.requests.iter().filter(fits);
                match of {
                    Of::Count => judged(Some(all.filter(status).count() as f64), ""),
                    Of::Share => {
                        let (some, whole) = (all.clone().filter(status).count(), all.count());
                        judged((whole > 0).then(|| some as f64 / whole as f64), "")
                    }
                    of => {
                        let time = |r: &Request| if *of == Of::Wait { r.wait } else { r.response };
                        let mut values: Vec<f64> = all.filter(status).map(time).collect();
                        values.sort_by(f64::total_cmp);
                        judged(aggregate(how, &values), " s")
                    }
                }
            }
        }
    }
}

/// `values` are sorted where a quantile is asked for.
fn aggregate(how: &str, values: &[f64]) -> Option<f64> {
    let percent = how.strip_prefix('p').and_then(|n| n.parse::<f64>().ok());
    match (how, percent) {
        (_, Some(percent)) => quantile(values, percent / 100.0),
        _ if values.is_empty() => None,
        ("mean", _) => Some(values.iter().sum::<f64>() / values.len() as f64),
        ("max", _) => values.iter().copied().reduce(f64::max),
        ("min", _) => values.iter().copied().reduce(f64::min),
        _ => values.last().copied(),
    }
}

/// Four digits after the point at most, none that say nothing.
fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::observations::{PodLife, Row, Usage};
    use crate::sim::Seconds;

    fn seen() -> Observations {
        let row =
            |at: f64, replicas: u32| Row { at, replicas, pods: replicas, cpu: at / 10.0, ..Row::default() };
        let request = |at: f64, response: f64, status: u16, cold: bool| Request {
            function: 0,
            pod: None,
            at,
            wait: response / 2.0,
            response,
            status,
            cold,
        };
        let pod = PodLife { name: "p".into(), function: 0, node: 0, created: 0.0, ready: None, ended: None };
        Observations {
            functions: vec!["f".into(), "g".into()],
            duration: 60.0,
            rows: vec![row(0.0, 2), row(10.0, 4), row(20.0, 6), row(50.0, 2)],
            requests: vec![
                request(1.0, 2.0, 200, true),
                request(12.0, 0.1, 200, false),
                request(13.0, 0.2, 200, false),
                request(14.0, 5.0, 408, false),
            ],
            pods: vec![pod; 3],
            usage: vec![Usage { pod_seconds: 7.0, cpu_seconds: 2.0, gb_seconds: 1.0 }, Usage::default()],
            ..Observations::default()
        }
    }

    #[test]
    fn each_form_is_read_and_judged() {
        let phases = [Phase { name: "rush".into(), from: Seconds(10.0), until: Seconds(20.0) }];
        for (text, holds, saw) in [
            ("replicas at 45s == 6", true, "6"),
            ("replicas of f at 15s != 4", false, "4"),
            ("max(replicas) <= 6", true, "6"),
            ("mean(cpu in rush) < 1500m", true, "1"),
            ("last(replicas)==2", true, "2"),
            ("replicas == 2", true, "2"),
            ("replicas of f > 2", false, "2"),
            ("p50(warm) < 250ms", true, "0.2 s"),
            ("max(latency in rush status = 200) <= 0.2", true, "0.2 s"),
            ("mean(wait cold) == 1s", true, "1 s"),
            ("p95(rush) < 1s", false, "5 s"),
            ("count(status = 408) == 1", true, "1"),
            ("count(of g) == 0", true, "0"),
            ("share(status=200) >= 75%", true, "0.75"),
            ("first time replicas >= 4 within 30s", true, "after 10 s"),
            ("first time replicas >= 9 within 30s", false, "never"),
            (
                "course of replicas == 2 → 4 → 6 → 2",
                true,
                "2 (at 0 s) → 4 (at 10 s) → 6 (at 20 s) → 2 (at 50 s)",
            ),
            ("pods-started == 3", true, "3"),
            ("pod-seconds of f > 6", true, "7"),
            ("p99(of g) < 1s", false, "nothing to measure"),
        ] {
            let e = parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
            e.check(&["f", "g"], &["rush"]).unwrap();
            let verdict = e.judge(&seen(), &phases);
            assert_eq!((verdict.holds, verdict.seen.as_str()), (holds, saw), "{text}");
        }
    }

    #[test]
    fn a_mistake_says_what_to_write() {
        for (text, words) in [
            ("replicsa at 45s == 6", "did you mean `replicas`"),
            ("replicas at soon == 6", "`soon` is no time"),
            ("replicas at 45s ~ 6", "no comparison"),
            ("p95(warm) < fast", "`fast` is no time"),
            ("p96x(warm) < 1s", "unknown measure"),
            ("first time replicas >= 4", "`within 30s` is missing"),
            ("count(status = ok) == 1", "`ok` is no status"),
            ("max(replicas < 3", "`)` is missing"),
            ("", "write for instance"),
        ] {
            let why = parse(text).unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
        let e = parse("p95(rsh) < 1s").unwrap();
        assert!(e.check(&["f"], &["rush"]).unwrap_err().contains("did you mean `rush`"));
    }
}
