//! `faasim run`: experiments.

mod compare;
mod table;

use super::failure::{Failure, Outcome as Done};
use crate::lab::results::{Outcome, Provenance};
use crate::lab::scenario::{self, Variant};
use crate::lab::{live_run, virtual_run};
use crate::mistake::Mistakes;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Run experiments: scenario files, as in sim-configs/
///
/// In virtual time (the default) an hour takes milliseconds, and the same seed leaves the same files. Each run leaves a
/// folder with summary.json, tables, charts and report.html. The exit code is 1 when something that a scenario expects
/// was not seen.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim run sim-configs/e03-hpa.toml\n  faasim run sim-configs/*.toml --virtual\n  \
                        faasim run sim-configs/e01-self-healing.toml --live\n  \
                        faasim run my.toml --seed 7 --out /tmp/results\n  faasim run my.toml --set platform.cores=8"
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
    /// The seed, instead of the file's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
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

/// One run to do.
struct Job {
    file: usize,
    variant: Variant,
    seed: u64,
}

/// Runs them all.
///
/// # Errors
/// A file has a mistake, an expectation does not hold, or results cannot be written.
pub fn run(args: Args) -> Done {
    let live = args.live || args.both;
    let mut jobs = Vec::new();
    let mut mistakes = Mistakes::new();
    for (file, path) in args.files.iter().enumerate() {
        match scenario::read_with(path, live, &args.set) {
            Ok(variants) => jobs.extend(variants.into_iter().flat_map(|variant| {
                let first = args.seed.unwrap_or(variant.scenario.seed);
                let seeds = first..first + variant.scenario.repetitions;
                seeds.map(move |seed| Job { file, variant: variant.clone(), seed })
            })),
            Err(found) => mistakes.append(found),
        }
    }
    mistakes
        .or(())
        .map_err(|all| Failure::failed(format_args!("{} in the scenarios\n{all}", count(all.len()))))?;

    let began = jiff::Timestamp::now();
    let stopped = Arc::new(AtomicBool::new(false));
    super::signals::on_interrupt(&stopped)?;
    let folder = |outcome: &Outcome, file: usize| {
        let time = began.strftime("%Y-%m-%dT%H-%M-%S").to_string();
        let _ = file;
        args.out.join(&outcome.scenario.name).join(time)
    };
    let mut failed = Vec::new();
    let mut said = |outcome: &Outcome, file: usize, took: f64| -> Done {
        if !args.dry {
            let within = folder(outcome, file);
            let leaf = within.join(outcome.folder());
            let cannot =
                |e: std::io::Error| Failure::failed(format_args!("cannot write {}: {e}", leaf.display()));
            outcome.write(&leaf).map_err(cannot)?;
            Provenance::of(&args.files[file], began, took).write(&leaf).map_err(cannot)?;
            latest(&within);
        }
        if args.output == "json" {
            println!("{}", serde_json::to_string(&outcome.summary()).unwrap_or_default());
        } else {
            let many = jobs.iter().filter(|j| j.file == file).count() > 8;
            say(
                outcome,
                took,
                many,
                (!args.dry).then(|| folder(outcome, file).join(outcome.folder())).as_deref(),
            );
        }
        if !outcome.passed() {
            failed.push(outcome.scenario.name.clone());
        }
        Ok(())
    };
    let mut outcomes = Vec::new();
    if !args.live {
        outcomes.extend(virtual_runs(&jobs, args.jobs, &stopped, &mut said)?);
    }
    if live {
        let modelled = std::mem::take(&mut outcomes);
        for (i, job) in jobs.iter().enumerate().take_while(|_| !stopped.load(Ordering::Relaxed)) {
            let (outcome, took) = live_run(job, &stopped)?;
            said(&outcome, job.file, took)?;
            if let Some((_, modelled)) = modelled.get(i) {
                print!("{}", compare::of(&outcome, modelled));
            }
            outcomes.push((job.file, outcome));
        }
    }
    for (file, path) in args.files.iter().enumerate() {
        let all: Vec<&Outcome> = outcomes.iter().filter(|(f, _)| *f == file).map(|(_, o)| o).collect();
        if all.len() > 1 && args.output == "text" {
            let text = table::of(&all);
            println!("\n{}: {} runs\n{text}", path.display(), all.len());
            if !args.dry
                && let Some(first) = all.first()
            {
                let path = folder(first, file).join("sweep.csv");
                let written = std::fs::write(&path, table::csv(&all));
                written.map_err(|e| Failure::failed(format_args!("cannot write {}: {e}", path.display())))?;
            }
        }
    }
    if stopped.load(Ordering::Relaxed) {
        return Err(Failure::failed("interrupted: what was measured until then is kept"));
    }
    if failed.is_empty() {
        return Ok(());
    }
    failed.dedup();
    Err(Failure::failed(format_args!("not as expected: {}", failed.join(", "))))
}

fn count(n: usize) -> String {
    format!("{n} mistake{}", if n == 1 { "" } else { "s" })
}

/// All virtual runs on all cores. They are told of in their order, each as soon as those before it are done, so that
/// nothing depends on the number of threads.
fn virtual_runs(
    jobs: &[Job],
    threads: Option<usize>,
    stopped: &AtomicBool,
    said: &mut impl FnMut(&Outcome, usize, f64) -> Done,
) -> Result<Vec<(usize, Outcome)>, Failure> {
    let threads = threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let next = AtomicUsize::new(0);
    let bar = progress(jobs.len());
    let (sender, receiver) = std::sync::mpsc::channel();
    let done_parts = Mutex::new(vec![0.0; jobs.len()]);
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, jobs.len().max(1)) {
            let (sender, next, bar, done_parts) = (sender.clone(), &next, &bar, &done_parts);
            scope.spawn(move || {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(place) else { return };
                    if stopped.load(Ordering::Relaxed) {
                        return;
                    }
                    let start = Instant::now();
                    let seen = virtual_run::run(&job.variant, job.seed, |share| {
                        let mut parts = done_parts.lock().unwrap_or_else(PoisonError::into_inner);
                        parts[place] = share;
                        bar.set_position((parts.iter().sum::<f64>() * 1000.0) as u64);
                        !stopped.load(Ordering::Relaxed)
                    });
                    let s = &job.variant.scenario;
                    let verdicts = s.expect.iter().map(|e| e.judge(&seen, &s.phase)).collect();
                    let outcome = Outcome {
                        mode: "virtual",
                        values: job.variant.values.clone(),
                        seed: job.seed,
                        scenario: s.clone(),
                        seen,
                        verdicts,
                    };
                    if sender.send((place, outcome, start.elapsed().as_secs_f64())).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting: Vec<Option<(Outcome, f64)>> = jobs.iter().map(|_| None).collect();
        let mut outcomes = Vec::new();
        for (place, outcome, took) in receiver {
            waiting[place] = Some((outcome, took));
            while let Some((outcome, took)) = waiting.get_mut(outcomes.len()).and_then(Option::take) {
                let file = jobs[outcomes.len()].file;
                bar.suspend(|| said(&outcome, file, took))?;
                outcomes.push((file, outcome));
            }
        }
        bar.finish_and_clear();
        Ok(outcomes)
    })
}

/// One live run, in a state folder that is gone afterwards.
fn live_run(job: &Job, stopped: &AtomicBool) -> Result<(Outcome, f64), Failure> {
    let s = &job.variant.scenario;
    let cannot = |e: std::io::Error| Failure::failed(format_args!("cannot start: {e}"));
    let state = std::env::temp_dir().join(format!("faasim-run-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&state).map_err(cannot)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(cannot)?;
    let bar = progress(1);
    let start = Instant::now();
    let done = runtime.block_on(live_run::run(&job.variant, job.seed, &state, stopped, |share| {
        bar.set_position((share * 1000.0) as u64);
    }));
    bar.finish_and_clear();
    // What a pod may still write there is of no use to anybody.
    let _ = std::fs::remove_dir_all(&state);
    let seen = done.map_err(|why| Failure::failed(format_args!("{}: {why}", s.name)))?;
    let verdicts = s.expect.iter().map(|e| e.judge(&seen, &s.phase)).collect();
    let (values, scenario) = (job.variant.values.clone(), s.clone());
    let outcome = Outcome { mode: "live", values, seed: job.seed, scenario, seen, verdicts };
    Ok((outcome, start.elapsed().as_secs_f64()))
}

fn progress(runs: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(runs as u64 * 1000);
    let style = ProgressStyle::with_template("{bar:40} {percent}% {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// One of `many` that passed is a line; others tell all.
fn say(outcome: &Outcome, took: f64, many: bool, folder: Option<&Path>) {
    let s = &outcome.scenario;
    let values: Vec<String> = outcome.values.iter().map(|(k, v)| format!(", {k} = {v}")).collect();
    let mark = if outcome.passed() { "✓" } else { "✗" };
    println!(
        "{mark} {} ({}, seed {}{}): {:.0} s in {took:.2} s",
        s.name,
        outcome.mode,
        outcome.seed,
        values.concat(),
        outcome.seen.duration
    );
    if many && outcome.passed() {
        return;
    }
    let width = outcome.verdicts.iter().map(|v| v.expected.chars().count()).max().unwrap_or(0);
    for v in &outcome.verdicts {
        println!("  {} {:width$}   seen: {}", if v.holds { "✓" } else { "✗" }, v.expected, v.seen);
    }
    for note in &outcome.seen.notes {
        println!("  note: {note}");
    }
    if let Some(folder) = folder {
        println!("  {}", folder.join("report.html").display());
    }
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
