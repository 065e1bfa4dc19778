//! What a stack leads to when a cluster starts with it, and again when it changes.

use crate::cli::build::{self, Refreshed};
use crate::cli::deploy::MOMENT;
use crate::cli::stack::{Stack, StackFunction};
use crate::cli::watch::{Change, Watch};
use crate::cluster::command::Command;
use crate::cluster::function::{FunctionName, FunctionSpec};
use crate::dashboard::kubectl::trouble;
use crate::live::host::Host;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

/// Deploys what a stack holds, its images first where they are made here. Gives what cannot run as it is: that was said.
pub(super) async fn deploy(
    host: &Host,
    mut stack: Stack,
    say: impl Fn(String),
    complain: impl Fn(String),
) -> BTreeSet<FunctionName> {
    let with_images = host.handle.view().platform.provider == "docker";
    let (mut built, others): (Vec<_>, Vec<_>) =
        stack.functions.drain(..).partition(|function| with_images && build::is_built_here(function));
    // What can run at once does not wait for what is built first.
    let mut cannot_run = deploy_now(host, others, BTreeMap::new(), &say, &complain).await;
    if built.is_empty() {
        return cannot_run;
    }
    let mut lacks = BTreeMap::new();
    match build::refreshed(&built, &say).await {
        Ok(Refreshed { failed, lacking }) => {
            lacks = lacking;
            built.retain(|function| !failed.contains_key(&function.spec.name));
            for (name, why) in failed {
                complain(format!("not deployed: {name}: its image was not built: {why}"));
            }
        }
        Err(why) => complain(format!("images are not built: {why}")),
    }
    cannot_run.append(&mut deploy_now(host, built, lacks, &say, &complain).await);
    cannot_run
}

async fn deploy_now(
    host: &Host,
    functions: Vec<StackFunction>,
    lacks: BTreeMap<String, String>,
    say: &impl Fn(String),
    complain: &impl Fn(String),
) -> BTreeSet<FunctionName> {
    let specs: Vec<FunctionSpec> = functions.into_iter().map(|f| f.spec).collect();
    let names: Vec<FunctionName> = specs.iter().map(FunctionSpec::full_name).collect();
    let answers = host.deploy(specs).await;
    let of = names.iter().zip(&answers);
    let waited_for = of.filter(|(name, (_, answer))| answer.is_ok() && !lacks.contains_key(&name.name));
    let mut troubles = troubles(host, &waited_for.map(|(name, _)| name).collect::<Vec<_>>()).await;
    let mut cannot_run = BTreeSet::new();
    for ((name, answer), full) in answers.into_iter().zip(names) {
        let trouble = lacks.get(&name).cloned().or_else(|| troubles.remove(&full));
        match (answer, trouble) {
            (Ok(notes), None) => {
                say(format!("deployed {name}: {}/function/{name}", host.gateway));
                notes.into_iter().for_each(|note| say(format!("  {note}")));
            }
            (Ok(_), Some(why)) => {
                complain(format!("cannot run: {name}: {why}"));
                cannot_run.insert(full);
            }
            (Err(error), _) => complain(format!("not deployed: {name}: {error}")),
        }
    }
    cannot_run
}

/// Looks a moment at functions that were just deployed, and gives those whose pods are in trouble, with the reason.
async fn troubles(host: &Host, names: &[&FunctionName]) -> BTreeMap<FunctionName, String> {
    let mut snapshots = host.snapshots.clone();
    let settled = snapshots.wait_for(|now| {
        names.iter().all(|name| now.function(name).is_some_and(|f| trouble::is_settled(now, f)))
    });
    // Those that take longer may still come up: what becomes of them is told later.
    let _ = tokio::time::timeout(MOMENT, settled).await;
    let now = host.snapshots.borrow();
    let of = |name: &&FunctionName| Some(((*name).clone(), trouble::of_function(&now, now.function(name)?)?));
    names.iter().filter_map(of).collect()
}

/// Deploys what changes and removes what the stack file no longer has, for ever.
pub(super) async fn watched(
    host: &Host,
    watch: Option<Watch>,
    say: impl Fn(String),
    complain: impl Fn(String),
) -> Infallible {
    let Some(mut watch) = watch else { return std::future::pending().await };
    loop {
        match watch.changed().await {
            Ok(Change { stack, removed }) => {
                for spec in removed {
                    let (name, command) = (spec.name.clone(), Command::Remove(spec.full_name()));
                    match host.handle.apply(command).await {
                        Ok(_) => say(format!("removed: {name} is no longer in the stack file")),
                        Err(error) => complain(format!("not removed: {name}: {error}")),
                    }
                }
                for function in &stack.functions {
                    say(format!("changed: {}", function.spec.name));
                }
                deploy(host, stack, &say, &complain).await;
            }
            Err(mistakes) => complain(mistakes),
        }
    }
}
