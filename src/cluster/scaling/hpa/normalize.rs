//! From a proposal to a size: the windows and limits, without `behavior` and with it.

use super::Hpa;
use super::behavior::{self, FullRules};
use super::conditions::ConditionType;
use super::limits::{self, LimitReason};
use super::settings::{Dialect, HpaSettings};
use crate::cluster::scaling::step::{Direction, Step};
use crate::cluster::time::Time;

impl Hpa {
    fn set_stabilised(&mut self, differs: bool, reason: &str, message: &str, now: Time) {
        let (reason, message) = if differs {
            (reason, message)
        } else {
            ("ReadyForNewScale", "recommended size matches current size")
        };
        self.set(ConditionType::AbleToScale, true, reason, message.into(), now);
    }

    fn set_limited(&mut self, limited: bool, reason: LimitReason, message: &str, now: Time) {
        self.set(ConditionType::ScalingLimited, limited, reason.name(), message.into(), now);
    }

    pub(super) fn normalize(
        &mut self,
        now: Time,
        settings: &HpaSettings,
        current: i64,
        proposal: i64,
        working: &mut Vec<Step>,
    ) -> i64 {
        let (min, max) = (i64::from(self.spec.min()), i64::from(self.spec.max_replicas));
        let window = settings.downscale_stabilization;
        let log = self.recommendations.get_or_insert_default();
        let (stable, age) = limits::stabilize(log, proposal, now, window);
        self.set_stabilised(stable != proposal, "ScaleDownStabilized", HIGHEST, now);
        let (desired, reason, message) = limits::clamp(current, stable, min, max, settings);
        self.set_limited(desired != stable, reason, message, now);

        if stable != proposal {
            let (without, ..) = limits::clamp(current, proposal, min, max, settings);
            working.push(Step::Stabilised { highest: stable, age, window, result: stable, without });
        }
        let limit = limits::step_limit(current, settings);
        let floor = if settings.dialect == Dialect::Legacy { min.max(1) } else { min };
        if stable > max.min(limit) {
            if stable > limit {
                let (factor, minimum) = (settings.scale_up_limit_factor, settings.scale_up_limit_minimum);
                working.push(Step::StepLimit { current, factor, minimum, limit, without: stable.min(max) });
            }
            if stable.min(limit) > max {
                working.push(Step::Max { max, without: stable.min(limit) });
            }
        } else if stable < floor {
            working.push(Step::Min { min: floor, without: stable });
        } else if stable == proposal {
            working.push(Step::InRange { min, max });
        }
        desired
    }

    pub(super) fn normalize_with_behavior(
        &mut self,
        now: Time,
        settings: &HpaSettings,
        current: i64,
        proposal: i64,
        working: &mut Vec<Step>,
    ) -> i64 {
        let (min, max) = (i64::from(self.spec.min()), i64::from(self.spec.max_replicas));
        let rules = self.spec.behavior.as_ref();
        let up = FullRules::up(rules.and_then(|b| b.scale_up.as_ref()));
        let down =
            FullRules::down(rules.and_then(|b| b.scale_down.as_ref()), settings.downscale_stabilization);
        let log = self.recommendations.get_or_insert_default();
        let stable = behavior::stabilize(log, current, proposal, now, up.stabilization, down.stabilization);
        let (word, message) = if proposal >= current {
            ("ScaleUpStabilized", LOWEST)
        } else {
            ("ScaleDownStabilized", HIGHEST)
        };
        self.set_stabilised(stable.result != proposal, word, message, now);

        let clamp = |desired: i64| {
            let (direction, rules) =
                if desired >= current { (Direction::Up, &up) } else { (Direction::Down, &down) };
            let (limit, policies) =
                behavior::rate_limit(direction, current, rules, &self.up_events, &self.down_events, now);
            let (result, reason) = behavior::clamp(current, desired, min, max, limit);
            (result, reason, direction, rules.select, limit, policies)
        };
        let (desired, reason, direction, select, limit, policies) = clamp(stable.result);
        let without_window = clamp(proposal).0;
        self.set_limited(desired != stable.result, reason, reason.message(), now);

        let result = stable.result;
        if result != proposal {
            working.push(Step::StabilisedBoth {
                held: if result < proposal { Direction::Up } else { Direction::Down },
                current,
                lowest: stable.lowest,
                up_window: up.stabilization,
                highest: stable.highest,
                down_window: down.stabilization,
                age: stable.age,
                result,
                without: without_window,
            });
        }
        match direction {
            Direction::Up => {
                let limit = limit.max(current);
                if result > limit {
                    working.push(Step::RateLimit {
                        direction,
                        current,
                        select,
                        policies,
                        limit,
                        without: result.min(max),
                    });
                }
                if result > current && result.min(limit) > max {
                    working.push(Step::Max { max, without: result.min(limit) });
                }
            }
            Direction::Down => {
                let limit = limit.min(current);
                if result < limit {
                    working.push(Step::RateLimit {
                        direction,
                        current,
                        select,
                        policies,
                        limit,
                        without: result.max(min),
                    });
                }
                if result.max(limit) < min {
                    working.push(Step::Min { min, without: result.max(limit) });
                }
            }
        }
        if desired == result && result == proposal {
            working.push(Step::InRange { min, max });
        }
        desired
    }
}

const HIGHEST: &str =
    "recent recommendations were higher than current one, applying the highest recent recommendation";
const LOWEST: &str =
    "recent recommendations were lower than current one, applying the lowest recent recommendation";
