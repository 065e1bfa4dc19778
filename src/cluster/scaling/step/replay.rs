//! A working, worked out again: every formula from its own inputs, and nothing else.

use super::arithmetic::{alert_step, ceil_load, ceil_over, ceil_times, policy_bound, select_bound};
use super::{Direction, Step};

/// Works the result out again from the steps alone.
pub(crate) fn replay(steps: &[Step]) -> u32 {
    let mut current = 0i64;
    let mut value = 0i64;
    for step in steps {
        match step {
            Step::Asked { replicas } | Step::Woken { replicas } | Step::Fixed { replicas } => {
                value = *replicas
            }
            Step::Current { replicas, .. } => {
                current = *replicas;
                value = current;
            }
            Step::AboveMax { max, .. } => value = *max,
            Step::BelowMin { min, .. } => value = *min,
            Step::NotZero => value = 1,
            Step::Within { keep, .. } | Step::Held { keep, .. } => value = *keep,
            Step::Multiply { pods, value: v, target, .. } => value = ceil_times(*pods, *v, *target),
            Step::Divide { value: v, target, .. } => value = ceil_over(*v, *target),
            Step::Largest { proposals, .. } => {
                value = proposals.iter().map(|(_, n)| *n).max().unwrap_or(current);
            }
            Step::Refused { keep, .. } | Step::NotIdle { keep, .. } => value = *keep,
            Step::Stabilised { highest, .. } | Step::DownWindow { highest, .. } => {
                value = value.max(*highest)
            }
            Step::StabilisedBoth { current, lowest, highest, .. } => {
                value = (*current).max(*lowest.min(&value)).min(*highest.max(&value));
            }
            Step::StepLimit { current, factor, minimum, .. } => {
                value = value.min((current * i64::from(*factor)).max(i64::from(*minimum)));
            }
            Step::RateLimit { direction, current, select, policies, .. } => {
                let bounds = policies.iter().map(|p| policy_bound(*direction, &p.policy, p.start));
                let bound = select_bound(*direction, *select, *current, bounds);
                value = match direction {
                    Direction::Up => value.min(bound.max(*current)),
                    Direction::Down => value.max(bound.min(*current)),
                };
            }
            Step::Max { max, .. } => value = value.min(*max),
            Step::Min { min, .. } => value = value.max(*min),
            Step::Load { load, target, proportion, .. } => value = ceil_load(*load, *target, *proportion),
            Step::AlertFiring { current, max, factor, .. } => {
                value = (current + alert_step(*max, *factor)).min(*max);
            }
            Step::AlertResolved { min } => value = *min,
            Step::NoneIdle { pods, max } => value = (pods + 1).min(*max).max(*pods),
            Step::Expired { pods, .. } => value = pods - 1,
            Step::Idle { .. } => value = 0,
            Step::Disabled
            | Step::Metric { .. }
            | Step::Pods { .. }
            | Step::Utilization { .. }
            | Step::Average { .. }
            | Step::Value { .. }
            | Step::Filled { .. }
            | Step::MetricFailed { .. }
            | Step::InRange { .. }
            | Step::Asleep
            | Step::AlertRate { .. } => {}
        }
    }
    u32::try_from(value.max(0)).unwrap_or(u32::MAX)
}
