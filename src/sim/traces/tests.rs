use super::*;
use crate::cluster::time::Time;
use crate::sim::arrivals;
use std::fs::File;
use std::time::Duration;

/// All moments of a function's calls.
fn moments(f: &TraceFunction, within: WithinMinute, seed: u64) -> Vec<Duration> {
    let all = arrivals::moments(f.source(within), seed);
    all.into_iter().map(|at| at.since(Time::ZERO)).collect()
}

fn sample(name: &str) -> File {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/azure-trace-sample/");
    File::open(format!("{folder}{name}")).unwrap()
}

#[test]
fn the_sample_of_2019_is_read_whole() {
    let mut trace = calls(sample("invocations.csv")).unwrap();
    durations(&mut trace, sample("durations.csv")).unwrap();
    memory(&mut trace, sample("memory.csv")).unwrap();
    assert_eq!(trace.said(), "");
    assert_eq!(trace.duration, 1440.0 * 60.0);
    assert!(!trace.functions.is_empty());
    for f in &trace.functions {
        assert!(crate::cluster::function::is_dns_label(&f.name), "{}", f.name);
        assert!(f.model.service.mean() > 0.0, "{f:?}");
        assert!(f.model.memory.0 > 60 << 20, "{:?}", f.model.memory);
        for within in [WithinMinute::Uniform, WithinMinute::Even] {
            assert_eq!(moments(f, within, 1).len() as u64, f.calls);
        }
        let poisson = moments(f, WithinMinute::Poisson, 1).len() as f64;
        assert!((poisson / f.calls as f64 - 1.0).abs() < 0.2, "{poisson} for {}", f.calls);
    }
}

#[test]
fn the_sample_of_2021_is_put_in_order() {
    let trace = calls(sample("2021/invocations_200.csv")).unwrap();
    let calls: u64 = trace.functions.iter().map(|f| f.calls).sum();
    assert_eq!(calls + trace.dropped.values().sum::<u64>(), 199);
    for f in &trace.functions {
        let at = moments(f, WithinMinute::Uniform, 1);
        assert!(at.is_sorted());
        let mut source = crate::sim::arrivals::Running::new(f.source(WithinMinute::Uniform), 1);
        assert!(source.next().unwrap().1.is_some(), "each call knows what it took");
    }
}

#[test]
fn odd_rows_are_dropped_and_counted() {
    let text = "\u{feff}HashOwner,HashApp,HashFunction,Trigger,1,2,3\no,a,f,http,1,0,2.0\no,a,,http,1,1,1\no,a,g,http,x,1,1\no,a,h,http,0,0,0";
    let trace = calls(text.as_bytes()).unwrap();
    assert_eq!((trace.functions.len(), trace.functions[0].calls, trace.duration), (1, 3, 180.0));
    assert_eq!(trace.said(), "1 dropped: a count that is no number, 1 dropped: no function");
    let trace =
        calls("app,func,end_timestamp,duration\na,f,9,2\na,f,3,1\na,f,x,1\nb,f,1,5".as_bytes()).unwrap();
    assert_eq!(trace.functions.iter().map(|f| f.calls).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(trace.said(), "1 dropped: a time that is no number");
    assert!(calls("a,b\n1,2".as_bytes()).unwrap_err().contains("neither"));
}
