//! What is wrong with a command line, in one sentence.
//!
//! clap says it over several lines, with the usage; here every failure is one line that says what, where and
//! what to do, so that scripts and logs stay readable.

use super::failure::Failure;
use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::io::Write;

/// What clap has to say, as a failure. Help and version are printed, and all is well then.
///
/// # Errors
/// What was used wrongly, or that the help could not be printed.
pub fn failure(error: &Error, typed: impl Iterator<Item = String>) -> Result<(), Failure> {
    match error.kind() {
        // Nothing at all was typed, though a variable may have been given.
        ErrorKind::MissingSubcommand if command(error, std::iter::empty()) == "faasim" => {
            let mut faasim = super::command_line();
            write!(std::io::stderr(), "{}", faasim.render_help())?;
            Err(Failure::Said(2))
        }
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(error.print()?),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            error.print()?;
            Err(Failure::Said(2))
        }
        _ => Err(Failure::Used(sentence(error, typed))),
    }
}

/// `unexpected argument '--userz' found; a similar argument exists: '--users' (see `faasim load --help`)`.
fn sentence(error: &Error, typed: impl Iterator<Item = String>) -> String {
    let text = error.render().to_string();
    let said: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .filter(|line| !line.is_empty())
        .collect();
    let mut sentence =
        said.first().map_or("", |first| first.strip_prefix("error: ").unwrap_or(first)).to_owned();
    for line in said.iter().skip(1) {
        let (glue, line) = match line.strip_prefix("tip: ") {
            Some(tip) => ("; ", tip),
            None if sentence.ends_with(':') => (" ", *line),
            None if line.starts_with('[') => (" ", *line),
            None => (", ", *line),
        };
        sentence = sentence + glue + line;
    }
    format!("{sentence} (see `{} --help`)", command(error, typed))
}

/// The words of the command that was meant: `faasim load`.
fn command(error: &Error, typed: impl Iterator<Item = String>) -> String {
    let usage = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => usage.to_string(),
        _ => String::new(),
    };
    let usage = usage.trim_start_matches("Usage:").trim();
    let words: Vec<&str> = usage
        .split_whitespace()
        .take_while(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
        .collect();
    // A value that cannot be is reported without the usage.
    if words.len() > 1 { words.join(" ") } else { meant(typed) }
}

/// The words of the command that was typed, as far as it is one.
fn meant(typed: impl Iterator<Item = String>) -> String {
    let mut command = super::command_line();
    command.build();
    let mut words = vec![command.get_name().to_owned()];
    for word in typed.take_while(|word| word != "--") {
        let Some(found) = command.find_subcommand(&word) else {
            // Something else than an option or its value ends the command's words.
            if words.len() > 1 && !word.starts_with('-') {
                break;
            }
            continue;
        };
        words.push(found.get_name().to_owned());
        command = found.clone();
    }
    words.join(" ")
}

/// Lets options that take a number or a time be given `-1`, to say then what is allowed. (clap would take it for
/// another option, and advise `-- -1`.)
pub fn with_negative_values(command: clap::Command) -> clap::Command {
    let numbers = ["N", "TIME", "PERCENT", "RATE", "PORT"];
    let command = command.mut_args(|arg| {
        let named = arg.get_value_names().unwrap_or_default();
        let takes = !arg.is_positional() && named.iter().any(|name| numbers.contains(&name.as_str()));
        if takes { arg.allow_hyphen_values(true) } else { arg }
    });
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, with_negative_values))
}

#[cfg(test)]
mod tests {
    use crate::cli::command_line;

    #[test]
    fn a_mistake_is_one_line_that_names_the_help() {
        for (line, says) in [
            ("faasim lsit", "'lsit'"),
            ("faasim up --prot 5", "'--port'"),
            ("faasim up --port", "'--port <PORT>'"),
            ("faasim up more", "'more'"),
            ("faasim replay", "<FILE>"),
            ("faasim scale a --replicas -1", "a whole number from 0 (see `faasim scale --help`)"),
            ("faasim -n x load a --duration -1s", "(see `faasim load --help`)"),
            ("faasim autoscale a --max 2 --cpu-percent 0", "a whole number from 1"),
            ("faasim async list --limit -2", "(see `faasim async list --help`)"),
            ("faasim describe a -o wide", "[possible values: json, yaml]"),
        ] {
            let error = command_line().try_get_matches_from(line.split(' ')).unwrap_err();
            let sentence = super::sentence(&error, line.split(' ').skip(1).map(str::to_owned));
            assert!(sentence.contains(says) && sentence.contains("--help`)"), "{line}: {sentence}");
            assert!(!sentence.contains('\n') && !sentence.starts_with("error"), "{line}: {sentence}");
        }
    }
}
