//! Durations as a person writes them in an environment variable or a body.

use std::time::Duration;

/// Reads seconds (`3`, `0.5`) or a duration with units as Go writes them (`300ms`, `1m30s`).
///
/// `None` when it is neither, is negative, or is longer than a day: no function call is meant to last that long.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let duration = match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok()?,
        Err(_) => text.parse::<jiff::SignedDuration>().ok()?.try_into().ok()?,
    };
    (duration <= Duration::from_secs(86_400)).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_go_durations() {
        for (text, milliseconds) in [
            ("3", 3_000),
            (" 0.5\n", 500),
            ("0", 0),
            ("3.68s", 3_680),
            ("300ms", 300),
            ("1m30s", 90_000),
            ("1h", 3_600_000),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration() {
        for text in ["", "soon", "-1", "-1s", "nan", "inf", "1e300", "25h", "3 apples"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
