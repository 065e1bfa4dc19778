//! Writing to standard output, and the forms it can take.

use super::failure::{Failure, Outcome};
use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;
use std::io::{ErrorKind, Write};

/// How a listing is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A table with more columns.
    Wide,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// `kind/name`, a line each.
    Name,
}

/// Takes only the formats that a command knows.
pub fn only(formats: &'static [Format]) -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(formats.iter().filter_map(ValueEnum::to_possible_value))
        .try_map(|text| Format::from_str(&text, false))
}

/// Prints text as it is. A reader that has gone (`| head`) ends the command quietly.
///
/// # Errors
/// Standard output cannot be written.
pub fn print(text: &str) -> Outcome {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Err(Failure::Said(0)),
        Err(e) => Err(Failure::failed(format_args!("cannot write to standard output: {e}"))),
    }
}

/// Prints a value as indented JSON.
///
/// # Errors
/// As [`print()`].
pub fn json(value: &impl Serialize) -> Outcome {
    let text = serde_json::to_string_pretty(value).map_err(Failure::failed)?;
    print(&(text + "\n"))
}

/// Prints a value as YAML.
///
/// # Errors
/// As [`print()`].
pub fn yaml(value: &impl Serialize) -> Outcome {
    print(&serde_norway::to_string(value).map_err(Failure::failed)?)
}
