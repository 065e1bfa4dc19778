//! A command that has a terminal of its own.

use super::{Group, LATE_OUTPUT, PIECE, Place};
use crate::live::exec::{Exec, FromCommand, ToCommand, Window};
use bytes::Bytes;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, WaitOptions, waitpid};
use std::io::{Error, Read, Result, Write};
use tokio::sync::{mpsc, oneshot};

/// What Ctrl-D sends.
const END_OF_TRANSMISSION: Bytes = Bytes::from_static(b"\x04");

pub(super) async fn run(place: Place, window: Window, exec: Exec) -> Result<i32> {
    let Exec { request, mut input, output } = exec;
    let pair = native_pty_system().openpty(size(window)).map_err(Error::other)?;
    let mut command = CommandBuilder::from_argv(request.command.into_iter().map(Into::into).collect());
    command.cwd(place.folder);
    command.env_clear();
    command.env("TERM", "xterm");
    place.environment.into_iter().for_each(|(name, value)| command.env(name, value));
    let child = pair.slave.spawn_command(command).map_err(Error::other)?;
    // Else its end is not the end of what can be read.
    drop(pair.slave);
    let group = Group::led_by(child.process_id());
    let typed = keyboard(&*pair.master)?;
    let printed = screen(&*pair.master, output)?;
    let mut ending = tokio::task::spawn_blocking(move || wait(&*child));
    let code = loop {
        tokio::select! {
            ended = &mut ending => break ended.map_err(Error::other)??,
            Some(told) = input.recv() => match told {
                // It reads no more when it has ended, which is seen here in a moment.
                ToCommand::Input(bytes) => drop(typed.send(bytes)),
                ToCommand::InputEnds => drop(typed.send(END_OF_TRANSMISSION)),
                ToCommand::Window(window) => pair.master.resize(size(window)).map_err(Error::other)?,
            },
        }
    };
    group.ended();
    let _ = tokio::time::timeout(LATE_OUTPUT, printed).await;
    Ok(code)
}

fn size(window: Window) -> PtySize {
    PtySize { rows: window.rows, cols: window.columns, ..PtySize::default() }
}

/// A thread that types: a terminal takes what is written when its reader has room.
fn keyboard(terminal: &dyn MasterPty) -> Result<std::sync::mpsc::Sender<Bytes>> {
    let mut writer = terminal.take_writer().map_err(Error::other)?;
    let (typed, keys) = std::sync::mpsc::channel::<Bytes>();
    std::thread::Builder::new().name("exec-keyboard".into()).spawn(move || {
        while let Ok(bytes) = keys.recv() {
            if writer.write_all(&bytes).and_then(|()| writer.flush()).is_err() {
                return;
            }
        }
    })?;
    Ok(typed)
}

/// A thread that reads what is printed; it tells when nothing more comes.
fn screen(terminal: &dyn MasterPty, output: mpsc::Sender<FromCommand>) -> Result<oneshot::Receiver<()>> {
    let mut reader = terminal.try_clone_reader().map_err(Error::other)?;
    let (ended, end) = oneshot::channel();
    std::thread::Builder::new().name("exec-screen".into()).spawn(move || {
        let mut piece = vec![0; PIECE];
        // An error is how a terminal that everybody has left ends.
        while let Ok(read @ 1..) = reader.read(&mut piece) {
            let printed = Bytes::copy_from_slice(&piece[..read]);
            if output.blocking_send(FromCommand::Output(printed)).is_err() {
                return;
            }
        }
        // Whoever waits may have gone.
        let _ = ended.send(());
    })?;
    Ok(end)
}

/// The exit code, or 128 and the signal's number: the library tells only a signal's name.
fn wait(child: &dyn Child) -> Result<i32> {
    let pid = child.process_id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
    let Some((_, status)) = waitpid(pid, WaitOptions::empty())? else { return Ok(1) };
    Ok(status.exit_status().or(status.terminating_signal().map(|signal| 128 + signal)).unwrap_or(1))
}
