//! Where a result comes from: everything that holds a wall time or a path, in a file of its own.

use super::Outcome;
use crate::lab::scenario::Provider;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

/// `provenance.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provenance {
    /// faasim's version.
    pub version: String,
    /// The commit that it was built from; empty where that is not known.
    pub commit: String,
    /// The file that was run.
    pub scenario: String,
    /// When it began, RFC 3339.
    pub began: String,
    /// How long it took, in seconds.
    pub took: f64,
    /// The processor's name.
    pub machine: String,
    /// Cores of the machine.
    pub cores: usize,
    /// Memory of the machine, in bytes.
    pub memory: u64,
    /// The kernel's version.
    pub kernel: String,
    /// What ran the pods: `virtual`, `process`, `docker` and its version.
    pub engine: String,
    /// The seed.
    pub seed: u64,
    /// Settings that differ from their defaults.
    pub settings: BTreeMap<String, String>,
    /// Load average over the last minute when it began: how busy the machine was.
    pub load_before: f64,
    /// The same when it ended.
    pub load_average: f64,
}

impl Provenance {
    /// Of a run that begins now.
    pub fn begin(scenario: &Path) -> Self {
        Provenance {
            version: env!("CARGO_PKG_VERSION").into(),
            commit: option_env!("FAASIM_COMMIT").unwrap_or_default().into(),
            scenario: scenario.display().to_string(),
            began: jiff::Timestamp::now().to_string(),
            machine: processor(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: memory(),
            kernel: read("/proc/sys/kernel/osrelease"),
            load_before: load(),
            ..Provenance::default()
        }
    }

    /// The run has ended.
    pub fn end(mut self, outcome: &Outcome, took: f64, settings: BTreeMap<String, String>) -> Self {
        let live = outcome.mode == "live";
        self.engine = match outcome.scenario.platform.provider {
            _ if !live => "virtual".into(),
            Provider::Process => "process".into(),
            Provider::Docker => docker(),
        };
        (self.seed, self.took, self.settings) = (outcome.seed, took, settings);
        self.load_average = load();
        self
    }

    /// Writes it beside the results.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let mut file = std::fs::File::create(folder.join("provenance.json"))?;
        writeln!(file, "{}", serde_json::to_string_pretty(self)?)
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default().trim().into()
}

fn load() -> f64 {
    read("/proc/loadavg").split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0.0)
}

fn processor() -> String {
    let info = read("/proc/cpuinfo");
    let line = info.lines().find_map(|l| l.strip_prefix("model name"));
    line.and_then(|l| l.split_once(':')).map_or(std::env::consts::ARCH.into(), |(_, name)| name.trim().into())
}

fn memory() -> u64 {
    let info = read("/proc/meminfo");
    let line = info.lines().find_map(|l| l.strip_prefix("MemTotal:"));
    let kib = line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// The engine with its version, as its own client says it.
fn docker() -> String {
    let asked = std::process::Command::new("docker").args(["version", "-f", "{{.Server.Version}}"]).output();
    let version = asked
        .ok()
        .filter(|o| o.status.success())
        .map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned());
    version.map_or("docker".into(), |version| format!("docker {version}"))
}
