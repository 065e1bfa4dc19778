//! Using CPU on purpose.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Keeps this thread computing until it has used `amount` of CPU time.
///
/// CPU time, not time on the wall: on a core that is shared or throttled it takes longer, as real work would.
pub(super) fn burn(amount: Duration) {
    let end = used() + amount;
    while used() < end {
        // Long enough that reading the clock does not count, short enough to stop in time (about 20 µs).
        let mut x = 1.000_001_f64;
        for _ in 0..5_000 {
            x = std::hint::black_box(x * 1.000_000_1);
        }
    }
}

/// The CPU time that this thread has used so far. Never runs backwards.
pub(super) fn used() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burning_uses_the_cpu_time_asked_for() {
        let before = used();
        burn(Duration::from_millis(5));
        assert!(used() - before >= Duration::from_millis(5));
    }
}
