//! A rate that changes over time, and when the next request of it is due.

use crate::sim::law::Seconds;
use serde::{Deserialize, Serialize};

/// Requests per second as a function of the time since the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "shape", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Rate {
    /// Always the same.
    Constant {
        /// Requests per second.
        rate: f64,
    },
    /// From each moment on, its rate; 0 before the first.
    Steps {
        /// When, and how many a second; in order of time.
        steps: Vec<(Seconds, f64)>,
    },
    /// Straight from one rate to another, then constant.
    Ramp {
        /// Requests per second at the start.
        from: f64,
        /// Requests per second at the end.
        to: f64,
        /// How long it takes.
        over: Seconds,
    },
    /// mean + amplitude · sin(2πt/period).
    Sine {
        /// Requests per second in the mean.
        mean: f64,
        /// How far it goes up and down: at most `mean`.
        amplitude: f64,
        /// How long a wave is.
        period: Seconds,
    },
    /// Bursts: `rate` while on, nothing while off, beginning with on.
    OnOff {
        /// Requests per second while on.
        rate: f64,
        /// How long a burst is.
        on: Seconds,
        /// How long a pause is.
        off: Seconds,
    },
}

/// The rate may be zero for so long that nothing is due within this time: then it has ended.
const FAR: f64 = 1e9;

impl Rate {
    /// Checks what a type cannot.
    ///
    /// # Errors
    /// The field, what was found, and what is allowed.
    pub fn validate(&self) -> Result<(), String> {
        let good = |name: &str, rate: f64| {
            let fine = rate.is_finite() && rate >= 0.0;
            if fine {
                Ok(())
            } else {
                Err(format!("{name}: `{rate}` is no rate: it must be 0 or more a second"))
            }
        };
        let long = |name: &str, s: Seconds| {
            if s.0 > 0.0 { Ok(()) } else { Err(format!("{name}: it must be longer than 0")) }
        };
        match self {
            Rate::Constant { rate } => good("rate", *rate),
            Rate::Steps { steps } => {
                steps.iter().try_for_each(|(_, rate)| good("steps", *rate))?;
                match steps.windows(2).find(|pair| pair[1].0 <= pair[0].0) {
                    Some(pair) => Err(format!("steps: {} s comes after {} s", pair[1].0.0, pair[0].0.0)),
                    None => Ok(()),
                }
            }
            Rate::Ramp { from, to, over } => {
                good("from", *from).and_then(|()| good("to", *to)).and_then(|()| long("over", *over))
            }
            Rate::Sine { mean, amplitude, period } => {
                good("mean", *mean)?;
                long("period", *period)?;
                if (0.0..=*mean).contains(amplitude) {
                    Ok(())
                } else {
                    Err(format!("amplitude: `{amplitude}` is not between 0 and the mean"))
                }
            }
            Rate::OnOff { rate, on, .. } => good("rate", *rate).and_then(|()| long("on", *on)),
        }
    }

    /// Requests per second at a moment, in seconds since the start.
    pub fn at(&self, t: f64) -> f64 {
        match self {
            Rate::Constant { rate } => *rate,
            Rate::Steps { steps } => steps.iter().rev().find(|(from, _)| from.0 <= t).map_or(0.0, |s| s.1),
            Rate::Ramp { from, to, over } => from + (to - from) * (t / over.0).min(1.0),
            Rate::Sine { mean, amplitude, period } => {
                mean + amplitude * libm::sin(2.0 * std::f64::consts::PI * t / period.0)
            }
            Rate::OnOff { rate, on, off } => {
                if t % (on.0 + off.0) < on.0 {
                    *rate
                } else {
                    0.0
                }
            }
        }
    }

    /// Requests expected until `t`: the integral of the rate.
    fn total(&self, t: f64) -> f64 {
        match self {
            Rate::Constant { rate } => rate * t,
            Rate::Steps { steps } => {
                let ends = steps.iter().skip(1).map(|(end, _)| end.0).chain([f64::INFINITY]);
                steps.iter().zip(ends).map(|((from, rate), end)| (t.min(end) - from.0).max(0.0) * rate).sum()
            }
            Rate::Ramp { from, to, over } => {
                let within = t.min(over.0);
                from * within + (to - from) * within * within / (2.0 * over.0) + (t - within) * to
            }
            Rate::Sine { mean, amplitude, period } => {
                let turn = 2.0 * std::f64::consts::PI / period.0;
                mean * t + amplitude / turn * (1.0 - libm::cos(turn * t))
            }
            Rate::OnOff { rate, on, off } => {
                let cycle = on.0 + off.0;
                let whole = libm::floor(t / cycle);
                rate * (whole * on.0 + (t - whole * cycle).min(on.0))
            }
        }
    }

    /// When the integral of the rate comes to `total`: a Poisson process of changing rate is one of rate 1 in
    /// that integral (Çinlar 1975, chapter 4.7). `last` is when it came to `total - step`. None: never.
    pub fn when(&self, last: f64, total: f64, step: f64) -> Option<f64> {
        if let Rate::Constant { rate } = self {
            return (*rate > 0.0).then(|| last + step / rate);
        }
        // Bracket it, then halve the bracket until it is a nanosecond wide.
        let (mut low, mut span) = (last, 1e-3);
        while self.total(low + span) < total {
            (low, span) = (low + span, span * 2.0);
            if span > FAR {
                return None;
            }
        }
        let mut high = low + span;
        while high - low > 1e-9 {
            let middle = (low + high) / 2.0;
            if middle <= low || middle >= high {
                break;
            }
            if self.total(middle) < total { low = middle } else { high = middle }
        }
        Some(high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes() -> [Rate; 5] {
        let s = Seconds;
        [
            Rate::Constant { rate: 3.0 },
            Rate::Steps { steps: vec![(s(1.0), 2.0), (s(4.0), 0.0), (s(5.0), 8.0)] },
            Rate::Ramp { from: 1.0, to: 6.0, over: s(5.0) },
            Rate::Sine { mean: 4.0, amplitude: 4.0, period: s(3.0) },
            Rate::OnOff { rate: 5.0, on: s(1.0), off: s(2.0) },
        ]
    }

    #[test]
    fn the_total_is_the_integral() {
        for rate in shapes() {
            rate.validate().unwrap();
            let n = 100_000;
            let sum: f64 = (0..n).map(|i| rate.at((f64::from(i) + 0.5) * 10.0 / f64::from(n))).sum();
            let integral = sum * 10.0 / f64::from(n);
            assert!((rate.total(10.0) - integral).abs() < 0.01, "{rate:?}: {} {integral}", rate.total(10.0));
        }
    }

    #[test]
    fn the_moment_is_where_the_total_is_reached() {
        for rate in shapes() {
            let mut last = 0.0;
            for k in 1..20 {
                let total = f64::from(k);
                last = rate.when(last, total, 1.0).unwrap();
                assert!((rate.total(last) - total).abs() < 1e-6, "{rate:?} at {last}");
            }
        }
        let ends = Rate::Steps { steps: vec![(Seconds(0.0), 2.0), (Seconds(1.0), 0.0)] };
        assert_eq!(ends.when(1.0, 3.0, 1.0), None);
        assert_eq!(Rate::Constant { rate: 0.0 }.when(0.0, 1.0, 1.0), None);
    }

    #[test]
    fn a_bad_rate_is_named() {
        let s = Seconds;
        for (rate, word) in [
            (Rate::Constant { rate: -1.0 }, "rate"),
            (Rate::Steps { steps: vec![(s(2.0), 1.0), (s(1.0), 1.0)] }, "steps"),
            (Rate::Ramp { from: 1.0, to: 2.0, over: s(0.0) }, "over"),
            (Rate::Sine { mean: 1.0, amplitude: 2.0, period: s(1.0) }, "amplitude"),
            (Rate::OnOff { rate: 1.0, on: s(0.0), off: s(1.0) }, "on"),
        ] {
            assert!(rate.validate().unwrap_err().starts_with(word), "{rate:?}");
        }
    }
}
