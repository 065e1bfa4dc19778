//! What a model says of a load: the same load in virtual time.

use crate::cluster::function::FunctionSpec;
use crate::cluster::node::{Node, NodeId};
use crate::cluster::time::Time;
use crate::sim::{Arrivals, Law, Model, Seconds, Setup, Simulation, Source, ThreadGroup};

/// Response times under a load, in seconds.
pub struct Seen {
    /// Their mean.
    pub mean: f64,
    /// 95 % do not exceed it.
    pub p95: f64,
}

impl Seen {
    /// Of times that were measured.
    pub fn of(times: &[f64]) -> Self {
        let mut sorted = times.to_vec();
        sorted.sort_by(f64::total_cmp);
        let rank = (sorted.len() * 95).div_ceil(100).saturating_sub(1);
        let mean = sorted.iter().sum::<f64>() / sorted.len().max(1) as f64;
        Seen { mean, p95: sorted.get(rank).copied().unwrap_or(0.0) }
    }
}

/// One pod of the function under as many users who never think, on one node.
pub fn predicted(model: &Model, spec: &FunctionSpec, cores: u32, users: u32, requests: u64) -> Seen {
    let mut spec = spec.clone();
    // Nothing scales it: the one pod is what was measured.
    spec.labels.clear();
    let name = spec.full_name().to_string();
    // More rounds than were measured, so that chance is the measurement's only.
    let loops = Some((requests / u64::from(users.max(1))).max(1) * 10);
    let group = ThreadGroup { users, ramp_up: Seconds(0.0), think: Law::default(), loops };
    let start = Time::from_secs(600);
    let mut setup = Setup::new(1)
        .function(spec, model.clone())
        .load(Source { from: start, ..Source::new(&name, Arrivals::Closed(group)) });
    setup.nodes = vec![Node { id: NodeId(0), name: "node-1".into(), cores }];
    let mut run = Simulation::new(setup, ());
    run.until(start);
    run.restart_measuring();
    // The users leave when they are done; an hour is more than they could need.
    run.until(Time::from_secs(4200));
    let report = run.report();
    let response = report.functions.first().map(|f| f.response.clone()).unwrap_or_default();
    Seen { mean: response.mean, p95: response.p95 }
}
