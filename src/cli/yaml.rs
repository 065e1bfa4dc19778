//! YAML that a person wrote: a tree that knows where each part stands, and mistakes at their place.
//!
//! | file | what it does |
//! |---|---|
//! | `tree` | parses a text into nodes with a place |
//! | `schema` | takes a tree apart, and says what does not fit |
//! | `envsubst` | `${VAR}`, with the way back to the original's places |

pub(in crate::cli) mod envsubst;
pub(in crate::cli) mod schema;
pub(in crate::cli) mod tree;
