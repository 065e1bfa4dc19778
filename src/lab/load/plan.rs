//! What load is to be sent.

use crate::sim::Law;
use bytes::Bytes;
use http::{HeaderMap, Method};
use serde::Serialize;
use std::time::Duration;

/// When requests are sent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "loop")]
pub enum Shape {
    /// Users who each wait for the answer before they go on: a JMeter thread group.
    Closed {
        /// How many.
        users: u32,
        /// The first begins at once, the last by this time.
        ramp_up: Duration,
        /// How long a user waits between an answer and the next request.
        think: Duration,
    },
    /// Arrivals that do not wait for answers.
    Open {
        /// Arrivals per second.
        rate: f64,
        /// How they are spread.
        arrivals: Arrivals,
        /// No more than this many are sent and unanswered; what arrives beyond waits, and its wait is counted.
        in_flight: u32,
    },
}

/// How the arrivals of an open loop are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrivals {
    /// Evenly.
    #[default]
    Constant,
    /// At random, independent of each other (exponential gaps).
    Poisson,
}

/// Which replies are as they should be; others count as failed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Accept {
    /// These statuses; every one from 100 to 399 if empty.
    pub statuses: Vec<u16>,
    /// The body contains this.
    pub contains: Option<String>,
}

impl Accept {
    /// Why a reply is not as it should be, if it is not.
    pub fn objection(&self, status: u16, body: &[u8]) -> Option<String> {
        let fine = match self.statuses.as_slice() {
            [] => (100..400).contains(&status),
            some => some.contains(&status),
        };
        if !fine {
            let wanted: Vec<String> = self.statuses.iter().map(u16::to_string).collect();
            let wanted = if wanted.is_empty() { "below 400".into() } else { wanted.join(" or ") };
            return Some(format!("status {status}, not {wanted}"));
        }
        let text = self.contains.as_deref()?;
        let there = body.windows(text.len().max(1)).any(|part| part == text.as_bytes());
        (!there && !text.is_empty()).then(|| format!("the reply does not contain `{text}`"))
    }
}

/// A load.
#[derive(Clone, Debug)]
pub struct LoadPlan {
    /// `http://host[:port]/path`.
    pub url: String,
    /// The method.
    pub method: Method,
    /// Headers of each request, besides `Host`.
    pub headers: HeaderMap,
    /// The body of each request.
    pub body: Bytes,
    /// Bodies that are sent in turn, instead of `body`; none if empty.
    pub bodies: Vec<Bytes>,
    /// When requests are sent.
    pub shape: Shape,
    /// What a closed loop's users wait is drawn from this, instead of always being the shape's time.
    pub think: Option<Law>,
    /// Which replies are as they should be.
    pub accept: Accept,
    /// Ask the gateway and the pod how long each part took, and which pod it was.
    pub trace: bool,
    /// So many bytes of each reply are handed to whoever writes requests down.
    pub keep: usize,
    /// No request is begun after this time.
    pub duration: Option<Duration>,
    /// No more requests than this.
    pub requests: Option<u64>,
    /// How long one request may take.
    pub timeout: Duration,
    /// Send to other machines too.
    pub allow_remote: bool,
    /// Where random arrivals begin.
    pub seed: u64,
}

impl LoadPlan {
    /// A POST with an empty body by one user for ten seconds.
    pub fn new(url: impl Into<String>) -> Self {
        LoadPlan {
            url: url.into(),
            method: Method::POST,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            bodies: Vec::new(),
            think: None,
            accept: Accept::default(),
            trace: false,
            keep: 0,
            shape: Shape::Closed { users: 1, ramp_up: Duration::ZERO, think: Duration::ZERO },
            duration: Some(Duration::from_secs(10)),
            requests: None,
            timeout: Duration::from_secs(60),
            allow_remote: false,
            seed: 1,
        }
    }

    /// # Errors
    /// [`LoadError::Plan`] when it would never end or sends nothing.
    pub(super) fn check(&self) -> Result<(), LoadError> {
        let wrong = |what: &str| Err(LoadError::Plan(what.into()));
        match self.shape {
            Shape::Closed { users: 0, .. } => return wrong("there must be at least one user"),
            Shape::Closed { users, .. } if users > 20_000 => {
                return wrong("at most 20000 users: each holds a connection of its own");
            }
            Shape::Open { rate, .. } if !(rate.is_finite() && rate > 0.0 && rate <= 1e6) => {
                return wrong("the rate must be more than 0 and at most 1000000 requests per second");
            }
            Shape::Open { in_flight: 0, .. } => {
                return wrong("at least one request must be allowed in flight");
            }
            _ => {}
        }
        if self.duration.is_none() && self.requests.is_none() {
            return wrong("a load needs an end: a duration or a number of requests");
        }
        if self.requests == Some(0) || self.duration == Some(Duration::ZERO) {
            return wrong("a load of nothing: give a duration or a number of requests of more than 0");
        }
        if self.timeout.is_zero() {
            return wrong("the time-out of a request must be more than 0");
        }
        Ok(())
    }
}

/// Why no load could be sent at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The plan makes no sense.
    #[error("{0}")]
    Plan(String),
    /// The address is not one.
    #[error("`{url}` is not an address to send load to: {why}")]
    Address {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The host has no address.
    #[error("the host `{host}` cannot be found: {why}")]
    NoHost {
        /// Its name.
        host: String,
        /// The resolver's words.
        why: String,
    },
    /// Another machine, and that was not allowed.
    #[error("{0} is not this machine: load goes to loopback only, unless you pass --allow-remote")]
    Remote(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_as_it_should_be_or_not() {
        let any = Accept::default();
        assert_eq!(any.objection(200, b""), None);
        assert_eq!(any.objection(502, b"").as_deref(), Some("status 502, not below 400"));
        let some = Accept { statuses: vec![200, 408], contains: Some("ok".into()) };
        assert_eq!(some.objection(408, b"all ok"), None);
        assert_eq!(some.objection(200, b"no").as_deref(), Some("the reply does not contain `ok`"));
        assert_eq!(some.objection(500, b"ok").as_deref(), Some("status 500, not 200 or 408"));
    }
}
