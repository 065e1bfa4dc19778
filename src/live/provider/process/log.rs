//! Reads a pod's log file: `<time> <stdout|stderr> F <text>` as container runtimes write it, moved aside to
//! `log.1` when it is full.

use crate::cluster::time::Time;
use crate::live::provider::{LogLine, LogQuery, ProviderError};
use futures_util::stream::{self, BoxStream, StreamExt};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a file that is followed is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The lines of `pod`'s log at `path` that `query` asks for.
pub(super) fn read(
    path: PathBuf,
    pod: String,
    query: LogQuery,
) -> BoxStream<'static, Result<LogLine, ProviderError>> {
    let mut reader = Reader { path, pod, file: None, last: Time::ZERO, part: String::new() };
    let first = async move {
        let mut lines = VecDeque::new();
        let read = reader.history(|line| {
            if query.since.is_none_or(|since| line.at >= since) {
                lines.push_back(line);
                if query.tail.is_some_and(|tail| lines.len() > tail) {
                    lines.pop_front();
                }
            }
        });
        let error = read
            .err()
            .map(|e| Err(ProviderError(format!("the log {} cannot be read: {e}", reader.path.display()))));
        let follow = query.follow && error.is_none();
        let now = stream::iter(lines.into_iter().map(Ok).chain(error));
        let later = stream::unfold(reader, |mut reader| async move {
            let lines = reader.next_lines().await?;
            Some((stream::iter(lines.into_iter().map(Ok)), reader))
        });
        now.chain(later.flatten().take(if follow { usize::MAX } else { 0 }))
    };
    stream::once(first).flatten().boxed()
}

struct Reader {
    path: PathBuf,
    pod: String,
    file: Option<BufReader<File>>,
    /// When the last line was written: for lines that say nothing (the watchdog's last words).
    last: Time,
    /// A line whose end is not written yet.
    part: String,
}

impl Reader {
    /// All that is written by now, the older file first.
    fn history(&mut self, mut each: impl FnMut(LogLine)) -> io::Result<()> {
        let mut old = self.path.clone().into_os_string();
        old.push(".1");
        for path in [PathBuf::from(old), self.path.clone()] {
            match File::open(&path) {
                Ok(file) => self.file = Some(BufReader::new(file)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            }
            self.rest(&mut each)?;
        }
        Ok(())
    }

    /// The rest of the open file.
    fn rest(&mut self, each: &mut impl FnMut(LogLine)) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            if file.read_until(b'\n', &mut bytes)? == 0 {
                return Ok(());
            }
            self.part.push_str(&String::from_utf8_lossy(&bytes));
            if self.part.ends_with('\n') {
                let line = parse(self.part.trim_end_matches('\n'), &self.pod, self.last);
                self.part.clear();
                self.last = line.at;
                each(line);
            }
        }
    }

    /// Waits for new lines; none when the log is gone.
    async fn next_lines(&mut self) -> Option<Vec<LogLine>> {
        loop {
            let mut lines = Vec::new();
            self.rest(&mut |line| lines.push(line)).ok()?;
            if lines.is_empty() && self.is_old() {
                self.file = Some(BufReader::new(File::open(&self.path).ok()?));
                continue;
            }
            if !lines.is_empty() {
                return Some(lines);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The open file is not the one that is written now.
    fn is_old(&self) -> bool {
        let inode = |path: &Path| std::fs::metadata(path).ok().map(|m| m.ino());
        let open = self.file.as_ref().and_then(|f| f.get_ref().metadata().ok()).map(|m| m.ino());
        open != inode(&self.path)
    }
}

fn parse(line: &str, pod: &str, last: Time) -> LogLine {
    let mut words = line.splitn(4, ' ');
    let at = words.next().and_then(|word| word.parse::<jiff::Timestamp>().ok());
    let at = at.and_then(|t| u64::try_from(t.as_nanosecond()).ok()).map(Time::from_nanos);
    let stream = words.next();
    let whole = words.next();
    match (at, stream, whole) {
        (Some(at), Some("stdout" | "stderr"), Some("F" | "P")) => {
            LogLine { at, pod: pod.into(), text: words.next().unwrap_or_default().into() }
        }
        _ => LogLine { at: last, pod: pod.into(), text: line.into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn texts(lines: &[Result<LogLine, ProviderError>]) -> Vec<&str> {
        lines.iter().map(|l| l.as_ref().unwrap().text.as_str()).collect()
    }

    #[tokio::test]
    async fn old_and_new_file_are_read_as_one_and_followed_across_a_move() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::write(dir.path().join("log.1"), "2026-01-01T00:00:00.5Z stdout F one\n").unwrap();
        std::fs::write(&path, "2026-01-01T00:00:02Z stderr F two words\nlast words\n").unwrap();
        let all: Vec<_> = read(path.clone(), "p".into(), LogQuery::default()).collect().await;
        assert_eq!(texts(&all), ["one", "two words", "last words"]);

        let since = Some(Time::from_nanos(all[1].as_ref().unwrap().at.as_nanos()));
        let late: Vec<_> =
            read(path.clone(), "p".into(), LogQuery { since, ..LogQuery::default() }).collect().await;
        assert_eq!(texts(&late), ["two words", "last words"]);

        let query = LogQuery { tail: Some(1), follow: true, since: None };
        let mut followed = read(path.clone(), "p".into(), query);
        assert_eq!(followed.next().await.unwrap().unwrap().text, "last words");
        std::fs::rename(&path, dir.path().join("log.1")).unwrap();
        let mut file = File::create(&path).unwrap();
        writeln!(file, "2026-01-01T00:00:03Z stdout F three").unwrap();
        assert_eq!(followed.next().await.unwrap().unwrap().text, "three");
        std::fs::remove_file(&path).unwrap();
        assert!(followed.next().await.is_none());
    }
}
