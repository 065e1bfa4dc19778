//! Gives back memory that was needed once: an idle pod must cost next to nothing.
//!
//! The kernel maps a program's code and constants in pieces of 64 KiB around whatever is touched, and leaves them mapped.
//! Starting, and each kind of request, touches a little of everything, so a watchdog would count several megabytes of a
//! program of which it goes on to use a few pieces. They are let go when it has been quiet for a while, and are mapped
//! again when they are touched.

use super::pod::Pod;
use nix::sys::mman::{MmapAdvise, madvise};
use procfs::process::{MMPermissions, MMapPath, MemoryMap, Process};
use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

/// How long nothing may have happened.
const QUIET: Duration = Duration::from_secs(3);

/// Lets go after the start and after each busy time; for ever.
pub(super) async fn keep_lean(pod: Arc<Pod>) {
    let (mut seen, mut lean_at) = (None, None);
    loop {
        tokio::time::sleep(QUIET).await;
        let started = Some(pod.started());
        if pod.in_flight() == 0 && seen == started && lean_at != started {
            let_go_of_code();
            lean_at = started;
        }
        seen = started;
    }
}

/// Where there is no `/proc`, or the kernel refuses, all stays as it is.
#[allow(unsafe_code)]
fn let_go_of_code() {
    let Ok(maps) = Process::myself().and_then(|me| me.smaps()) else { return };
    for map in maps.iter().filter(|map| is_as_in_the_file(map)) {
        let (Ok(start), Ok(end)) = (usize::try_from(map.address.0), usize::try_from(map.address.1)) else {
            continue;
        };
        if let Some(start_of) = NonNull::new(std::ptr::with_exposed_provenance_mut::<c_void>(start)) {
            // SAFETY: the mapping is private, of a file, cannot be written, and none of its pages was ever changed
            // (`is_as_in_the_file`), so they hold what the file holds. The kernel fills them in again from the file when
            // they are touched: nothing that this program can observe changes.
            let _ = unsafe { madvise(start_of, end - start, MmapAdvise::MADV_DONTNEED) };
        }
    }
}

/// Code and constants. What the loader has put addresses into has pages that are no longer the file's: it stays.
fn is_as_in_the_file(map: &MemoryMap) -> bool {
    let private = map.perms.contains(MMPermissions::READ | MMPermissions::PRIVATE);
    private
        && !map.perms.contains(MMPermissions::WRITE)
        && matches!(map.pathname, MMapPath::Path(_))
        && map.extension.map.get("Anonymous") == Some(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_on_as_before_with_less() {
        let resident = || {
            let maps = Process::myself().and_then(|me| me.smaps()).unwrap();
            let code = maps.iter().filter(|m| m.perms.contains(MMPermissions::EXECUTE));
            code.filter_map(|m| m.extension.map.get("Rss")).sum::<u64>()
        };
        let before = resident();
        let_go_of_code();
        // Other tests run beside this one, and map again what they use.
        assert!(resident() < before, "{} of {before} are left", resident());
        assert_eq!(format!("{:?}", vec![1, 2]), "[1, 2]");
    }
}
