//! What cumulative samples say about now. Rates, windows and lag are worked out here, so that live and
//! virtual time cannot differ in them.

use super::event::PodSample;
use super::quantity::MilliCpu;
use super::routing::Counters;
use super::scaling::alert::AlertRule;
use super::scaling::hpa::PodUsage;
use super::scaling::openfaas::{FunctionLoad, LoadWindows, ScaleType};
use super::time::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Completed requests per second over the last 30 s, as a metric that an HPA can name.
const REQUESTS_PER_SECOND: &str = "requests_per_second";
/// Requests in flight, waiting ones included, as a metric that an HPA can name.
const IN_FLIGHT: &str = "in_flight";

/// What an autoscaler may ask of a function, besides the CPU and memory of its pods.
pub(super) const METRICS: [&str; 2] = [REQUESTS_PER_SECOND, IN_FLIGHT];

/// One pod's use of CPU: the metrics server's two points, and the window between them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct PodMeter {
    /// Where the window that is open began, and the CPU used by then (ns).
    base: Option<(Time, u64)>,
    last: Option<PodSample>,
    /// The last window that was closed.
    pub usage: Option<PodUsage>,
}

impl PodMeter {
    /// A container starts with nothing used: its first window begins here, as in the metrics server.
    pub fn container_started(&mut self, now: Time) {
        self.base = Some((now, 0));
        self.last = None;
    }

    /// Takes a sample; returns the CPU (ns) used since the one before.
    pub fn observe(&mut self, sample: &PodSample) -> u64 {
        let before = self.last.map_or(0, |l| l.cpu_total);
        if self.base.is_none() || sample.cpu_total < before {
            // A pod that was found running, or whose container began anew unseen.
            self.base = Some((sample.at, sample.cpu_total));
            self.last = Some(*sample);
            return 0;
        }
        self.last = Some(*sample);
        sample.cpu_total - before
    }

    /// Turns what was used since the window began into what autoscalers read.
    pub fn close_window(&mut self) {
        let (Some((from, used)), Some(last)) = (self.base, self.last) else { return };
        let window = last.at - from;
        if window.is_zero() {
            return;
        }
        let nanos = u128::from(last.cpu_total.saturating_sub(used));
        // Rounded up as Kubernetes rounds nanocores to millicores.
        let milli = (nanos * 1000).div_ceil(window.as_nanos());
        self.usage = Some(PodUsage {
            at: last.at,
            window,
            cpu: MilliCpu(u64::try_from(milli).unwrap_or(u64::MAX)),
            memory: last.memory,
        });
        self.base = Some((last.at, last.cpu_total));
    }
}

/// One function's calls and CPU over the last minute.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FunctionMeter {
    windows: LoadWindows,
    /// CPU of all its pods, those that are gone too: it only grows.
    cpu: Duration,
    pub in_flight: u32,
    pub queued: u32,
    /// The later of the last start or end of a call, and of the last time it was given pods.
    pub last_activity: Time,
    /// OpenFaaS CE's alert.
    pub alert: AlertRule,
}

impl FunctionMeter {
    pub fn new(now: Time) -> Self {
        FunctionMeter {
            windows: LoadWindows::default(),
            cpu: Duration::ZERO,
            in_flight: 0,
            queued: 0,
            last_activity: now,
            alert: AlertRule::new(now),
        }
    }

    pub fn add_cpu(&mut self, nanos: u64) {
        self.cpu += Duration::from_nanos(nanos);
    }

    pub fn observe(&mut self, now: Time, counters: &Counters) {
        self.in_flight = counters.in_flight;
        self.queued = counters.queued;
        self.last_activity = self.last_activity.max(counters.last_activity);
        self.alert.observe(now, counters.completed_ok);
        self.windows.push(FunctionLoad {
            at: now,
            completed: counters.completed,
            peak_in_flight: u64::from(counters.peak_in_flight),
            cpu: self.cpu,
            queued: u64::from(counters.queued),
        });
    }

    pub fn load(&self, kind: ScaleType, now: Time) -> f64 {
        self.windows.load(kind, now)
    }

    /// What the gateway counts, by the name under which an HPA asks for it, in thousandths.
    pub fn metric(&self, name: &str, now: Time) -> Option<i64> {
        let value = match name {
            REQUESTS_PER_SECOND => self.windows.requests_per_second(now),
            IN_FLIGHT => f64::from(self.in_flight),
            _ => return None,
        };
        Some(libm::round(value * 1000.0) as i64)
    }

    /// How long nothing was called; zero while something is in flight.
    pub fn idle_for(&self, now: Time) -> Duration {
        if self.in_flight > 0 || self.queued > 0 { Duration::ZERO } else { now - self.last_activity }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::pod::PodUid;
    use crate::cluster::quantity::Bytes;

    fn sample(at_ms: u64, cpu_ms: u64) -> PodSample {
        let at = Time::from_nanos(at_ms * 1_000_000);
        PodSample { uid: PodUid(1), at, cpu_total: cpu_ms * 1_000_000, memory: Bytes(1) }
    }

    #[test]
    fn a_window_lies_between_two_closings() {
        let mut meter = PodMeter::default();
        meter.container_started(Time::from_secs(10));
        assert_eq!(meter.observe(&sample(12_000, 1_000)), 1_000_000_000);
        meter.close_window();
        assert_eq!(meter.usage.map(|u| (u.cpu.0, u.window.as_secs())), Some((500, 2)));
        meter.observe(&sample(20_000, 1_000));
        meter.observe(&sample(27_000, 4_000));
        meter.close_window();
        assert_eq!(meter.usage.map(|u| (u.cpu.0, u.window.as_secs())), Some((200, 15)));
    }

    #[test]
    fn a_restart_or_an_adoption_is_no_burst() {
        let mut meter = PodMeter::default();
        assert_eq!(meter.observe(&sample(1_000, 90_000)), 0, "found running");
        meter.close_window();
        assert_eq!(meter.usage, None);
        assert_eq!(meter.observe(&sample(2_000, 10)), 0, "began anew unseen");
        assert_eq!(meter.observe(&sample(3_000, 20)), 10_000_000);
        meter.close_window();
        assert_eq!(meter.usage.map(|u| u.cpu.0), Some(10));
    }
}
