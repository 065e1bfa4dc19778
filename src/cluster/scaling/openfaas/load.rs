//! How OpenFaaS Pro measures load: windows over cumulative counters.

use super::labels::ScaleType;
use crate::cluster::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// One reading of a function's counters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunctionLoad {
    /// When it was read.
    pub at: Time,
    /// Calls completed since the beginning, all status codes.
    pub completed: u64,
    /// Highest number of calls in flight since the reading before.
    pub peak_in_flight: u64,
    /// CPU time of all pods since the beginning; it may fall when a pod goes, which starts it anew.
    pub cpu: Duration,
    /// Calls that wait in the queue now.
    pub queued: u64,
}

/// The last minute of a function's readings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadWindows {
    readings: VecDeque<FunctionLoad>,
}

/// Window of the rate of completed calls.
pub const RPS_WINDOW: Duration = Duration::from_secs(30);
/// Window of the highest in-flight value.
pub const CAPACITY_WINDOW: Duration = Duration::from_secs(45);
/// Window of the CPU rate.
pub const CPU_WINDOW: Duration = Duration::from_secs(60);

impl LoadWindows {
    /// Takes a reading; one that is not younger than the last is dropped.
    pub fn push(&mut self, reading: FunctionLoad) {
        if self.readings.back().is_some_and(|last| reading.at <= last.at) {
            return;
        }
        self.readings.push_back(reading);
        // One reading older than the longest window is kept, for the rate to start from.
        while self.readings.get(1).is_some_and(|second| reading.at.since(second.at) >= CPU_WINDOW) {
            self.readings.pop_front();
        }
    }

    /// The load in the unit of a scaling type, rounded up as Pro's rules do; 0 while too little is known.
    pub fn load(&self, kind: ScaleType, now: Time) -> f64 {
        match kind {
            ScaleType::Rps => libm::ceil(rounded(self.requests_per_second(now))),
            ScaleType::Capacity => self.peak(now) as f64,
            ScaleType::Cpu => libm::ceil(rounded(self.last_rate(now) * 1000.0)),
            // Not scaled by a load: each request counts by itself.
            ScaleType::PerRequest => 0.0,
            ScaleType::Queue => self.readings.back().map_or(0.0, |r| r.queued as f64),
        }
    }

    /// Completed calls per second, not rounded.
    pub fn requests_per_second(&self, now: Time) -> f64 {
        self.rate(now, RPS_WINDOW, |r| r.completed as f64)
    }

    /// Increase per second over the readings of the window; a counter that falls began anew.
    fn rate(&self, now: Time, window: Duration, value: impl Fn(&FunctionLoad) -> f64) -> f64 {
        let inside = self.readings.iter().filter(|r| now.since(r.at) <= window && r.at <= now);
        let (mut first, mut last, mut increase): (Option<Time>, Option<&FunctionLoad>, f64) =
            (None, None, 0.0);
        for reading in inside {
            if let Some(last) = last {
                let (before, after) = (value(last), value(reading));
                increase += if after >= before { after - before } else { after };
            }
            first = first.or(Some(reading.at));
            last = Some(reading);
        }
        match (first, last) {
            (Some(first), Some(last)) if last.at > first => increase / last.at.since(first).as_secs_f64(),
            _ => 0.0,
        }
    }

    /// Prometheus' `irate`: between the last two readings, if both are inside the window.
    fn last_rate(&self, now: Time) -> f64 {
        let n = self.readings.len();
        let (Some(a), Some(b)) = (self.readings.get(n.wrapping_sub(2)), self.readings.back()) else {
            return 0.0;
        };
        if now.since(a.at) > CPU_WINDOW || b.at <= a.at {
            return 0.0;
        }
        let cpu = if b.cpu >= a.cpu { b.cpu - a.cpu } else { b.cpu };
        cpu.as_secs_f64() / b.at.since(a.at).as_secs_f64()
    }

    fn peak(&self, now: Time) -> u64 {
        let inside = self.readings.iter().filter(|r| now.since(r.at) <= CAPACITY_WINDOW);
        inside.map(|r| r.peak_in_flight).max().unwrap_or(0)
    }
}

/// Keeps a rate such as 5.000000000000001 from being rounded up to 6.
fn rounded(x: f64) -> f64 {
    let nearest = libm::round(x);
    if (x - nearest).abs() < 1e-9 * nearest.max(1.0) { nearest } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(s: u64, completed: u64, peak: u64, cpu_ms: u64) -> FunctionLoad {
        FunctionLoad {
            at: Time::from_secs(1000 + s),
            completed,
            peak_in_flight: peak,
            cpu: Duration::from_millis(cpu_ms),
            queued: completed % 7,
        }
    }

    #[test]
    fn the_windows_are_those_of_the_chart() {
        let mut w = LoadWindows::default();
        assert_eq!(w.load(ScaleType::Rps, Time::from_secs(1000)), 0.0, "nothing is known yet");
        // 10/s for 30 s, then nothing; 8 in flight at the beginning; half a core.
        for i in 0..=24u64 {
            let busy = i.min(6) * 5;
            w.push(reading(i * 5, busy * 10, if i == 0 { 8 } else { 2 }, busy * 500));
        }
        let now = Time::from_secs(1120);
        assert_eq!(w.load(ScaleType::Rps, now), 0.0);
        assert_eq!(w.load(ScaleType::Cpu, now), 0.0);
        assert_eq!(w.load(ScaleType::Capacity, now), 2.0);
        assert!(w.readings.len() <= 14, "it forgets");

        let mut w = LoadWindows::default();
        for i in 0..=6u64 {
            w.push(reading(i * 5, i * 51, if i == 0 { 8 } else { 2 }, i * 2500));
        }
        let now = Time::from_secs(1030);
        assert_eq!(w.load(ScaleType::Rps, now), 11.0, "10.2 is rounded up");
        assert_eq!(w.load(ScaleType::Capacity, now), 8.0, "30 s ago is inside 45 s");
        assert_eq!(w.load(ScaleType::Capacity, Time::from_secs(1046)), 2.0);
        assert_eq!(w.load(ScaleType::Cpu, now), 500.0);
        assert_eq!(w.load(ScaleType::Queue, now), 5.0, "306 % 7");
    }

    #[test]
    fn a_counter_that_restarts_is_no_load() {
        let mut w = LoadWindows::default();
        w.push(reading(0, 1000, 0, 90_000));
        w.push(reading(5, 10, 0, 500));
        assert_eq!(w.load(ScaleType::Rps, Time::from_secs(1005)), 2.0);
        assert_eq!(w.load(ScaleType::Cpu, Time::from_secs(1005)), 100.0);
    }
}
