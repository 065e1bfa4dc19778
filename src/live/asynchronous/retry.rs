//! When a call that failed is sent again: OpenFaaS Pro's rules, with its annotations.

use crate::cluster::go_duration;
use crate::live::settings::Asynchronous;
use http::HeaderMap;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// How waits are spread, so that calls that failed together do not come back together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backoff {
    /// Doubled each time, as it is.
    #[default]
    Exponential,
    /// Anything from nothing to that.
    Full,
    /// Anything from half of it to that.
    Equal,
}

/// Marks a reply that OpenFaaS itself made, and not the function.
pub(super) const INTERNAL: &str = "x-openfaas-internal";

/// The rule of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Tries in all.
    pub attempts: u32,
    codes: Vec<u16>,
    min_wait: Duration,
    max_wait: Duration,
    backoff: Backoff,
}

impl Rule {
    /// The settings, changed by the annotations `com.openfaas.retry.*`; one that cannot be read is as if it were not there.
    pub fn of(settings: &Asynchronous, annotations: Option<&BTreeMap<String, String>>) -> Self {
        let get = |key: &str| annotations.and_then(|all| all.get(&format!("com.openfaas.retry.{key}")));
        let time =
            |key: &str, default: Duration| get(key).and_then(|t| go_duration::parse(t)).unwrap_or(default);
        let codes: Option<Vec<u16>> =
            get("codes").map(|list| list.split(',').filter_map(|c| c.trim().parse().ok()).collect());
        Rule {
            attempts: get("attempts").and_then(|n| n.trim().parse().ok()).unwrap_or(settings.retry_attempts),
            codes: codes.filter(|c| !c.is_empty()).unwrap_or_else(|| settings.retry_codes.clone()),
            min_wait: time("min_wait", settings.retry_min_wait),
            max_wait: time("max_wait", settings.retry_max_wait),
            backoff: settings.retry_backoff,
        }
    }

    /// How long to wait before the next try after `tries` of them; none when there is none. `chance` is anything from
    /// 0 to 1, and `now` what a date in `Retry-After` is compared with.
    pub fn wait(
        &self,
        tries: u32,
        status: u16,
        headers: &HeaderMap,
        chance: f64,
        now: SystemTime,
    ) -> Option<Duration> {
        let internal = status >= 400 && headers.contains_key(INTERNAL);
        if tries >= self.attempts || !(internal || self.codes.contains(&status)) {
            return None;
        }
        if [429, 503].contains(&status)
            && let Some(asked) = asked(headers, now)
        {
            return Some(asked.max(self.min_wait));
        }
        let doubled = self.min_wait.saturating_mul(1 << tries.saturating_sub(1).min(20)).min(self.max_wait);
        Some(match self.backoff {
            Backoff::Exponential => doubled,
            Backoff::Full => doubled.mul_f64(chance.clamp(0.0, 1.0)),
            Backoff::Equal => doubled.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0),
        })
    }
}

/// What `Retry-After` asks for: seconds, or an HTTP date. A date that has passed asks for no wait.
fn asked(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    let seconds = u64::try_from(date.timestamp().as_second()).unwrap_or_default();
    Some((SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    fn wait(rule: &Rule, tries: u32, status: u16, headers: &[(&'static str, &str)]) -> Option<u64> {
        let headers = headers.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect();
        // Sunday, 6 November 1994, 08:49:07.
        let now = UNIX_EPOCH + Duration::from_secs(784_111_747);
        rule.wait(tries, status, &headers, 0.5, now).map(|w| u64::try_from(w.as_millis()).unwrap())
    }

    #[test]
    fn waits_double_and_end() {
        let rule = Rule::of(&Asynchronous::default(), None);
        let waits: Vec<_> = (1..6).filter_map(|n| wait(&rule, n, 500, &[])).collect();
        assert_eq!(waits, [10_000, 20_000, 40_000, 80_000, 120_000]);
        for (tries, status) in [(100, 500), (1, 404), (1, 200), (1, 202)] {
            assert_eq!(wait(&rule, tries, status, &[]), None, "{tries} {status}");
        }
        for status in [408, 429, 500, 502, 503, 504] {
            assert_eq!(wait(&rule, 1, status, &[]), Some(10_000), "{status}");
        }
    }

    #[test]
    fn what_openfaas_itself_refuses_is_tried_again_whatever_its_status() {
        let rule = Rule::of(&Asynchronous::default(), None);
        assert_eq!(wait(&rule, 1, 404, &[("x-openfaas-internal", "proxy")]), Some(10_000));
        assert_eq!(wait(&rule, 1, 200, &[("x-openfaas-internal", "proxy")]), None);
        assert_eq!(wait(&rule, 100, 404, &[("x-openfaas-internal", "proxy")]), None);
    }

    #[test]
    fn retry_after_is_obeyed_but_not_below_the_shortest_wait() {
        let rule = Rule::of(&Asynchronous::default(), None);
        for (status, asked, expected) in [
            (429, "30", 30_000),
            (503, "300", 300_000),
            (500, "30", 10_000),
            (503, "1", 10_000),
            (429, "Sun, 06 Nov 1994 08:49:37 GMT", 30_000),
            (429, "Sun, 06 Nov 1994 08:49:00 GMT", 10_000),
            (429, "soon", 10_000),
        ] {
            assert_eq!(wait(&rule, 1, status, &[("retry-after", asked)]), Some(expected), "{status} {asked}");
        }
    }

    #[test]
    fn annotations_change_it() {
        let all = [("attempts", "2"), ("codes", "418, 500"), ("min_wait", "100ms"), ("max_wait", "1s")];
        let all = all.map(|(k, v)| (format!("com.openfaas.retry.{k}"), v.to_owned())).into();
        let rule = Rule::of(&Asynchronous::default(), Some(&all));
        assert_eq!(wait(&rule, 1, 418, &[]), Some(100));
        assert_eq!((wait(&rule, 2, 418, &[]), wait(&rule, 1, 503, &[])), (None, None));
    }

    #[test]
    fn waits_are_spread_as_the_setting_says() {
        for (backoff, expected) in
            [(Backoff::Exponential, 20_000), (Backoff::Full, 10_000), (Backoff::Equal, 15_000)]
        {
            let settings = Asynchronous { retry_backoff: backoff, ..Asynchronous::default() };
            assert_eq!(wait(&Rule::of(&settings, None), 2, 500, &[]), Some(expected));
        }
    }
}
