//! When requests come.

mod rate;

pub use rate::Rate;

use super::law::{Law, Sampler, Seconds};
use super::random::Stream;
use crate::cluster::time::Time;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// How requests lie around the moments that a rate names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Spacing {
    /// As a Poisson process: each moment is as likely, whatever came before.
    #[default]
    Poisson,
    /// As evenly as the rate allows.
    Even,
}

/// Closed-loop users, as JMeter's thread group: each waits for its reply, thinks, and sends again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ThreadGroup {
    /// How many users.
    pub users: u32,
    /// Over what time they come, evenly: user k of n after k/n of it.
    #[serde(default)]
    pub ramp_up: Seconds,
    /// What a user waits between a reply and the next request.
    #[serde(default)]
    pub think: Law,
    /// How many requests each sends; no end if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loops: Option<u64>,
}

/// One arrival of an open loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrival {
    /// When, counted from the start of its source.
    pub after: Duration,
    /// How long it takes to serve, if its source knows (a trace does), in seconds.
    pub service: Option<f64>,
}

/// Arrivals that come one after another from somewhere: a trace, a test.
pub trait Arriving: fmt::Debug + Send {
    /// The next one; `after` never runs backwards.
    fn next(&mut self, stream: &mut Stream) -> Option<Arrival>;
}

/// A pattern of arrivals.
#[derive(Debug)]
pub enum Arrivals {
    /// An open loop at a rate.
    Open {
        /// Requests per second, over time.
        rate: Rate,
        /// How they lie.
        spacing: Spacing,
    },
    /// An open loop at these moments, counted from the start.
    Times(Vec<Seconds>),
    /// Closed-loop users.
    Closed(ThreadGroup),
    /// An open loop from elsewhere.
    Trace(Box<dyn Arriving>),
}

impl Arrivals {
    /// A Poisson process of `rate` requests a second.
    pub fn poisson(rate: f64) -> Self {
        Arrivals::Open { rate: Rate::Constant { rate }, spacing: Spacing::Poisson }
    }

    /// One request every 1/`rate` seconds.
    pub fn even(rate: f64) -> Self {
        Arrivals::Open { rate: Rate::Constant { rate }, spacing: Spacing::Even }
    }
}

/// Arrivals to one function.
#[derive(Debug)]
pub struct Source {
    /// Name of its stream of randomness, and of itself in results.
    pub name: String,
    /// `mltest`, or `mltest.namespace`.
    pub function: String,
    /// The pattern.
    pub arrivals: Arrivals,
    /// When it begins.
    pub from: Time,
    /// When it ends: nothing is sent then or later.
    pub until: Time,
    /// Past the gateway: to the pods' own addresses, each user's connection to one of them. The gateway's counters see
    /// nothing of it.
    pub direct: bool,
}

impl Source {
    /// Arrivals to `function` from the beginning, with no end of their own.
    pub fn new(function: &str, arrivals: Arrivals) -> Self {
        let name = format!("load of {function}");
        Source {
            name,
            function: function.into(),
            arrivals,
            from: Time::ZERO,
            until: Time::MAX,
            direct: false,
        }
    }
}

/// When the requests of an open loop are sent: the same moments as in a run with this seed.
pub fn moments(source: Source, seed: u64) -> Vec<Time> {
    let mut running = Running::new(source, seed);
    std::iter::from_fn(|| running.next()).map(|(at, _)| at).collect()
}

/// A source at work.
#[derive(Debug)]
pub(super) struct Running {
    pub from: Time,
    pub until: Time,
    pub direct: bool,
    stream: Stream,
    pattern: Pattern,
}

#[derive(Debug)]
enum Pattern {
    /// Requests so far, as the integral of the rate.
    Open {
        rate: Rate,
        spacing: Spacing,
        total: f64,
        last: f64,
    },
    Times(std::vec::IntoIter<Seconds>),
    Closed {
        group: ThreadGroup,
        think: Sampler,
        sent: Vec<u64>,
    },
    Trace(Box<dyn Arriving>),
}

impl Running {
    pub fn new(source: Source, seed: u64) -> Self {
        let stream = Stream::new(seed, &format!("arrivals of {}", source.name));
        let pattern = match source.arrivals {
            Arrivals::Open { rate, spacing } => Pattern::Open { rate, spacing, total: 0.0, last: 0.0 },
            Arrivals::Times(mut times) => {
                times.sort_by(|a, b| a.0.total_cmp(&b.0));
                Pattern::Times(times.into_iter())
            }
            Arrivals::Closed(group) => {
                Pattern::Closed { think: group.think.sampler(), sent: vec![0; group.users as usize], group }
            }
            Arrivals::Trace(trace) => Pattern::Trace(trace),
        };
        Running { from: source.from, until: source.until, direct: source.direct, stream, pattern }
    }

    /// The next arrival of an open loop.
    pub fn next(&mut self) -> Option<(Time, Option<f64>)> {
        let (after, service) = match &mut self.pattern {
            Pattern::Open { rate, spacing, total, last } => {
                let step = match spacing {
                    Spacing::Poisson => self.stream.exponential(),
                    Spacing::Even => 1.0,
                };
                *total += step;
                *last = rate.when(*last, *total, step)?;
                (Seconds(*last).duration(), None)
            }
            Pattern::Times(times) => (times.next()?.duration(), None),
            Pattern::Closed { .. } => return None,
            Pattern::Trace(trace) => {
                let arrival = trace.next(&mut self.stream)?;
                (arrival.after, arrival.service)
            }
        };
        let at = self.from + after;
        (at < self.until).then_some((at, service))
    }

    /// When each user sends its first request; none for open loops.
    pub fn users(&self) -> Vec<Time> {
        let Pattern::Closed { group, .. } = &self.pattern else { return Vec::new() };
        let ramp = |k: u32| Seconds(group.ramp_up.0 * f64::from(k) / f64::from(group.users)).duration();
        (0..group.users).map(|k| self.from + ramp(k)).collect()
    }

    /// A user wants to send now: whether it still may.
    pub fn sends(&mut self, user: u32, now: Time) -> bool {
        let Pattern::Closed { group, sent, .. } = &mut self.pattern else { return false };
        let Some(sent) = sent.get_mut(user as usize) else { return false };
        let may = now < self.until && group.loops.is_none_or(|loops| *sent < loops);
        *sent += u64::from(may);
        may
    }

    /// A user has its reply: when it sends again.
    pub fn replied(&mut self, now: Time) -> Time {
        let Pattern::Closed { think, .. } = &self.pattern else { return Time::MAX };
        now + Seconds(think.draw(&mut self.stream)).duration()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(arrivals: Arrivals, until: u64) -> Vec<f64> {
        let source = Source { until: Time::from_secs(until), ..Source::new("f", arrivals) };
        let mut running = Running::new(source, 7);
        std::iter::from_fn(|| running.next()).map(|(at, _)| at.as_secs_f64()).collect()
    }

    #[test]
    fn even_arrivals_are_one_gap_apart() {
        assert_eq!(all(Arrivals::even(2.0), 3), [0.5, 1.0, 1.5, 2.0, 2.5]);
        let times = Arrivals::Times(vec![Seconds(2.0), Seconds(0.5), Seconds(9.0)]);
        assert_eq!(all(times, 5), [0.5, 2.0]);
    }

    #[test]
    fn poisson_arrivals_have_their_rate_and_spread() {
        let n = all(Arrivals::poisson(50.0), 2000).len() as f64;
        assert!((n / 100_000.0 - 1.0).abs() < 0.015, "{n}");
    }

    #[test]
    fn users_come_over_the_ramp_and_stop_after_their_loops() {
        let group =
            ThreadGroup { users: 4, ramp_up: Seconds(2.0), think: Law::constant(1.0), loops: Some(2) };
        let mut running = Running::new(Source::new("f", Arrivals::Closed(group)), 1);
        let first: Vec<f64> = running.users().iter().map(|t| t.as_secs_f64()).collect();
        assert_eq!(first, [0.0, 0.5, 1.0, 1.5]);
        let now = Time::from_secs(3);
        assert_eq!([0, 0, 0].map(|user| running.sends(user, now)), [true, true, false]);
        assert_eq!(running.replied(now), Time::from_secs(4));
    }
}
