//! Round numbers for axes.

/// Round numbers that cover 0 or `low` to `high` in about five steps.
pub(super) fn ticks(low: f64, high: f64) -> Vec<f64> {
    let span = (high - low).max(1e-9);
    let rough = span / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 2.5, 5.0, 10.0].map(|s| s * power).into_iter().find(|s| *s >= rough).unwrap_or(power);
    let first = (low / step).floor() as i64;
    (first..=((high / step).ceil() as i64)).map(|i| i as f64 * step).collect()
}

/// Whole round numbers: what is counted has no halves.
pub(super) fn whole_ticks(high: f64) -> Vec<f64> {
    let all = ticks(0.0, high);
    if all.iter().all(|t| (t - t.round()).abs() < 1e-9) {
        return all;
    }
    (0..=high.ceil() as i64).map(|i| i as f64).collect()
}

/// Moments that a clock has round numbers for.
pub(super) fn moments(low: f64, high: f64) -> Vec<f64> {
    const STEPS: [f64; 14] =
        [5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0];
    let rough = (high - low) / 7.0;
    match STEPS.into_iter().find(|s| *s >= rough).filter(|_| rough > 2.0) {
        Some(step) => (0..=((high / step) as i64)).map(|i| i as f64 * step).collect(),
        None => ticks(low, high),
    }
}

/// 1, 2 and 5 of each power of ten, as logarithms; the powers alone where that would be too many.
pub(super) fn decades(low: f64, high: f64) -> Vec<f64> {
    let powers = low.floor() as i32..=high.ceil() as i32;
    let of = |digits: &[f64]| -> Vec<f64> {
        let all = powers.clone().flat_map(|p| digits.iter().map(move |n| n.log10() + f64::from(p)));
        all.filter(|x| (low - 1e-9..=high + 1e-9).contains(x)).collect()
    };
    let (all, tens) = (of(&[1.0, 2.0, 5.0]), of(&[1.0]));
    if all.len() > 8 && tens.len() > 1 { tens } else { all }
}

/// A number with as many digits as say something.
pub(super) fn number(value: f64) -> String {
    let digits = if value.abs() >= 100.0 {
        0
    } else if value.abs() >= 1.0 {
        2
    } else {
        4
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A length of time in the unit that people say it in.
pub(super) fn span(seconds: f64) -> String {
    if seconds >= 1.0 {
        format!("{} s", number(seconds))
    } else if seconds >= 1e-3 {
        format!("{} ms", number(seconds * 1e3))
    } else {
        format!("{} µs", number(seconds * 1e6))
    }
}

/// A moment as people say it: `45s`, `2m`, `1m30s`, `3h`.
pub fn clock(seconds: f64) -> String {
    if seconds < 120.0 {
        return format!("{}s", number(seconds));
    }
    let (m, s) = ((seconds / 60.0).floor(), seconds % 60.0);
    if m < 120.0 {
        return if s < 0.5 { format!("{m}m") } else { format!("{m}m{s:.0}s") };
    }
    format!("{}h", number(seconds / 3600.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_cover() {
        assert_eq!(ticks(0.0, 6.0), [0.0, 2.0, 4.0, 6.0]);
        assert_eq!(ticks(0.0, 0.7), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8]);
        assert_eq!(whole_ticks(2.0), [0.0, 1.0, 2.0]);
        assert_eq!(moments(0.0, 12.0), [0.0, 2.5, 5.0, 7.5, 10.0, 12.5]);
        assert_eq!(moments(0.0, 60.0), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]);
        assert_eq!([clock(45.0), clock(90.5), clock(600.0), clock(7200.0)], ["45s", "90.5s", "10m", "2h"]);
        assert_eq!([span(2.5), span(0.0312), span(0.00002)], ["2.5 s", "31.2 ms", "20 µs"]);
    }
}
