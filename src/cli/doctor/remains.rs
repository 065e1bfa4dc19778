//! Pods that nobody keeps any more.

use super::{Finding, note, ok, wrong};
use crate::live::folder;
use crate::live::provider::docker;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// Processes of pods whose faasim is gone. They end by themselves when their lease is over, or are taken over by the next
/// `up`; what stays longer has lost its watchdog.
pub(super) fn processes() -> Vec<Finding> {
    let mut lost: BTreeMap<PathBuf, Vec<i32>> = BTreeMap::new();
    for process in procfs::process::all_processes().into_iter().flatten().flatten() {
        let Ok(environment) = process.environ() else { continue };
        let (Some(_), Some(tmp)) =
            (environment.get(OsStr::new(crate::watchdog::hold::POD)), environment.get(OsStr::new("TMPDIR")))
        else {
            continue;
        };
        let Some(state) = state_of(Path::new(tmp)) else { continue };
        if folder::holder(&state).is_none() {
            lost.entry(state).or_default().push(process.pid);
        }
    }
    let all = lost.into_iter().map(|(state, pids)| {
        let found = match pids.len() {
            1 => format!("process {} of a cluster in {} that does not run", pids[0], state.display()),
            n => format!("{n} processes of a cluster in {} that does not run", state.display()),
        };
        let advice = format!(
            "`faasim up --state {0}` takes them over, `faasim down --state {0}` removes them; alone they end within a minute",
            state.display()
        );
        note("left processes", found, advice)
    });
    let all: Vec<Finding> = all.collect();
    if all.is_empty() { vec![ok("left processes", "none")] } else { all }
}

/// The state folder that a pod's temporary folder is in: `STATE/pods/POD/tmp`.
fn state_of(tmp: &Path) -> Option<PathBuf> {
    let pods = tmp.ancestors().find(|p| p.file_name() == Some(OsStr::new("pods")))?;
    pods.parent().map(Path::to_path_buf)
}

/// Containers of clusters that do not run, as far as that can be known: those of this state folder, and those that have ended.
pub(super) async fn containers(state: &Path, held: bool) -> Vec<Finding> {
    let what = "left containers";
    let Ok(all) = docker::containers().await else { return Vec::new() };
    let own = fs::read_to_string(state.join("cluster-id")).unwrap_or_default();
    let own = own.trim();
    let mut found = Vec::new();
    let here = all.iter().filter(|c| c.cluster == own).count();
    if here > 0 && !held {
        let found_here = format!("{here} of the cluster in {}, which does not run", state.display());
        found.push(note(what, found_here, "`faasim up` takes them over, `faasim down` removes them"));
    }
    let ended: Vec<&str> = all.iter().filter(|c| !c.running && c.cluster != own).map(|c| &*c.name).collect();
    if !ended.is_empty() {
        let advice = format!("`docker rm {}` removes them", ended.join(" "));
        found.push(wrong(what, format!("{} that have ended, of other clusters", ended.len()), advice));
    }
    if found.is_empty() {
        found.push(ok(
            what,
            match all.len() - here {
                0 => "none".to_owned(),
                n => format!("none; {n} run for other clusters of this machine"),
            },
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_s_temporary_folder_names_its_cluster() {
        assert_eq!(state_of(Path::new("/s/pods/echo-1/tmp")), Some(PathBuf::from("/s")));
        assert_eq!(state_of(Path::new("/tmp")), None);
    }
}
