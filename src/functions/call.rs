//! One request, as a function sees it.

use std::io::Write;
use std::time::Duration;

use super::{FunctionError, duration};

/// A request to a built-in function. The environment is handed in, so that a test need not change its own.
pub(super) struct Call<'a> {
    /// The whole request body.
    pub body: &'a [u8],
    /// Looks up an environment variable.
    pub variables: &'a dyn Fn(&str) -> Option<String>,
    /// Where the reply goes.
    pub output: &'a mut dyn Write,
}

impl<'a> Call<'a> {
    /// The body as text without the white space around it.
    pub fn text(&self) -> Result<&'a str, FunctionError> {
        str::from_utf8(self.body).map(str::trim).map_err(|_| {
            FunctionError::Bad(format!("the body ({} bytes) is not UTF-8 text", self.body.len()))
        })
    }

    /// The environment variable `name`, unless it is absent or blank.
    pub fn variable(&self, name: &str) -> Option<String> {
        (self.variables)(name).filter(|value| !value.trim().is_empty())
    }

    /// The environment variable `name` as a duration, if it is set.
    pub fn duration_variable(&self, name: &str) -> Result<Option<Duration>, FunctionError> {
        self.variable(name)
            .map(|text| {
                duration::parse(&text).ok_or_else(|| {
                    FunctionError::Bad(format!(
                        "the variable {name} is `{text}`: it wants seconds (3, 0.5) or a duration (300ms, 1m30s)"
                    ))
                })
            })
            .transpose()
    }
}

/// The first characters of a body, to show in an error without repeating all of it.
pub(super) fn excerpt(text: &str) -> String {
    const SHOWN: usize = 40;
    if text.chars().nth(SHOWN).is_none() {
        text.to_owned()
    } else {
        text.chars().take(SHOWN).chain(['…']).collect()
    }
}

/// Runs `function` with a body and an environment, and gives the reply as text.
#[cfg(test)]
pub(super) fn reply(
    function: fn(&mut Call<'_>) -> Result<(), FunctionError>,
    body: &[u8],
    environment: &[(&str, &str)],
) -> Result<String, FunctionError> {
    let variables = |name: &str| {
        environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    let mut output = Vec::new();
    function(&mut Call { body, variables: &variables, output: &mut output })?;
    Ok(String::from_utf8(output).unwrap())
}
