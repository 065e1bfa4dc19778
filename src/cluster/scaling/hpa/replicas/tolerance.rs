//! How far from its target a load may be before anything changes.

use crate::cluster::scaling::hpa::settings::Dialect;
use crate::cluster::scaling::step::Step;

/// How far load/target may be from 1 before anything changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Below 1.
    pub down: f64,
    /// Above 1.
    pub up: f64,
    /// The two dialects differ at the very edge: in doubles, 1.1 is inside for one and outside for the other.
    pub dialect: Dialect,
}

impl Tolerance {
    /// The same in both directions.
    pub fn both(tolerance: f64, dialect: Dialect) -> Self {
        Tolerance { down: tolerance, up: tolerance, dialect }
    }

    /// Whether this ratio changes nothing. Not a number is outside.
    pub fn within(&self, ratio: f64) -> bool {
        match self.dialect {
            Dialect::Legacy => (1.0 - ratio).abs() <= self.down,
            Dialect::Current => 1.0 - self.down <= ratio && ratio <= 1.0 + self.up,
        }
    }

    pub(super) fn step(&self, value: i64, target: i64, pods: i64, keep: i64) -> Step {
        Step::Within { value, target, pods, low: 1.0 - self.down, high: 1.0 + self.up, keep }
    }
}
