//! The same cluster in virtual time.
