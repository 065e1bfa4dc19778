//! Runs a command beside a pod's watchdog: with its environment, in its folder.

mod terminal;

use super::passport::Passport;
use crate::live::exec::{Exec, FromCommand, ToCommand};
use crate::live::provider::ProviderError;
use crate::watchdog::hold;
use bytes::{Bytes, BytesMut};
use procfs::process::Process;
use rustix::process::{Pid, Signal};
use std::ffi::OsString;
use std::future::pending;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::ChildStdin;
use tokio::sync::mpsc;

/// How much is read at once.
const PIECE: usize = 32 << 10;
/// How long output may still come after the command has ended: a child of it may hold the pipe for ever.
const LATE_OUTPUT: Duration = Duration::from_millis(200);

/// Where a command runs, and with what.
struct Place {
    folder: PathBuf,
    environment: Vec<(OsString, OsString)>,
}

impl Place {
    /// That of a pod.
    fn of(passport: &Passport) -> procfs::ProcResult<Self> {
        let process = Process::new(passport.pid)?;
        // What opens the pod is not for those who look around in it.
        let shown = |name: &OsString| {
            let name = name.to_string_lossy();
            !name.starts_with("FAASIM_") || name == hold::POD
        };
        let environment = process.environ()?.into_iter().filter(|(name, _)| shown(name)).collect();
        Ok(Place { folder: process.cwd()?, environment })
    }
}

/// A command's process and its children, which end when nobody waits for it any more.
struct Group(Option<Pid>);

impl Group {
    fn led_by(pid: Option<u32>) -> Self {
        Group(pid.and_then(|pid| Pid::from_raw(pid.cast_signed())))
    }

    /// It has ended by itself.
    fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // It may just have ended.
            let _ = rustix::process::kill_process_group(pid, Signal::KILL);
        }
    }
}

pub(super) async fn run(passport: &Passport, exec: Exec) -> Result<i32, ProviderError> {
    let pod = &passport.name;
    let fails = |error: &dyn std::fmt::Display| ProviderError(format!("pod {pod}: {error}"));
    let program = exec.request.command.first();
    let program = program.ok_or_else(|| fails(&"exec needs a command: `faasim exec POD -- CMD`"))?.clone();
    let place = Place::of(passport).map_err(|e| fails(&e))?;
    let ended = match exec.request.terminal {
        Some(window) => terminal::run(place, window, exec).await,
        None => with_pipes(place, exec).await,
    };
    ended.map_err(|e| fails(&format_args!("`{program}`: {e}")))
}

async fn with_pipes(place: Place, exec: Exec) -> std::io::Result<i32> {
    let Exec { request, input, output } = exec;
    let mut command = tokio::process::Command::new(&request.command[0]);
    command.args(&request.command[1..]).current_dir(place.folder).env_clear().envs(place.environment);
    command.stdin(if request.stdin { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    let group = Group::led_by(child.id());
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let printing = async {
        tokio::join!(print(stdout, &output, FromCommand::Output), print(stderr, &output, FromCommand::Error))
    };
    let ending = async {
        tokio::pin!(printing);
        tokio::select! {
            _ = &mut printing => child.wait().await,
            status = child.wait() => {
                let _ = tokio::time::timeout(LATE_OUTPUT, printing).await;
                status
            }
        }
    };
    let status = tokio::select! {
        status = ending => status?,
        never = feed(stdin, input) => match never {},
    };
    group.ended();
    Ok(status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1))
}

/// Passes on what comes out, until nothing more does or nobody wants it.
async fn print(
    from: Option<impl AsyncRead + Unpin>,
    to: &mpsc::Sender<FromCommand>,
    stream: fn(Bytes) -> FromCommand,
) {
    let Some(mut from) = from else { return };
    loop {
        let mut piece = BytesMut::with_capacity(PIECE);
        match from.read_buf(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(_) if to.send(stream(piece.freeze())).await.is_err() => return,
            Ok(_) => {}
        }
    }
}

/// Passes on what is typed, as long as the command reads it.
async fn feed(
    mut stdin: Option<ChildStdin>,
    mut input: mpsc::Receiver<ToCommand>,
) -> std::convert::Infallible {
    while let Some(told) = input.recv().await {
        match (told, &mut stdin) {
            (ToCommand::Input(bytes), Some(open)) => {
                if open.write_all(&bytes).await.is_err() {
                    stdin = None;
                }
            }
            (ToCommand::InputEnds, _) => stdin = None,
            (ToCommand::Input(_) | ToCommand::Window(_), _) => {}
        }
    }
    pending().await
}
