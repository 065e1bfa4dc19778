//! How a command ends when it does not end well.

use std::process::ExitCode;

/// How a command ended.
pub type Outcome = Result<(), Failure>;

/// Why a command did not do what was asked, in one sentence for a person: what, where, what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It was asked rightly, and did not work: exit code 1.
    #[error("{0}")]
    Failed(String),
    /// The cluster does not answer: exit code 1.
    #[error("{0}")]
    NoAnswer(String),
    /// It was asked wrongly: exit code 2.
    #[error("{0}")]
    Used(String),
    /// Everything has been said already; only the exit code is left.
    #[error("")]
    Said(u8),
}

impl Failure {
    /// It did not work.
    pub fn failed(why: impl std::fmt::Display) -> Self {
        Failure::Failed(why.to_string())
    }

    /// Nobody answered: the next question would fail the same way.
    pub fn no_answer(why: impl std::fmt::Display) -> Self {
        Failure::NoAnswer(why.to_string())
    }

    /// Whether nobody answered.
    pub fn is_no_answer(&self) -> bool {
        matches!(self, Failure::NoAnswer(_))
    }

    /// It was asked wrongly.
    pub fn used(why: impl std::fmt::Display) -> Self {
        Failure::Used(why.to_string())
    }

    /// What the process ends with.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Failed(_) | Failure::NoAnswer(_) => ExitCode::from(1),
            Failure::Used(_) => ExitCode::from(2),
            Failure::Said(code) => ExitCode::from(*code),
        }
    }
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Failure::Failed(why)
    }
}

impl From<std::io::Error> for Failure {
    /// Output that nobody reads any more (`faasim logs x | head -1`) is no failure worth a word.
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::Said(0),
            _ => Failure::Failed(format!("cannot write the output: {error}")),
        }
    }
}
