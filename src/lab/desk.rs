//! Experiments beside a running cluster: which there are, which were run, and one at a time that runs.
//!
//! A run is bounded in number, time and memory, can be cancelled, and has one thread of low priority, so the gateway
//! goes on serving. What it leaves is what `faasim run` leaves, below `experiments/` of the state folder, and is still there after a
//! restart.

mod run;
mod shelf;
mod work;

pub use run::{Curve, Part, Run, State};
pub use shelf::Entry;

use crate::lab::scenario::{self, Variant};
use crate::mistake::{Mistakes, Written};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Runs that are kept; the oldest is forgotten for the next.
const KEPT: usize = 40;
/// Runs that may wait for their turn.
const WAITING: usize = 8;
/// Parts (values of a sweep × seeds) that one run may have.
const PARTS: usize = 400;

/// Why a run was not begun.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The scenario has mistakes: each with its place.
    #[error("{0}")]
    Mistakes(Mistakes),
    /// There is no scenario of this name.
    #[error("there is no scenario `{0}`")]
    Unknown(String),
    /// It stands for too many runs.
    #[error(
        "this scenario stands for {0} runs, and {PARTS} are the most here: try fewer values or repetitions, or `faasim run`"
    )]
    Many(usize),
    /// Others wait already.
    #[error("{WAITING} experiments wait already: let one end, or cancel one")]
    Busy,
    /// The folder cannot be written.
    #[error("cannot write {}: {why}", folder.display())]
    Folder {
        /// Which one.
        folder: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
}

/// What is to be run.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// A scenario of the shelf.
    pub scenario: String,
    /// Its text, when a person has changed it.
    pub text: Option<String>,
    /// The first seed, instead of the file's.
    pub seed: Option<u64>,
}

/// A cheap handle to all of it.
#[derive(Clone, Debug)]
pub struct Desk(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Where results go.
    folder: PathBuf,
    /// The person's own scenarios.
    own: PathBuf,
    shutdown: CancellationToken,
    table: Mutex<Table>,
    /// Counts what happened to runs.
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Table {
    /// Newest first.
    runs: Vec<Run>,
    jobs: VecDeque<Job>,
    /// Somebody works on them.
    attended: bool,
}

#[derive(Debug)]
struct Job {
    id: String,
    path: PathBuf,
    variants: Vec<(Variant, u64)>,
    cancelled: Arc<AtomicBool>,
}

impl Desk {
    /// The desk of a state folder, with the scenarios of `own` (a folder that need not be there) besides the binary's.
    pub fn of(state: &Path, own: &Path, shutdown: CancellationToken) -> Self {
        let folder = state.join("experiments");
        let runs = run::kept(&folder);
        let table = Mutex::new(Table { runs, ..Table::default() });
        let changed = watch::channel(0).0;
        Desk(Arc::new(Inner { folder, own: own.to_path_buf(), shutdown, table, changed }))
    }

    /// The scenarios that can be chosen. The person's own come first, and hide the binary's of the same name.
    pub fn scenarios(&self) -> Vec<Entry> {
        shelf::entries(&self.0.own)
    }

    /// Every run that is kept, newest first.
    pub fn runs(&self) -> Vec<Run> {
        self.table().runs.clone()
    }

    /// One run.
    pub fn run(&self, id: &str) -> Option<Run> {
        self.table().runs.iter().find(|r| r.id == id).cloned()
    }

    /// Told of each change to a run.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// Begins a run, or lets it wait for its turn.
    ///
    /// # Errors
    /// The scenario has mistakes or is unknown, it is too much, or its folder cannot be made.
    pub fn start(&self, wish: &Wish) -> Result<Run, Refused> {
        let written = match (&wish.text, shelf::find(&self.0.own, &wish.scenario)) {
            (Some(text), Some((path, _))) => Written::new(path, text.clone()),
            (Some(text), None) => Written::new(format!("{}.toml", wish.scenario), text.clone()),
            (None, Some((path, text))) => Written::new(path, text),
            (None, None) => return Err(Refused::Unknown(wish.scenario.clone())),
        };
        let variants = scenario::parse(&written, false, &[]).map_err(Refused::Mistakes)?;
        let many = variants.iter().map(|v| v.scenario.repetitions as usize).fold(0, usize::saturating_add);
        if many > PARTS {
            return Err(Refused::Many(many));
        }
        let variants: Vec<(Variant, u64)> = variants
            .into_iter()
            .flat_map(|v| {
                let first = wish.seed.unwrap_or(v.scenario.seed);
                (0..v.scenario.repetitions).map(move |i| (v.clone(), first.wrapping_add(i)))
            })
            .collect();
        let Some((first, _)) = variants.first() else { return Err(Refused::Many(0)) };
        let run = Run::new(&first.scenario, variants.len());
        let folder = self.0.folder.join(&run.id);
        std::fs::create_dir_all(&folder).map_err(|e| Refused::Folder { folder: folder.clone(), why: e })?;
        // What was run stays beside what came of it.
        let path = folder.join("scenario.toml");
        std::fs::write(&path, written.text())
            .map_err(|e| Refused::Folder { folder: path.clone(), why: e })?;

        let mut table = self.table();
        if table.jobs.len() >= WAITING {
            drop(table);
            let _ = std::fs::remove_dir_all(folder);
            return Err(Refused::Busy);
        }
        table.runs.insert(0, run.clone());
        table.jobs.push_back(Job { id: run.id.clone(), path, variants, cancelled: run.cancelled.clone() });
        while table.runs.len() > KEPT {
            let Some(place) = table.runs.iter().rposition(|r| r.state.is_over()) else { break };
            let old = table.runs.remove(place);
            let _ = std::fs::remove_dir_all(self.0.folder.join(old.id));
        }
        if !std::mem::replace(&mut table.attended, true) {
            let desk = self.clone();
            let spawned =
                std::thread::Builder::new().name("experiments".into()).spawn(move || work::attend(&desk));
            if let Err(error) = spawned {
                table.attended = false;
                table.jobs.clear();
                table.runs.remove(0);
                return Err(Refused::Folder { folder, why: error });
            }
        }
        drop(table);
        self.tell();
        Ok(run)
    }

    /// Stops a run that waits or runs; forgets one that is over, with its files. Whether there is such a run.
    pub fn cancel_or_forget(&self, id: &str) -> bool {
        let mut table = self.table();
        let Some(place) = table.runs.iter().position(|r| r.id == id) else { return false };
        if table.runs[place].state.is_over() {
            table.runs.remove(place);
            let _ = std::fs::remove_dir_all(self.0.folder.join(id));
        } else {
            table.runs[place].cancelled.store(true, Ordering::Relaxed);
            if let Some(job) = table.jobs.iter().position(|j| j.id == id) {
                table.jobs.remove(job);
                table.runs[place].state = State::Cancelled;
            }
        }
        drop(table);
        self.tell();
        true
    }

    /// The folder of a part's files.
    pub fn part_folder(&self, id: &str, part: usize) -> Option<PathBuf> {
        let table = self.table();
        let run = table.runs.iter().find(|r| r.id == id)?;
        Some(self.0.folder.join(id).join(&run.parts.get(part)?.folder))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, id: &str, how: impl FnOnce(&mut Run)) {
        if let Some(run) = self.table().runs.iter_mut().find(|r| r.id == id) {
            how(run);
        }
        self.tell();
    }

    fn tell(&self) {
        self.0.changed.send_modify(|n| *n += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn desk(state: &Path) -> Desk {
        Desk::of(state, &state.join("own"), CancellationToken::new())
    }

    fn wait(desk: &Desk, id: &str, good: impl Fn(&Run) -> bool) -> Run {
        let begun = Instant::now();
        loop {
            let run = desk.run(id).unwrap();
            if good(&run) {
                return run;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{run:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn wish(scenario: &str, text: Option<&str>) -> Wish {
        Wish { scenario: scenario.into(), text: text.map(str::to_owned), seed: None }
    }

    /// Ten users for a year of virtual time: nobody waits for its end.
    const LONG: &str = "name = \"long\"\nduration = \"8760h\"\n[[function]]\nname = \"f\"\nreplicas = 1\nmodel = { service = \
                        { law = \"constant\", value = \"10ms\" } }\n[[load]]\nfunction = \"f\"\nusers = 10\n";

    #[test]
    fn a_run_leaves_what_it_saw_and_outlives_the_desk() {
        let state = tempfile::tempdir().unwrap();
        let id = {
            let desk = desk(state.path());
            assert!(desk.scenarios().iter().any(|s| s.name == "e03-hpa"));
            let id = desk.start(&wish("e03-hpa", None)).unwrap().id;
            let run = wait(&desk, &id, |r| r.state.is_over());
            assert_eq!(run.state, State::Done, "{run:?}");
            assert!(run.parts[0].passed && !run.parts[0].expectations.is_empty());
            id
        };
        let desk = desk(state.path());
        let run = desk.run(&id).unwrap();
        assert_eq!(run.state, State::Done);
        let folder = desk.part_folder(&id, 0).unwrap();
        assert!(folder.join("report.html").is_file());
        let curves: Vec<Curve> =
            serde_json::from_slice(&std::fs::read(folder.join(Curve::FILE)).unwrap()).unwrap();
        assert_eq!(curves[0].function, "mltest-final");
        assert_eq!(curves[0].replicas.iter().max(), Some(&6));
        assert!(desk.cancel_or_forget(&id) && desk.run(&id).is_none() && !folder.exists());
        assert!(!desk.cancel_or_forget(&id));
    }

    #[test]
    fn a_run_is_cancelled_and_the_next_one_has_its_turn() {
        let state = tempfile::tempdir().unwrap();
        let desk = desk(state.path());
        let long = desk.start(&wish("mine", Some(LONG))).unwrap().id;
        let waits = desk.start(&wish("mine", Some(LONG))).unwrap().id;
        let short = desk.start(&wish("e04-from-zero", None)).unwrap().id;
        wait(&desk, &long, |r| r.state == State::Running);
        assert_eq!(desk.run(&waits).unwrap().state, State::Waiting);
        assert!(desk.cancel_or_forget(&waits));
        assert_eq!(desk.run(&waits).unwrap().state, State::Cancelled);
        assert!(desk.cancel_or_forget(&long));
        wait(&desk, &long, |r| r.state == State::Cancelled);
        wait(&desk, &short, |r| r.state == State::Done);
    }

    #[test]
    fn what_cannot_be_run_is_said() {
        let state = tempfile::tempdir().unwrap();
        let desk = desk(state.path());
        let said = |wish: Wish| desk.start(&wish).unwrap_err().to_string();
        assert!(said(wish("nothing", None)).contains("`nothing`"));
        assert!(said(wish("mine", Some("name = \"x\"\nduraton = \"1s\"\n"))).contains("mine.toml:2:1"));
        let many = LONG.replace("[[function]]", "repetitions = 401\n[[function]]");
        assert!(said(wish("mine", Some(&many))).contains("401"));
        assert!(desk.runs().is_empty());
        for _ in 0..=WAITING {
            let _ = desk.start(&wish("mine", Some(LONG)));
        }
        wait(&desk, &desk.runs().last().unwrap().id, |r| r.state == State::Running);
        let _ = desk.start(&wish("mine", Some(LONG)));
        assert!(said(wish("mine", Some(LONG))).contains("wait already"));
        desk.0.shutdown.cancel();
    }

    #[test]
    fn a_persons_own_scenarios_come_first() {
        let state = tempfile::tempdir().unwrap();
        std::fs::create_dir(state.path().join("own")).unwrap();
        std::fs::write(state.path().join("own/e03-hpa.toml"), LONG).unwrap();
        std::fs::write(state.path().join("own/bad.toml"), "name = 3").unwrap();
        let all = desk(state.path()).scenarios();
        let mine = all.iter().find(|s| s.name == "e03-hpa").unwrap();
        assert_eq!(
            (mine.own, mine.duration, all.iter().filter(|s| s.name == "e03-hpa").count()),
            (true, 8760.0 * 3600.0, 1)
        );
        assert!(all.iter().find(|s| s.name == "bad").unwrap().problem.is_some());
    }
}
