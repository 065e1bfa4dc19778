//! What is typed goes to the command, what it prints comes here.

use super::super::failure::Failure;
use super::window;
use crate::live::exec::{ExecRequest, FromCommand, ToCommand, frames};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use std::io::{Read, Write};
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// How much is read at once.
const PIECE: usize = 32 << 10;

/// The exit code.
pub(super) async fn until_it_ends(
    connection: impl AsyncRead + AsyncWrite,
    request: &ExecRequest,
) -> Result<i32, Failure> {
    let (sink, stream) = frames::<ToCommand, FromCommand>(connection);
    let (mut sink, mut stream) = (pin!(sink), pin!(stream));
    // Without its keys a command could not be ended by them.
    let _raw = request.terminal.filter(|_| request.stdin).map(|_| Raw::enter()).transpose()?;
    let mut resized = signal(SignalKind::window_change())?;
    let mut typed = if request.stdin { keyboard()? } else { mpsc::channel(1).1 };
    loop {
        tokio::select! {
            frame = stream.next() => match frame {
                Some(Ok(FromCommand::Output(bytes))) => write(std::io::stdout(), &bytes)?,
                Some(Ok(FromCommand::Error(bytes))) => write(std::io::stderr(), &bytes)?,
                Some(Ok(FromCommand::Ended(code))) => return Ok(code),
                Some(Ok(FromCommand::Failed(sentence))) => return Err(Failure::failed(sentence)),
                Some(Err(error)) => return Err(broke_off(error)),
                None => return Err(broke_off("the cluster stops, or the pod has ended")),
            },
            Some(told) = typed.recv() => sink.send(told).await.map_err(broke_off)?,
            _ = resized.recv() => {
                if let Some(window) = request.terminal.and_then(|_| window()) {
                    sink.send(ToCommand::Window(window)).await.map_err(broke_off)?;
                }
            }
        }
    }
}

fn broke_off(why: impl std::fmt::Display) -> Failure {
    Failure::failed(format_args!("the command was cut off: {why}"))
}

fn write(mut to: impl Write, bytes: &[u8]) -> std::io::Result<()> {
    to.write_all(bytes)?;
    to.flush()
}

/// A thread that reads what is typed. It ends with the process: a terminal cannot be asked to stop.
fn keyboard() -> std::io::Result<mpsc::Receiver<ToCommand>> {
    let (typed, keys) = mpsc::channel(1);
    std::thread::Builder::new().name("keyboard".into()).spawn(move || {
        let mut piece = vec![0; PIECE];
        while let Ok(read @ 1..) = std::io::stdin().read(&mut piece) {
            if typed.blocking_send(ToCommand::Input(Bytes::copy_from_slice(&piece[..read]))).is_err() {
                return;
            }
        }
        // Nobody may listen any more.
        let _ = typed.blocking_send(ToCommand::InputEnds);
    })?;
    Ok(keys)
}

/// This terminal passes on every key as it is, until this value is dropped.
struct Raw;

impl Raw {
    fn enter() -> std::io::Result<Self> {
        crossterm::terminal::enable_raw_mode().map(|()| Raw)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = crossterm::terminal::disable_raw_mode();
    }
}
