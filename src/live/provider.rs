//! Start, stop, watch and sample pods.
