//! Durations, sizes and endings as Go reads and prints them, because the original watchdogs are Go programs.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// Reads bare integer seconds (`30`) or a Go duration (`1m30s`, `300ms`, `1.5h`); `None` when it is neither, or
/// negative.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let nanos = match &rest[..end] {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        total += number * nanos;
        rest = &rest[end..];
    }
    // Go's durations are 64-bit nanoseconds.
    (total <= i64::MAX as f64).then(|| Duration::from_nanos(total.round() as u64))
}

/// Prints a duration as Go does: `0s`, `300ms`, `2.5s`, `1m30s`, `1h0m0s`.
pub(super) fn duration(d: Duration) -> String {
    let nanos = d.as_nanos();
    let fraction = |value: u128, unit: u128| {
        let whole = value / unit;
        let digits = unit.ilog10() as usize;
        let part = format!("{:0digits$}", value % unit);
        let part = part.trim_end_matches('0');
        if part.is_empty() { format!("{whole}") } else { format!("{whole}.{part}") }
    };
    match nanos {
        0 => "0s".into(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => format!("{}µs", fraction(nanos, 1_000)),
        1_000_000..1_000_000_000 => format!("{}ms", fraction(nanos, 1_000_000)),
        _ => {
            let seconds = fraction(nanos % 60_000_000_000, 1_000_000_000);
            let minutes = nanos / 60_000_000_000;
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{seconds}s"),
                (0, m) => format!("{m}m{seconds}s"),
                (h, m) => format!("{h}h{m}m{seconds}s"),
            }
        }
    }
}

/// Prints a size in decimal units with four significant digits: `183B`, `1.5kB`, `1.235MB`; `-1B` when unknown.
pub(super) fn size(bytes: Option<u64>) -> String {
    let Some(bytes) = bytes else { return "-1B".into() };
    let mut value = bytes as f64;
    let mut units = ["B", "kB", "MB", "GB", "TB", "PB"].iter();
    let mut unit = units.next();
    while value >= 1000.0 && units.len() > 0 {
        value /= 1000.0;
        unit = units.next();
    }
    let decimals = match value {
        v if v < 10.0 => 3,
        v if v < 100.0 => 2,
        v if v < 1000.0 => 1,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    let text = if decimals > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{}", unit.unwrap_or(&"B"))
}

/// How a process ended, in Go's words: `exit status 1`, `signal: killed`.
pub(super) fn ending(status: ExitStatus) -> String {
    if let Some(code) = status.code() {
        return format!("exit status {code}");
    }
    let name = match status.signal().unwrap_or_default() {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        10 => "user defined signal 1",
        11 => "segmentation fault",
        12 => "user defined signal 2",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        other => return format!("signal: signal {other}"),
    };
    format!("signal: {name}{}", if status.core_dumped() { " (core dumped)" } else { "" })
}

/// An operating system's refusal in Go's words: no capital, no number.
pub(super) fn refusal(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_go_reads_them() {
        for (text, want) in [
            ("30", Some(30_000)),
            ("0", Some(0)),
            ("300ms", Some(300)),
            ("1m30s", Some(90_000)),
            ("1.5h", Some(5_400_000)),
            ("1h0m0.5s", Some(3_600_500)),
            ("2s", Some(2_000)),
            (".5s", Some(500)),
            ("-1s", None),
            ("", None),
            ("s", None),
            ("5x", None),
            ("1.5", None),
            ("ten", None),
            ("99999999999h", None),
        ] {
            assert_eq!(parse_duration(text), want.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn durations_print_as_go_prints_them() {
        for (micros, want) in [
            (0, "0s"),
            (300_000, "300ms"),
            (1_500, "1.5ms"),
            (15, "15µs"),
            (8_000_000, "8s"),
            (2_500_000, "2.5s"),
            (90_000_000, "1m30s"),
            (3_600_000_000, "1h0m0s"),
        ] {
            assert_eq!(duration(Duration::from_micros(micros)), want);
        }
    }

    #[test]
    fn sizes_have_four_digits() {
        for (bytes, want) in [
            (None, "-1B"),
            (Some(0), "0B"),
            (Some(183), "183B"),
            (Some(1500), "1.5kB"),
            (Some(1_234_567), "1.235MB"),
            (Some(123_456), "123.5kB"),
        ] {
            assert_eq!(size(bytes), want);
        }
    }

    #[test]
    fn refusals_lose_capital_and_number() {
        assert_eq!(refusal(&std::io::Error::from_raw_os_error(2)), "no such file or directory");
    }
}
