//! The last minute, second by second.

use super::latency::LogHistogram;
use super::{LONGEST_WINDOW, is_error};
use std::collections::VecDeque;
use std::time::Duration;

#[derive(Clone, Debug, Default)]
pub(super) struct Second {
    /// Seconds since recording began.
    pub(super) at: u64,
    pub(super) count: u32,
    pub(super) errors: u32,
    pub(super) cold_starts: u32,
    pub(super) latencies: LogHistogram,
}

/// Seconds in which something ended, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    seconds: VecDeque<Second>,
}

impl Window {
    pub(super) fn record(&mut self, at: u64, status: u16, took: Duration, cold: bool) {
        if self.seconds.back().is_none_or(|last| last.at < at) {
            let oldest = (at + 1).saturating_sub(LONGEST_WINDOW.as_secs());
            let mut fresh = Second::default();
            while self.seconds.front().is_some_and(|first| first.at < oldest) {
                // Its buckets' memory serves again.
                fresh = self.seconds.pop_front().unwrap_or_default();
            }
            fresh.latencies.clear();
            let latencies = fresh.latencies;
            self.seconds.push_back(Second { at, latencies, ..Second::default() });
        }
        if let Some(second) = self.seconds.back_mut() {
            second.count += 1;
            second.errors += u32::from(is_error(status));
            second.cold_starts += u32::from(cold);
            second.latencies.record(took);
        }
    }

    pub(super) fn since(&self, oldest: u64) -> impl Iterator<Item = &Second> {
        self.seconds.iter().filter(move |second| second.at >= oldest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_seconds_leave() {
        let mut window = Window::default();
        for at in [0, 0, 1, 59, 60, 200] {
            window.record(at, if at == 1 { 500 } else { 200 }, Duration::from_millis(1), at == 0);
        }
        assert_eq!(window.since(0).map(|s| s.at).collect::<Vec<_>>(), [200]);

        let mut window = Window::default();
        [0, 0, 1].into_iter().for_each(|at| window.record(at, 503, Duration::ZERO, true));
        assert_eq!(
            window.since(0).map(|s| (s.count, s.errors, s.cold_starts)).collect::<Vec<_>>(),
            [(2, 2, 2), (1, 1, 1)]
        );
        assert_eq!(window.since(1).count(), 1);
    }
}
