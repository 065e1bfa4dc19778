//! What the machine gives: cores, memory, disk, files, limits of this session.

use super::{Finding, note, ok, wrong};
use crate::live::folder;
use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::process::{Resource, getrlimit};
use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// All but the state folder.
pub(super) fn all() -> Vec<Finding> {
    let mut all = vec![cores(), memory()];
    all.extend(cgroup());
    all.push(files());
    all.push(clock());
    all
}

fn cores() -> Finding {
    let what = "cores";
    match std::thread::available_parallelism().map_or(1, usize::from) {
        1 => note(
            what,
            "1",
            "load, gateway and pods share one core: latencies will say more about that than about scaling; `faasim run` has as many as you like",
        ),
        n => ok(what, n.to_string()),
    }
}

fn memory() -> Finding {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes = text
        .lines()
        .find_map(|l| l.strip_prefix("MemAvailable:")?.split_whitespace().next()?.parse::<u64>().ok());
    match kilobytes {
        Some(k) if k < 512 << 10 => note(
            "memory",
            format!("{} MiB are free", k >> 10),
            "a pod of `mltest` takes about 30 MiB: keep max low, such as `faasim autoscale mltest --max 3`",
        ),
        Some(k) => ok("memory", format!("{:.1} GiB are free", k as f64 / f64::from(1 << 20))),
        None => {
            note("memory", "unknown: /proc/meminfo cannot be read", "is /proc mounted? `mount | grep proc`")
        }
    }
}

/// What the control group of this session allows; and whether process pods may have limits.
fn cgroup() -> Vec<Finding> {
    let what = "cgroup";
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let path = own.lines().find_map(|l| l.strip_prefix("0::")).unwrap_or("/").to_owned();
    let read = |name: &str| {
        let within = |path: &str| fs::read_to_string(format!("/sys/fs/cgroup{path}/{name}")).ok();
        within(&path).or_else(|| within("")).map(|t| t.trim().to_owned()).filter(|t| !t.starts_with("max"))
    };
    let mut limits = Vec::new();
    if let Some((quota, period)) = read("cpu.max").and_then(|t| {
        let (quota, period) = t.split_once(' ')?;
        Some((quota.parse::<f64>().ok()?, period.parse::<f64>().ok()?))
    }) {
        limits.push(format!("{:.1} cores", quota / period));
    }
    if let Some(bytes) = read("memory.max").and_then(|t| t.parse::<u64>().ok()) {
        limits.push(format!("{} MiB of memory", bytes >> 20));
    }
    if let Some(tasks) = read("pids.max") {
        limits.push(format!("{tasks} processes and threads"));
    }
    let mut all = vec![match limits.is_empty() {
        true => ok(what, "no limit on this session"),
        false => note(
            what,
            format!("this session may use {}", limits.join(", ")),
            "all pods together have no more than that; `systemctl status` or the container that you are in says who set it",
        ),
    }];
    let controllers = fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").unwrap_or_default();
    if !controllers.contains("cpu") {
        all.push(note(
            "cgroup v2",
            "its CPU controller is not here",
            "`limits` of process pods do not hold; those of containers do: `faasim up --provider docker`",
        ));
    }
    all
}

/// The folder of a cluster: writable, with room, allowed to hold programs, and whose.
pub(super) fn folder(state: &Path) -> Finding {
    let what = "state folder";
    // It may not be there yet: what counts is where it would be made.
    let there = state.ancestors().find(|p| p.exists()).unwrap_or(Path::new("/"));
    let shown = state.display();
    if rustix::fs::access(there, rustix::fs::Access::WRITE_OK).is_err() {
        let advice = "make it writable, or choose another: `faasim up --state FOLDER`";
        return wrong(what, format!("{shown} cannot be written"), advice);
    }
    let stat = match statvfs(there) {
        Ok(stat) => stat,
        Err(e) => return note(what, format!("{shown}: {e}"), ""),
    };
    if stat.f_flag.contains(StatVfsMountFlags::NOEXEC) {
        let advice = "sample functions that are scripts will not start: choose another with `faasim up --state FOLDER`";
        return note(what, format!("{shown} is on a disk mounted noexec"), advice);
    }
    let held = folder::holder(state).map_or(String::new(), |who| format!(", held by {who}"));
    match stat.f_bavail.saturating_mul(stat.f_frsize) {
        bytes if bytes < 64 << 20 => wrong(
            what,
            format!("{shown}: {} MiB are free", bytes >> 20),
            "free some space (the journal alone may take 64 MiB), or choose another: `faasim up --state FOLDER`",
        ),
        bytes => ok(what, format!("{shown}, {:.0} GiB are free{held}", bytes as f64 / f64::from(1 << 30))),
    }
}

fn files() -> Finding {
    let what = "limits";
    let files = getrlimit(Resource::Nofile).current;
    let tasks = getrlimit(Resource::Nproc).current;
    match (files, tasks) {
        (Some(n), _) if n < 1024 => note(
            what,
            format!("at most {n} open files"),
            "`ulimit -n 4096` before `faasim up` lets more requests in at once",
        ),
        (_, Some(n)) if n < 1024 => note(
            what,
            format!("at most {n} processes and threads"),
            "`ulimit -u 4096` before `faasim up` lets more pods run",
        ),
        (files, tasks) => {
            let shown = |n: Option<u64>| n.map_or("any number of".into(), |n| n.to_string());
            ok(what, format!("{} open files, {} processes", shown(files), shown(tasks)))
        }
    }
}

/// A clock that is behind makes decisions, logs and certificates look wrong.
fn clock() -> Finding {
    let what = "clock";
    let made = std::env::current_exe().and_then(fs::metadata).and_then(|m| m.modified());
    let Ok(made) = made else { return ok(what, jiff::Timestamp::now().to_string()) };
    match SystemTime::now().duration_since(made) {
        Ok(_) => ok(what, format!("{:.0}", jiff::Timestamp::now())),
        Err(_) => wrong(
            what,
            format!("{:.0} is before this program was built", jiff::Timestamp::now()),
            "set it: `sudo timedatectl set-ntp true`",
        ),
    }
}
