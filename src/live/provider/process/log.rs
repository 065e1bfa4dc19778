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
/// As many lines are in memory at a time.
const PORTION: usize = 256;

/// The lines of `pod`'s log at `path` that `query` asks for.
pub(super) fn read(
    path: PathBuf,
    pod: String,
    query: LogQuery,
) -> BoxStream<'static, Result<LogLine, ProviderError>> {
    let reader = Reader::new(path, pod);
    let wanted = move |line: &LogLine| query.since.is_none_or(|since| line.at >= since);
    let portions = match query.tail {
        None => stream::unfold(reader, move |mut reader| async move {
            let portion = reader.portion(query.follow).await?;
            Some((portion, reader))
        })
        .boxed(),
        Some(tail) => stream::once(async move { reader.last(tail, wanted).await })
            .flat_map(move |(last, reader)| {
                let later = stream::unfold(reader, move |mut reader| async move {
                    let portion = if query.follow { reader.portion(true).await? } else { return None };
                    Some((portion, reader))
                });
                stream::once(async { last }).chain(later)
            })
            .boxed(),
    };
    let lines = portions.flat_map(|portion| {
        stream::iter(match portion {
            Ok(lines) => lines.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        })
    });
    lines.filter(move |line| std::future::ready(line.as_ref().map_or(true, wanted))).boxed()
}

type Portion = Result<Vec<LogLine>, ProviderError>;

struct Reader {
    path: PathBuf,
    pod: String,
    file: Option<BufReader<File>>,
    /// Files that are still to be read, the older one first.
    files: VecDeque<PathBuf>,
    /// When the last line was written: for lines that say nothing (the watchdog's last words).
    last: Time,
    /// A line whose end is not written yet.
    part: String,
    broken: bool,
}

impl Reader {
    fn new(path: PathBuf, pod: String) -> Self {
        let mut old = path.clone().into_os_string();
        old.push(".1");
        let files = VecDeque::from([PathBuf::from(old), path.clone()]);
        Reader { path, pod, file: None, files, last: Time::ZERO, part: String::new(), broken: false }
    }

    /// The next lines, at most [`PORTION`]. At the end it waits for more if `follow`; `None` when there is nothing more
    /// to come, or the log is gone.
    async fn portion(&mut self, follow: bool) -> Option<Portion> {
        if self.broken {
            return None;
        }
        loop {
            let mut lines = Vec::new();
            if let Err(error) = self.some(&mut lines) {
                self.broken = true;
                let why = format!("the log {} cannot be read: {error}", self.path.display());
                return Some(Err(ProviderError(why)));
            }
            if !lines.is_empty() {
                // A long log must not keep others on this thread waiting.
                tokio::task::yield_now().await;
                return Some(Ok(lines));
            }
            if !follow {
                return None;
            }
            if self.is_old() {
                self.file = Some(BufReader::new(File::open(&self.path).ok()?));
                continue;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The last `tail` of the lines that are wanted.
    async fn last(mut self, tail: usize, wanted: impl Fn(&LogLine) -> bool) -> (Portion, Self) {
        let mut kept = VecDeque::new();
        while let Some(portion) = self.portion(false).await {
            match portion {
                Ok(lines) => {
                    kept.extend(lines.into_iter().filter(&wanted));
                    kept.drain(..kept.len().saturating_sub(tail));
                }
                Err(error) => return (Err(error), self),
            }
        }
        (Ok(kept.into()), self)
    }

    /// Reads up to [`PORTION`] lines; none when the end of what is written has come.
    fn some(&mut self, lines: &mut Vec<LogLine>) -> io::Result<()> {
        let mut bytes = Vec::new();
        while lines.len() < PORTION {
            let read = match &mut self.file {
                Some(file) => {
                    bytes.clear();
                    file.read_until(b'\n', &mut bytes)?
                }
                None => 0,
            };
            if read == 0 {
                let Some(path) = self.files.pop_front() else { return Ok(()) };
                match File::open(&path) {
                    Ok(file) => self.file = Some(BufReader::new(file)),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
                continue;
            }
            self.part.push_str(&String::from_utf8_lossy(&bytes));
            if self.part.ends_with('\n') {
                let line = parse(self.part.trim_end_matches('\n'), &self.pod, self.last);
                self.part.clear();
                self.last = line.at;
                lines.push(line);
            }
        }
        Ok(())
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
