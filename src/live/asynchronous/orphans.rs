//! What an earlier faasim was sending when it died. Its pods have been adopted and may still work on it: until they
//! have done so, it is not sent again. The reply of such a run is lost, so it is sent again afterwards.

use super::table::Orphan;
use crate::live::provider::PodCalls;
use std::time::Duration;

/// A request that the earlier faasim had written may be read by its pod a little later.
const ON_ITS_WAY: Duration = Duration::from_secs(2);

/// What is to be done about one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// A pod works on it.
    Runs,
    /// Nobody can say yet, or ever: until its lease is over it is taken for running.
    Unknown,
    /// No pod works on it.
    Over,
}

/// What the pods say about a call. `begun` is when this faasim began (ns since the epoch).
pub(super) fn fate(call_id: &str, pods: &[PodCalls], begun: u64) -> Fate {
    if pods.iter().any(|pod| pod.calls.iter().flatten().any(|id| id == call_id)) {
        return Fate::Runs;
    }
    let settled = begun.saturating_add(u64::try_from(ON_ITS_WAY.as_nanos()).unwrap_or(u64::MAX));
    match pods.iter().all(|pod| pod.calls.is_some() && pod.at >= settled) {
        true => Fate::Over,
        false => Fate::Unknown,
    }
}

/// Sorts them: those that are sent again now, and those whose lease is extended. What is neither is left in `orphans`
/// with those that run.
pub(super) fn sort(
    orphans: &mut Vec<Orphan>,
    pods: &[PodCalls],
    begun: u64,
    now: i64,
) -> (Vec<i64>, Vec<i64>) {
    let (mut over, mut run) = (Vec::new(), Vec::new());
    orphans.retain(|orphan| match fate(&orphan.call_id, pods, begun) {
        Fate::Runs => {
            run.push(orphan.id);
            true
        }
        Fate::Unknown if orphan.due > now => true,
        Fate::Unknown | Fate::Over => {
            over.push(orphan.id);
            false
        }
    });
    (over, run)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(at: u64, calls: Option<&[&str]>) -> PodCalls {
        PodCalls { at, calls: calls.map(|all| all.iter().map(|id| (*id).to_owned()).collect()) }
    }

    #[test]
    fn a_call_is_over_when_every_pod_has_had_time_to_say_so() {
        let late = 3_000_000_000;
        for (pods, expected) in [
            (vec![], Fate::Over),
            (vec![pod(late, Some(&["a", "b"]))], Fate::Runs),
            (vec![pod(late, Some(&["b"]))], Fate::Over),
            (vec![pod(late, Some(&["b"])), pod(0, Some(&[]))], Fate::Unknown),
            (vec![pod(late, Some(&["b"])), pod(late, None)], Fate::Unknown),
            (vec![pod(0, None), pod(0, Some(&["a"]))], Fate::Runs),
        ] {
            assert_eq!(fate("a", &pods, 0), expected, "{pods:?}");
        }
    }

    #[test]
    fn a_lease_ends_only_where_nobody_knows() {
        let orphan = |id: i64, due: i64| Orphan { id, call_id: id.to_string(), function: "f".into(), due };
        let mut orphans = vec![orphan(1, 10), orphan(2, 10), orphan(3, 90)];
        let unknown = [pod(0, Some(&["1"]))];
        assert_eq!(sort(&mut orphans, &unknown, 0, 50), (vec![2], vec![1]));
        assert_eq!(orphans.iter().map(|o| o.id).collect::<Vec<_>>(), [1, 3]);
    }
}
