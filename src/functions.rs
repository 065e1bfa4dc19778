//! The functions that ship inside the binary.
//!
//! Each is what a classic watchdog forks for one request: it reads its whole body from standard input, writes its
//! reply to standard output and ends. `faasim function NAME` runs one; the sample stack (`functions/stack.yml`,
//! see [`samples`]) deploys all of them.
//!
//! | name | body | reply |
//! |---|---|---|
//! | `mltest` | number of epochs | a network trained on the ionosphere data, as Keras would print it |
//! | `knn` | an image, an index, or nothing | the 10 nearest CIFAR-10 images and their vote |
//! | `sleep` | seconds | two lines, that long apart |
//! | `burn` | milliseconds | after that much CPU time |
//! | `echo` | anything | the same |
//! | `env` | ignored | the environment, `Http_*` included |
//! | `fail` | exit code or message | none: it fails |

use std::io::{self, Read, Write};

pub mod burn;
mod call;
mod cpu;
mod duration;
mod echo;
mod env;
mod fail;
pub mod knn;
pub mod mltest;
pub mod nn;
pub mod samples;
mod sleep;

use call::Call;

/// Why a function gave no reply, or only a part of it. The message is one sentence for the person who called.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// There is no built-in function of this name.
    #[error("there is no built-in function `{name}`: the built-in ones are {}", names().collect::<Vec<_>>().join(", "))]
    Unknown {
        /// The name that was asked for.
        name: String,
    },
    /// The request body or the function's environment is not what the function takes.
    #[error("{0}")]
    Bad(String),
    /// The function was asked to fail.
    #[error("{message}")]
    Exit {
        /// The exit code, 1 to 255.
        code: u8,
        /// What goes to standard error.
        message: String,
    },
    /// The body could not be read or the reply not written.
    #[error("cannot read the body or write the reply: {0}")]
    Io(#[from] io::Error),
}

impl FunctionError {
    /// The exit code of the process: what `fail` was asked for, otherwise 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Exit { code, .. } => *code,
            _ => 1,
        }
    }
}

type Function = fn(&mut Call<'_>) -> Result<(), FunctionError>;

const FUNCTIONS: [(&str, Function); 7] = [
    ("burn", burn::run),
    ("echo", echo::run),
    ("env", env::run),
    ("fail", fail::run),
    ("knn", knn::run),
    ("mltest", mltest::run),
    ("sleep", sleep::run),
];

/// The names of the built-in functions, in alphabetical order.
pub fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, _)| *name)
}

/// Runs the built-in function `name` for one request, with the environment of this process.
///
/// The body is `input` up to its end; the reply goes to `output`, which is flushed.
///
/// # Errors
/// When there is no such function, when it refuses the body, and when reading or writing fails. What was written
/// until then stays written.
pub fn run(name: &str, input: &mut dyn Read, output: &mut dyn Write) -> Result<(), FunctionError> {
    let function = FUNCTIONS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, function)| function)
        .ok_or_else(|| FunctionError::Unknown { name: name.to_owned() })?;
    let mut body = Vec::new();
    input.read_to_end(&mut body)?;
    let variables = |name: &str| std::env::var(name).ok();
    function(&mut Call { body: &body, variables: &variables, output })?;
    output.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_run() {
        assert!(names().is_sorted());
        let mut reply = Vec::new();
        run("echo", &mut &b"to and fro"[..], &mut reply).unwrap();
        assert_eq!(reply, b"to and fro");
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = run("mltset", &mut io::empty(), &mut io::sink()).unwrap_err();
        assert_eq!(error.exit_code(), 1);
        let text = error.to_string();
        assert!(
            text.contains("`mltset`") && text.contains("burn, echo, env, fail, knn, mltest, sleep"),
            "{text}"
        );
    }
}
