//! Images of handlers that a scenario's stack files name, made before a live run on containers.

use super::jobs::Job;
use crate::cli::failure::Failure;
use crate::cli::{build, stack};
use crate::lab::scenario::Provider;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Builds what changed of the handlers that a run's functions have.
///
/// # Errors
/// A stack file or a build is broken.
pub(super) fn build(job: &Job) -> Result<(), Failure> {
    let s = &job.variant.scenario;
    if s.platform.provider != Provider::Docker {
        return Ok(());
    }
    let beside = job.path.parent().unwrap_or(std::path::Path::new(""));
    let mut stacks: BTreeMap<PathBuf, BTreeSet<&str>> = BTreeMap::new();
    for f in &s.function {
        if let Some(stack) = &f.stack {
            stacks.entry(beside.join(stack)).or_default().insert(&f.name);
        }
    }
    if stacks.is_empty() {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::failed(format_args!("cannot start: {e}")))?;
    for (path, names) in stacks {
        let stack = stack::read(&path).map_err(Failure::failed)?;
        let built =
            |f: &stack::StackFunction| names.contains(f.spec.name.as_str()) && build::is_built_here(f);
        let functions: Vec<stack::StackFunction> = stack.functions.into_iter().filter(built).collect();
        let failed = runtime.block_on(build::refresh(&functions, |line| eprintln!("{line}")));
        let failed = failed.map_err(|why| Failure::failed(format_args!("images are not built: {why}")))?;
        if let Some((name, why)) = failed.into_iter().next() {
            return Err(Failure::failed(format_args!("{name}: its image was not built: {why}")));
        }
    }
    Ok(())
}
