//! Where the watchdog's and the function's lines go: stderr, or a rotating file in the CRI format that
//! container runtimes use (`<time> <stream> F <text>`), because a pipe would die with the process at its other end.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// A log file is moved aside to `<name>.1` when it has grown to this many bytes.
const ROTATE_AT: u64 = 10 << 20;

/// Which of the function's streams a line came from; the watchdog's own lines are on stderr.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    pub(super) fn name(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }
}

/// The one log of a watchdog.
#[derive(Debug)]
pub(super) struct Log {
    file: Option<Mutex<Rotating>>,
}

impl Log {
    /// # Errors
    /// When the file cannot be opened for appending.
    pub(super) fn open(path: Option<&Path>) -> io::Result<Log> {
        Ok(Log { file: path.map(Rotating::open).transpose()?.map(Mutex::new) })
    }

    /// A line of the watchdog itself, behind the date.
    pub(super) fn say(&self, text: impl AsRef<str>) {
        self.dated(Stream::Stderr, text.as_ref());
    }

    /// A line behind the date: `2006/01/02 15:04:05 text`.
    pub(super) fn dated(&self, stream: Stream, text: &str) {
        let now = jiff::ZonedDateTime::now();
        self.plain(stream, &format!("{} {text}", now.strftime("%Y/%m/%d %H:%M:%S")));
    }

    /// A line as it is.
    pub(super) fn plain(&self, stream: Stream, text: &str) {
        let text = text.strip_suffix('\n').unwrap_or(text);
        // A log that cannot be written must not stop the function.
        let _ = match &self.file {
            None => {
                let line = format!("{text}\n");
                match stream {
                    Stream::Stdout => io::stdout().write_all(line.as_bytes()),
                    Stream::Stderr => io::stderr().write_all(line.as_bytes()),
                }
            }
            Some(file) => {
                let now = jiff::Timestamp::now();
                let mut lines = String::with_capacity(text.len() + 48);
                for part in text.split('\n') {
                    lines.push_str(&format!("{now:.9} {} F {part}\n", stream.name()));
                }
                file.lock().unwrap_or_else(|e| e.into_inner()).write(lines.as_bytes())
            }
        };
    }
}

#[derive(Debug)]
struct Rotating {
    path: PathBuf,
    file: File,
    size: u64,
}

impl Rotating {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let size = file.metadata()?.len();
        Ok(Rotating { path: path.to_owned(), file, size })
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.size > 0 && self.size + lines.len() as u64 > ROTATE_AT {
            let mut old = self.path.clone().into_os_string();
            old.push(".1");
            std::fs::rename(&self.path, old)?;
            *self = Rotating::open(&self.path)?;
        }
        self.size += lines.len() as u64;
        self.file.write_all(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_is_moved_aside_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let log = Log::open(Some(&path)).unwrap();
        let line = "x".repeat(1 << 20);
        for _ in 0..25 {
            log.plain(Stream::Stdout, &line);
        }
        let size = |p: &Path| std::fs::metadata(p).map(|m| m.len()).unwrap_or(0);
        assert!(size(&path) > 0 && size(&path) <= ROTATE_AT);
        assert!(size(&dir.path().join("log.1")) > 9 << 20);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn each_line_has_time_and_stream() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        Log::open(Some(&path)).unwrap().plain(Stream::Stdout, "one\ntwo\n");
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        let (time, rest) = lines[1].split_once(' ').unwrap();
        assert!(time.parse::<jiff::Timestamp>().is_ok(), "{time}");
        assert_eq!(rest, "stdout F two");
    }
}
