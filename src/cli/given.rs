//! Values as they are typed: pairs, durations, rates. Each refusal says what to write.

use super::Global;
use super::failure::Failure;
use super::stack::{self, Select, Stack, StackFunction};
use crate::cluster::go_duration;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How a result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For a person.
    #[default]
    Plain,
    /// For a program.
    Json,
}

/// `NAME=VALUE`; the value may be empty and may hold further `=`.
///
/// # Errors
/// There is no `=`, or nothing before it.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.into(), value.into())),
        _ => Err("write it as NAME=VALUE".into()),
    }
}

/// A duration as Go writes it.
///
/// # Errors
/// It is none.
pub fn duration(text: &str) -> Result<Duration, String> {
    go_duration::parse(text).ok_or_else(|| format!("write a duration: {}", go_duration::EXAMPLES))
}

/// A whole number that is not less than `least`.
pub fn whole<N>(least: N) -> impl Fn(&str) -> Result<N, String> + Clone + Send + Sync + 'static
where
    N: std::str::FromStr + PartialOrd + std::fmt::Display + Copy + Send + Sync + 'static,
{
    move |text| match text.parse::<N>() {
        Ok(n) if n >= least => Ok(n),
        // Digits alone that cannot be read are too many of them.
        Err(_) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            Err("that is too large a number".into())
        }
        _ => Err(format!("write a whole number from {least}")),
    }
}

/// `20/s`, `600/m`, or `20` for so many a second; gives requests per second.
///
/// # Errors
/// It is none, or not more than 0.
pub fn rate(text: &str) -> Result<f64, String> {
    let (number, per) = text.split_once('/').unwrap_or((text, "s"));
    let seconds = match per.trim() {
        "s" | "sec" | "second" => 1.0,
        "m" | "min" | "minute" => 60.0,
        "h" | "hour" => 3600.0,
        _ => return Err("write a rate such as `20/s`, `600/m` or `20`".into()),
    };
    match number.trim().parse::<f64>() {
        Ok(n) if n.is_finite() && n > 0.0 => Ok(n / seconds),
        Ok(_) => Err("a rate is more than 0".into()),
        Err(_) => Err("write a rate such as `20/s`, `600/m` or `20`".into()),
    }
}

/// `Name: value`, or faas-cli's older `Name=value`.
///
/// # Errors
/// It is neither, or no header can be called or hold that.
pub fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) =
        text.split_once(':').or_else(|| text.split_once('=')).ok_or("write it as `Name: value`")?;
    let name = name.trim().parse().map_err(|_| format!("no header can be called `{}`", name.trim()))?;
    let value =
        HeaderValue::from_str(value.trim()).map_err(|_| "its value holds odd characters".to_owned())?;
    Ok((name, value))
}

/// Headers in the order they were typed; one that is repeated is sent so often.
pub fn headers(typed: &[(HeaderName, HeaderValue)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in typed {
        headers.append(name.clone(), value.clone());
    }
    headers
}

/// Which functions of which stack file.
#[derive(clap::Args, Clone, Debug)]
pub struct Chosen {
    /// The stack file; may be given again [default: stack.yaml or stack.yml of the working folder]
    #[arg(long, short, value_name = "FILE", visible_alias = "yaml")]
    pub file: Vec<PathBuf>,
    /// Only the functions that fit this pattern, in which * stands for anything
    #[arg(long, value_name = "PATTERN")]
    pub filter: Option<String>,
    /// Only the functions whose name this regular expression finds
    #[arg(long, value_name = "REGEX")]
    pub regex: Option<String>,
    /// Whether ${VARIABLES} of the stack file are filled in from the environment [default: true]
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set, hide_default_value = true)]
    pub envsubst: bool,
}

impl Chosen {
    /// Reads the file, says its notes, and gives what was chosen.
    ///
    /// # Errors
    /// There is no file, it has mistakes, or nothing fits.
    pub fn read(&self, names: &[String], global: &Global) -> Result<(Stack, Vec<StackFunction>), Failure> {
        let paths = match self.file.as_slice() {
            [] => vec![stack::find(Path::new(".")).ok_or_else(|| {
                Failure::used("there is no stack.yaml or stack.yml here: name one with `-f FILE`")
            })?],
            named => named.to_vec(),
        };
        let stack = self.stack(&paths, names, global)?;
        for note in &stack.notes {
            eprintln!("note: {note}");
        }
        let functions = stack.functions.clone();
        Ok((stack, functions))
    }

    /// What was chosen of these files.
    ///
    /// # Errors
    /// They have mistakes, or nothing fits.
    pub fn stack(&self, paths: &[PathBuf], names: &[String], global: &Global) -> Result<Stack, Failure> {
        let variable = |name: &str| std::env::var(name).ok();
        let mut stack =
            stack::read_all(paths, self.envsubst.then_some(&variable)).map_err(Failure::failed)?;
        let select = Select { names: names.to_vec(), filter: self.filter.clone(), regex: self.regex.clone() };
        let mut functions: Vec<StackFunction> =
            stack.select(&select).map_err(Failure::used)?.into_iter().cloned().collect();
        if let Some(namespace) = &global.namespace {
            functions.iter_mut().for_each(|f| f.spec.namespace.clone_from(namespace));
        }
        stack.functions = functions;
        Ok(stack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_pairs_and_headers_are_read_as_they_are_typed() {
        for (text, per_second) in [("20/s", 20.0), ("600/m", 10.0), ("0.5", 0.5), ("7200/h", 2.0)] {
            assert_eq!(rate(text), Ok(per_second), "{text}");
        }
        for wrong in ["", "/s", "-1/s", "0", "20/day", "NaN", "inf"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
        assert_eq!((whole(1_u32)("7"), whole(0_u32)("0")), (Ok(7), Ok(0)));
        for wrong in ["0", "-1", "", "1.5", "x", "99999999999"] {
            let why = whole(1_u32)(wrong).unwrap_err();
            assert!(why.contains("whole number from 1") || why.contains("too large"), "{wrong}: {why}");
        }
        assert_eq!(pair("A=b=c"), Ok(("A".into(), "b=c".into())));
        assert_eq!(pair("A="), Ok(("A".into(), String::new())));
        assert!(pair("A").is_err() && pair("=b").is_err());
        for (text, name, value) in
            [("X-A: b:c", "x-a", "b:c"), ("X-A=b", "x-a", "b"), ("Accept:text/plain", "accept", "text/plain")]
        {
            let (n, v) = header(text).unwrap();
            assert_eq!((n.as_str(), v.to_str().unwrap()), (name, value), "{text}");
        }
        assert!(header("X-A").is_err() && header("X A: b").is_err() && header(": b").is_err());
    }
}
