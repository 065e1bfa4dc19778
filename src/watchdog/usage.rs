//! CPU time and memory of a pod, finer than `/proc`'s 10 ms ticks: at a request of 10m one tick in a second reads
//! as 100 %, and an idle pod would scale.
//!
//! CPU is `getrusage` of this process and of the children it has waited for (microseconds), plus each living
//! descendant's process clock (nanoseconds, with its ended threads) and what that descendant has itself waited
//! for (ticks: that is all the kernel tells).

use super::tree;
use nix::sys::resource::{UsageWho, getrusage};
use nix::time::ClockId;
use nix::unistd::Pid;
use procfs::WithCurrentSystemInfo;
use procfs::process::Process;

/// Accounts for this process and everything below it.
#[derive(Debug, Default)]
pub(super) struct Usage {
    highest: u64,
}

/// CPU in nanoseconds since start, memory in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) cpu_ns: u64,
    pub(super) memory: u64,
}

impl Usage {
    /// Takes a sample. Its CPU is never below that of an earlier one.
    ///
    /// A process that is being waited for must not be counted both as living and in its parent's total. Our own
    /// children are waited for by this very thread, so not meanwhile. Further down, each parent's total is read
    /// before its children: one that goes over to the total in between is missed now and seen next time.
    pub(super) fn sample(&mut self) -> Sample {
        let mut cpu = waited(UsageWho::RUSAGE_SELF) + waited(UsageWho::RUSAGE_CHILDREN);
        let mut memory =
            Process::myself().and_then(|p| p.stat()).map(|s| s.rss_bytes().get()).unwrap_or_default();
        for pid in tree::descendants(tree::own_pid()) {
            let Ok(stat) = Process::new(pid).and_then(|p| p.stat()) else { continue };
            let children = u64::try_from(stat.cutime + stat.cstime).unwrap_or_default();
            cpu += ticks(children) + clock(pid).unwrap_or_else(|| ticks(stat.utime + stat.stime));
            memory += stat.rss_bytes().get();
        }
        self.highest = self.highest.max(cpu);
        Sample { cpu_ns: self.highest, memory }
    }
}

fn waited(who: UsageWho) -> u64 {
    let nanos = |t: nix::sys::time::TimeVal| {
        u64::try_from(t.tv_sec() * 1_000_000 + t.tv_usec()).unwrap_or_default() * 1_000
    };
    getrusage(who).map(|u| nanos(u.user_time()) + nanos(u.system_time())).unwrap_or_default()
}

/// The process' CPU clock; `None` where the kernel refuses (it may for the dead).
fn clock(pid: i32) -> Option<u64> {
    let time = ClockId::pid_cpu_clock_id(Pid::from_raw(pid)).and_then(ClockId::now).ok()?;
    u64::try_from(time.tv_sec() * 1_000_000_000 + time.tv_nsec()).ok()
}

fn ticks(ticks: u64) -> u64 {
    ticks * (1_000_000_000 / procfs::ticks_per_second().max(1))
}
