//! What a run is summed up in: memory does not grow with the number of requests.

use crate::cluster::time::Time;

/// Sub-buckets of each power of two, as a power of two itself: each bucket is 1/32 of an octave wide.
const SUB_BITS: u32 = 5;

/// Times in buckets whose width is at most 1/32 of their value, in nanoseconds.
///
/// Only the buckets between the smallest and the largest value seen take memory. Within a bucket, values are taken to
/// lie evenly, so a quantile is off by far less than a bucket's width. Count, sum, smallest and largest are exact.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    first: u32,
    /// Half the size of a `u64`: it is the cache that limits a run of many functions. They stop at the top.
    buckets: Vec<u32>,
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
}

fn bucket_of(value: u64) -> u32 {
    let bits = 64 - value.leading_zeros();
    if bits <= SUB_BITS + 1 {
        return value as u32;
    }
    let shift = bits - SUB_BITS - 1;
    // The leading one and the five bits after it, below them the number of the octave.
    (shift << SUB_BITS) + (value >> shift) as u32
}

/// The smallest value of a bucket, and how many values it holds.
fn bounds_of(bucket: u32) -> (u64, u64) {
    if bucket < 2 << SUB_BITS {
        return (u64::from(bucket), 1);
    }
    let shift = (bucket >> SUB_BITS) - 1;
    let lead = u64::from(bucket - (shift << SUB_BITS));
    (lead << shift, 1 << shift)
}

impl Histogram {
    /// Adds a value, in nanoseconds.
    pub fn record(&mut self, value: u64) {
        let bucket = bucket_of(value);
        if self.count == 0 {
            (self.first, self.min, self.max) = (bucket, value, value);
        }
        if bucket < self.first {
            let more = (self.first - bucket) as usize;
            self.buckets.splice(0..0, std::iter::repeat_n(0, more));
            self.first = bucket;
        }
        let index = (bucket - self.first) as usize;
        if index >= self.buckets.len() {
            self.buckets.resize(index + 1, 0);
        }
        self.buckets[index] = self.buckets[index].saturating_add(1);
        self.count += 1;
        self.sum += u128::from(value);
        (self.min, self.max) = (self.min.min(value), self.max.max(value));
    }

    /// Adds all values of another.
    pub fn merge(&mut self, other: &Histogram) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            self.clone_from(other);
            return;
        }
        let (min, max) = (self.min.min(other.min), self.max.max(other.max));
        let (count, sum) = (self.count + other.count, self.sum + other.sum);
        let first = self.first.min(other.first);
        self.buckets.splice(0..0, std::iter::repeat_n(0, (self.first - first) as usize));
        self.first = first;
        let end = (other.first - first) as usize + other.buckets.len();
        if self.buckets.len() < end {
            self.buckets.resize(end, 0);
        }
        for (i, n) in other.buckets.iter().enumerate() {
            let bucket = &mut self.buckets[(other.first - first) as usize + i];
            *bucket = bucket.saturating_add(*n);
        }
        (self.count, self.sum, self.min, self.max) = (count, sum, min, max);
    }

    /// Forgets everything, and keeps its memory.
    pub fn clear(&mut self) {
        self.buckets.clear();
        (self.count, self.sum, self.min, self.max) = (0, 0, 0, 0);
    }

    /// How many values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean in seconds; 0 when there is none.
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum as f64 / self.count as f64 / 1e9 }
    }

    /// The smallest and the largest, in seconds.
    pub fn range(&self) -> (f64, f64) {
        (self.min as f64 / 1e9, self.max as f64 / 1e9)
    }

    /// The value in seconds that a share `q` of all values do not exceed; 0 when there is none.
    pub fn quantile(&self, q: f64) -> f64 {
        if self.count == 0 {
            return 0.0;
        }
        let rank = q * self.count as f64;
        let mut below = 0_u64;
        for (i, &n) in self.buckets.iter().enumerate() {
            let n = u64::from(n);
            if n > 0 && (below + n) as f64 >= rank {
                let (low, width) = bounds_of(self.first + i as u32);
                let inside = if width == 1 { 0.0 } else { (rank - below as f64).max(0.0) / n as f64 };
                let value = low as f64 + inside * width as f64;
                return value.clamp(self.min as f64, self.max as f64) / 1e9;
            }
            below += n;
        }
        self.max as f64 / 1e9
    }

    /// The buckets that hold something: lower and upper bound in seconds, and how many. For plots.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, f64, u64)> {
        self.buckets.iter().enumerate().filter(|(_, n)| **n > 0).map(|(i, &n)| {
            let (low, width) = bounds_of(self.first + i as u32);
            (low as f64 / 1e9, (low + width) as f64 / 1e9, u64::from(n))
        })
    }
}

/// A count that changes now and then, averaged over time.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimeWeighted {
    value: u64,
    since: Time,
    begun: Time,
    /// ∫ value dt and ∫ value² dt, in nanoseconds: whole numbers, so that the order of adding does not matter.
    area: u128,
    squares: u128,
    /// For how long it was zero, in nanoseconds.
    empty: u64,
    max: u64,
}

impl TimeWeighted {
    fn settle(&mut self, now: Time) {
        let passed = now.since(self.since).as_nanos();
        if passed > 0 {
            let value = u128::from(self.value);
            self.area += value * passed;
            self.squares += value * value * passed;
            if self.value == 0 {
                self.empty += passed as u64;
            }
            self.since = now;
        }
    }

    /// It is `value` from now on.
    pub fn set(&mut self, now: Time, value: u64) {
        self.settle(now);
        self.value = value;
        self.max = self.max.max(value);
    }

    /// One more from now on.
    pub fn up(&mut self, now: Time) {
        self.set(now, self.value + 1);
    }

    /// One less from now on.
    pub fn down(&mut self, now: Time) {
        self.set(now, self.value.saturating_sub(1));
    }

    /// What it is now.
    pub fn value(&self) -> u64 {
        self.value
    }

    /// The most it was.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// Averages begin anew.
    pub fn restart(&mut self, now: Time) {
        *self =
            TimeWeighted { value: self.value, since: now, begun: now, max: self.value, ..Self::default() };
    }

    /// ∫ value dt, in seconds.
    pub fn area(&self, now: Time) -> f64 {
        let mut whole = *self;
        whole.settle(now);
        whole.area as f64 / 1e9
    }

    /// Mean, variance, and the share of time it was zero.
    pub fn moments(&self, now: Time) -> (f64, f64, f64) {
        let mut whole = *self;
        whole.settle(now);
        let span = now.since(self.begun).as_nanos() as f64;
        if span <= 0.0 {
            return (self.value as f64, 0.0, if self.value == 0 { 1.0 } else { 0.0 });
        }
        let mean = whole.area as f64 / span;
        (mean, (whole.squares as f64 / span - mean * mean).max(0.0), whole.empty as f64 / span)
    }

    /// Its mean over time.
    pub fn mean(&self, now: Time) -> f64 {
        self.moments(now).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_value_lies_in_its_bucket(value in any::<u64>().prop_map(|v| v >> (v % 64))) {
            let (low, width) = bounds_of(bucket_of(value));
            prop_assert!(low <= value && value - low < width);
            prop_assert!(width == 1 || width <= low / 32 + 1);
        }

        #[test]
        fn quantiles_are_near_the_sorted_ones(mut values in proptest::collection::vec(1..10_u64.pow(12), 1..400)) {
            let mut histogram = Histogram::default();
            values.iter().for_each(|v| histogram.record(*v));
            values.sort_unstable();
            for q in [0.01, 0.5, 0.95, 0.99, 1.0] {
                let rank = ((q * values.len() as f64).ceil() as usize).max(1) - 1;
                let (exact, seen) = (values[rank] as f64 / 1e9, histogram.quantile(q));
                prop_assert!((seen - exact).abs() <= exact / 30.0 + 1e-9, "{q}: {seen} for {exact}");
            }
        }

        #[test]
        fn merging_is_recording_both(a in proptest::collection::vec(any::<u32>(), 0..60), b in proptest::collection::vec(any::<u32>(), 0..60)) {
            let of = |values: &[u32]| {
                let mut h = Histogram::default();
                values.iter().for_each(|v| h.record(u64::from(*v)));
                h
            };
            let mut merged = of(&a);
            merged.merge(&of(&b));
            let both = of(&[a, b].concat());
            prop_assert_eq!(merged.count(), both.count());
            prop_assert_eq!(merged.range(), both.range());
            prop_assert_eq!(merged.buckets().collect::<Vec<_>>(), both.buckets().collect::<Vec<_>>());
        }
    }

    #[test]
    fn time_weighs() {
        let mut busy = TimeWeighted::default();
        busy.set(Time::from_secs(1), 2);
        busy.set(Time::from_secs(3), 0);
        let (mean, variance, empty) = busy.moments(Time::from_secs(4));
        assert_eq!((mean, variance, empty), (1.0, 1.0, 0.5));
        busy.restart(Time::from_secs(4));
        assert_eq!(busy.moments(Time::from_secs(5)), (0.0, 0.0, 1.0));
    }
}
