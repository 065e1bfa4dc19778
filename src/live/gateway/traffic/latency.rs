//! A histogram of durations whose buckets grow with the duration, kept sparse.

use std::time::Duration;

/// Sub-buckets per power of two: a value is known to within 1/32.
const PRECISION: u32 = 4;

/// `(bucket, count)`, in order of bucket. A function's latencies are alike, so few buckets are used.
#[derive(Clone, Debug, Default)]
pub(super) struct LogHistogram {
    buckets: Vec<(u16, u32)>,
}

fn bucket(took: Duration) -> u16 {
    let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
    let exponent = (nanos | 1).ilog2().max(PRECISION) - PRECISION;
    let mantissa = nanos >> exponent;
    // Below 2^PRECISION every nanosecond has its own bucket, and the formula agrees there too.
    ((u64::from(exponent) << PRECISION) + mantissa) as u16
}

/// The middle of a bucket.
fn duration(bucket: u16) -> Duration {
    let bucket = u64::from(bucket);
    let exponent = (bucket >> PRECISION).saturating_sub(1);
    let low = (bucket - (exponent << PRECISION)) << exponent;
    Duration::from_nanos(low + (1 << exponent) / 2)
}

impl LogHistogram {
    pub(super) fn record(&mut self, took: Duration) {
        self.add_to(bucket(took), 1);
    }

    pub(super) fn add(&mut self, other: &LogHistogram) {
        other.buckets.iter().for_each(|&(bucket, count)| self.add_to(bucket, count));
    }

    pub(super) fn clear(&mut self) {
        self.buckets.clear();
    }

    /// The duration that a share of `q` (0 to 1) did not exceed; none without values.
    pub(super) fn quantile(&self, q: f64) -> Option<Duration> {
        let total: u64 = self.buckets.iter().map(|&(_, n)| u64::from(n)).sum();
        let rank = ((total as f64 * q).ceil() as u64).max(1);
        let mut seen = 0;
        self.buckets.iter().find_map(|&(bucket, count)| {
            seen += u64::from(count);
            (seen >= rank).then(|| duration(bucket))
        })
    }

    fn add_to(&mut self, bucket: u16, count: u32) {
        match self.buckets.binary_search_by_key(&bucket, |&(b, _)| b) {
            Ok(at) => self.buckets[at].1 = self.buckets[at].1.saturating_add(count),
            Err(at) => self.buckets.insert(at, (bucket, count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_value_is_known_to_a_thirtieth(nanos in 1u64..u64::MAX / 4) {
            let back = duration(bucket(Duration::from_nanos(nanos))).as_nanos() as f64;
            prop_assert!((back / nanos as f64 - 1.0).abs() <= 1.0 / 30.0, "{} → {}", nanos, back);
        }

        #[test]
        fn buckets_keep_the_order(a in any::<u64>(), b in any::<u64>()) {
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(bucket(Duration::from_nanos(low)) <= bucket(Duration::from_nanos(high)));
        }
    }

    #[test]
    fn quantiles_of_a_hundred() {
        let mut histogram = LogHistogram::default();
        assert_eq!(histogram.quantile(0.5), None);
        (1..=100).for_each(|ms| histogram.record(Duration::from_millis(ms)));
        for (q, ms) in [(0.5, 50.0), (0.95, 95.0), (0.99, 99.0), (1.0, 100.0)] {
            let got = histogram.quantile(q).unwrap().as_secs_f64() * 1e3;
            assert!((got / ms - 1.0f64).abs() < 0.04, "{q}: {got}");
        }
    }
}
