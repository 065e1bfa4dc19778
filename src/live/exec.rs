//! A command beside a pod's function: what it is given, what it says, and how both travel.
//!
//! `faasim exec` asks `POST /system/faasim/exec/POD` for an [`ExecRequest`] with `Upgrade: faasim-exec`. From then on the
//! connection carries frames both ways, each with its length in four bytes before it: [`ToCommand`] from the person,
//! [`FromCommand`] to the person.

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use serde::{Deserialize, Serialize};
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_util::codec::{Framed, LengthDelimitedCodec};

/// What the connection is upgraded to.
pub const PROTOCOL: &str = "faasim-exec";

/// What is to be run in a pod.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ExecRequest {
    /// The command and its arguments.
    pub command: Vec<String>,
    /// Its input is what is sent; without, it has none.
    #[serde(default)]
    pub stdin: bool,
    /// It has a terminal of this size, and prints all on it; without, its output and its errors are told apart.
    #[serde(default)]
    pub terminal: Option<Window>,
}

/// The size of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Letters in a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

/// What a command is told while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToCommand {
    /// More of its input.
    Input(Bytes),
    /// There is no more input.
    InputEnds,
    /// Its terminal has another size now.
    Window(Window),
}

/// What comes from a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromCommand {
    /// It printed this.
    Output(Bytes),
    /// It printed this to its standard error.
    Error(Bytes),
    /// It ended with this exit code; 128 and a signal's number where that ended it.
    Ended(i32),
    /// It could not be run: a sentence for people.
    Failed(String),
}

/// A command with both ends of its talk, as a [provider](super::provider::Provider::exec) runs it.
#[derive(Debug)]
pub struct Exec {
    /// What to run.
    pub request: ExecRequest,
    /// What it is told.
    pub input: mpsc::Receiver<ToCommand>,
    /// Where what it prints goes.
    pub output: mpsc::Sender<FromCommand>,
}

/// Something that travels as a frame.
pub trait Frame: Sized {
    /// One byte that says what it is, and the rest.
    fn to_bytes(&self) -> Bytes;
    /// None when it is no such frame.
    fn from_bytes(bytes: Bytes) -> Option<Self>;
}

fn frame(kind: u8, rest: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(rest.len() + 1);
    bytes.put_u8(kind);
    bytes.put_slice(rest);
    bytes.freeze()
}

impl Frame for ToCommand {
    fn to_bytes(&self) -> Bytes {
        match self {
            ToCommand::Input(bytes) => frame(b'i', bytes),
            ToCommand::InputEnds => frame(b'.', &[]),
            ToCommand::Window(Window { columns, rows }) => {
                let ([a, b], [c, d]) = (columns.to_be_bytes(), rows.to_be_bytes());
                frame(b'w', &[a, b, c, d])
            }
        }
    }

    fn from_bytes(mut bytes: Bytes) -> Option<Self> {
        let kind = bytes.split_to(bytes.len().min(1));
        match (*kind.first()?, &*bytes) {
            (b'i', _) => Some(ToCommand::Input(bytes)),
            (b'.', []) => Some(ToCommand::InputEnds),
            (b'w', &[a, b, c, d]) => Some(ToCommand::Window(Window {
                columns: u16::from_be_bytes([a, b]),
                rows: u16::from_be_bytes([c, d]),
            })),
            _ => None,
        }
    }
}

impl Frame for FromCommand {
    fn to_bytes(&self) -> Bytes {
        match self {
            FromCommand::Output(bytes) => frame(b'o', bytes),
            FromCommand::Error(bytes) => frame(b'e', bytes),
            FromCommand::Ended(code) => frame(b'=', &code.to_be_bytes()),
            FromCommand::Failed(sentence) => frame(b'!', sentence.as_bytes()),
        }
    }

    fn from_bytes(mut bytes: Bytes) -> Option<Self> {
        let kind = bytes.split_to(bytes.len().min(1));
        match *kind.first()? {
            b'o' => Some(FromCommand::Output(bytes)),
            b'e' => Some(FromCommand::Error(bytes)),
            b'=' => Some(FromCommand::Ended(i32::from_be_bytes((&*bytes).try_into().ok()?))),
            b'!' => Some(FromCommand::Failed(String::from_utf8_lossy(&bytes).into_owned())),
            _ => None,
        }
    }
}

/// Both directions of a connection that carries frames: what to send, and what comes until the other side leaves.
pub fn frames<S: Frame, R: Frame>(
    connection: impl AsyncRead + AsyncWrite,
) -> (impl Sink<S, Error = io::Error>, impl Stream<Item = io::Result<R>>) {
    let (sink, stream) = Framed::new(connection, LengthDelimitedCodec::new()).split();
    let sink = sink.with(async |frame: S| Ok(frame.to_bytes()));
    let stream = stream.map(|bytes| {
        let unknown = || io::Error::new(io::ErrorKind::InvalidData, "not a frame of faasim exec");
        R::from_bytes(bytes?.freeze()).ok_or_else(unknown)
    });
    (sink, stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_sent_arrives() {
        let (here, there) = tokio::io::duplex(64);
        let (sink, answers) = frames::<ToCommand, FromCommand>(here);
        let (back, asked) = frames::<FromCommand, ToCommand>(there);
        let (mut sink, mut back) = (Box::pin(sink), Box::pin(back));
        let (mut answers, mut asked) = (Box::pin(answers), Box::pin(asked));
        let window = Window { columns: 80, rows: 24 };
        for sent in [ToCommand::Input(Bytes::from("ls\n")), ToCommand::InputEnds, ToCommand::Window(window)] {
            sink.send(sent.clone()).await.unwrap();
            assert_eq!(asked.next().await.unwrap().unwrap(), sent);
        }
        let printed = |text: &'static str| Bytes::from_static(text.as_bytes());
        for sent in [
            FromCommand::Output(printed("out")),
            FromCommand::Error(printed("")),
            FromCommand::Ended(-1),
            FromCommand::Failed("no".into()),
        ] {
            back.send(sent.clone()).await.unwrap();
            assert_eq!(answers.next().await.unwrap().unwrap(), sent);
        }
        for broken in ["", "x", "w123", ".x"] {
            assert_eq!(ToCommand::from_bytes(printed(broken)), None);
        }
        assert_eq!(FromCommand::from_bytes(printed("=12")), None);
    }
}
