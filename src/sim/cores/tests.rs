use super::*;
use proptest::prelude::*;

fn at(seconds: f64) -> Time {
    Time::from_nanos((seconds * 1e9) as u64)
}

/// Runs until nothing is left; ends in seconds by tag.
fn ends(cores: &mut Cores) -> Vec<(u32, f64)> {
    let mut all = Vec::new();
    while cores.due() < Time::MAX {
        let now = cores.due();
        while let Some(tag) = cores.finished(now) {
            all.push((tag, (now.as_secs_f64() * 1e6).round() / 1e6));
        }
    }
    all
}

#[test]
fn cores_are_shared_by_weight_up_to_the_cap() {
    // Three single tasks on two cores: each gets 2/3.
    let mut cores = Cores::new(2000);
    for tag in 0..3 {
        let pod = cores.join(100, None);
        cores.start(at(0.0), pod, 1e9, tag);
    }
    assert_eq!(ends(&mut cores).iter().map(|e| e.1).collect::<Vec<_>>(), [1.5, 1.5, 1.5]);

    // A limit of half a core leaves more to the others: 0.5 + 0.75 + 0.75.
    let mut cores = Cores::new(2000);
    let limited = cores.join(100, Some(500));
    cores.start(at(0.0), limited, 0.5e9, 0);
    for tag in 1..3 {
        let pod = cores.join(100, None);
        cores.start(at(0.0), pod, 0.75e9, tag);
    }
    assert!(ends(&mut cores).iter().all(|e| e.1 == 1.0));

    // Weights 1 and 3 on one core: 1/4 and 3/4; when the heavy one is done, the other has the core.
    let mut cores = Cores::new(1000);
    let (light, heavy) = (cores.join(100, None), cores.join(300, None));
    cores.start(at(0.0), light, 1e9, 0);
    cores.start(at(0.0), heavy, 0.75e9, 1);
    assert_eq!(ends(&mut cores), [(1, 1.0), (0, 1.75)]);

    // One pod's tasks share what the pod gets; one that is cancelled leaves the rest to the other.
    let mut cores = Cores::new(1000);
    let pod = cores.join(100, None);
    cores.start(at(0.0), pod, 1e9, 0);
    let other = cores.start(at(0.0), pod, 9e9, 1);
    cores.cancel(at(1.0), other);
    assert_eq!(ends(&mut cores), [(0, 1.5)]);
    assert_eq!(cores.used(at(9.0), pod), 1_500_000_000);
}

/// The same, by looking at every pod at every step: slow, and plainly right.
struct Plain {
    capacity: f64,
    pods: Vec<PlainPod>,
}

/// Weight, limit, and what is left of each task.
type PlainPod = (f64, f64, Vec<(u32, f64)>);

impl Plain {
    fn rates(&self) -> Vec<f64> {
        let cap = |p: &PlainPod| p.1.min(p.2.len() as f64);
        let mut rates = vec![0.0; self.pods.len()];
        let mut open: Vec<usize> = (0..self.pods.len()).filter(|i| !self.pods[*i].2.is_empty()).collect();
        let mut left = self.capacity;
        loop {
            let sum: f64 = open.iter().map(|i| self.pods[*i].0).sum();
            let full = |i: &usize| cap(&self.pods[*i]) <= self.pods[*i].0 * left / sum;
            let filled: Vec<usize> = open.iter().copied().filter(full).collect();
            if filled.is_empty() {
                open.iter().for_each(|i| rates[*i] = self.pods[*i].0 * left / sum);
                return rates;
            }
            for i in filled {
                rates[i] = cap(&self.pods[i]);
                left -= rates[i];
                open.retain(|o| *o != i);
            }
        }
    }

    fn run(&mut self, mut span: f64, ended: &mut Vec<(u32, f64)>, mut now: f64) {
        while span > 0.0 {
            let rates = self.rates();
            let next = self
                .pods
                .iter()
                .zip(&rates)
                .flat_map(|(p, r)| p.2.iter().map(move |t| t.1 * p.2.len() as f64 / r));
            let step = next.fold(span, f64::min);
            for (p, r) in self.pods.iter_mut().zip(rates) {
                let each = r * step / p.2.len().max(1) as f64;
                p.2.iter_mut().for_each(|t| t.1 -= each);
                p.2.retain(|t| {
                    if t.1 <= 1e-9 {
                        ended.push((t.0, now + step));
                    }
                    t.1 > 1e-9
                });
            }
            (span, now) = (span - step, now + step);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn as_by_looking_at_every_pod(
        capacity in 500_u64..6000,
        pods in proptest::collection::vec((1_u64..400, proptest::option::of(50_u64..2500)), 1..7),
        tasks in proptest::collection::vec((0_usize..7, 0.001_f64..2.0, 0.0_f64..0.4), 1..60),
    ) {
        let mut cores = Cores::new(capacity);
        let places: Vec<Place> = pods.iter().map(|(w, l)| cores.join(*w, *l)).collect();
        let mut plain = Plain {
            capacity: capacity as f64 / 1000.0,
            pods: pods.iter().map(|(w, l)| (*w as f64, l.map_or(f64::MAX, |l| l as f64 / 1000.0), Vec::new())).collect(),
        };
        let (mut seen, mut expected, mut now) = (Vec::new(), Vec::new(), 0.0);
        let drain = |cores: &mut Cores, until: Time, seen: &mut Vec<(u32, f64)>| {
            while cores.due() <= until && cores.due() < Time::MAX {
                let now = cores.due();
                while let Some(tag) = cores.finished(now) {
                    seen.push((tag, now.as_secs_f64()));
                }
            }
        };
        for (tag, (pod, work, gap)) in tasks.into_iter().enumerate() {
            let gap = (gap * 1e9).round() / 1e9;
            plain.run(gap, &mut expected, now);
            now += gap;
            drain(&mut cores, at(now), &mut seen);
            let pod = pod % places.len();
            cores.start(at(now), places[pod], work * 1e9, tag as u32);
            plain.pods[pod].2.push((tag as u32, work));
        }
        drain(&mut cores, Time::from_nanos(u64::MAX - 1), &mut seen);
        plain.run(1e6, &mut expected, now);
        seen.sort_by_key(|e| e.0);
        expected.sort_by_key(|e| e.0);
        prop_assert_eq!(seen.len(), expected.len());
        // The plain way lets a task go with 1e-9 of its work left: long before its end where its share is small.
        for (a, b) in seen.iter().zip(&expected) {
            prop_assert!(a.0 == b.0 && (a.1 - b.1).abs() < 1e-5, "{:?} for {:?}", a, b);
        }
    }
}
