//! An HPA in virtual time: ten minutes of a cluster in a few milliseconds. `cargo run --example virtual_time`

use faasim::cluster::command::Command;
use faasim::cluster::function::{FunctionSpec, Resources};
use faasim::cluster::quantity::MilliCpu;
use faasim::cluster::scaling::hpa::HpaSpec;
use faasim::cluster::time::Time;
use faasim::sim::{Arrivals, Law, Model, Seconds, Setup, Simulation, Source, ThreadGroup};

fn main() {
    let mut spec = FunctionSpec::new("mltest", "mltest");
    spec.requests = Resources { cpu: Some(MilliCpu(10)), memory: None };
    let (name, hpa) = (spec.full_name(), HpaSpec::cpu(20, Some(2), 6));
    let users = ThreadGroup { users: 8, ramp_up: Seconds(5.0), think: Law::constant(0.5), loops: None };
    let load = Source {
        from: Time::from_secs(60),
        until: Time::from_secs(180),
        ..Source::new("mltest", Arrivals::Closed(users))
    };

    let setup = Setup::new(42)
        .function(spec, Model::serving(Law::lognormal(0.4, 0.1)).cold(1.5))
        .at(Time::ZERO, Command::Autoscale { function: name, spec: hpa, replace: false })
        .load(load);
    let mut run = Simulation::new(setup, ());
    for minute in 1..=10 {
        run.until(Time::from_secs(60 * minute));
        let snapshot = run.snapshot();
        let f = snapshot.functions.values().next().expect("it was deployed");
        println!("minute {minute:2}: {} replicas, {} ready", f.replicas, f.ready);
    }
    println!("{}", serde_json::to_string_pretty(&run.report().functions[0].response).expect("numbers"));
}
