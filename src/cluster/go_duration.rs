//! Durations as OpenFaaS, Kubernetes and Go write them: `1m30s`, `300ms`, `1.5h`; a bare number is seconds.

use std::time::Duration;

/// What to write, for messages.
pub const EXAMPLES: &str = "`300ms`, `15s`, `1m30s`, `2h`, or a whole number of seconds";

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration. Like OpenFaaS' environment variables, a bare whole number is seconds.
/// `None` when it is not a duration, is negative, or does not fit 64 bits of nanoseconds (584 years).
pub fn parse(text: &str) -> Option<Duration> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        let seconds: u64 = text.parse().ok()?;
        return seconds.checked_mul(1_000_000_000).map(Duration::from_nanos);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut total: u64 = 0;
    loop {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, tail) = rest.split_at(end);
        let unit = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(scaled(number, *scale)?)?;
        rest = tail;
        if rest.is_empty() {
            return Some(Duration::from_nanos(total));
        }
    }
}

/// `number` with an optional fraction, times `scale`; digits below a nanosecond are dropped, as Go does.
fn scaled(number: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction = &fraction[..fraction.len().min(15)];
    let part = if fraction.is_empty() {
        0
    } else {
        let shift = 10u128.pow(u32::try_from(fraction.len()).ok()?);
        u64::try_from(fraction.parse::<u128>().ok()? * u128::from(scale) / shift).ok()?
    };
    whole.checked_mul(scale)?.checked_add(part)
}

/// Writes a duration so that [`parse`] reads it back, leaving out what is zero: `5m`, `1m30s`, `1.5s`, `300ms`.
pub fn print(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0s".into();
    }
    for (unit, scale) in [("ns", 1u128), ("µs", 1_000), ("ms", 1_000_000)] {
        if nanos < scale * 1000 {
            return decimal(nanos, scale) + unit;
        }
    }
    let (minutes, rest) = (nanos / 60_000_000_000, nanos % 60_000_000_000);
    let mut out = String::new();
    for (unit, count) in [("h", minutes / 60), ("m", minutes % 60)] {
        if count > 0 {
            out += &format!("{count}{unit}");
        }
    }
    if rest > 0 {
        out += &(decimal(rest, 1_000_000_000) + "s");
    }
    out
}

/// `nanos / scale` with no more digits than needed.
fn decimal(nanos: u128, scale: u128) -> String {
    let width = scale.ilog10() as usize;
    let text = format!("{}.{:0width$}", nanos / scale, nanos % scale);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print() {
        for (text, nanos, printed) in [
            ("0", 0, "0s"),
            ("0s", 0, "0s"),
            ("90", 90_000_000_000, "1m30s"),
            ("1m30s", 90_000_000_000, "1m30s"),
            ("300ms", 300_000_000, "300ms"),
            ("1.5s", 1_500_000_000, "1.5s"),
            (".5s", 500_000_000, "500ms"),
            ("1500us", 1_500_000, "1.5ms"),
            ("2h", 7_200_000_000_000, "2h"),
            ("1h0m1s", 3_601_000_000_000, "1h1s"),
            ("5m0s", 300_000_000_000, "5m"),
            ("7ns", 7, "7ns"),
            ("1.0000000001s", 1_000_000_000, "1s"),
        ] {
            let duration = parse(text).unwrap_or_else(|| panic!("{text} is a duration"));
            assert_eq!(duration, Duration::from_nanos(nanos), "{text}");
            assert_eq!(print(duration), printed, "{text}");
            assert_eq!(parse(printed), Some(duration), "{printed}");
        }
        for bad in ["", "s", "-1s", "1 s", "1d", "1s2", "1.2.3s", ".s", "ten", "1sm", "99999999999h"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_printed_is_read_back(nanos: u64) {
            let duration = Duration::from_nanos(nanos);
            proptest::prop_assert_eq!(parse(&print(duration)), Some(duration));
        }
    }
}
