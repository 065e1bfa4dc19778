//! When a call that failed is sent again: OpenFaaS Pro's rules, with its annotations.

use crate::cluster::go_duration;
use http::HeaderMap;
use std::collections::BTreeMap;
use std::time::Duration;

/// The rule of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Tries in all.
    pub attempts: u32,
    codes: Vec<u16>,
    min_wait: Duration,
    max_wait: Duration,
}

impl Rule {
    /// The chart's defaults, changed by `com.openfaas.retry.*`; what cannot be read is as if it were not there.
    pub fn of(annotations: Option<&BTreeMap<String, String>>) -> Self {
        let get = |key: &str| annotations.and_then(|all| all.get(&format!("com.openfaas.retry.{key}")));
        let time = |key: &str, default: u64| {
            get(key).and_then(|t| go_duration::parse(t)).unwrap_or(Duration::from_secs(default))
        };
        let codes: Option<Vec<u16>> =
            get("codes").map(|list| list.split(',').filter_map(|c| c.trim().parse().ok()).collect());
        Rule {
            attempts: get("attempts").and_then(|n| n.trim().parse().ok()).unwrap_or(100),
            codes: codes.filter(|c| !c.is_empty()).unwrap_or_else(|| vec![408, 429, 500, 502, 503, 504]),
            min_wait: time("min_wait", 10),
            max_wait: time("max_wait", 120),
        }
    }

    /// How long to wait before the next try after `tries` of them; none when there is none.
    pub fn wait(&self, tries: u32, status: u16, headers: &HeaderMap) -> Option<Duration> {
        if tries >= self.attempts || !self.codes.contains(&status) {
            return None;
        }
        let doubled = self.min_wait.saturating_mul(1 << tries.saturating_sub(1).min(20)).min(self.max_wait);
        let asked = headers.get("retry-after").filter(|_| [429, 503].contains(&status));
        let asked = asked.and_then(|v| v.to_str().ok()?.trim().parse().ok()).map(Duration::from_secs);
        Some(asked.map_or(doubled, |asked| asked.max(self.min_wait)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end() {
        let rule = Rule::of(None);
        let none = HeaderMap::new();
        let waits: Vec<u64> = (1..6).filter_map(|n| rule.wait(n, 500, &none)).map(|w| w.as_secs()).collect();
        assert_eq!(waits, [10, 20, 40, 80, 120]);
        assert_eq!(
            (rule.wait(100, 500, &none), rule.wait(1, 404, &none), rule.wait(1, 200, &none)),
            (None, None, None)
        );
        let mut asked = HeaderMap::new();
        asked.insert("retry-after", "30".parse().unwrap());
        assert_eq!(rule.wait(1, 429, &asked), Some(Duration::from_secs(30)));
        assert_eq!(rule.wait(1, 500, &asked), Some(Duration::from_secs(10)), "only 429 and 503 may ask");
        asked.insert("retry-after", "1".parse().unwrap());
        assert_eq!(rule.wait(1, 503, &asked), Some(Duration::from_secs(10)), "not below min_wait");
    }

    #[test]
    fn annotations_change_it() {
        let all = [("attempts", "2"), ("codes", "418, 500"), ("min_wait", "100ms"), ("max_wait", "1s")];
        let all = all.map(|(k, v)| (format!("com.openfaas.retry.{k}"), v.to_owned())).into();
        let rule = Rule::of(Some(&all));
        let none = HeaderMap::new();
        assert_eq!(rule.wait(1, 418, &none), Some(Duration::from_millis(100)));
        assert_eq!((rule.wait(2, 418, &none), rule.wait(1, 503, &none)), (None, None));
    }
}
