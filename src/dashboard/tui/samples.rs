//! What to send first to the functions that ship with faasim: a body that works, and what it means.

use crate::cluster::function::FunctionSpec;

/// What a function makes of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taste {
    /// Something that works.
    pub body: &'static str,
    /// What may be written.
    pub hint: &'static str,
}

/// Of a function that nothing is known about.
const UNKNOWN: Taste = Taste { body: "", hint: "what the function gets; may be empty" };

/// What is known of a function by the command that its watchdog forks.
pub fn taste(spec: &FunctionSpec) -> Taste {
    let words: Vec<&str> = spec.env_process.as_deref().unwrap_or_default().split_whitespace().collect();
    let (body, hint) = match words[..] {
        ["faasim", "function", name] => match name {
            "mltest" => ("50", "epochs to train: a whole number from 1 on"),
            "knn" => ("example", "`example`, or which image of CIFAR-10's test batch"),
            "sleep" => ("1", "how long to sleep: seconds, or 300ms"),
            "burn" => ("100", "milliseconds of CPU to use"),
            "echo" => ("hello", "comes back as it is"),
            "env" => ("", "is not looked at; may be empty"),
            "fail" => ("1", "the exit code, or a message: it fails as asked"),
            _ => return UNKNOWN,
        },
        _ => return UNKNOWN,
    };
    Taste { body, hint }
}
