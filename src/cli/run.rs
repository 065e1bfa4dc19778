//! `faasim run`: experiments.

mod bar;
mod images;
mod jobs;
mod say;
mod screen;

use super::failure::{Failure, Outcome as Done};
use super::stack;
use crate::lab::results::{Outcome, Provenance, Tables, compare, sweep};
use crate::lab::runner;
use crate::lab::scenario::Reader;
use crate::mistake::Mistakes;
use bar::Bar;
use jobs::{Finished, Job};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Run experiments: scenario files, as in sim-configs/
///
/// In virtual time (the default) an hour takes milliseconds, and the same seed leaves the same files. Each run leaves a
/// folder with summary.json, tables, charts and report.html. Ctrl-C ends it and keeps what was measured. The exit code
/// is 1 when something that a scenario expects was not seen.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim run sim-configs/e03-hpa.toml\n  faasim run sim-configs/*.toml --virtual\n  \
                        faasim run sim-configs/e01-self-healing.toml --live\n  \
                        faasim run my.toml --seed 7 --out /tmp/results\n  faasim run my.toml --set platform.cores=8\n  \
                        faasim run sim-configs/e03-hpa.toml --tui --speed 30x\n  \
                        faasim run sim-configs/e07-cold.toml --both --model mltest.toml"
)]
pub struct Args {
    /// The scenarios
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// In virtual time
    #[arg(long = "virtual")]
    in_virtual_time: bool,
    /// On a real cluster of its own on this machine, with what the file says of live runs
    #[arg(long, conflicts_with = "in_virtual_time")]
    live: bool,
    /// Live, and the same in virtual time, side by side
    #[arg(long, conflicts_with_all = ["in_virtual_time", "live"])]
    both: bool,
    /// With the file's own times, not with those that it says for live runs
    #[arg(long)]
    full: bool,
    /// What runs the pods of a live run, instead of what the file says
    #[arg(long, value_name = "PROVIDER", value_parser = ["process", "docker"])]
    provider: Option<String>,
    /// Show it on the dashboard; in virtual time space pauses, `.` goes a step, `<` and `>` change the speed
    #[arg(long)]
    tui: bool,
    /// How fast virtual time goes on the dashboard
    #[arg(long, value_name = "SPEED", default_value = "10x", value_parser = screen::speed, requires = "tui")]
    speed: f64,
    /// The seed, instead of the file's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// A model that `faasim calibrate` wrote, for the scenarios' first functions instead of their own
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Change a value of the scenarios, by its path
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Where results go
    #[arg(long, value_name = "FOLDER", default_value = "results")]
    out: PathBuf,
    /// Write no files
    #[arg(long)]
    dry: bool,
    /// Threads for virtual runs; all cores if not given
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Print the summaries as JSON, a line each
    #[arg(long, short, value_name = "FORMAT", value_parser = ["text", "json"], default_value = "text")]
    output: String,
}

/// Runs them all.
///
/// # Errors
/// A file has a mistake, an expectation does not hold, or results cannot be written.
pub fn run(args: Args) -> Done {
    let jobs = read(&args)?;
    let stopped = Arc::new(AtomicBool::new(false));
    super::signals::on_interrupt(&stopped)?;
    let began = jiff::Timestamp::now().strftime("%Y-%m-%dT%H-%M-%S").to_string();
    let mut desk = Desk { args: &args, jobs: &jobs, began, failed: Vec::new() };
    let mut outcomes = Vec::new();
    if args.tui && !args.live && !args.both {
        for job in &jobs {
            let done = jobs::on_screen(job, args.speed)?;
            desk.take(&done)?;
            outcomes.push(done);
        }
    } else if !args.live {
        outcomes = jobs::all_virtual(&jobs, args.jobs, &stopped, &mut |done| desk.take(done))?;
    }
    if args.live || args.both {
        let modelled = std::mem::take(&mut outcomes);
        for (i, job) in jobs.iter().enumerate().take_while(|_| !stopped.load(Ordering::Relaxed)) {
            let done = desk.live(job, &stopped)?;
            desk.take(&done)?;
            if let Some(model) = modelled.get(i) {
                desk.beside(&done, model)?;
            }
            outcomes.push(done);
        }
    }
    for (file, path) in args.files.iter().enumerate() {
        let all: Vec<&Outcome> = outcomes.iter().filter(|d| d.file == file).map(|d| &d.outcome).collect();
        if all.len() > 1 {
            desk.sweep(path, &all)?;
        }
    }
    let mut failed = desk.failed;
    if stopped.load(Ordering::Relaxed) {
        return Err(Failure::failed("interrupted: what was measured until then is kept"));
    }
    if failed.is_empty() {
        return Ok(());
    }
    failed.dedup();
    Err(Failure::failed(format_args!("not as expected: {}", failed.join(", "))))
}

/// Every run that the files stand for.
fn read(args: &Args) -> Result<Vec<Job>, Failure> {
    let mut sets = Vec::new();
    if let Some(file) = &args.model {
        sets.push(format!("function.0.model={}", model(file)?));
    }
    sets.extend(args.set.iter().cloned());
    sets.extend(args.provider.iter().map(|p| format!("platform.provider={p}")));
    let live = (args.live || args.both) && !args.full;
    let reader = Reader { live, sets: &sets, stack: Some(stack::specs) };
    let mut jobs = Vec::new();
    let mut mistakes = Mistakes::new();
    for (file, path) in args.files.iter().enumerate() {
        match reader.read(path) {
            Ok(variants) => jobs.extend(variants.into_iter().flat_map(|variant| {
                let first = args.seed.unwrap_or(variant.scenario.seed);
                let seeds = first..first + variant.scenario.repetitions;
                seeds.map(move |seed| Job { file, path: path.clone(), variant: variant.clone(), seed })
            })),
            Err(found) => mistakes.append(found),
        }
    }
    mistakes.or(()).map_err(|all| {
        let count = say::count(all.len(), "mistake");
        Failure::failed(format_args!("{count} in the scenarios\n{all}"))
    })?;
    Ok(jobs)
}

/// What `faasim calibrate` wrote, as one value.
fn model(file: &Path) -> Result<toml::Value, Failure> {
    let wrong =
        |why: &dyn std::fmt::Display| Failure::failed(format_args!("--model {}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|e| wrong(&e))?;
    let mut table: toml::Table = toml::from_str(&text).map_err(|e| wrong(&e))?;
    let function = table.remove("function").and_then(|f| f.try_into::<toml::Table>().ok());
    let model = function.and_then(|mut f| f.remove("model"));
    model.ok_or_else(|| {
        wrong(&"there is no [function.model] in it: `faasim calibrate NAME --write FILE` writes one")
    })
}

/// Where runs that are over are taken, told of and filed.
struct Desk<'a> {
    args: &'a Args,
    jobs: &'a [Job],
    began: String,
    failed: Vec<String>,
}

impl Desk<'_> {
    /// The folder of all runs of a scenario.
    fn folder(&self, name: &str) -> PathBuf {
        self.args.out.join(name).join(&self.began)
    }

    /// One live run, whose tables are written while it goes on.
    fn live(&self, job: &Job, stopped: &Arc<AtomicBool>) -> Result<Finished, Failure> {
        let s = &job.variant.scenario;
        images::build(job)?;
        let runner = runner::of(true);
        let leaf = self.folder(&s.name).join(crate::lab::results::folder(
            runner.mode(),
            &job.variant.values,
            job.seed,
        ));
        let provenance = Provenance::begin(&job.path);
        let tables = match self.args.dry {
            true => None,
            false => Some(Tables::begin(&leaf).map_err(|e| cannot_write(&leaf, &e))?),
        };
        let mut shown = if self.args.tui { Some(screen::Shown::new(stopped.clone())?) } else { None };
        let bar = if self.args.tui { Bar::hidden() } else { Bar::new(s) };
        let start = Instant::now();
        let watcher = jobs::Watcher { scenario: s, bar: &bar, stopped };
        let mut follow = (tables, (shown.as_mut(), watcher));
        let done = runner.run(&job.variant, job.seed, &mut follow);
        bar.end();
        let tables = follow.0;
        if let Some(shown) = &mut shown {
            shown.end();
        }
        let seen = done.map_err(|why| Failure::failed(format_args!("{}: {why}", s.name)))?;
        if let Some(tables) = tables {
            tables.end(&seen).map_err(|e| cannot_write(&leaf, &e))?;
        }
        let outcome = Outcome::of(runner.mode(), &job.variant, job.seed, seen);
        Ok(Finished::of(job, outcome, provenance, start.elapsed().as_secs_f64()))
    }

    /// Writes what a run leaves, and tells of it.
    fn take(&mut self, done: &Finished) -> Done {
        let outcome = &done.outcome;
        let folder = self.folder(&outcome.scenario.name);
        let leaf = folder.join(outcome.folder());
        if !self.args.dry {
            outcome.write(&leaf).map_err(|e| cannot_write(&leaf, &e))?;
            done.provenance.write(&leaf).map_err(|e| cannot_write(&leaf, &e))?;
            latest(&folder);
        }
        if self.args.output == "json" {
            println!("{}", serde_json::to_string(&outcome.summary()).unwrap_or_default());
        } else {
            let many = self.jobs.iter().filter(|j| j.file == done.file).count() > 8;
            say::outcome(outcome, done.took, many, (!self.args.dry).then_some(leaf.as_path()));
        }
        if !outcome.passed() {
            self.failed.push(outcome.scenario.name.clone());
        }
        Ok(())
    }

    /// A live run beside its model.
    fn beside(&self, live: &Finished, model: &Finished) -> Done {
        if self.args.output == "text" {
            print!("{}", compare::text(&live.outcome, &model.outcome));
            println!("  how near the model comes:\n{}", compare::fidelity(&live.outcome, &model.outcome));
        }
        if self.args.dry {
            return Ok(());
        }
        let folder = self.folder(&live.outcome.scenario.name);
        let path = folder.join(format!("{}_against_virtual.html", live.outcome.folder()));
        let page = compare::page(&live.outcome, &model.outcome);
        std::fs::write(&path, page).map_err(|e| cannot_write(&path, &e))
    }

    /// All runs of a file beside each other.
    fn sweep(&self, path: &Path, all: &[&Outcome]) -> Done {
        if self.args.output == "text" {
            println!("\n{}: {} runs\n{}", path.display(), all.len(), sweep::text(all));
        }
        let Some(first) = all.first().filter(|_| !self.args.dry) else { return Ok(()) };
        let folder = self.folder(&first.scenario.name);
        let table = folder.join("sweep.csv");
        let written = sweep::csv(all).and_then(|csv| std::fs::write(&table, csv));
        written.map_err(|e| cannot_write(&table, &e))?;
        let page = folder.join("sweep.html");
        std::fs::write(&page, sweep::page(all)).map_err(|e| cannot_write(&page, &e))?;
        if self.args.output == "text" {
            println!("{}", page.display());
        }
        Ok(())
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format_args!("cannot write {}: {error}", path.display()))
}

/// `latest` beside the folders of runs leads to the newest. Where there are no links, there is none.
fn latest(folder: &Path) {
    if let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) {
        let link = parent.join("latest");
        if link.symlink_metadata().is_ok_and(|m| m.is_symlink()) {
            let _ = std::fs::remove_file(&link);
        }
        let _ = std::os::unix::fs::symlink(name, link);
    }
}
