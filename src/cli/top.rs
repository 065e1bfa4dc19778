//! `faasim top`: what pods use now.

use super::failure::{Failure, Outcome};
use super::output::{self, Format};
use super::resource::{self, Kind};
use super::{Global, with_client};
use crate::dashboard::kubectl::table;
use serde_json::json;

/// Show the CPU and memory that pods use now
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  faasim top pods\n  faasim top pods --sort-by cpu\n  faasim top nodes")]
pub struct Args {
    /// pods or nodes, and a pod's name
    #[arg(required = true, value_name = "KIND [NAME]")]
    what: Vec<String>,
    /// cpu or memory
    #[arg(long, value_name = "COLUMN", value_parser = ["cpu", "memory"])]
    sort_by: Option<String>,
    /// How it is printed
    #[arg(long, short, value_name = "FORMAT", value_parser = output::only(&[Format::Json, Format::Yaml]))]
    output: Option<Format>,
}

/// Shows it.
///
/// # Errors
/// A pod that is named is not there.
pub fn run(args: Args, global: &Global) -> Outcome {
    let wanted = resource::parse(&args.what)?;
    with_client(global, async |client| {
        let view = client.view().await?;
        let mut rows = Vec::new();
        for (kind, name) in wanted {
            let pods: Vec<_> = match (kind, &name) {
                (Kind::Pod, Some(name)) => vec![resource::pod(&view.snapshot, name)?],
                (Kind::Pod | Kind::Node, _) => view.snapshot.pods.values().collect(),
                _ => return Err(Failure::used("top knows pods and nodes")),
            };
            let used = pods.iter().filter_map(|p| Some((*p, *view.usage.get(&p.uid)?)));
            if kind == Kind::Node {
                let (cpu, memory) = used.fold((0, 0), |(c, m), (_, u)| (c + u.cpu.0, m + u.memory.0));
                let node = view.snapshot.nodes.first();
                rows.push((node.map_or_else(|| "localhost".into(), |n| n.name.clone()), cpu, memory));
                continue;
            }
            let ours = used.filter(|(p, _)| name.is_some() || p.spec.namespace == global.namespace());
            rows.extend(ours.map(|(p, u)| (p.name.clone(), u.cpu.0, u.memory.0)));
        }
        match args.sort_by.as_deref() {
            Some("cpu") => rows.sort_by_key(|row| std::cmp::Reverse(row.1)),
            Some(_) => rows.sort_by_key(|row| std::cmp::Reverse(row.2)),
            None => rows.sort(),
        }
        if let Some(format) = args.output {
            let rows = rows.iter().map(
                |(name, cpu, memory)| json!({"name": name, "cpu": format!("{cpu}m"), "memoryBytes": memory}),
            );
            let rows: Vec<_> = rows.collect();
            return if format == Format::Yaml { output::yaml(&rows) } else { output::json(&rows) };
        }
        if rows.is_empty() {
            eprintln!("No resources found in {} namespace.", global.namespace());
            return Ok(());
        }
        let rows: Vec<_> = rows
            .into_iter()
            .map(|(name, cpu, memory)| {
                vec![name, format!("{cpu}m"), crate::cluster::quantity::Bytes(memory).in_mebi()]
            })
            .collect();
        output::print(&table::text(&["NAME", "CPU(cores)", "MEMORY(bytes)"], &rows))
    })
}
