//! `faasim version`: of this program, of the gateway, of its provider.

use super::failure::Outcome;
use super::{Global, with_client};
use serde_json::Value;
use std::io::{Write, stdout};

/// Print the versions of this program and of the cluster
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  faasim version\n  faasim version --short-version")]
pub struct Args {
    /// Print this program's version only, and ask no gateway
    #[arg(long, visible_alias = "short")]
    short_version: bool,
}

/// Prints them.
///
/// # Errors
/// The gateway that was named does not answer. Where none was named, none need run.
pub fn run(args: Args, global: &Global) -> Outcome {
    let own = env!("CARGO_PKG_VERSION");
    if args.short_version {
        return Ok(writeln!(stdout(), "{own}")?);
    }
    let named = global.gateway.is_some();
    with_client(global, async |client| {
        let info = client.info().await;
        let mut out = stdout().lock();
        writeln!(out, "CLI:\n version:       {own}\n")?;
        let info = match info {
            Ok(info) => info,
            Err(failure) if named => return Err(failure),
            Err(failure) => return Ok(writeln!(out, "Gateway:\n {failure}")?),
        };
        let text = |path: &str| info.pointer(path).and_then(Value::as_str).unwrap_or("unknown").to_owned();
        writeln!(
            out,
            "Gateway:\n uri:           {}\n version:       {}",
            client.gateway(),
            text("/version/release")
        )?;
        writeln!(
            out,
            "\nProvider:\n name:          {}\n orchestration: {}\n version:       {}",
            text("/provider/provider"),
            text("/provider/orchestration"),
            text("/provider/version/release")
        )?;
        Ok(())
    })
}
