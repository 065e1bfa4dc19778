//! What load is to be sent.

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
    /// When requests are sent.
    pub shape: Shape,
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
