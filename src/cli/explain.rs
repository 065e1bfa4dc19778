//! `faasim explain`: why a function has the size it has.

use super::failure::Outcome;
use super::output::{self, Format};
use super::resource::{self, Kind};
use super::{Global, with_client};
use crate::cluster::scaling::decision::Decision;
use crate::cluster::snapshot::FunctionState;
use crate::cluster::time::Time;
use futures_util::StreamExt;
use std::fmt::Write;
use std::pin::pin;

/// Show the latest scaling decisions, each with its working
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim explain mltest\n  faasim explain mltest -w\n  faasim explain mltest --last 10 -o json"
)]
pub struct Args {
    /// The function
    name: String,
    /// How many decisions
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = super::given::whole(1_usize))]
    last: usize,
    /// Only those that changed the size
    #[arg(long)]
    changes: bool,
    /// Go on and explain each decision as it is taken
    #[arg(long, short)]
    watch: bool,
    /// How they are printed
    #[arg(long, short, value_name = "FORMAT", value_parser = output::only(&[Format::Json, Format::Yaml]))]
    output: Option<Format>,
}

/// Explains.
///
/// # Errors
/// There is no such function.
pub fn run(args: Args, global: &Global) -> Outcome {
    with_client(global, async |client| {
        let mut views = pin!(client.watch().await?);
        let mut shown: Option<Time> = None;
        while let Some(view) = views.next().await {
            let view = view?;
            let now = view.snapshot.at;
            let function = resource::function(&view.snapshot, Kind::Function, &args.name, global)?;
            let first = shown.is_none();
            let wanted: Vec<&Decision> = function
                .decisions
                .iter()
                .map(|d| &**d)
                .filter(|d| (!args.changes || d.changed()) && shown.is_none_or(|last| d.at > last))
                .collect();
            let skip = if first { wanted.len().saturating_sub(args.last) } else { 0 };
            let wanted = &wanted[skip..];
            print(function, wanted, now, &args, first)?;
            shown = Some(function.decisions.back().map_or(Time::ZERO, |d| d.at));
            if !args.watch {
                break;
            }
        }
        Ok(())
    })
}

fn print(function: &FunctionState, wanted: &[&Decision], now: Time, args: &Args, first: bool) -> Outcome {
    let objects = || {
        let object = |d: &&Decision| {
            let mut value = serde_json::to_value(d).unwrap_or_default();
            value["words"] = d.lines().into();
            value
        };
        wanted.iter().map(object).collect::<Vec<_>>()
    };
    match args.output {
        Some(Format::Json) if args.watch => {
            return output::print(&objects().iter().map(|o| format!("{o}\n")).collect::<String>());
        }
        Some(Format::Json) => return output::json(&objects()),
        Some(Format::Yaml) => return output::yaml(&objects()),
        _ => {}
    }
    let mut text = String::new();
    // Writing into a String cannot fail.
    if first {
        let _ = writeln!(
            text,
            "{} has {} replica{}, {} ready: {}.",
            function.spec.name,
            function.replicas,
            if function.replicas == 1 { "" } else { "s" },
            function.ready,
            function.in_charge()
        );
        if wanted.is_empty() {
            let _ = writeln!(text, "No decision has been taken yet.");
        }
    }
    for decision in wanted {
        let ago = crate::dashboard::kubectl::age(now.since(decision.at));
        let _ = writeln!(text, "\n{} ({ago} ago), {}:", clock(decision.at), decision.scaler);
        let newest = function.decisions.back().is_some_and(|last| last.at == decision.at);
        let lines = if newest { decision.lines_at(now) } else { decision.lines() };
        for line in lines {
            let _ = writeln!(text, "  {line}");
        }
    }
    output::print(&text)
}

/// `15:04:05`, by this machine's clock.
fn clock(at: Time) -> String {
    match jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())) {
        Ok(t) => t.to_zoned_datetime(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string(),
        Err(_) => String::new(),
    }
}
