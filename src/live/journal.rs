//! What went into the core, so that it can be fed to a fresh one: `faasim replay FILE` must get the same
//! actions.
//!
//! A journal is JSON lines. The first is a checkpoint of the whole cluster; each other line is one input with
//! its time and a digest of the actions that followed.

use crate::cluster::Cluster;
use crate::cluster::action::Action;
use crate::cluster::command::Command;
use crate::cluster::event::Event;
use crate::cluster::time::Time;
use crate::live::folder::private;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Something that went into the core.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// A wish.
    Apply(Box<Command>),
    /// Something happened.
    Handle(Event),
    /// It was woken.
    Timeout,
}

impl Input {
    /// Feeds it to a core; a wish's answer is dropped.
    pub fn feed(self, cluster: &mut Cluster, now: Time) {
        match self {
            Input::Apply(command) => drop(cluster.apply(now, *command)),
            Input::Handle(event) => cluster.handle(now, event),
            Input::Timeout => cluster.handle_timeout(now),
        }
    }
}

#[derive(Serialize, Deserialize)]
enum Line {
    Checkpoint(Box<Cluster>),
    Input { at: Time, input: Box<Input>, actions: u32, digest: u64 },
}

/// FNV-1a over the actions' JSON: equal on every platform.
fn digest(hash: u64, action: &Action) -> u64 {
    let text = serde_json::to_vec(action).unwrap_or_default();
    text.iter().fold(hash, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;

/// A journal that is being written. When it grows beyond its bound it begins anew with a checkpoint. The one before,
/// or that of the run before, is kept beside it as `journal.1.jsonl`: what led to a sudden end can still be looked at.
pub struct Journal {
    path: PathBuf,
    out: BufWriter<File>,
    written: u64,
    limit: u64,
    entry: Option<(Time, Input)>,
    actions: u32,
    digest: u64,
}

impl Journal {
    /// Begins a journal in a state folder, with the cluster as it is before its next input.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn begin(folder: &Path, cluster: &Cluster, limit: u64) -> io::Result<Self> {
        let path = folder.join("journal.jsonl");
        match std::fs::rename(&path, before(&path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let out = BufWriter::new(private(&path)?);
        let mut journal = Journal { path, out, written: 0, limit, entry: None, actions: 0, digest: EMPTY };
        journal.write(&Line::Checkpoint(Box::new(cluster.clone())))?;
        Ok(journal)
    }

    /// An input is about to go into the core.
    pub fn input(&mut self, at: Time, input: &Input) {
        self.entry = Some((at, input.clone()));
        (self.actions, self.digest) = (0, EMPTY);
    }

    /// An action came out.
    pub fn action(&mut self, action: &Action) {
        self.actions += 1;
        self.digest = digest(self.digest, action);
    }

    /// All actions of the input came out.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn done(&mut self, cluster: &Cluster) -> io::Result<()> {
        if let Some((at, input)) = self.entry.take() {
            self.write(&Line::Input {
                at,
                input: Box::new(input),
                actions: self.actions,
                digest: self.digest,
            })?;
        }
        if self.written > self.limit {
            std::fs::rename(&self.path, before(&self.path))?;
            self.out = BufWriter::new(private(&self.path)?);
            self.written = 0;
            self.write(&Line::Checkpoint(Box::new(cluster.clone())))?;
        }
        Ok(())
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.out.write_all(&text)?;
        self.written += text.len() as u64;
        self.out.flush()
    }
}

/// Where the journal before this one is kept.
fn before(path: &Path) -> PathBuf {
    path.with_file_name("journal.1.jsonl")
}

/// What a journal holds: the cluster as it was, and what went into it from then on.
#[derive(Clone, Debug)]
pub struct Recording {
    /// As it was when the journal began.
    pub cluster: Cluster,
    /// In order of time.
    pub inputs: Vec<(Time, Input)>,
}

/// Reads a journal. A last line that was cut off is passed over.
///
/// # Errors
/// The file cannot be read, or a line of it is no journal's.
pub fn read(path: &Path) -> io::Result<Recording> {
    let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidData, text);
    let mut cluster = None;
    let mut inputs = Vec::new();
    let mut lines = BufReader::new(File::open(path)?).lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        match serde_json::from_str(&line?) {
            Ok(Line::Checkpoint(start)) if cluster.is_none() => cluster = Some(*start),
            Ok(Line::Checkpoint(_)) => {}
            Ok(Line::Input { at, input, .. }) => inputs.push((at, *input)),
            Err(_) if lines.peek().is_none() && cluster.is_some() => break,
            Err(e) => {
                let place = format!("{}:{}", path.display(), number + 1);
                return Err(invalid(format!("{place}: this is no line of a journal: {e}")));
            }
        }
    }
    let cluster =
        cluster.ok_or_else(|| invalid(format!("{}: a journal begins with a checkpoint", path.display())))?;
    Ok(Recording { cluster, inputs })
}

/// What a replay found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// Inputs that were fed.
    pub inputs: u64,
    /// Actions that came out.
    pub actions: u64,
    /// The first line whose actions differed, from 1.
    pub differs_at: Option<u64>,
}

/// Feeds a journal to a fresh core and compares what comes out.
///
/// # Errors
/// The file cannot be read, or a line of it is no journal's, or there is none. A last line that was cut off is passed
/// over.
pub fn replay(path: &Path, mut each: impl FnMut(Time, &Action)) -> io::Result<Replay> {
    let mut cluster: Option<Cluster> = None;
    let mut result = Replay::default();
    let mut lines = BufReader::new(File::open(path)?).lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        let line = match serde_json::from_str(&line?) {
            Ok(line) => line,
            Err(_) if lines.peek().is_none() && cluster.is_some() => break,
            Err(e) => {
                let text = format!("{}:{}: this is no line of a journal: {e}", path.display(), number + 1);
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
        };
        match (line, &mut cluster) {
            (Line::Checkpoint(start), _) => cluster = Some(*start),
            (Line::Input { at, input, actions, digest: expected }, Some(cluster)) => {
                input.feed(cluster, at);
                let (mut count, mut hash) = (0, EMPTY);
                while let Some(action) = cluster.poll_action() {
                    count += 1;
                    hash = digest(hash, &action);
                    each(at, &action);
                }
                result.inputs += 1;
                result.actions += u64::from(count);
                if (count, hash) != (actions, expected) && result.differs_at.is_none() {
                    result.differs_at = Some(number as u64 + 1);
                }
            }
            (Line::Input { .. }, None) => {
                let text = format!("{}:1: a journal begins with a checkpoint", path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
        }
    }
    if cluster.is_none() {
        let text = format!("{}: there is nothing in it: a journal begins with a checkpoint", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    Ok(result)
}
