//! `faasim check`: what is wrong with files, without running anything.

use super::failure::{Failure, Outcome};
use super::{Global, manifest, stack};
use crate::lab::{lesson, scenario};
use crate::live::settings;
use crate::mistake::{Mistake, Mistakes};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Check scenarios, lessons, stack files, autoscaler manifests and settings without running them
///
/// Every mistake is a line `FILE:LINE:COLUMN: what is wrong`, as editors read it.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim check stack.yml\n  faasim check functions/*.yml hpa.yaml faasim.toml\n  faasim check sim-configs/*.toml my-lesson.toml\n  \
                  faasim check --schema > scenario.schema.json"
)]
pub struct Args {
    /// The files
    #[arg(required_unless_present = "schema", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print the JSON Schema of scenario files, for editors
    #[arg(long, conflicts_with = "files")]
    schema: bool,
}

/// A file without mistakes.
struct Checked {
    /// What is in it: `9 functions`.
    holds: String,
    /// What the person should know.
    notes: Vec<String>,
}

/// A kind of file that can be checked.
struct Kind {
    /// Its name, for the list of what there is.
    name: &'static str,
    /// Whether a file of this path and text is meant to be one. The first kind that says so takes it.
    fits: fn(&Path, &str) -> bool,
    read: fn(&Path, &Global) -> Result<Checked, Mistakes>,
}

/// The kinds, the more particular ones first.
const KINDS: &[Kind] = &[
    Kind {
        name: "an autoscaler (YAML with `kind: HorizontalPodAutoscaler`)",
        fits: is_manifest,
        read: autoscalers,
    },
    Kind { name: "a stack file (YAML)", fits: is_yaml, read: functions },
    Kind { name: "a lesson (TOML with [[page]])", fits: is_lesson, read: a_lesson },
    Kind { name: "a scenario (TOML with [[function]])", fits: is_scenario, read: scenarios },
    Kind { name: "settings (faasim.toml)", fits: is_toml, read: all_settings },
];

/// Checks them all and says of each what it is, or what is wrong with it.
///
/// # Errors
/// One of them has a mistake.
pub fn run(args: Args, global: &Global) -> Outcome {
    if args.schema {
        println!("{}", serde_json::to_string_pretty(&scenario::schema()).unwrap_or_default());
        return Ok(());
    }
    let mut wrong = 0;
    for file in &args.files {
        match check(file, global) {
            Ok(Checked { holds, notes }) => {
                println!("{}: ok, {holds}", file.display());
                notes.iter().for_each(|note| println!("  note: {note}"));
            }
            Err(mistakes) => {
                wrong += mistakes.len();
                eprintln!("{mistakes}");
            }
        }
    }
    match wrong {
        0 => Ok(()),
        1 => Err(Failure::failed("1 mistake")),
        n => Err(Failure::failed(format_args!("{n} mistakes"))),
    }
}

fn check(file: &Path, global: &Global) -> Result<Checked, Mistakes> {
    let name = file.display().to_string();
    // What is no text is given to the kind that its name speaks of, whose reader says so.
    let bytes = std::fs::read(file).map_err(|e| Mistake::of(&*name, format!("cannot be read: {e}")))?;
    let text = String::from_utf8_lossy(&bytes);
    match KINDS.iter().find(|kind| (kind.fits)(file, &text)) {
        Some(kind) => (kind.read)(file, global),
        None => {
            let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
            Err(Mistake::of(name, format!("this is none of what can be checked: {}", kinds.join(", ")))
                .into())
        }
    }
}

fn has_extension(path: &Path, any: &[&str]) -> bool {
    path.extension().and_then(|e| e.to_str()).is_some_and(|e| any.contains(&e.to_ascii_lowercase().as_str()))
}

fn is_yaml(path: &Path, _: &str) -> bool {
    has_extension(path, &["yml", "yaml"])
}

fn is_toml(path: &Path, _: &str) -> bool {
    has_extension(path, &["toml"])
}

/// Kubernetes' objects name their version and kind at the outermost level; stack files do not.
fn is_manifest(path: &Path, text: &str) -> bool {
    is_yaml(path, text) && text.lines().any(|l| l.starts_with("apiVersion:") || l.starts_with("kind:"))
}

fn functions(path: &Path, _: &Global) -> Result<Checked, Mistakes> {
    let stack = stack::read(path)?;
    let mut mistakes = Mistakes::new();
    for spec in stack.specs() {
        if let Err(refusal) = spec.validate() {
            mistakes.push(Mistake::of(
                path.display().to_string(),
                format!("function `{}`: {refusal}", spec.name),
            ));
        }
    }
    mistakes.or(Checked { holds: count(stack.functions.len(), "function"), notes: stack.notes })
}

fn autoscalers(path: &Path, global: &Global) -> Result<Checked, Mistakes> {
    let all = manifest::read(path, global.namespace())?;
    let holds = count(all.len(), "autoscaler");
    Ok(Checked { holds, notes: all.into_iter().flat_map(|a| a.notes).collect() })
}

/// Settings have no functions; a scenario that lacks them has at least what is expected or how long it runs.
fn is_scenario(path: &Path, text: &str) -> bool {
    let begins = ["[[function", "duration", "expect", "[[load", "[[autoscaler", "[[step"];
    is_toml(path, text) && text.lines().any(|l| begins.iter().any(|b| l.starts_with(b)))
}

fn is_lesson(path: &Path, text: &str) -> bool {
    is_toml(path, text) && text.lines().any(|l| l.starts_with("[[page"))
}

/// A lesson is walked to its end too: one that cannot be finished has a mistake.
fn a_lesson(path: &Path, _: &Global) -> Result<Checked, Mistakes> {
    let lesson = Arc::new(lesson::read(path)?);
    lesson::auto::in_virtual_time(&lesson, |_| {})
        .map_err(|why| Mistake::of(path.display().to_string(), why))?;
    Ok(Checked { holds: format!("a lesson of {}", count(lesson.pages.len(), "page")), notes: Vec::new() })
}

fn scenarios(path: &Path, _: &Global) -> Result<Checked, Mistakes> {
    let reader = |live| scenario::Reader { live, sets: &[], stack: Some(stack::specs) };
    reader(true).read(path)?;
    let runs = reader(false).read(path)?.len();
    Ok(Checked { holds: format!("a scenario of {}", count(runs, "run")), notes: Vec::new() })
}

fn all_settings(path: &Path, _: &Global) -> Result<Checked, Mistakes> {
    let loaded = settings::check_file(path)?;
    Ok(Checked { holds: "settings".into(), notes: loaded.notes })
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
