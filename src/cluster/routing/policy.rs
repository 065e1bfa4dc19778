//! Which of the pods that could take a request does take it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The rule that picks a pod among those that are ready and have room.
///
/// It changes cold-start rates by a factor of a hundred (one that packs work lets the other pods expire), so
/// every report prints it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoutingPolicy {
    /// The pod with the fewest requests in flight; among equals the one that was used longest ago.
    #[default]
    LeastInflight,
    /// Each pod in turn.
    RoundRobin,
    /// Any pod, all equally likely: a Kubernetes Service.
    Random,
    /// The pod that last started or finished a request (a new pod counts as just used): Lambda-like.
    ///
    /// Pods that have no limit of their own are all "with room" forever; there idle pods go first, then the
    /// least busy, so that one pod does not get everything.
    MostRecentlyUsed,
    /// The pod that was used longest ago; without a limit per pod, idle pods first, as above.
    LeastRecentlyUsed,
}

impl RoutingPolicy {
    /// All of them, in the order in which help texts name them.
    pub const ALL: [RoutingPolicy; 5] = [
        Self::LeastInflight,
        Self::RoundRobin,
        Self::Random,
        Self::MostRecentlyUsed,
        Self::LeastRecentlyUsed,
    ];

    /// The name that settings and reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::LeastInflight => "least-inflight",
            Self::RoundRobin => "round-robin",
            Self::Random => "random",
            Self::MostRecentlyUsed => "most-recently-used",
            Self::LeastRecentlyUsed => "least-recently-used",
        }
    }
}

impl fmt::Display for RoutingPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no routing policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a routing policy: write one of {list}", list = RoutingPolicy::ALL.map(RoutingPolicy::name).join(", "))]
pub struct UnknownPolicy(String);

impl FromStr for RoutingPolicy {
    type Err = UnknownPolicy;
    fn from_str(text: &str) -> Result<Self, UnknownPolicy> {
        Self::ALL.into_iter().find(|p| p.name() == text.trim()).ok_or_else(|| UnknownPolicy(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_agree_with_serde() {
        for policy in RoutingPolicy::ALL {
            assert_eq!(policy.name().parse(), Ok(policy));
            assert_eq!(serde_json::to_value(policy).unwrap(), policy.name());
        }
        assert_eq!(
            "fastest".parse::<RoutingPolicy>().unwrap_err().to_string(),
            "`fastest` is not a routing policy: write one of least-inflight, round-robin, random, \
             most-recently-used, least-recently-used"
        );
    }
}
