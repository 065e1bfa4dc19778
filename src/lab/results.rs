//! What is left of a run in a folder: files for people, spreadsheets and programs.
//!
//! None holds a wall time or a path, so a virtual run of the same seed leaves the same bytes; `provenance.json` does, and
//! stands apart. A live run's `requests.jtl` counts from 1970, as JMeter's do.
//!
//! | file | question |
//! |---|---|
//! | `summary` | which numbers? |
//! | `tables` | which rows, for spreadsheets? Written as they come |
//! | `charts` | how does it look over time? |
//! | `html` | how does a person read it? |
//! | `provenance` | where does it come from? |
//! | `reread` | how is it read again? |
//! | `compare` | how do two runs differ? |
//! | `sweep` | how do the runs of a sweep differ? |

mod charts;
pub mod compare;
mod html;
mod provenance;
mod reread;
mod summary;
pub mod sweep;
mod tables;

pub use provenance::Provenance;
pub use reread::{find, reread};
pub use summary::{FunctionSummary, PodSummary, Summary, Times};
pub use tables::Tables;

use super::expect::Verdict;
use super::observations::Observations;
use super::scenario::{Scenario, Variant};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// One run with all that came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// `virtual` or `live`.
    pub mode: &'static str,
    /// The sweep's values.
    pub values: BTreeMap<String, String>,
    /// The seed.
    pub seed: u64,
    /// The scenario as it was run.
    pub scenario: Scenario,
    /// The scenario's file as it was run: without its sweep and with its values.
    pub text: String,
    /// Which pod takes a request.
    pub routing: String,
    /// What was seen.
    pub seen: Observations,
    /// What was expected.
    pub verdicts: Vec<Verdict>,
}

impl Outcome {
    /// Of what was seen of a variant.
    pub fn of(mode: &'static str, variant: &Variant, seed: u64, mut seen: Observations) -> Self {
        seen.round();
        let s = &variant.scenario;
        Outcome {
            mode,
            values: variant.values.clone(),
            seed,
            verdicts: s.expect.iter().map(|e| e.judge(&seen, &s.phase)).collect(),
            scenario: s.clone(),
            text: variant.text.clone(),
            routing: variant.settings.to_cluster().routing.to_string(),
            seen,
        }
    }

    /// Whether all that was expected was seen.
    pub fn passed(&self) -> bool {
        self.verdicts.iter().all(|v| v.holds)
    }

    /// The name of its folder within the scenario's: mode, the sweep's values, the seed.
    pub fn folder(&self) -> String {
        folder(self.mode, &self.values, self.seed)
    }

    /// Writes everything into a folder.
    ///
    /// # Errors
    /// The folder or a file cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("scenario.toml"), &self.text)?;
        tables::all(self, folder)?;
        self.write_pages(folder)
    }

    /// Writes what is made of the tables: the summary, charts and the page.
    ///
    /// # Errors
    /// As [`Outcome::write`].
    pub fn write_pages(&self, folder: &Path) -> io::Result<()> {
        let summary = self.summary();
        std::fs::write(folder.join("summary.json"), serde_json::to_string_pretty(&summary)? + "\n")?;
        let charts = charts::of(self);
        for chart in &charts {
            std::fs::write(folder.join(format!("{}.svg", chart.name)), &chart.svg)?;
        }
        std::fs::write(folder.join("report.html"), html::report(self, &charts))
    }
}

/// The name of a run's folder.
pub fn folder(mode: &str, values: &BTreeMap<String, String>, seed: u64) -> String {
    let clean = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect()
    };
    let mut name = mode.to_owned();
    for (path, value) in values {
        let key = short(path);
        name.push_str(&format!("_{}={}", clean(key), clean(value)));
    }
    name.push_str(&format!("_seed={seed}"));
    name
}

/// The last part of a sweep's path, for people: `hpa.sync-period` is `sync-period`.
pub fn short(path: &str) -> &str {
    path.trim_end_matches('"').rsplit(['.', '"']).next().unwrap_or(path)
}
