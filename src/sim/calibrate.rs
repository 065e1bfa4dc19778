//! From measured times to a law: which one fits, with which parameters, and how well.

use super::law::{Law, Seconds};
use serde::Serialize;

/// A law for measured times, and how good it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// The law.
    pub law: Law,
    /// The largest distance between the law's distribution function and that of the times (Kolmogorov 1933): 0 fits
    /// perfectly, 1 not at all.
    pub distance: f64,
    /// The distance that a true law stays below in 95 of 100 measurements of as many times (1.36/√n).
    pub critical: f64,
}

impl Fit {
    /// Whether the times may well have come from the law.
    pub fn is_good(&self) -> bool {
        self.distance <= self.critical
    }
}

/// Above this distance no law is used but the times themselves.
const POOR: f64 = 0.15;

/// Fits a law to times in seconds by their mean and variance: constant where they hardly differ, else the nearest of
/// exponential, lognormal and gamma, else the times themselves. None without a time.
pub fn fit(times: &[f64]) -> Option<Fit> {
    let mut sorted: Vec<f64> = times.iter().copied().filter(|t| t.is_finite() && *t >= 0.0).collect();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    if n == 0 {
        return None;
    }
    let mean = sorted.iter().sum::<f64>() / n as f64;
    let variance = sorted.iter().map(|t| (t - mean) * (t - mean)).sum::<f64>() / (n.max(2) - 1) as f64;
    let scv = if mean > 0.0 { variance / (mean * mean) } else { 0.0 };
    let critical = 1.36 / libm::sqrt(n as f64);
    // A time is written to the microsecond; more digits would only look exact.
    let round = |x: f64| libm::round(x * 1e6) / 1e6;
    let mean = round(mean);
    if scv < 1e-4 || n < 5 {
        return Some(Fit { law: Law::Constant { value: Seconds(mean) }, distance: 0.0, critical });
    }
    let scv = libm::round(scv * 1e4) / 1e4;
    let laws = [Law::lognormal(mean, scv), Law::Gamma { mean: Seconds(mean), scv }, Law::exponential(mean)];
    let fits = laws.into_iter().map(|law| {
        let distance = distance(&sorted, &law);
        Fit { law, distance, critical }
    });
    let best = fits.min_by(|a, b| a.distance.total_cmp(&b.distance))?;
    if best.distance <= POOR.max(critical) {
        return Some(best);
    }
    let values = sorted.iter().map(|t| Seconds(round(*t))).collect();
    Some(Fit { law: Law::Empirical { values }, distance: 0.0, critical })
}

fn distance(sorted: &[f64], law: &Law) -> f64 {
    let n = sorted.len() as f64;
    let at = sorted.iter().enumerate().map(|(i, t)| {
        let below = distribution(law, *t);
        (below - i as f64 / n).abs().max(((i + 1) as f64 / n - below).abs())
    });
    at.fold(0.0, f64::max)
}

/// The share of a law's times that are at most `t`.
fn distribution(law: &Law, t: f64) -> f64 {
    if t <= 0.0 {
        return 0.0;
    }
    match law {
        Law::Exponential { mean } => 1.0 - libm::exp(-t / mean.0),
        Law::Lognormal { mean, scv } => {
            let variance = libm::log1p(*scv);
            let z = (libm::log(t / mean.0) + variance / 2.0) / libm::sqrt(2.0 * variance);
            0.5 * libm::erfc(-z)
        }
        Law::Gamma { mean, scv } => incomplete_gamma(1.0 / scv, t / (mean.0 * scv)),
        _ => 1.0,
    }
}

/// The regularised lower incomplete gamma function P(a, x): its series below a + 1, its continued fraction (Lentz)
/// above, as in Abramowitz and Stegun 6.5.29 and 6.5.31.
fn incomplete_gamma(a: f64, x: f64) -> f64 {
    let front = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum, mut k) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-14 {
            k += 1.0;
            term *= x / k;
            sum += term;
        }
        return (sum * front).min(1.0);
    }
    let tiny = 1e-300;
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1.0 / tiny, 1.0 / b);
    let mut h = d;
    for i in 1..500 {
        let n = -f64::from(i) * (f64::from(i) - a);
        b += 2.0;
        d = n * d + b;
        d = 1.0 / if d.abs() < tiny { tiny } else { d };
        c = b + n / c;
        c = if c.abs() < tiny { tiny } else { c };
        h *= d * c;
        if (d * c - 1.0).abs() < 1e-14 {
            break;
        }
    }
    1.0 - front * h
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::random::Stream;

    fn drawn(law: &Law) -> Vec<f64> {
        let (sampler, mut stream) = (law.sampler(), Stream::new(5, "calibrate"));
        (0..2000).map(|_| sampler.draw(&mut stream)).collect()
    }

    #[test]
    fn a_law_is_found_again() {
        for law in [
            Law::exponential(0.2),
            Law::lognormal(0.05, 0.3),
            Law::Gamma { mean: Seconds(1.0), scv: 0.1 },
            Law::constant(0.25),
        ] {
            let fit = fit(&drawn(&law)).unwrap();
            assert!((fit.law.mean() / law.mean() - 1.0).abs() < 0.08, "{law:?} {fit:?}");
            assert!(fit.is_good(), "{law:?} {fit:?}");
            let same = std::mem::discriminant(&fit.law) == std::mem::discriminant(&law);
            let exponential_is_gamma =
                matches!((&law, &fit.law), (Law::Exponential { .. }, Law::Gamma { .. }));
            assert!(same || exponential_is_gamma, "{law:?} {fit:?}");
        }
        // Two peaks are no law of these: the times themselves are used.
        let two = Law::TwoPoint { p: 0.5, value1: Seconds(0.01), value2: Seconds(1.0) };
        assert!(matches!(fit(&drawn(&two)).unwrap().law, Law::Empirical { .. }));
        assert_eq!(fit(&[]), None);
    }

    #[test]
    fn the_incomplete_gamma_function_is_that_of_the_tables() {
        for (a, x, expected) in [
            (1.0, 1.0, 0.632_120_6),
            (2.0, 1.0, 0.264_241_1),
            (5.0, 8.0, 0.900_367_6),
            (0.5, 2.0, 0.954_499_7),
        ] {
            assert!((incomplete_gamma(a, x) - expected).abs() < 1e-6, "P({a}, {x})");
        }
    }
}
