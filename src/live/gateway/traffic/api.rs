//! Requests to the API itself, as OpenFaaS Pro's gateway counts them.

use super::CodeTotals;
use http::{Method, StatusCode};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Places of the API. Whatever else is asked for makes no series: clients could make any number of them.
const PLACES: [&str; 10] = [
    "/system/functions",
    "/system/function",
    "/system/scale-function",
    "/system/info",
    "/system/namespaces",
    "/system/namespace",
    "/system/secrets",
    "/system/logs",
    "/system/alert",
    "/system/faasim",
];

/// Method, place and status of a request.
pub type Asked = (String, &'static str, u16);

/// Counts by method, place and status.
#[derive(Default)]
pub(super) struct ApiTotals(Mutex<BTreeMap<Asked, CodeTotals>>);

impl ApiTotals {
    pub(super) fn record(&self, method: &Method, path: &str, status: StatusCode, took: Duration) {
        let below =
            |place: &&&str| path.strip_prefix(**place).is_some_and(|r| r.is_empty() || r.starts_with('/'));
        let Some(place) = PLACES.iter().find(below) else { return };
        let known = [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::HEAD];
        let method = if known.contains(method) { method.as_str() } else { "other" };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.entry((method.to_owned(), place, status.as_u16())).or_default().add(took);
    }

    pub(super) fn read(&self) -> BTreeMap<Asked, CodeTotals> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_paths_and_methods_make_no_series() {
        let totals = ApiTotals::default();
        let took = Duration::from_millis(30);
        for path in [
            "/system/function/a",
            "/system/function/b",
            "/system/functions",
            "/system/made-up",
            "/system/functionsx",
        ] {
            totals.record(&Method::GET, path, StatusCode::OK, took);
        }
        totals.record(&Method::from_bytes(b"MADEUP").unwrap(), "/system/info", StatusCode::OK, took);
        let read = totals.read();
        let keys: Vec<_> = read.keys().map(|(m, p, s)| (m.as_str(), *p, *s)).collect();
        assert_eq!(
            keys,
            [
                ("GET", "/system/function", 200),
                ("GET", "/system/functions", 200),
                ("other", "/system/info", 200)
            ]
        );
        assert_eq!(read[&("GET".to_owned(), "/system/function", 200)].count, 2);
    }
}
