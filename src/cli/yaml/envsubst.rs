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
        let Some(close) = closing(&text[start + 2..line_end]).map(|n| start + 2 + n) else {
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

/// Where the brace is that closes an expression; what stands in it may hold expressions of its own.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' if at > 0 && bytes[at - 1] == b'$' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What stands between the braces.
fn expand(inside: &str, variable: Variables<'_>) -> Result<Expanded, String> {
    let unknown = || {
        format!(
            "`${{{inside}}}` is not understood: write `${{NAME}}`, `${{NAME:-default}}`, `${{NAME:+other}}`, \
             `${{NAME^^}}`, `${{NAME,,}}`, `${{NAME:1:3}}`, `${{NAME#begin}}`, `${{NAME%end}}`, `${{NAME/this/that}}` or `${{#NAME}}`"
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
    if rest.is_empty() {
        return Ok(Expanded { unset: value.is_none().then(|| name.to_owned()), value: plain() });
    }
    // What is put in, or cut off, may hold expressions itself.
    let nested = |text: &str| substituted(text, variable);
    for (operator, kept) in
        [(":-", filled.clone()), (":=", filled.clone()), ("-", value.clone()), ("=", value.clone())]
    {
        if let Some(default) = rest.strip_prefix(operator) {
            // `${NAME:-3}` is a default; a place from the end is written with a space before its minus.
            return kept.map_or_else(|| nested(default).and_then(of), of);
        }
    }
    for (operator, there) in [(":+", filled.is_some()), ("+", value.is_some())] {
        if let Some(other) = rest.strip_prefix(operator) {
            return if there { nested(other).and_then(of) } else { of(String::new()) };
        }
    }
    for (operator, filled) in [(":?", filled.is_some()), ("?", value.is_some())] {
        if let Some(message) = rest.strip_prefix(operator) {
            let message = nested(message)?;
            let message = if message.is_empty() { "it is not set" } else { &message };
            return if filled { of(plain()) } else { Err(format!("`${{{name}}}`: {message}")) };
        }
    }
    let value = plain();
    if let Some(part) = rest.strip_prefix(':') {
        return slice(&value, part).map_or_else(|| Err(unknown()), of);
    }
    for (operator, end, longest) in
        [("##", false, true), ("#", false, false), ("%%", true, true), ("%", true, false)]
    {
        if let Some(pattern) = rest.strip_prefix(operator) {
            return of(cut(&value, &nested(pattern)?, end, longest));
        }
    }
    if let Some(rest) = rest.strip_prefix('/') {
        return of(replaced(&value, rest, &nested)?);
    }
    match rest {
        "^^" => of(value.to_uppercase()),
        ",," => of(value.to_lowercase()),
        "^" | "," => {
            let mut letters = value.chars();
            let first: String = match (letters.next(), rest) {
                (Some(c), "^") => c.to_uppercase().collect(),
                (Some(c), _) => c.to_lowercase().collect(),
                (None, _) => String::new(),
            };
            of(first + letters.as_str())
        }
        _ => Err(unknown()),
    }
}

/// A text with expressions of its own.
fn substituted(text: &str, variable: Variables<'_>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        out += &rest[..start];
        let inside = &rest[start + 2..];
        let close = closing(inside).ok_or_else(|| format!("`{text}`: `${{` is not closed by `}}`"))?;
        out += &expand(&inside[..close], variable)?.value;
        rest = &inside[close + 1..];
    }
    Ok(out + rest)
}

/// `${NAME:first:length}`, counted in letters; a negative first place counts from the end.
fn slice(value: &str, part: &str) -> Option<String> {
    let (first, length) = match part.split_once(':') {
        Some((first, length)) => (first, Some(length.trim().parse::<usize>().ok()?)),
        None => (part, None),
    };
    let first: i64 = first.trim().parse().ok()?;
    let all = i64::try_from(value.chars().count()).ok()?;
    let from = usize::try_from(if first < 0 { (all + first).max(0) } else { first }).ok()?;
    Some(value.chars().skip(from).take(length.unwrap_or(usize::MAX)).collect())
}

/// A text without a beginning (or end) that fits the pattern, in which `*` is anything and `?` any letter.
fn cut(value: &str, pattern: &str, end: bool, longest: bool) -> String {
    let places: Vec<usize> = value.char_indices().map(|(at, _)| at).chain([value.len()]).collect();
    let fits = |at: &&usize| fits(pattern, if end { &value[**at..] } else { &value[..**at] });
    // From the shortest part that may go to the longest, or the other way round.
    let at = if end == longest { places.iter().find(fits) } else { places.iter().rev().find(fits) };
    match at {
        Some(at) if end => value[..*at].to_owned(),
        Some(at) => value[*at..].to_owned(),
        None => value.to_owned(),
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    let mut letters = pattern.chars();
    match letters.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = letters.as_str();
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| fits(rest, &text[at..]))
        }
        Some(wanted) => {
            let mut rest = text.chars();
            rest.next().is_some_and(|c| wanted == '?' || c == wanted) && fits(letters.as_str(), rest.as_str())
        }
    }
}

/// `${NAME/this/that}`: the first, with `//` all of them, with `/#` only at the beginning, with `/%` only at the end.
fn replaced(
    value: &str,
    rest: &str,
    nested: &dyn Fn(&str) -> Result<String, String>,
) -> Result<String, String> {
    let (way, rest) = match rest.chars().next() {
        Some(way @ ('/' | '#' | '%')) => (way, &rest[1..]),
        _ => (' ', rest),
    };
    let (this, that) = rest.split_once('/').unwrap_or((rest, ""));
    let (this, that) = (nested(this)?, nested(that)?);
    if this.is_empty() {
        return Ok(value.to_owned());
    }
    Ok(match way {
        '/' => value.replace(&this, &that),
        '#' => value.strip_prefix(&this).map_or_else(|| value.to_owned(), |rest| that + rest),
        '%' => value.strip_suffix(&this).map_or_else(|| value.to_owned(), |rest| rest.to_owned() + &that),
        _ => value.replacen(&this, &that, 1),
    })
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
            "PATHS" => Some("a/b/c".into()),
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
            ("${SET^} ${SET,}", "Value value"),
            ("${SET:1} ${SET:1:3} ${SET: -2}", "alue alu ue"),
            ("${SET#V} ${SET#*a} ${SET%e} ${SET%l*} ${SET%%?ue}", "alue lue Valu Va Va"),
            ("${PATHS##*/} ${PATHS%%/*} ${PATHS#*/} ${PATHS%/*}", "c a b/c a/b"),
            ("${SET/a/b} ${SET//e/} ${SET/gone/b}", "Vblue Valu Value"),
            ("${PATHS//b/x} ${PATHS/#a/x} ${PATHS/%c/x} ${PATHS/#c/x}", "a/x/c x/b/c a/b/x a/b/c"),
            ("${GONE:-${SET}} ${GONE:-${ALSO:-deep}}!", "Value deep!"),
            ("${SET:?it must be}", "Value"),
            ("$SET $${SET} $", "$SET ${SET} $"),
            ("# ${SET", "# ${SET"),
        ] {
            let written = Written::new("s", text);
            assert_eq!(substitute(&written, &env).unwrap().text, expected, "{text}");
        }
        for bad in ["${SET", "${}", "${1A}", "${SET@Q}", "a ${A B}", "${GONE:?must be set}", "${GONE:-${SET}"]
        {
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
