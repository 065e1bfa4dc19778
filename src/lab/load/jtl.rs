//! JMeter's results as CSV (JTL): JMeter's listeners and its report open such a file.

use std::borrow::Cow;
use std::io::{self, Write};

/// The columns, named as JMeter 2.13 and later name them.
const COLUMNS: [&str; 16] = [
    "timeStamp",
    "elapsed",
    "label",
    "responseCode",
    "responseMessage",
    "threadName",
    "dataType",
    "success",
    "failureMessage",
    "bytes",
    "grpThreads",
    "allThreads",
    "URL",
    "Latency",
    "IdleTime",
    "Connect",
];

/// One request as JMeter writes it down.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line<'a> {
    /// When it was sent: milliseconds since 1970.
    pub sent: u64,
    /// Until its answer, in milliseconds.
    pub elapsed: u64,
    /// What it was.
    pub label: &'a str,
    /// The status; 0 without an answer.
    pub status: u16,
    /// Thread group and number of the user, both from 1.
    pub group: &'a str,
    /// The number of the user, from 1.
    pub user: u32,
    /// Why it failed; none if it did not.
    pub failure: Option<&'a str>,
    /// Bytes of the reply.
    pub bytes: u64,
    /// Users of this group, and of all, at the time.
    pub users: u32,
    /// Where it went.
    pub url: &'a str,
    /// Until the first byte of the answer, in milliseconds.
    pub latency: u64,
    /// Connecting, in milliseconds.
    pub connect: u64,
}

/// Writes lines as they come.
pub struct Writer<W: Write>(csv::Writer<W>);

impl<W: Write> Writer<W> {
    /// Begins with the columns' names.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn new(to: W) -> io::Result<Self> {
        let mut csv = csv::Writer::from_writer(to);
        csv.write_record(COLUMNS)?;
        Ok(Writer(csv))
    }

    /// One more.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        let code: Cow<'_, str> = match line.status {
            0 => "Non HTTP response code".into(),
            status => status.to_string().into(),
        };
        let known = http::StatusCode::from_u16(line.status).ok().and_then(|s| s.canonical_reason());
        let message = known.unwrap_or(if line.status == 0 { line.failure.unwrap_or("") } else { "" });
        self.0.serialize((
            line.sent,
            line.elapsed,
            line.label,
            code,
            message,
            format!("{} 1-{}", line.group, line.user),
            "text",
            line.failure.is_none(),
            line.failure.unwrap_or(""),
            line.bytes,
            line.users,
            line.users,
            line.url,
            line.latency,
            0,
            line.connect,
        ))?;
        Ok(())
    }

    /// Everything that was said so far is where it was to go.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_as_jmeter_writes_it() {
        let mut out = Vec::new();
        let mut jtl = Writer::new(&mut out).unwrap();
        let line = Line {
            sent: 1_700_000_000_123,
            elapsed: 80,
            label: "mltest",
            status: 200,
            group: "users",
            user: 2,
            bytes: 5,
            users: 3,
            url: "http://127.0.0.1:8080/function/mltest",
            latency: 79,
            connect: 1,
            failure: None,
        };
        jtl.line(&line).unwrap();
        jtl.line(&Line { status: 0, failure: Some("timed out"), ..line }).unwrap();
        jtl.flush().unwrap();
        drop(jtl);
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("timeStamp,elapsed,label,responseCode"), "{text}");
        assert_eq!(
            lines[1],
            "1700000000123,80,mltest,200,OK,users 1-2,text,true,,5,3,3,http://127.0.0.1:8080/function/mltest,79,0,1"
        );
        assert!(
            lines[2].contains(",Non HTTP response code,timed out,users 1-2,text,false,timed out,"),
            "{text}"
        );
    }
}
