//! How long autoscaling takes: one look at a function of 100 pods, and 10,000 autoscalers in one cluster.
//!
//! Each line is the median of several runs, beside what it may take at most and beside a reference of the same
//! run: the bare arithmetic of the same look. `cargo bench --bench scaling`

use faasim::cluster::Cluster;
use faasim::cluster::action::Action;
use faasim::cluster::command::Command;
use faasim::cluster::event::{Event, PodSample};
use faasim::cluster::function::{FunctionName, FunctionSpec, Resources};
use faasim::cluster::node::{Node, NodeId};
use faasim::cluster::pod::PodUid;
use faasim::cluster::quantity::{Bytes, MilliCpu};
use faasim::cluster::scaling::hpa::{
    CustomMetrics, Hpa, HpaSettings, HpaSpec, PodPhase, PodState, PodUsage, TargetState,
};
use faasim::cluster::settings::Settings;
use faasim::cluster::time::Time;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

const NOW: Time = Time::from_secs(1_700_000_000);

fn main() {
    let pods: Vec<PodState> = (0..100).map(pod).collect();
    let arithmetic = median(200, || {
        let start = Instant::now();
        black_box(bare(black_box(&pods)));
        start.elapsed()
    });
    println!("{:<44} {:>10.2} µs   the reference", "the bare arithmetic over 100 pods", micros(arithmetic));
    let one = median(2000, || look(&pods));
    line("one look at a function of 100 pods", one, arithmetic, Duration::from_micros(20));
    for (name, cpu) in
        [("10,000 autoscalers, none changes", Some(2)), ("10,000 autoscalers, none has metrics", None)]
    {
        let all = median(5, || look_at_all(10_000, cpu));
        line(name, all, arithmetic, Duration::from_millis(100));
    }
}

fn line(name: &str, took: Duration, reference: Duration, limit: Duration) {
    let (took_us, ratio) = (micros(took), took.as_secs_f64() / reference.as_secs_f64());
    let share = took.as_secs_f64() / limit.as_secs_f64() * 100.0;
    println!("{name:<44} {took_us:>10.2} µs   {ratio:>8.1} × the reference, {share:.0} % of {limit:?}");
}

fn micros(d: Duration) -> f64 {
    d.as_secs_f64() * 1e6
}

fn median(runs: usize, mut run: impl FnMut() -> Duration) -> Duration {
    let mut all: Vec<Duration> = (0..runs).map(|_| run()).collect();
    all.sort_unstable();
    all[runs / 2]
}

fn pod(i: u64) -> PodState {
    PodState {
        name: format!("mltest-946fbcf5d-{i:05}"),
        phase: PodPhase::Running,
        deleting: false,
        ready: Some(true),
        started: Some(NOW.before(Duration::from_secs(3600))),
        ready_changed: Some(NOW.before(Duration::from_secs(3500))),
        cpu_request: Some(MilliCpu(100)),
        memory_request: None,
        usage: Some(PodUsage {
            at: NOW,
            window: Duration::from_secs(15),
            cpu: MilliCpu(40 + i),
            memory: Bytes(1 << 20),
        }),
        custom: BTreeMap::new(),
    }
}

/// What has to be added up in any case.
fn bare(pods: &[PodState]) -> i64 {
    let (mut used, mut requested, mut ready) = (0, 0, 0);
    for pod in pods.iter().filter(|p| p.ready == Some(true) && !p.deleting) {
        used += pod.usage.map_or(0, |u| u.cpu.0);
        requested += pod.cpu_request.map_or(0, |r| r.0);
        ready += 1;
    }
    let ratio = (used * 100 / requested) as f64 / 50.0;
    (ratio * f64::from(ready)).ceil() as i64
}

fn look(pods: &[PodState]) -> Duration {
    let (settings, custom) = (HpaSettings::default(), CustomMetrics::default());
    let mut hpa = Hpa::new(HpaSpec::cpu(50, Some(2), 200), NOW);
    let target = TargetState { spec_replicas: 100, status_replicas: 100, pods, custom: &custom };
    hpa.sync(NOW, &settings, &target);
    let start = Instant::now();
    let sync = black_box(hpa.sync(NOW + settings.sync_period, &settings, black_box(&target)));
    let took = start.elapsed();
    assert!(sync.decision.changed());
    took
}

/// A cluster of functions of one pod each at `cpu` of 10 millicores (or never measured), each with an HPA that
/// looks at the same moment: how long that moment takes.
fn look_at_all(functions: u32, cpu: Option<u64>) -> Duration {
    let mut cluster = Cluster::new(NOW, Settings::default(), vec![node()], 1);
    for i in 0..functions {
        let spec = FunctionSpec {
            requests: Resources { cpu: Some(MilliCpu(10)), memory: None },
            ..FunctionSpec::new(&format!("f-{i}"), "image")
        };
        cluster.apply(NOW, Command::Deploy(spec)).expect("it is new");
    }
    let mut now = NOW;
    // One period for the pods to be started and measured; the second is the one that counts.
    for second in 1..=40u64 {
        obey(&mut cluster, now, cpu);
        now = NOW + Duration::from_secs(second);
        if second == 20 {
            for i in 0..functions {
                let function = FunctionName::parse(&format!("f-{i}"));
                let spec = HpaSpec::cpu(20, Some(1), 10);
                cluster
                    .apply(now, Command::Autoscale { function, spec, replace: false })
                    .expect("it has none");
            }
        }
        if second == 35 {
            let start = Instant::now();
            cluster.handle_timeout(now);
            let took = start.elapsed();
            let mut looked = 0;
            while let Some(action) = cluster.poll_action() {
                looked += u32::from(matches!(action, Action::Decided { .. }));
            }
            assert_eq!(looked, functions);
            return took;
        }
        if cluster.poll_timeout().is_some_and(|due| due <= now) {
            cluster.handle_timeout(now);
        }
    }
    unreachable!("every autoscaler looks after its period")
}

fn obey(cluster: &mut Cluster, now: Time, cpu: Option<u64>) {
    let mut running: Vec<PodUid> = cluster.snapshot(now).pods.keys().copied().collect();
    while let Some(action) = cluster.poll_action() {
        match action {
            Action::StartPod { uid, .. } => {
                running.push(uid);
                cluster.handle(now, Event::PodStarted { uid, address: "127.0.0.1:1".into() });
                cluster.handle(now, Event::PodReady { uid });
            }
            Action::Scrape { id } => {
                let used = |cpu: u64| now.since(NOW).as_secs() * cpu * 1_000_000;
                let sample = |uid: &PodUid| {
                    Some(PodSample { uid: *uid, at: now, cpu_total: used(cpu?), memory: Bytes(1 << 20) })
                };
                let pods = running.iter().filter_map(sample).collect();
                cluster.handle(now, Event::Scraped { id, pods, functions: Vec::new() });
            }
            _ => {}
        }
    }
}

fn node() -> Node {
    Node { id: NodeId(0), name: "node-1".into(), cores: 4 }
}
