//! The formulas of the steps, each used twice: to decide, and to check the decision's working.

use super::Direction;
use crate::cluster::scaling::hpa::spec::{Policy, PolicyKind, Select};

/// `ceil(pods × value/target)`, as the controller computes it: in doubles, saturating.
pub(crate) fn ceil_times(pods: i64, value: i64, target: i64) -> i64 {
    saturate(libm::ceil(value as f64 / target as f64 * pods as f64))
}

/// `ceil(value/target)`, saturating.
pub(crate) fn ceil_over(value: i64, target: i64) -> i64 {
    saturate(libm::ceil(value as f64 / target as f64))
}

/// A count of replicas out of a float: no less than 0, no more than 2^31-1.
pub(crate) fn saturate(x: f64) -> i64 {
    if x.is_nan() { 0 } else { (x as i64).clamp(0, i64::from(i32::MAX)) }
}

/// `ceil(load / (target × proportion))`, proof against 90/(100 × 0.9) being a hair above 1.
pub(crate) fn ceil_load(load: f64, target: f64, proportion: f64) -> i64 {
    let exact = load / (target * proportion);
    let nearest = libm::round(exact);
    if (exact - nearest).abs() <= 1e-9 * nearest.max(1.0) {
        saturate(nearest)
    } else {
        saturate(libm::ceil(exact))
    }
}

/// The bound of one policy for a period that began with `start` replicas.
pub(crate) fn policy_bound(direction: Direction, policy: &Policy, start: i64) -> i64 {
    let value = i64::from(policy.value);
    match (direction, policy.kind) {
        (Direction::Up, PolicyKind::Pods) => start.saturating_add(value).min(i64::from(i32::MAX)),
        (Direction::Down, PolicyKind::Pods) => start.saturating_sub(value),
        (Direction::Up, PolicyKind::Percent) => {
            let up = libm::ceil(start as f64 * (1.0 + value as f64 / 100.0));
            (up as i64).min(i64::from(i32::MAX))
        }
        (Direction::Down, PolicyKind::Percent) => {
            libm::trunc(start as f64 * (1.0 - value as f64 / 100.0)) as i64
        }
    }
}

/// The bound that counts among several.
pub(crate) fn select_bound(
    direction: Direction,
    select: Select,
    current: i64,
    bounds: impl Iterator<Item = i64>,
) -> i64 {
    let chosen = match (direction, select) {
        (_, Select::Disabled) => None,
        (Direction::Up, Select::Max) | (Direction::Down, Select::Min) => bounds.max(),
        (Direction::Up, Select::Min) | (Direction::Down, Select::Max) => bounds.min(),
    };
    chosen.unwrap_or(current)
}

/// OpenFaaS CE's step: `ceil(max/100 × factor)` with `max` already capped.
pub(crate) fn alert_step(max: i64, factor: u32) -> i64 {
    saturate(libm::ceil(max as f64 / 100.0 * f64::from(factor)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_float_ceil_is_guarded() {
        assert_eq!(ceil_load(90.0, 100.0, 0.9), 1);
        assert_eq!(ceil_load(91.0, 100.0, 0.9), 2);
        assert_eq!(ceil_load(0.0, 50.0, 0.9), 0);
        assert_eq!(ceil_load(f64::MAX, 1.0, 0.1), i64::from(i32::MAX));
    }
}
