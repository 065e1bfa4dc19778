//! No request allocates, once a run of virtual time has reached its size. In a program of its own: what counts
//! allocations counts those of all tests beside it.

use faasim::cluster::command::Command;
use faasim::cluster::function::{FunctionName, FunctionSpec};
use faasim::cluster::node::{Node, NodeId};
use faasim::cluster::time::Time;
use faasim::sim::{Arrivals, CpuModel, Law, Model, Seconds, Setup, Simulation, Source, ThreadGroup};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A pod at its limit with requests that wait, users who come back, and time-outs that are armed: 40,000 requests.
#[test]
fn a_request_allocates_nothing() {
    for cpu in [CpuModel::Shared, CpuModel::Unlimited] {
        let mut setup = Setup::new(1);
        setup.cpu = cpu;
        setup.nodes = vec![Node { id: NodeId(0), name: "node-1".into(), cores: 8 }];
        // What autoscalers read is not a request's.
        setup.settings.metrics_interval = Duration::from_secs(1_000_000);
        setup.settings.openfaas_interval = Duration::from_secs(1_000_000);
        let mut model = Model::serving(Law::exponential(0.02));
        (model.workers, model.max_inflight, model.cpu) = (Some(2), Some(3), 0.5);
        let group =
            ThreadGroup { users: 6, ramp_up: Seconds(1.0), think: Law::exponential(0.1), loops: None };
        let mut setup = setup
            .function(FunctionSpec::new("f", "f"), model)
            .at(Time::ZERO, Command::Scale { function: FunctionName::parse("f"), replicas: 3 })
            .load(Source::new("f", Arrivals::poisson(120.0)))
            .load(Source { name: "users".into(), ..Source::new("f", Arrivals::Closed(group)) });
        setup.sample_every = None;
        let mut run = Simulation::new(setup, ());
        run.until(Time::from_secs(400));
        let (before, region) = (run.offered(), Region::new(ALLOCATOR));
        run.until(Time::from_secs(600));
        let (requests, seen) = (run.offered() - before, region.change());
        assert!(requests > 30_000, "{requests}");
        // A new longest queue, or a slower request than any before, still may take memory; nothing else does.
        let all = seen.allocations + seen.reallocations;
        assert!(all < 30, "{cpu:?}: {all} allocations in {requests} requests");
    }
}
