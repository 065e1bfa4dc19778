//! The scenarios that a person can choose from: those of `sim-configs/` that the binary carries, and those of a folder.

use crate::lab::scenario;
use crate::mistake::Written;
use rust_embed::Embed;
use serde::Serialize;
use std::path::Path;

#[derive(Embed)]
#[folder = "sim-configs/"]
struct Carried;

/// One scenario to choose.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The file's name, without its end.
    pub name: String,
    /// It lies in the person's folder.
    pub own: bool,
    /// What it shows.
    pub text: String,
    /// How long it runs, in seconds of virtual time.
    pub duration: f64,
    /// Its functions' names.
    pub functions: Vec<String>,
    /// How many things it expects to see.
    pub expectations: usize,
    /// The runs that it stands for: values of its sweep × repetitions.
    pub runs: u64,
    /// The file.
    pub source: String,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// All of them: the person's own first, each by name.
pub(super) fn entries(own: &Path) -> Vec<Entry> {
    let mut names: Vec<String> = std::fs::read_dir(own)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".toml")?.to_owned()))
        .collect();
    names.sort();
    let mut carried: Vec<String> =
        Carried::iter().filter_map(|name| name.strip_suffix(".toml").map(str::to_owned)).collect();
    carried.sort();
    carried.retain(|name| !names.contains(name));
    names.extend(carried);
    names.iter().filter_map(|name| entry(own, name)).collect()
}

/// Path (for mistakes, and for files beside it) and text of a scenario.
pub(super) fn find(own: &Path, name: &str) -> Option<(String, String)> {
    // A name, not a way out of the folder.
    if name.is_empty() || name.contains(['/', '\\']) {
        return None;
    }
    let file = format!("{name}.toml");
    let path = own.join(&file);
    if let Ok(text) = std::fs::read_to_string(&path) {
        return Some((path.display().to_string(), text));
    }
    let carried = Carried::get(&file)?;
    let text = String::from_utf8_lossy(&carried.data).into_owned();
    // A trace is read from files beside the scenario, and the binary carries none.
    (!text.contains("[trace]")).then_some((file, text))
}

fn entry(own: &Path, name: &str) -> Option<Entry> {
    let (path, source) = find(own, name)?;
    let mine = own.join(format!("{name}.toml")).is_file();
    let mut entry = Entry {
        name: name.to_owned(),
        own: mine,
        text: String::new(),
        duration: 0.0,
        functions: Vec::new(),
        expectations: 0,
        runs: 0,
        source: source.clone(),
        problem: None,
    };
    match scenario::parse(&Written::new(path, source), false, &[]) {
        Ok(variants) => {
            entry.runs = variants.iter().map(|v| v.scenario.repetitions).sum();
            if let Some(first) = variants.into_iter().next() {
                let s = first.scenario;
                entry.text = s.text;
                entry.duration = s.duration.duration().as_secs_f64();
                entry.functions = s.function.into_iter().map(|f| f.name).collect();
                entry.expectations = s.expect.len();
            }
        }
        Err(mistakes) => entry.problem = Some(mistakes.to_string()),
    }
    Some(entry)
}
