//! `faasim report`: pages of results made anew, and two runs beside each other.

use super::failure::{Failure, Outcome as Done};
use crate::lab::results::{Outcome, compare, find, reread, sweep};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Make the pages of results anew, or compare two runs
///
/// One folder or more of results: the charts, the page and the summary of every run in them are made again from their
/// tables, with what scenario.toml beside them expects now; runs of one sweep get their common page. Two folders of one
/// run each are compared.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim report results/e03-hpa/latest\n  faasim report results/e03-hpa/A results/e03-hpa/B\n  \
                  faasim report results/e03-hpa/A results/e03-hpa/B --page compare.html"
)]
pub struct Args {
    /// Folders of results
    #[arg(required = true, value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// Make the pages anew, of two runs too
    #[arg(long)]
    rebuild: bool,
    /// Where the page goes that compares two runs [default: none is written]
    #[arg(long, value_name = "FILE", conflicts_with = "rebuild")]
    page: Option<PathBuf>,
}

/// Makes or compares them.
///
/// # Errors
/// A folder holds no results, or they cannot be read or written.
pub fn run(args: Args) -> Done {
    let mut found = Vec::new();
    for folder in &args.folders {
        let runs = find(&std::fs::canonicalize(folder).unwrap_or_else(|_| folder.clone()));
        if runs.is_empty() {
            return Err(Failure::failed(format_args!(
                "{} holds no results: a run leaves a folder with summary.json and scenario.toml",
                folder.display()
            )));
        }
        found.push(runs);
    }
    let singles: Vec<&PathBuf> =
        found.iter().filter_map(|runs| runs.first().filter(|_| runs.len() == 1)).collect();
    if let ([first, second], 2, false) = (singles.as_slice(), found.len(), args.rebuild) {
        return compared(first, second, args.page.as_deref());
    }
    if args.page.is_some() {
        return Err(Failure::used("--page: two folders of one run each are compared"));
    }
    rebuild(found.into_iter().flatten())
}

fn read(folder: &Path) -> Result<Outcome, Failure> {
    reread(folder).map_err(|why| Failure::failed(format_args!("{why}")))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format_args!("cannot write {}: {error}", path.display()))
}

fn compared(first: &Path, second: &Path, page: Option<&Path>) -> Done {
    let (a, b) = (read(first)?, read(second)?);
    print!("{}", compare::text(&a, &b));
    if let Some(path) = page {
        std::fs::write(path, compare::page(&a, &b)).map_err(|e| cannot_write(path, &e))?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Every run's page, and the page of those that lie beside each other.
fn rebuild(folders: impl Iterator<Item = PathBuf>) -> Done {
    let mut together: BTreeMap<PathBuf, Vec<Outcome>> = BTreeMap::new();
    for folder in folders {
        let outcome = read(&folder)?;
        outcome.write_pages(&folder).map_err(|e| cannot_write(&folder, &e))?;
        println!("{}", folder.join("report.html").display());
        together.entry(folder.parent().unwrap_or(&folder).to_owned()).or_default().push(outcome);
    }
    for (folder, outcomes) in together {
        let all: Vec<&Outcome> = outcomes.iter().collect();
        if all.len() < 2 || all.iter().any(|o| o.scenario.name != all[0].scenario.name) {
            continue;
        }
        let page = folder.join("sweep.html");
        std::fs::write(&page, sweep::page(&all)).map_err(|e| cannot_write(&page, &e))?;
        println!("{}", page.display());
    }
    Ok(())
}
