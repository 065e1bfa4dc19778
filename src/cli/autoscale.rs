//! `faasim autoscale`: a Horizontal Pod Autoscaler from flags.

use super::failure::{Failure, Outcome};
use super::resource::{self, Kind};
use super::{Global, given, with_client};
use crate::cluster::command::Command;
use crate::cluster::scaling::hpa::HpaSpec;

/// Give a function a Horizontal Pod Autoscaler on CPU
///
/// The percentage is of the CPU that each pod requests (`requests: { cpu: 10m }` in the stack file). For memory,
/// requests per second, or a `behavior`, write a manifest and use `faasim apply -f hpa.yaml`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  faasim autoscale mltest --cpu-percent 20 --min 2 --max 6")]
pub struct Args {
    /// The function
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// The share of the requested CPU to aim at
    #[arg(long, alias = "cpu", value_name = "PERCENT", default_value_t = 80, value_parser = given::whole(1_u32))]
    cpu_percent: u32,
    /// The fewest replicas
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = given::whole(1_u32))]
    min: u32,
    /// The most replicas
    #[arg(long, value_name = "N", value_parser = given::whole(1_u32))]
    max: u32,
    /// Change the autoscaler that is there
    #[arg(long)]
    replace: bool,
}

/// Makes it.
///
/// # Errors
/// There is no such function, it requests no CPU, or it has an autoscaler.
pub fn run(args: Args, global: &Global) -> Outcome {
    let names = super::scale::names(args.names);
    if args.min > args.max {
        return Err(Failure::used("--max must be larger or equal to --min"));
    }
    with_client(global, async |client| {
        let view = client.view().await?;
        for name in names {
            let function = resource::function(&view.snapshot, Kind::Deployment, &name, global)?.name();
            let spec = HpaSpec::cpu(args.cpu_percent, Some(args.min), args.max);
            let command = Command::Autoscale { function: function.clone(), spec, replace: args.replace };
            let reply = client.command(&command).await?;
            println!("horizontalpodautoscaler.autoscaling/{} autoscaled", function.name);
            reply.notes.iter().for_each(|note| eprintln!("note: {note}"));
        }
        Ok(())
    })
}
