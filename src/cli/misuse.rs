//! What is wrong with a command line, in one sentence.
//!
//! clap says it over several lines, with the usage; here every failure is one line that says what, where and
//! what to do, so that scripts and logs stay readable.

use super::failure::Failure;
use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What clap has to say, as a failure. Help and version are printed, and all is well then.
///
/// # Errors
/// What was used wrongly, or that the help could not be printed.
pub fn failure(error: &Error) -> Result<(), Failure> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(error.print()?),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            error.print()?;
            Err(Failure::Said(2))
        }
        _ => Err(Failure::Used(sentence(error))),
    }
}

/// `unexpected argument '--userz' found; a similar argument exists: '--users' (see `faasim load --help`)`.
fn sentence(error: &Error) -> String {
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
    format!("{sentence} (see `{} --help`)", command(error))
}

/// The words of the command that was meant: `faasim load`.
fn command(error: &Error) -> String {
    let usage = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => usage.to_string(),
        _ => String::new(),
    };
    let usage = usage.trim_start_matches("Usage:").trim();
    let words: Vec<&str> = usage
        .split_whitespace()
        .take_while(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
        .collect();
    if words.is_empty() { "faasim".into() } else { words.join(" ") }
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
        ] {
            let error = command_line().try_get_matches_from(line.split(' ')).unwrap_err();
            let sentence = super::sentence(&error);
            assert!(sentence.contains(says) && sentence.contains("--help`)"), "{line}: {sentence}");
            assert!(!sentence.contains('\n') && !sentence.starts_with("error"), "{line}: {sentence}");
        }
    }
}
