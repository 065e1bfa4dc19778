//! The one clock of a running faasim.

use crate::cluster::time::Time;
use crate::live::router::Clock;
use rustix::time::{ClockId, clock_gettime};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Unix time at start plus elapsed boot time: it never runs backwards, and it goes on through a suspend.
pub fn system_clock() -> Clock {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let start = boot_time();
    Arc::new(move || Time::ZERO + (unix + boot_time().saturating_sub(start)))
}

fn boot_time() -> Duration {
    let t = clock_gettime(ClockId::Boottime);
    Duration::new(u64::try_from(t.tv_sec).unwrap_or(0), u32::try_from(t.tv_nsec).unwrap_or(0))
}
