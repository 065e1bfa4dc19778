//! Health probes: where a pod is asked, how often, and what a row of answers means.
//!
//! Defaults are those of the study's pods; annotations change them as in OpenFaaS Pro.

use super::go_duration;
use super::scaling::openfaas::Edition;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Every watchdog answers there.
pub const HEALTH_PATH: &str = "/_/health";

/// One probe: `http-get :8080/_/health delay=2s timeout=1s period=2s #success=1 #failure=3`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Where the pod is asked by GET; a status from 200 to 399 is good.
    pub path: String,
    /// From the container's start to the first question.
    pub initial_delay: Duration,
    /// An answer that takes longer is a bad one.
    pub timeout: Duration,
    /// From one question to the next.
    pub period: Duration,
    /// So many good answers in a row make it pass.
    pub successes: u32,
    /// So many bad ones in a row make it fail.
    pub failures: u32,
}

impl Default for Probe {
    fn default() -> Self {
        Probe {
            path: HEALTH_PATH.into(),
            initial_delay: Duration::from_secs(2),
            timeout: Duration::from_secs(1),
            period: Duration::from_secs(2),
            successes: 1,
            failures: 3,
        }
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let print = go_duration::print;
        write!(
            f,
            "http-get :8080{} delay={} timeout={} period={} #success={} #failure={}",
            self.path,
            print(self.initial_delay),
            print(self.timeout),
            print(self.period),
            self.successes,
            self.failures
        )
    }
}

/// A pod's two probes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probes {
    /// Its container is started again when this fails.
    pub liveness: Probe,
    /// It takes requests only while this passes. None: the watchdog's own word is enough, which comes at once.
    pub readiness: Option<Probe>,
}

/// What comes before the name of a setting.
const LIVENESS: &str = "com.openfaas.health.http.";
const READINESS: &str = "com.openfaas.ready.http.";

impl Probes {
    /// Reads a function's annotations; the notes say what is ignored.
    ///
    /// # Errors
    /// A value that cannot be: a sentence that names the annotation.
    pub fn read(
        annotations: &BTreeMap<String, String>,
        edition: Edition,
    ) -> Result<(Self, Vec<String>), String> {
        let (mut probes, mut notes) = (Probes::default(), Vec::new());
        for (key, value) in annotations {
            let (probe, field) = match (key.strip_prefix(LIVENESS), key.strip_prefix(READINESS)) {
                _ if !key.starts_with(LIVENESS) && !key.starts_with(READINESS) => continue,
                _ if edition == Edition::Ce => {
                    notes.push(format!(
                        "OpenFaaS CE ignores the annotation {key}: probes go to {HEALTH_PATH}"
                    ));
                    continue;
                }
                (Some(field), _) => (&mut probes.liveness, field),
                (_, field) => (probes.readiness.get_or_insert_default(), field.unwrap_or_default()),
            };
            set(probe, field, value).map_err(|why| format!("{key} is `{value}`: {why}"))?;
        }
        Ok((probes, notes))
    }
}

fn set(probe: &mut Probe, field: &str, value: &str) -> Result<(), String> {
    let time = || {
        go_duration::parse(value)
            .ok_or_else(|| format!("write seconds or a duration: {}", go_duration::EXAMPLES))
    };
    let more_than_none = |time: Duration| match time.is_zero() {
        true => Err("it must be more than 0".to_owned()),
        false => Ok(time),
    };
    let count = || match value.parse::<u32>() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("write a whole number of at least 1".to_owned()),
    };
    match field {
        "path" if value.starts_with('/') && value.bytes().all(|b| b.is_ascii_graphic()) => {
            probe.path = value.into()
        }
        "path" => return Err("write a path such as /healthz".into()),
        "initialDelay" | "initialDelaySeconds" => probe.initial_delay = time()?,
        "timeout" | "timeoutSeconds" => probe.timeout = more_than_none(time()?)?,
        "period" | "periodSeconds" => probe.period = more_than_none(time()?)?,
        "successThreshold" => probe.successes = count()?,
        "failureThreshold" => probe.failures = count()?,
        _ => {
            return Err(
                "there is no such setting: write path, initialDelaySeconds, timeoutSeconds, periodSeconds, \
                        successThreshold or failureThreshold"
                    .into(),
            );
        }
    }
    Ok(())
}

/// The last answers of one kind in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    good: u32,
    bad: u32,
}

impl Row {
    /// One more answer; says that the probe passes or fails when it has just come so far.
    pub fn take(&mut self, good: bool, probe: &Probe) -> Option<bool> {
        *self = match good {
            true => Row { good: self.good.saturating_add(1), bad: 0 },
            false => Row { good: 0, bad: self.bad.saturating_add(1) },
        };
        match good {
            true => (self.good == probe.successes).then_some(true),
            false => (self.bad == probe.failures).then_some(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)], edition: Edition) -> Result<(Probes, Vec<String>), String> {
        let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Probes::read(&pairs.collect(), edition)
    }

    #[test]
    fn defaults_are_the_studys() {
        let (probes, notes) = read(&[("topic", "x")], Edition::Pro).unwrap();
        assert_eq!(
            probes.liveness.to_string(),
            "http-get :8080/_/health delay=2s timeout=1s period=2s #success=1 #failure=3"
        );
        assert!(probes.readiness.is_none() && notes.is_empty());
    }

    #[test]
    fn annotations_change_them_in_pro_and_are_ignored_in_ce() {
        let pairs = [
            ("com.openfaas.health.http.path", "/healthz"),
            ("com.openfaas.health.http.initialDelay", "2m"),
            ("com.openfaas.ready.http.path", "/ready"),
            ("com.openfaas.ready.http.periodSeconds", "5"),
            ("com.openfaas.ready.http.failureThreshold", "1"),
        ];
        let (probes, _) = read(&pairs, Edition::Pro).unwrap();
        assert_eq!(
            (probes.liveness.path.as_str(), probes.liveness.initial_delay.as_secs()),
            ("/healthz", 120)
        );
        let ready = probes.readiness.unwrap();
        assert_eq!((ready.path.as_str(), ready.period.as_secs(), ready.failures), ("/ready", 5, 1));
        let (probes, notes) = read(&pairs, Edition::Ce).unwrap();
        assert_eq!((probes, notes.len()), (Probes::default(), 5));
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (key, value) in [
            ("com.openfaas.health.http.path", "healthz"),
            ("com.openfaas.ready.http.periodSeconds", "0"),
            ("com.openfaas.ready.http.periodSeconds", "often"),
            ("com.openfaas.ready.http.failureThreshold", "-1"),
            ("com.openfaas.ready.http.colour", "red"),
        ] {
            let why = read(&[(key, value)], Edition::Pro).unwrap_err();
            assert!(why.starts_with(key) && why.contains(value), "{why}");
        }
    }

    #[test]
    fn only_a_row_of_answers_counts_and_counts_once() {
        let probe = Probe { successes: 2, failures: 3, ..Probe::default() };
        let mut row = Row::default();
        let said: Vec<_> = [false, false, true, false, false, false, false, true, true, true]
            .map(|good| row.take(good, &probe))
            .into();
        let mut wanted = vec![None; 10];
        (wanted[5], wanted[8]) = (Some(false), Some(true));
        assert_eq!(said, wanted);
    }
}
