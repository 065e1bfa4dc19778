//! `${VAR}` in a stack file, as the shell and faas-cli replace it, keeping track of what stood where.

use crate::mistake::{Mistake, Mistakes, Written};
use std::ops::Range;

/// A text after substitution, and how to find the place in the original that a byte of it came from.
pub(in crate::cli) struct Substituted {
    /// The text.
    pub text: String,
    /// Names that are not set and have no default: they became nothing.
    pub unset: Vec<String>,
    /// Replaced parts: their bytes here, and in the original.
    replaced: Vec<(Range<usize>, Range<usize>)>,
}

impl Substituted {
    /// A text in which nothing is replaced.
    pub fn untouched(text: &str) -> Self {
        Substituted { text: text.to_owned(), unset: Vec::new(), replaced: Vec::new() }
    }

    /// The byte of the original that this byte came from: within a replaced part, where that part began.
    pub fn original(&self, offset: usize) -> usize {
        let mut shift: isize = 0;
        for (here, there) in &self.replaced {
            if offset < here.start {
                break;
            }
            if offset < here.end {
                return there.start;
            }
            shift = there.end as isize - here.end as isize;
        }
        offset.saturating_add_signed(shift)
    }
}

/// Replaces every `${…}`. `$$` before a brace stands for a dollar sign; comments are left as they are.
///
/// # Errors
/// Every expression that is not closed or is of a form that is not known.
pub(in crate::cli) fn substitute(
    written: &Written,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Substituted, Mistakes> {
    let text = written.text();
    let mut out =
        Substituted { text: String::with_capacity(text.len()), unset: Vec::new(), replaced: Vec::new() };
    let mut mistakes = Mistakes::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("${") {
        let start = at + found;
        out.text += &text[at..start];
        if in_comment(text, start) {
            out.text += "${";
            at = start + 2;
            continue;
        }
        if text[..start].ends_with('$') {
            // `$${VAR}`: one dollar was copied already, so only the braces follow.
            out.replaced.push((out.text.len()..out.text.len(), start..start + 1));
            out.text += "{";
            at = start + 2;
            continue;
        }
        let line_end = text[start..].find('\n').map_or(text.len(), |n| start + n);
        let Some(close) = text[start..line_end].find('}').map(|n| start + n) else {
            mistakes.push(Mistake::at(written, start..line_end, "`${` is not closed on its line by `}`"));
            at = line_end;
            continue;
        };
        match expand(&text[start + 2..close], variable) {
            Ok(Expanded { value, unset }) => {
                let begin = out.text.len();
                out.text += &value;
                out.replaced.push((begin..out.text.len(), start..close + 1));
                out.unset.extend(unset);
            }
            Err(what) => mistakes.push(Mistake::at(written, start..close + 1, what)),
        }
        at = close + 1;
    }
    out.text += &text[at..];
    mistakes.or(out)
}

/// Whether a `#` that YAML takes for a comment stands before this byte on its line.
fn in_comment(text: &str, at: usize) -> bool {
    let line = &text[text[..at].rfind('\n').map_or(0, |n| n + 1)..at];
    line.trim_start().starts_with('#')
}

struct Expanded {
    value: String,
    unset: Option<String>,
}

/// What stands between the braces.
fn expand(inside: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Expanded, String> {
    let unknown = || {
        format!(
            "`${{{inside}}}` is not understood: write `${{NAME}}`, `${{NAME:-default}}`, `${{NAME:+other}}`, \
             `${{NAME^^}}`, `${{NAME,,}}` or `${{#NAME}}`"
        )
    };
    let of = |value: String| Ok(Expanded { value, unset: None });
    if let Some(name) = inside.strip_prefix('#') {
        return if is_name(name) {
            of(variable(name).unwrap_or_default().chars().count().to_string())
        } else {
            Err(unknown())
        };
    }
    let end = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inside.len());
    let (name, rest) = inside.split_at(end);
    if !is_name(name) {
        return Err(unknown());
    }
    let value = variable(name);
    let filled = value.clone().filter(|v| !v.is_empty());
    let plain = || value.clone().unwrap_or_default();
    match rest {
        "" => Ok(Expanded { unset: value.is_none().then(|| name.to_owned()), value: plain() }),
        "^^" => of(plain().to_uppercase()),
        ",," => of(plain().to_lowercase()),
        _ => {
            for (operator, result) in [
                (":-", filled.clone().ok_or(true)),
                (":=", filled.clone().ok_or(true)),
                (":+", filled.map_or(Ok(String::new()), |_| Err(true))),
                ("-", value.clone().ok_or(true)),
                ("=", value.clone().ok_or(true)),
                ("+", value.clone().map_or(Ok(String::new()), |_| Err(true))),
            ] {
                if let Some(default) = rest.strip_prefix(operator) {
                    return of(result.unwrap_or_else(|_| default.to_owned()));
                }
            }
            Err(unknown())
        }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "SET" => Some("Value".into()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn expressions_are_replaced_as_the_shell_does() {
        for (text, expected) in [
            ("a ${SET} b", "a Value b"),
            ("${GONE}", ""),
            ("${GONE:-x:y}", "x:y"),
            ("${EMPTY:-d}", "d"),
            ("${EMPTY-d}", ""),
            ("${GONE=d}", "d"),
            ("${SET:+other}", "other"),
            ("${EMPTY:+other}", ""),
            ("${GONE+other}", ""),
            ("${SET^^} ${SET,,} ${#SET}", "VALUE value 5"),
            ("$SET $${SET} $", "$SET ${SET} $"),
            ("# ${SET", "# ${SET"),
        ] {
            let written = Written::new("s", text);
            assert_eq!(substitute(&written, &env).unwrap().text, expected, "{text}");
        }
        for bad in ["${SET", "${}", "${1A}", "${SET/a/b}", "a ${A B}"] {
            assert_eq!(substitute(&Written::new("s", bad), &env).err().unwrap().len(), 1, "{bad}");
        }
    }

    #[test]
    fn a_place_is_found_again_in_the_original() {
        let written = Written::new("s", "a: ${SET}\nb: ${GONE}x\nc: 1");
        let out = substitute(&written, &env).unwrap();
        assert_eq!(out.text, "a: Value\nb: x\nc: 1");
        for (needle, original) in [("Value", 3), ("b:", 10), ("x", 20), ("c", 22)] {
            assert_eq!(out.original(out.text.find(needle).unwrap()), original, "{needle}");
        }
    }
}
