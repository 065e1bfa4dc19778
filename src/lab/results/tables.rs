//! The rows of a run for spreadsheets and for JMeter, written as they come.

use super::Outcome;
use crate::lab::load::jtl;
use crate::lab::observations::Observations;
use crate::lab::runner::Follow;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// The tables of a run that goes on: what is new is added at each look.
pub struct Tables {
    folder: PathBuf,
    requests: csv::Writer<File>,
    jtl: jtl::Writer<BufWriter<File>>,
    samples: csv::Writer<File>,
    usage: csv::Writer<File>,
    decisions: csv::Writer<File>,
    written: Written,
    failed: Option<io::Error>,
}

/// How much of each is in its file.
#[derive(Clone, Copy, Debug, Default)]
struct Written {
    requests: usize,
    rows: usize,
    pod_rows: usize,
    decisions: usize,
    pods: usize,
}

/// All tables of a run that is over.
pub(super) fn all(outcome: &Outcome, folder: &Path) -> io::Result<()> {
    let mut tables = Tables::begin(folder)?;
    tables.add(&outcome.seen)?;
    tables.end(&outcome.seen)
}

impl Tables {
    /// Begins the files in a folder.
    ///
    /// # Errors
    /// One cannot be written.
    pub fn begin(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let begin = |name: &str, columns: &[&str]| -> io::Result<csv::Writer<File>> {
            let mut csv = csv::Writer::from_path(folder.join(name))?;
            csv.write_record(columns)?;
            Ok(csv)
        };
        Ok(Tables {
            folder: folder.to_owned(),
            requests: begin(
                "requests.csv",
                &[
                    "at",
                    "function",
                    "load",
                    "user",
                    "pod",
                    "wait",
                    "response",
                    "status",
                    "cold",
                    "failure",
                    "wait_for_pod",
                    "wait_in_queue",
                    "fork",
                    "work",
                    "transfer",
                    "bytes",
                    "first_byte",
                    "connect",
                    "request",
                    "body",
                    "reply",
                ],
            )?,
            jtl: jtl::Writer::new(BufWriter::new(File::create(folder.join("requests.jtl"))?))?,
            samples: begin(
                "samples.csv",
                &[
                    "at",
                    "function",
                    "replicas",
                    "ready",
                    "pods",
                    "in_flight",
                    "queued",
                    "rate",
                    "p50",
                    "p95",
                    "cpu",
                ],
            )?,
            usage: begin("usage.csv", &["at", "pod", "cpu", "memory"])?,
            decisions: begin(
                "decisions.csv",
                &["at", "function", "scaler", "from", "to", "reason", "working", "decision"],
            )?,
            written: Written::default(),
            failed: None,
        })
    }

    /// Writes what has come since the last time.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn add(&mut self, seen: &Observations) -> io::Result<()> {
        let pod = |place: usize| seen.pods.get(place).map_or("", |p| p.name.as_str());
        for r in seen.requests.get(self.written.requests..).unwrap_or_default() {
            let exchange = r.exchange.as_deref();
            self.requests.serialize((
                (round(r.at), &seen.functions[r.function], seen.loads.get(r.load), r.user),
                (r.pod.map_or("", pod), round(r.wait), round(r.response), r.status, r.cold),
                r.failure.as_deref(),
                r.parts.named().map(|(_, part)| round(part)),
                (r.bytes, round(r.first_byte), round(r.connect)),
                exchange.map_or(["", "", ""], |e| [e.line.as_str(), e.body.as_str(), e.reply.as_str()]),
            ))?;
            let milli = |s: f64| (s * 1000.0).round() as u64;
            let function = &seen.functions[r.function];
            self.jtl.line(&jtl::Line {
                sent: milli(seen.epoch + r.at),
                elapsed: milli(r.response),
                label: function,
                status: r.status,
                group: seen.loads.get(r.load).map_or("load", String::as_str),
                user: r.user + 1,
                failure: r.failure.as_deref(),
                bytes: r.bytes,
                users: 1,
                url: &format!("/function/{function}"),
                latency: milli(r.first_byte),
                connect: milli(r.connect),
            })?;
        }
        for r in seen.rows.get(self.written.rows..).unwrap_or_default() {
            self.samples.serialize((
                round(r.at),
                &seen.functions[r.function],
                (r.replicas, r.ready, r.pods, r.in_flight, r.queued),
                round(r.rate),
                r.p50.map(round),
                r.p95.map(round),
                round(r.cpu),
            ))?;
        }
        for r in seen.pod_rows.get(self.written.pod_rows..).unwrap_or_default() {
            self.usage.serialize((round(r.at), pod(r.pod), round(r.cpu), r.memory))?;
        }
        for (f, at, d) in seen.decisions.get(self.written.decisions..).unwrap_or_default() {
            self.decisions.serialize((
                round(*at),
                &seen.functions[*f],
                d.scaler.to_string(),
                d.from,
                d.to,
                &d.reason,
                d.lines().join("; "),
                serde_json::to_string(d)?,
            ))?;
        }
        self.written = Written {
            requests: seen.requests.len(),
            rows: seen.rows.len(),
            pod_rows: seen.pod_rows.len(),
            decisions: seen.decisions.len(),
            pods: self.written.pods,
        };
        if self.written.pods != seen.pods.len() {
            self.pods(seen)?;
        }
        Ok(())
    }

    /// Pods change while they live: their table is written anew.
    fn pods(&mut self, seen: &Observations) -> io::Result<()> {
        let mut csv = csv::Writer::from_path(self.folder.join("pods.csv"))?;
        csv.write_record(["pod", "function", "node", "created", "ready", "ended"])?;
        for p in &seen.pods {
            let function = &seen.functions[p.function];
            csv.serialize((
                &p.name,
                function,
                p.node,
                round(p.created),
                p.ready.map(round),
                p.ended.map(round),
            ))?;
        }
        self.written.pods = seen.pods.len();
        csv.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.requests.flush()?;
        self.jtl.flush()?;
        self.samples.flush()?;
        self.usage.flush()?;
        self.decisions.flush()
    }

    /// Writes the rest.
    ///
    /// # Errors
    /// A file cannot be written, or could not be before.
    pub fn end(mut self, seen: &Observations) -> io::Result<()> {
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        self.add(seen)?;
        self.pods(seen)?;
        self.flush()
    }
}

/// Everything that was seen is on disk at each look, so that a run that is cut off has left it.
impl Follow for Tables {
    fn look(&mut self, seen: &Observations, _: f64) -> bool {
        if self.failed.is_none() && !seen.functions.is_empty() {
            self.failed = self.add(seen).and_then(|()| self.flush()).err();
        }
        // A full disk is said at the end; the run itself is not the worse for it.
        true
    }
}

/// A live run's numbers have more digits than its clock until it is over.
fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
