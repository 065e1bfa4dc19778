//! What faasim itself has to say while the screen has the terminal: kept for its log pane, and in a file.

use crate::cluster::time::Time;
use crate::dashboard::tui::link::LogRow;
use futures_util::stream::{self, BoxStream, StreamExt};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// Lines that are kept for the pane.
const ROWS: usize = 1000;
/// A log file that is longer than this is moved aside when faasim starts.
const LONG: u64 = 8 << 20;

/// Which lines are written: the variable `FAASIM_LOG`, as `RUST_LOG` is written elsewhere.
fn filter(usual: &str) -> EnvFilter {
    EnvFilter::try_from_env("FAASIM_LOG").unwrap_or_else(|_| EnvFilter::new(usual))
}

/// Warnings go to standard error, for a faasim without a screen.
pub fn to_stderr() {
    let plain = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_target(false)
        .without_time();
    // A second time in one process (tests) the first one stays.
    let _ = tracing_subscriber::registry().with(filter("faasim=warn")).with(plain).try_init();
}

/// The lines of this process.
pub struct LogBook {
    pages: Mutex<Pages>,
    news: broadcast::Sender<LogRow>,
}

#[derive(Default)]
struct Pages {
    rows: VecDeque<LogRow>,
    file: Option<File>,
}

impl LogBook {
    /// An empty book that takes every line from now on.
    pub fn install() -> Arc<Self> {
        let book = Arc::new(LogBook { pages: Mutex::default(), news: broadcast::channel(256).0 });
        let registry = tracing_subscriber::registry().with(filter("faasim=info"));
        let _ = registry.with(Writer(book.clone())).try_init();
        book
    }

    /// Writes to a file too, beginning with what was said before.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn open(&self, path: &Path) -> io::Result<()> {
        if path.metadata().is_ok_and(|m| m.len() > LONG) {
            std::fs::rename(path, path.with_extension("log.1"))?;
        }
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        for row in &pages.rows {
            writeln!(file, "{} {}", row.at.rfc3339(), row.text)?;
        }
        pages.file = Some(file);
        Ok(())
    }

    /// Adds a line.
    pub fn write(&self, text: String) {
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let row = LogRow { at: Time::ZERO + unix, who: "faasim".into(), text };
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &mut pages.file {
            // A full disk must not stop the cluster; the pane still has the line.
            let _ = writeln!(file, "{} {}", row.at.rfc3339(), row.text);
        }
        if pages.rows.len() == ROWS {
            pages.rows.pop_front();
        }
        pages.rows.push_back(row.clone());
        // Nobody may be looking.
        let _ = self.news.send(row);
    }

    /// What was said lately, and what is said from now on.
    pub fn follow(&self) -> BoxStream<'static, LogRow> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let later = BroadcastStream::new(self.news.subscribe());
        let before: Vec<LogRow> = pages.rows.iter().cloned().collect();
        // A reader that was too slow has lost some lines; the file has them.
        stream::iter(before).chain(later.filter_map(|row| async { row.ok() })).boxed()
    }
}

struct Writer(Arc<LogBook>);

impl<S: Subscriber> Layer<S> for Writer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        let level = match *event.metadata().level() {
            Level::ERROR => "error: ",
            Level::WARN => "warning: ",
            _ => "",
        };
        self.0.write(format!("{level}{}{}", line.message, line.fields));
    }
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Writing to a text cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_gets_what_was_said_before_and_what_is_said_after() {
        let book = LogBook { pages: Mutex::default(), news: broadcast::channel(8).0 };
        book.write("one".into());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("faasim.log");
        book.open(&path).unwrap();
        let mut rows = book.follow();
        book.write("two".into());
        let (one, two) = (rows.next().await.unwrap(), rows.next().await.unwrap());
        assert_eq!((one.text.as_str(), two.text.as_str()), ("one", "two"));
        let file = std::fs::read_to_string(&path).unwrap();
        assert_eq!(file.lines().map(|l| &l[21..]).collect::<Vec<_>>(), ["one", "two"]);
    }
}
