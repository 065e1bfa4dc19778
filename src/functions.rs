//! The functions that ship inside the binary.
