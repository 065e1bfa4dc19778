//! Runs a command in a container.

use super::super::ProviderError;
use super::engine::{Engine, words};
use crate::live::exec::{Exec, FromCommand, ToCommand, Window};
use crate::watchdog::hold;
use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bollard::query_parameters::ResizeExecOptions;
use futures_util::{Stream, StreamExt};
use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

/// As the library gives both ends.
type Printed = Pin<Box<dyn Stream<Item = Result<LogOutput, Error>> + Send>>;
type Stdin = Pin<Box<dyn AsyncWrite + Send>>;

pub(super) async fn run(engine: &Engine, pod: &str, exec: Exec) -> Result<i32, ProviderError> {
    let fails = |error: Error| ProviderError(format!("pod {pod}: {}", words(&error)));
    let program = exec.request.command.first().cloned().unwrap_or_default();
    let (id, unrunnable) = converse(engine, pod, exec).await.map_err(fails)?;
    let about = engine.docker.inspect_exec(&id).await.map_err(fails)?;
    let code = about.exit_code.and_then(|code| i32::try_from(code).ok()).unwrap_or(1);
    match code {
        126 | 127 if unrunnable => Err(ProviderError(format!(
            "`{program}` is not in the image of pod {pod}: faasim/base has neither a shell nor tools; an image with a base of \
             your own has what that brings, and with `--provider process` there is all that this machine has"
        ))),
        code => Ok(code),
    }
}

/// Starts it, passes on what is said to it and what it prints until it ends. Its number at the engine, and whether the
/// engine said that it cannot be run.
async fn converse(engine: &Engine, pod: &str, exec: Exec) -> Result<(String, bool), Error> {
    let Exec { request, input, output } = exec;
    // What opens the pod is not for those who look around in it.
    let mut environment = [hold::TOKEN, hold::LEASE, hold::EXE].map(|name| format!("{name}=")).to_vec();
    let tty = request.terminal.is_some();
    if tty {
        environment.push("TERM=xterm".into());
    }
    let options = CreateExecOptions {
        cmd: Some(request.command),
        env: Some(environment),
        attach_stdin: Some(request.stdin),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(tty),
        ..CreateExecOptions::default()
    };
    let id = engine.docker.create_exec(pod, options).await?.id;
    let options = StartExecOptions { tty, ..StartExecOptions::default() };
    let StartExecResults::Attached { output: printed, input: stdin } =
        engine.docker.start_exec(&id, Some(options)).await?
    else {
        return Ok((id, false));
    };
    let talk = Talk { engine, id: &id };
    if let Some(window) = request.terminal {
        talk.resize(window).await;
    }
    // Both at once: a command may stop reading until somebody takes what it printed.
    let unrunnable = tokio::select! {
        ended = talk.print(printed, &output) => ended?,
        never = talk.feed(stdin, input) => match never {},
    };
    Ok((id, unrunnable))
}

/// A command that runs.
struct Talk<'a> {
    engine: &'a Engine,
    id: &'a str,
}

impl Talk<'_> {
    async fn resize(&self, Window { columns, rows }: Window) {
        let size = ResizeExecOptions { w: columns.into(), h: rows.into() };
        // It may just have ended, and then has no size.
        let _ = self.engine.docker.resize_exec(self.id, size).await;
    }

    /// Passes on what comes out, until nothing more does or nobody wants it. Whether it was the engine that spoke.
    async fn print(&self, mut from: Printed, to: &mpsc::Sender<FromCommand>) -> Result<bool, Error> {
        let mut unrunnable = false;
        while let Some(part) = from.next().await {
            let part = match part? {
                // The engine's runtime writes this where the program's own output would be.
                part if part.as_ref().starts_with(b"OCI runtime exec failed") => {
                    unrunnable = true;
                    continue;
                }
                LogOutput::StdErr { message } => FromCommand::Error(message),
                other => FromCommand::Output(other.into_bytes()),
            };
            if to.send(part).await.is_err() {
                break;
            }
        }
        Ok(unrunnable)
    }

    /// Passes on what is typed, as long as the command reads it.
    async fn feed(&self, stdin: Stdin, mut input: mpsc::Receiver<ToCommand>) -> Infallible {
        let mut stdin = Some(stdin);
        while let Some(told) = input.recv().await {
            match (told, &mut stdin) {
                (ToCommand::Input(bytes), Some(open)) => {
                    if open.write_all(&bytes).await.and(open.flush().await).is_err() {
                        stdin = None;
                    }
                }
                (ToCommand::InputEnds, Some(open)) => {
                    // It cannot be closed when the command has ended.
                    let _ = open.shutdown().await;
                    stdin = None;
                }
                (ToCommand::Window(window), _) => self.resize(window).await,
                (ToCommand::Input(_) | ToCommand::InputEnds, None) => {}
            }
        }
        pending().await
    }
}
