//! The processes below this one: found, killed, and buried.
//!
//! The watchdog is a *subreaper*: a descendant whose parent ends becomes its child, so nothing escapes being
//! counted or killed by daemonizing.

use procfs::process::{Process, all_processes};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process, kill_process_group, waitid, waitpid,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Longest wait for killed processes to be gone.
const BURIAL: Duration = Duration::from_secs(3);

/// Makes this process the one that orphans below it are given to.
pub(super) fn become_subreaper() {
    // Any pid but none switches it on. Old kernels refuse; then orphans go to init.
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// This process' id.
pub(super) fn own_pid() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// The living (and not yet buried) descendants of a process, parents before their children.
pub(super) fn descendants(root: i32) -> Vec<i32> {
    if root == own_pid() && !has_children() {
        return Vec::new();
    }
    let mut list = Lister::new();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    let mut queue = VecDeque::from([root]);
    while let Some(pid) = queue.pop_front() {
        for child in list.children(pid) {
            if seen.insert(child) {
                found.push(child);
                queue.push_back(child);
            }
        }
    }
    found
}

/// Whether this process has any child, dead or alive; one system call.
fn has_children() -> bool {
    let peek = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::All, peek), Err(Errno::CHILD))
}

/// Who is whose child. Kernels without `children` files (`CONFIG_PROC_CHILDREN`) need a look at every process.
enum Lister {
    Files,
    Scanned(BTreeMap<i32, Vec<i32>>),
}

impl Lister {
    fn new() -> Lister {
        static FILES: OnceLock<bool> = OnceLock::new();
        if *FILES.get_or_init(|| Path::new("/proc/thread-self/children").exists()) {
            return Lister::Files;
        }
        let mut children = BTreeMap::<i32, Vec<i32>>::new();
        for process in all_processes().into_iter().flatten().flatten() {
            if let Ok(stat) = process.stat() {
                children.entry(stat.ppid).or_default().push(stat.pid);
            }
        }
        Lister::Scanned(children)
    }

    fn children(&mut self, pid: i32) -> Vec<i32> {
        match self {
            Lister::Scanned(map) => map.remove(&pid).unwrap_or_default(),
            Lister::Files => {
                let Ok(tasks) = Process::new(pid).and_then(|p| p.tasks()) else { return Vec::new() };
                let children = tasks.flatten().filter_map(|task| task.children().ok()).flatten();
                children.filter_map(|pid| i32::try_from(pid).ok()).collect()
            }
        }
    }
}

/// Buries dead children that nobody here waits for (orphans given to us).
pub(super) fn bury_orphans(awaited: &BTreeSet<i32>) {
    if !has_children() {
        return;
    }
    for pid in Lister::new().children(own_pid()) {
        if !awaited.contains(&pid) {
            let _ = waitpid(Pid::from_raw(pid), WaitOptions::NOHANG);
        }
    }
}

/// Kills one request's processes: its group and whatever descends from it.
pub(super) fn kill_below(leader: i32) {
    // Descendants first: once their parent is dead they can no longer be told from others' orphans.
    let below = descendants(leader);
    if let Some(group) = Pid::from_raw(leader) {
        let _ = kill_process_group(group, Signal::KILL);
        let _ = kill_process(group, Signal::KILL);
    }
    below.into_iter().for_each(kill);
}

/// Asks a process group to end.
pub(super) fn terminate(leader: i32) {
    if let Some(group) = Pid::from_raw(leader) {
        let _ = kill_process_group(group, Signal::TERM);
    }
}

/// Kills and buries every descendant, again and again until there is none (they may be forking meanwhile), or
/// three seconds have passed. Blocks; only for the end.
pub(super) fn kill_everything() {
    let start = Instant::now();
    while has_children() && start.elapsed() < BURIAL {
        descendants(own_pid()).into_iter().for_each(kill);
        loop {
            match waitpid(None, WaitOptions::NOHANG) {
                Ok(Some(_)) => {}
                Ok(None) => break std::thread::sleep(Duration::from_millis(2)),
                Err(_) => return,
            }
        }
    }
}

fn kill(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = kill_process(pid, Signal::KILL);
    }
}
