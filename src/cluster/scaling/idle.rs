//! Scale to zero after a quiet time, and back when a request comes.

use super::decision::{Decision, Scaler};
use super::openfaas::ScaleLabels;
use super::step::Step;
use crate::cluster::time::Time;
use std::time::Duration;

/// Whether a function should go to zero: `zero` is set, and no call started or ended for `zero-duration`.
///
/// For a function that another scaler is in charge of; [`super::openfaas::ProScaler`] asks by itself.
/// `last_activity` is the later of the last start and end of a call, and of the function's deployment;
/// calls in flight are activity. The next look is when it would become idle.
pub fn evaluate(
    now: Time,
    replicas: u32,
    in_flight: u64,
    last_activity: Time,
    labels: &ScaleLabels,
) -> Option<Decision> {
    if !labels.zero || replicas == 0 {
        return None;
    }
    let current = i64::from(replicas);
    let idle = if in_flight > 0 { Duration::ZERO } else { now.since(last_activity) };
    let after = labels.zero_duration;
    let start = Step::Current { replicas: current, min: i64::from(labels.min), max: i64::from(labels.max) };
    let (to, step, reason, next_look) = if idle >= after {
        (0, Step::Idle { idle, after }, format!("idle for {} s", idle.as_secs()), None)
    } else {
        let next = now + (after - idle);
        (replicas, Step::NotIdle { idle, after, keep: current }, String::new(), Some(next))
    };
    let working = vec![start, step];
    Some(Decision { at: now, scaler: Scaler::Idle, from: replicas, to, reason, working, next_look })
}

/// From zero: to `min`, or 1.
pub fn wake(now: Time, labels: &ScaleLabels) -> Decision {
    Decision::plain(now, Scaler::Wake, 0, labels.min.max(1), "a request came while scaled to zero")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scaling::openfaas::Edition;

    #[test]
    fn zero_comes_exactly_after_the_quiet_time() {
        let labels = ScaleLabels {
            zero: true,
            zero_duration: Duration::from_secs(60),
            min: 2,
            ..ScaleLabels::defaults(Edition::Pro)
        };
        let at = Time::from_secs;
        let before = evaluate(at(159), 2, 0, at(100), &labels).unwrap();
        assert_eq!((before.to, before.recompute(), before.next_look), (2, 2, Some(at(160))));
        let after = evaluate(at(160), 2, 0, at(100), &labels).unwrap();
        assert_eq!((after.to, after.recompute()), (0, 0));
        assert_eq!(evaluate(at(160), 2, 1, at(100), &labels).unwrap().to, 2, "a call is in flight");
        assert_eq!(evaluate(at(160), 0, 0, at(100), &labels), None);
        let never = ScaleLabels { zero: false, ..labels.clone() };
        assert_eq!(evaluate(at(160), 2, 0, at(100), &never), None);
        assert_eq!(wake(at(161), &labels).to, 2);
    }
}
