//! Kills whatever is left of a pod.
//!
//! A watchdog kills its own tree when it ends, but it can itself be killed, and a function's children may have
//! left its session and its process group. What they cannot easily leave is found in `/proc`: the session, the
//! parents, and the environment they were started with.

use procfs::process::{Process, Stat, all_processes};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Longest fight with something that forks faster than it is killed, or with a process stuck in the kernel.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// By what a pod's processes are known.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    /// `FAASIM_POD` in their environment …
    pub(super) pod: String,
    /// … together with this `TMPDIR`, which two clusters never share.
    pub(super) tmp: PathBuf,
    /// The watchdog, when it lives or has just ended: its descendants and its session are the pod's. For one
    /// that ended long ago the number may be somebody else's by now.
    pub(super) watchdog: Option<i32>,
}

/// Kills the pod's processes until none is left.
pub(super) async fn sweep(marks: Marks) {
    let pod = marks.pod.clone();
    let swept = tokio::task::spawn_blocking(move || kill_all(&marks)).await;
    if !matches!(swept, Ok(true)) {
        tracing::warn!("processes of pod {pod} are left: look for FAASIM_POD={pod} in /proc/*/environ");
    }
}

fn kill_all(marks: &Marks) -> bool {
    let start = Instant::now();
    // Descendants stay the pod's when their parent has died under our hands and they are init's children now.
    let mut seen = BTreeSet::new();
    loop {
        let alive = find(marks, &mut seen);
        if alive.is_empty() {
            return true;
        }
        if start.elapsed() > PATIENCE {
            return false;
        }
        alive.into_iter().for_each(|id| kill(id, marks));
        std::thread::sleep(PAUSE);
    }
}

/// A process' number and start time: together they name it.
type Id = (i32, u64);

fn find(marks: &Marks, seen: &mut BTreeSet<Id>) -> Vec<Id> {
    let own = std::process::id().cast_signed();
    let processes = all_processes().into_iter().flatten().flatten();
    let stats: Vec<(Process, Stat)> =
        processes.filter_map(|p| p.stat().ok().map(|stat| (p, stat))).filter(|(p, _)| p.pid != own).collect();
    let mut pids: BTreeSet<i32> = marks.watchdog.into_iter().collect();
    for (process, stat) in &stats {
        let id = (stat.pid, stat.starttime);
        let in_session = marks.watchdog.is_some_and(|watchdog| stat.session == watchdog);
        if in_session || seen.contains(&id) || is_marked(process, marks) {
            pids.insert(stat.pid);
        }
    }
    loop {
        let before = pids.len();
        let below = stats.iter().filter(|(_, stat)| pids.contains(&stat.ppid)).map(|(_, stat)| stat.pid);
        let below: Vec<i32> = below.collect();
        pids.extend(below);
        if pids.len() == before {
            break;
        }
    }
    let found = stats.iter().map(|(_, stat)| stat).filter(|stat| pids.contains(&stat.pid));
    // The dead wait for their parent only, which is not our concern.
    let found: Vec<Id> = found
        .filter(|stat| !matches!(stat.state, 'Z' | 'X'))
        .map(|stat| (stat.pid, stat.starttime))
        .collect();
    seen.extend(&found);
    found
}

fn is_marked(process: &Process, marks: &Marks) -> bool {
    let Ok(environment) = process.environ() else { return false };
    let is = |name: &str, value: &OsStr| environment.get(OsStr::new(name)).is_some_and(|v| v == value);
    is(crate::watchdog::hold::POD, OsStr::new(&marks.pod)) && is("TMPDIR", marks.tmp.as_os_str())
}

fn kill((number, start): Id, marks: &Marks) {
    let Some(pid) = Pid::from_raw(number) else { return };
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return };
    // The number may have gone to another process since we looked: the handle holds on to one, and this asks which.
    let still = Process::new(number).and_then(|p| p.stat()).is_ok_and(|stat| stat.starttime == start);
    if still && let Err(error) = pidfd_send_signal(&handle, Signal::KILL) {
        tracing::debug!("process {number} of pod {}: {error}", marks.pod);
    }
}
