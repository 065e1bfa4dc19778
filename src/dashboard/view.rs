//! What screens, APIs and reports are made from.
