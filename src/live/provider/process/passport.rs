//! What a pod's folder says about its process, so that the next faasim can tell it from any other.

use crate::cluster::function::FunctionName;
use crate::cluster::pod::PodUid;
use crate::cluster::time::Time;
use crate::live::provider::token;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

const FILE: &str = "pod.json";

/// A pod's process, told from any other that may get its number: by when it started, and in which boot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Passport {
    pub(super) uid: PodUid,
    pub(super) name: String,
    pub(super) function: FunctionName,
    pub(super) template_hash: String,
    /// The watchdog's process.
    pub(super) pid: i32,
    /// When that process started, in clock ticks after boot.
    pub(super) start_ticks: u64,
    /// The boot it started in.
    pub(super) boot: String,
    /// The port it listens on, on 127.0.0.1.
    pub(super) port: u16,
    pub(super) token: String,
    pub(super) started: Time,
}

impl Passport {
    /// Reads the passport in a pod's folder, if there is a whole one.
    pub(super) fn read(dir: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(dir.join(FILE)).ok()?).ok()
    }

    /// Puts it into the pod's folder.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(super) fn write(&self, dir: &Path) -> io::Result<()> {
        token::write_private(&dir.join(FILE), &serde_json::to_vec(self)?)
    }

    /// The process runs. To be asked after a pidfd was opened: then the answer stays true for it.
    pub(super) fn lives(&self) -> bool {
        self.boot == boot_id() && start_ticks(self.pid) == Some(self.start_ticks)
    }
}

/// Names this boot of the machine.
pub(super) fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// When a living process started, in clock ticks after boot.
pub(super) fn start_ticks(pid: i32) -> Option<u64> {
    let stat = procfs::process::Process::new(pid).and_then(|p| p.stat()).ok()?;
    (stat.state != 'Z').then_some(stat.starttime)
}
