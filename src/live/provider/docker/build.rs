//! Builds an image from files of this machine, streamed to the engine.

use super::engine::{Engine, words};
use bollard::body_try_stream;
use bollard::query_parameters::BuildImageOptionsBuilder;
use bytes::Bytes;
use futures_util::StreamExt;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufWriter, Write};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// How much of the tar is under way at a time.
const CHUNK: usize = 1 << 18;

impl Engine {
    /// Builds `tag` from a context that `write` fills; `dockerfile` is its Dockerfile.
    ///
    /// # Errors
    /// What the engine, or a file, has against it.
    pub(super) async fn build(
        &self,
        tag: &str,
        labels: HashMap<String, String>,
        dockerfile: String,
        write: impl FnOnce(&mut tar::Builder<BufWriter<Channel>>) -> io::Result<()> + Send + 'static,
    ) -> Result<(), String> {
        self.build_with(tag, labels, dockerfile, &BTreeMap::new(), false, |_| {}, write).await
    }

    /// The same with build arguments, telling each line that the engine says.
    ///
    /// # Errors
    /// As [`Engine::build`].
    #[allow(clippy::too_many_arguments)] // As many as a build has parts.
    pub(super) async fn build_with(
        &self,
        tag: &str,
        labels: HashMap<String, String>,
        dockerfile: String,
        arguments: &BTreeMap<String, String>,
        no_cache: bool,
        say: impl Fn(&str),
        write: impl FnOnce(&mut tar::Builder<BufWriter<Channel>>) -> io::Result<()> + Send + 'static,
    ) -> Result<(), String> {
        let (sender, receiver) = mpsc::channel(4);
        // Files are read on a thread of their own, as fast as the engine takes them.
        let writing = tokio::task::spawn_blocking(move || {
            let mut tar = tar::Builder::new(BufWriter::with_capacity(CHUNK, Channel(sender.clone())));
            let written = context(&mut tar, &dockerfile, write).and_then(|()| tar.into_inner()?.flush());
            if let Err(error) = &written {
                // The engine must not take what came so far for the whole.
                let _ = sender.blocking_send(Err(io::Error::new(error.kind(), error.to_string())));
            }
            written
        });
        let arguments: HashMap<String, String> = arguments.clone().into_iter().collect();
        let options = BuildImageOptionsBuilder::default()
            .dockerfile("Dockerfile")
            .t(tag)
            .nocache(no_cache)
            .buildargs(&arguments)
            .rm(true)
            .forcerm(true)
            .labels(&labels)
            .build();
        let body = body_try_stream(ReceiverStream::new(receiver));
        let mut steps = self.docker.build_image(options, None, Some(body));
        let mut failed = None;
        while let Some(step) = steps.next().await {
            match step {
                Ok(step) => {
                    let text = step.stream.unwrap_or_default();
                    text.lines().filter(|line| !line.trim().is_empty()).for_each(&say);
                    failed = failed.or(step.error_detail.and_then(|e| e.message));
                }
                Err(error) => failed = failed.or(Some(words(&error))),
            }
        }
        drop(steps);
        match writing.await {
            Ok(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.to_string()),
            _ => {}
        }
        failed.map_or(Ok(()), Err)
    }
}

fn context<W: Write>(
    tar: &mut tar::Builder<W>,
    dockerfile: &str,
    write: impl FnOnce(&mut tar::Builder<W>) -> io::Result<()>,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(dockerfile.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    tar.append_data(&mut header, "Dockerfile", dockerfile.as_bytes())?;
    write(tar)
}

/// The writing end of a request's body.
pub(super) struct Channel(mpsc::Sender<io::Result<Bytes>>);

impl Write for Channel {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(buffer)));
        sent.map(|()| buffer.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
