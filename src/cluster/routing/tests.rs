use super::*;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use std::collections::{BTreeMap, BTreeSet};

fn at(millis: u64) -> Time {
    Time::from_nanos(millis * 1_000_000)
}

fn rng() -> Pcg64Mcg {
    Pcg64Mcg::seed_from_u64(1)
}

fn with_pods(policy: RoutingPolicy, max: Option<u32>, pods: u64) -> Endpoints {
    let mut endpoints = Endpoints::new(policy, max, None);
    (1..=pods).for_each(|uid| assert!(endpoints.ready(Time::ZERO, PodUid(uid)).is_empty()));
    endpoints
}

/// The pods that requests go to; `-n` in `steps` ends one on pod n first.
fn choices(endpoints: &mut Endpoints, steps: &[i64]) -> Vec<u64> {
    let mut chosen = Vec::new();
    for (now, &step) in steps.iter().enumerate() {
        if step < 0 {
            endpoints.done(at(now as u64), PodUid(step.unsigned_abs()));
        } else if let Admission::Pod(uid) = endpoints.admit(at(now as u64), &mut rng()) {
            chosen.push(uid.0);
        } else {
            chosen.push(0);
        }
    }
    chosen
}

#[test]
fn each_policy_picks_its_pod() {
    use RoutingPolicy::*;
    for (policy, max, steps, expected) in [
        // A request is 0, the end of one on pod n is -n.
        (LeastInflight, None, &[0, 0, 0, 0, -2, 0][..], &[1, 2, 3, 1, 2][..]),
        (LeastInflight, None, &[0, -1, 0, -2, 0, -3, 0], &[1, 2, 3, 1]),
        (LeastInflight, Some(1), &[0, 0, 0, 0, -3, 0], &[1, 2, 3, 0, 0]),
        (RoundRobin, None, &[0, -1, 0, -2, 0, -3, 0], &[1, 2, 3, 1]),
        (RoundRobin, Some(1), &[0, 0, -2, -1, 0, 0], &[1, 2, 3, 1]),
        (MostRecentlyUsed, Some(1), &[0, -3, 0, 0, -3, 0], &[3, 3, 2, 3]),
        (MostRecentlyUsed, Some(2), &[0, 0, 0], &[3, 3, 2]),
        (MostRecentlyUsed, None, &[0, 0, 0, 0], &[3, 2, 1, 1]),
        (LeastRecentlyUsed, Some(1), &[0, -1, 0, -2, 0, -3, 0], &[1, 2, 3, 1]),
        (Random, Some(1), &[0, -1, -2, -3], &[2]),
    ] {
        let mut endpoints = with_pods(policy, max, 3);
        let chosen = choices(&mut endpoints, steps);
        if policy == Random {
            assert!((1..=3).contains(&chosen[0]));
        } else {
            assert_eq!(chosen, expected, "{policy} {max:?} {steps:?}");
        }
    }
}

#[test]
fn random_uses_all_pods_alike() {
    let mut endpoints = with_pods(RoutingPolicy::Random, None, 4);
    let (mut rng, mut counts) = (rng(), [0u32; 4]);
    for _ in 0..4000 {
        let Admission::Pod(uid) = endpoints.admit(Time::ZERO, &mut rng) else { panic!("pods are ready") };
        counts[uid.0 as usize - 1] += 1;
        endpoints.done(Time::ZERO, uid);
    }
    assert!(counts.iter().all(|n| (850..1150).contains(n)), "{counts:?}");
}

fn ticket(admission: Admission) -> (Ticket, bool) {
    match admission {
        Admission::Wait { ticket, wake } => (ticket, wake),
        other => panic!("{other:?} is no wait"),
    }
}

#[test]
fn many_wait_and_one_wakes() {
    let mut endpoints = Endpoints::new(RoutingPolicy::default(), None, None);
    let waits: Vec<_> = (0..50).map(|_| ticket(endpoints.admit(at(1), &mut rng()))).collect();
    assert_eq!(waits.iter().filter(|(_, wake)| *wake).count(), 1);
    assert!(waits[0].1);
    let given = endpoints.ready(at(2), PodUid(9));
    assert_eq!(given, waits.iter().map(|&(t, _)| (t, PodUid(9))).collect::<Vec<_>>());
    assert_eq!((endpoints.waiting(), endpoints.in_flight(PodUid(9))), (0, 50));
    let counters = endpoints.counters();
    assert_eq!((counters.started, counters.completed, counters.in_flight, counters.queued), (50, 0, 50, 0));
}

#[test]
fn a_limit_queues_in_order_and_the_queue_has_one_too() {
    let mut endpoints = Endpoints::new(RoutingPolicy::default(), Some(1), Some(2));
    endpoints.ready(at(0), PodUid(1));
    assert_eq!(endpoints.admit(at(1), &mut rng()), Admission::Pod(PodUid(1)));
    let (first, wake) = ticket(endpoints.admit(at(1), &mut rng()));
    assert!(!wake, "a pod is there, it is only busy");
    let (second, _) = ticket(endpoints.admit(at(1), &mut rng()));
    assert_eq!(endpoints.admit(at(1), &mut rng()), Admission::Refuse(RefuseReason::QueueFull));
    assert!(endpoints.cancel(at(2), first));
    assert!(!endpoints.cancel(at(2), first));
    assert_eq!(endpoints.done(at(3), PodUid(1)), Done { next: Some(second), drained: false });
    assert!(!endpoints.cancel(at(3), second), "it runs now");
    assert_eq!(endpoints.done(at(4), PodUid(1)), Done::default());
    assert_eq!(
        endpoints.counters(),
        Counters {
            started: 3,
            completed: 3,
            in_flight: 0,
            peak_in_flight: 3,
            queued: 0,
            last_activity: at(4),
            ..Counters::default()
        }
    );
    assert_eq!(endpoints.counters().peak_in_flight, 0);
}

#[test]
fn raising_the_limit_serves_who_waits() {
    let mut endpoints = with_pods(RoutingPolicy::default(), Some(1), 1);
    endpoints.admit(at(0), &mut rng());
    let (waiting, _) = ticket(endpoints.admit(at(0), &mut rng()));
    let given = endpoints.set_limits(at(1), RoutingPolicy::Random, Some(3), None);
    assert_eq!(given, [(waiting, PodUid(1))]);
}

#[test]
fn a_draining_pod_finishes_and_gets_nothing_new() {
    let mut endpoints = with_pods(RoutingPolicy::default(), None, 1);
    endpoints.admit(at(0), &mut rng());
    endpoints.admit(at(0), &mut rng());
    assert!(!endpoints.drain(at(1), PodUid(1)));
    assert!(ticket(endpoints.admit(at(1), &mut rng())).1, "no pod takes it");
    assert!(!endpoints.done(at(2), PodUid(1)).drained);
    assert!(endpoints.done(at(3), PodUid(1)).drained);
    assert!(endpoints.drain(at(4), PodUid(1)));
    assert!(endpoints.drain(at(4), PodUid(77)), "who is not known has nothing to finish");
}

#[test]
fn a_pod_that_vanished_still_owes_its_requests() {
    let mut endpoints = with_pods(RoutingPolicy::default(), None, 1);
    endpoints.admit(at(0), &mut rng());
    endpoints.remove(at(1), PodUid(1));
    assert_eq!(endpoints.counters().in_flight, 1);
    // Its container was restarted: the same pod, and the old request has not been told yet.
    endpoints.ready(at(2), PodUid(1));
    endpoints.admit(at(2), &mut rng());
    assert_eq!(endpoints.in_flight(PodUid(1)), 2);
    endpoints.done(at(3), PodUid(1));
    endpoints.remove(at(3), PodUid(1));
    endpoints.done(at(4), PodUid(1));
    endpoints.done(at(4), PodUid(1));
    let counters = endpoints.counters();
    assert_eq!((counters.in_flight, counters.completed, endpoints.ready_pods()), (0, 2, 0));
}

#[test]
fn unready_is_a_pause() {
    let mut endpoints = with_pods(RoutingPolicy::default(), None, 2);
    endpoints.unready(PodUid(1));
    assert_eq!(choices(&mut endpoints, &[0, 0]), [2, 2]);
    endpoints.ready(at(5), PodUid(1));
    assert_eq!(choices(&mut endpoints, &[0]), [1]);
}

#[test]
fn who_refuses_is_left_alone_until_it_recovers() {
    let mut endpoints = with_pods(RoutingPolicy::default(), None, 1);
    assert!(endpoints.refused(PodUid(1)) && !endpoints.refused(PodUid(1)), "one looks after it");
    assert!(matches!(endpoints.admit(at(1), &mut rng()), Admission::Wait { wake: true, .. }));
    assert_eq!(endpoints.recovered(at(2), PodUid(1)).len(), 1, "who waited has it now");
    assert!(!endpoints.is_refusing(PodUid(1)));
    // What the cluster says counts for more.
    endpoints.refused(PodUid(1));
    endpoints.unready(PodUid(1));
    assert!(endpoints.recovered(at(3), PodUid(1)).is_empty() && endpoints.ready_pods() == 0);
}

#[test]
fn closing_and_a_request_cannot_both_win() {
    let mut endpoints = with_pods(RoutingPolicy::default(), None, 2);
    endpoints.admit(at(10), &mut rng());
    assert_eq!(endpoints.close_if_idle(at(11), at(0)), Closing::StillUsed { since: at(11) });
    endpoints.done(at(12), PodUid(1));
    assert_eq!(endpoints.close_if_idle(at(13), at(11)), Closing::StillUsed { since: at(12) });
    assert_eq!(endpoints.close_if_idle(at(14), at(12)), Closing::Closed);
    assert!(ticket(endpoints.admit(at(15), &mut rng())).1);
}

#[test]
fn one_pod_expires_alone() {
    let mut endpoints = with_pods(RoutingPolicy::MostRecentlyUsed, Some(1), 2);
    assert_eq!(endpoints.admit(at(10), &mut rng()), Admission::Pod(PodUid(2)));
    assert_eq!(endpoints.expire_pod_if_idle(at(11), PodUid(2), at(0)), Closing::StillUsed { since: at(11) });
    endpoints.done(at(12), PodUid(2));
    assert_eq!(endpoints.expire_pod_if_idle(at(13), PodUid(2), at(0)), Closing::StillUsed { since: at(12) });
    assert_eq!(endpoints.expire_pod_if_idle(at(13), PodUid(1), at(0)), Closing::Closed);
    assert_eq!(endpoints.ready_pods(), 1);
    assert_eq!(choices(&mut endpoints, &[0, 0]), [2, 0]);
}

#[derive(Clone, Debug)]
enum Step {
    Admit,
    Done(usize),
    Ready(u64),
    Unready(u64),
    Refused(u64),
    Recovered(u64),
    Drain(u64),
    Remove(u64),
    Cancel(usize),
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Admit),
        6 => any::<usize>().prop_map(Step::Done),
        3 => (1u64..6).prop_map(Step::Ready),
        1 => (1u64..6).prop_map(Step::Unready),
        1 => (1u64..6).prop_map(Step::Refused),
        1 => (1u64..6).prop_map(Step::Recovered),
        1 => (1u64..6).prop_map(Step::Drain),
        1 => (1u64..6).prop_map(Step::Remove),
        1 => any::<usize>().prop_map(Step::Cancel),
        1 => Just(Step::Close),
    ]
}

proptest! {
    #[test]
    fn nothing_is_lost(
        policy in proptest::sample::select(RoutingPolicy::ALL.to_vec()),
        max in proptest::option::of(1u32..4),
        limit in proptest::option::of(0usize..5),
        steps in proptest::collection::vec(step(), 0..300),
    ) {
        let mut endpoints = Endpoints::new(policy, max, limit);
        let mut rng = rng();
        let mut running: Vec<PodUid> = Vec::new();
        let mut waiting: Vec<Ticket> = Vec::new();
        let mut taking: BTreeSet<PodUid> = BTreeSet::new();
        let (mut accepted, mut ended) = (0u64, 0u64);
        for (now, step) in steps.into_iter().enumerate() {
            let now = at(now as u64);
            match step {
                Step::Admit => match endpoints.admit(now, &mut rng) {
                    Admission::Pod(uid) => {
                        prop_assert!(taking.contains(&uid));
                        prop_assert!(waiting.is_empty(), "it overtook who waits");
                        accepted += 1;
                        running.push(uid);
                    }
                    Admission::Wait { ticket, wake } => {
                        prop_assert!(!wake || taking.is_empty());
                        prop_assert!(wake || !taking.is_empty() || !waiting.is_empty());
                        accepted += 1;
                        waiting.push(ticket);
                    }
                    Admission::Refuse(_) => prop_assert_eq!(Some(waiting.len()), limit),
                },
                Step::Done(n) if !running.is_empty() => {
                    let uid = running.swap_remove(n % running.len());
                    ended += 1;
                    if let Some(next) = endpoints.done(now, uid).next {
                        prop_assert!(taking.contains(&uid));
                        prop_assert_eq!(next, waiting.remove(0), "first come, first served");
                        running.push(uid);
                    }
                }
                Step::Ready(uid) => {
                    taking.insert(PodUid(uid));
                    for (ticket, uid) in endpoints.ready(now, PodUid(uid)) {
                        prop_assert!(taking.contains(&uid));
                        prop_assert_eq!(ticket, waiting.remove(0));
                        running.push(uid);
                    }
                }
                Step::Unready(uid) => {
                    taking.remove(&PodUid(uid));
                    endpoints.unready(PodUid(uid));
                }
                Step::Refused(uid) => {
                    prop_assert_eq!(endpoints.refused(PodUid(uid)), taking.remove(&PodUid(uid)));
                }
                Step::Recovered(uid) => {
                    if endpoints.is_refusing(PodUid(uid)) {
                        taking.insert(PodUid(uid));
                    }
                    for (ticket, uid) in endpoints.recovered(now, PodUid(uid)) {
                        prop_assert_eq!(ticket, waiting.remove(0));
                        running.push(uid);
                    }
                }
                Step::Drain(uid) => {
                    taking.remove(&PodUid(uid));
                    let idle = endpoints.drain(now, PodUid(uid));
                    prop_assert_eq!(idle, !running.contains(&PodUid(uid)));
                }
                Step::Remove(uid) => {
                    taking.remove(&PodUid(uid));
                    endpoints.remove(now, PodUid(uid));
                }
                Step::Cancel(n) if !waiting.is_empty() => {
                    let ticket = waiting.remove(n % waiting.len());
                    prop_assert!(endpoints.cancel(now, ticket));
                    ended += 1;
                }
                Step::Close => {
                    let closed = endpoints.close_if_idle(now, now) == Closing::Closed;
                    prop_assert_eq!(closed, running.is_empty() && waiting.is_empty());
                    if closed {
                        taking.clear();
                    }
                }
                Step::Done(_) | Step::Cancel(_) => {}
            }
            let mut per_pod: BTreeMap<PodUid, u32> = BTreeMap::new();
            running.iter().for_each(|&uid| *per_pod.entry(uid).or_default() += 1);
            for uid in (1..6).map(PodUid) {
                prop_assert_eq!(endpoints.in_flight(uid), per_pod.get(&uid).copied().unwrap_or(0));
            }
            if !waiting.is_empty() {
                prop_assert!(taking.iter().all(|u| max.is_some_and(|m| endpoints.in_flight(*u) >= m)));
            }
            prop_assert_eq!(endpoints.waiting(), waiting.len());
            prop_assert_eq!(endpoints.ready_pods(), taking.len());
            let counters = endpoints.counters();
            prop_assert_eq!((counters.started, counters.completed), (accepted, ended));
            prop_assert_eq!(u64::from(counters.in_flight), accepted - ended);
        }
    }
}
