//! `faasim list`: the functions, in faas-cli's columns.

use super::client::openfaas::{Function, namespace};
use super::failure::Outcome;
use super::given::Format;
use super::{Global, resource, with_client};
use bytes::Bytes;
use http::Method;
use serde_json::Value;
use std::io::{Write, stdout};

/// List the functions
#[derive(clap::Args)]
#[command(
    visible_alias = "ls",
    after_help = "Examples:\n  faasim list\n  faasim list -v --sort invocations\n  faasim list -q | xargs -n1 faasim describe\n  faasim list -o json"
)]
pub struct Args {
    /// Show images and when each was deployed
    #[arg(long, short)]
    verbose: bool,
    /// Print names only
    #[arg(long, short, conflicts_with_all = ["verbose", "output"])]
    quiet: bool,
    /// How to print them
    #[arg(long, short, value_name = "FORMAT", default_value = "plain")]
    output: Format,
    /// In which order
    #[arg(long, value_name = "ORDER", default_value = "name")]
    sort: Sort,
    /// As faas-cli has it: -o json
    #[arg(long, hide = true, conflicts_with = "quiet")]
    json: bool,
}

/// In which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Sort {
    /// By name
    Name,
    /// The most invoked first
    Invocations,
    /// The newest first
    Creation,
}

/// Prints them.
///
/// # Errors
/// The cluster does not answer.
pub fn run(args: Args, global: &Global) -> Outcome {
    let namespace = namespace(global)?.to_owned();
    with_client(global, async |client| {
        if args.json || args.output == Format::Json {
            let all: Vec<Value> = client.functions(&namespace).await?;
            let text = serde_json::to_string_pretty(&all).unwrap_or_default();
            return Ok(writeln!(stdout(), "{text}")?);
        }
        let mut functions: Vec<Function> = client.functions(&namespace).await?;
        sort(&mut functions, args.sort);
        if functions.is_empty() && global.namespace.is_some() {
            let there: Vec<String> = client.json(Method::GET, "/system/namespaces", Bytes::new()).await?;
            resource::note_namespace(global, there.iter().map(String::as_str));
        }
        print(&functions, &args, &mut stdout().lock())
    })
}

fn sort(functions: &mut [Function], order: Sort) {
    functions.sort_by(|a, b| {
        let first = match order {
            Sort::Name => std::cmp::Ordering::Equal,
            Sort::Invocations => b.invocation_count.total_cmp(&a.invocation_count),
            Sort::Creation => b.created_at.cmp(&a.created_at),
        };
        first.then_with(|| a.name.cmp(&b.name))
    });
}

fn print(functions: &[Function], args: &Args, out: &mut impl Write) -> Outcome {
    if args.quiet {
        for f in functions {
            writeln!(out, "{}", f.name)?;
        }
        return Ok(());
    }
    if !args.verbose {
        writeln!(out, "{:<30}\t{:<15}\t{:<5}", "Function", "Invocations", "Replicas")?;
        for f in functions {
            writeln!(out, "{:<30}\t{:<15}\t{:<5}", f.name, f.invocation_count, f.replicas)?;
        }
        return Ok(());
    }
    let wide = functions.iter().map(|f| f.image.chars().count()).max().unwrap_or(0).max(40);
    writeln!(
        out,
        "{:<30}\t{:<wide$}\t{:<15}\t{:<5}\t{:<5}",
        "Function", "Image", "Invocations", "Replicas", "CreatedAt"
    )?;
    for f in functions {
        writeln!(
            out,
            "{:<30}\t{:<wide$}\t{:<15}\t{:<5}\t\t{:<5}",
            f.name,
            f.image,
            f.invocation_count,
            f.replicas,
            created(&f.created_at)
        )?;
    }
    Ok(())
}

/// A time as Go prints it, and so faas-cli: `2026-11-24 04:00:00 +0000 UTC`.
fn created(text: &str) -> String {
    match text.parse::<jiff::Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string(),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_sorted_as_asked() {
        let function = |name: &str, count: f64, created: &str| Function {
            name: name.into(),
            image: String::new(),
            replicas: 1,
            available_replicas: 1,
            invocation_count: count,
            created_at: created.into(),
        };
        let mut all = [
            function("b", 2.0, "2026-01-01"),
            function("a", 2.0, "2026-01-03"),
            function("c", 9.0, "2026-01-02"),
        ];
        for (order, names) in [(Sort::Name, "abc"), (Sort::Invocations, "cab"), (Sort::Creation, "acb")] {
            sort(&mut all, order);
            assert_eq!(all.iter().map(|f| f.name.as_str()).collect::<String>(), names, "{order:?}");
        }
        assert_eq!(created("2026-11-24T04:00:01.5Z"), "2026-11-24 04:00:01 +0000 UTC");
    }
}
