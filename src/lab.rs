//! Experiments: load, and later scenarios and reports.

pub mod load;
