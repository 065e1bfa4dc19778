//! Each request in a file that JMeter opens.

use crate::cli::failure::Failure;
use crate::lab::load::jtl::{Line, Writer};
use crate::lab::load::{Each, Ended};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// A file that fills while the load goes on.
pub(super) struct Sheet {
    path: PathBuf,
    /// Milliseconds since 1970 at a moment.
    began: (Instant, u64),
    out: Arc<Mutex<Out>>,
}

struct Out {
    jtl: Writer<BufWriter<File>>,
    failed: Option<std::io::Error>,
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format_args!("--jtl: cannot write {}: {error}", path.display()))
}

impl Sheet {
    pub(super) fn begin(path: &Path) -> Result<Self, Failure> {
        let jtl = File::create(path).and_then(|file| Writer::new(BufWriter::new(file)));
        let jtl = jtl.map_err(|e| cannot(path, &e))?;
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64);
        Ok(Sheet {
            path: path.to_owned(),
            began: (Instant::now(), epoch),
            out: Arc::new(Mutex::new(Out { jtl, failed: None })),
        })
    }

    /// Writes each request of one load.
    pub(super) fn each(&self, label: String, url: String) -> Each {
        let (out, (start, epoch)) = (self.out.clone(), self.began);
        Box::new(move |e: Ended| {
            let milli = |later: Instant| later.saturating_duration_since(start).as_millis() as u64;
            let line = Line {
                sent: epoch + milli(e.intended),
                elapsed: e.ended.saturating_duration_since(e.intended).as_millis() as u64,
                label: &label,
                status: e.status.unwrap_or(0),
                group: &label,
                user: e.user + 1,
                failure: e.failure.as_deref(),
                bytes: e.bytes,
                users: e.users,
                url: &url,
                latency: (e.sent.saturating_duration_since(e.intended) + e.first_byte).as_millis() as u64,
                connect: e.connect.as_millis() as u64,
            };
            let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
            if out.failed.is_none() {
                out.failed = out.jtl.line(&line).err();
            }
        })
    }

    pub(super) fn end(self) -> Result<(), Failure> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let flushed = out.jtl.flush();
        match out.failed.take().or(flushed.err()) {
            Some(error) => Err(cannot(&self.path, &error)),
            None => Ok(()),
        }
    }
}
