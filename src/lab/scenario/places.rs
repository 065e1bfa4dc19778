//! Where in the file a value stands, so that a mistake that only the whole tells points at its own place.

use crate::mistake::{Mistake, Mistakes, Written, nearest};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The spans of a file's keys and values by their paths: `load.0.rate`.
#[derive(Debug)]
pub(super) struct Places {
    written: Written,
    spans: BTreeMap<Vec<String>, Range<usize>>,
}

impl Places {
    /// Of a file that is TOML.
    pub fn of(written: &Written) -> Self {
        let mut places = Places { written: written.clone(), spans: BTreeMap::new() };
        if let Ok(root) = DeTable::parse(written.text()) {
            places.table(root.get_ref(), &mut Vec::new());
        }
        places
    }

    fn table(&mut self, table: &DeTable<'_>, way: &mut Vec<String>) {
        for (key, value) in table {
            let name: &Cow<'_, str> = key.get_ref();
            way.push(name.clone().into_owned());
            self.value(value, key.span(), way);
            way.pop();
        }
    }

    /// Values of one line are found by themselves, tables by their key or head.
    fn value(&mut self, value: &Spanned<DeValue<'_>>, key: Range<usize>, way: &mut Vec<String>) {
        let span = value.span();
        let here = match value.get_ref() {
            DeValue::Table(_) | DeValue::Array(_) => key.clone(),
            _ => span.clone(),
        };
        self.spans.insert(way.clone(), here);
        match value.get_ref() {
            DeValue::Table(inner) => self.table(inner, way),
            DeValue::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    way.push(i.to_string());
                    self.value(item, item.span(), way);
                    way.pop();
                }
            }
            _ => {}
        }
    }

    /// The place of a path, or of the nearest thing around it that is written; the beginning of the file at last.
    pub fn span(&self, path: &[&str]) -> Range<usize> {
        let mut way: Vec<String> = path.iter().map(|key| (*key).to_owned()).collect();
        loop {
            if let Some(span) = self.spans.get(&way) {
                return span.clone();
            }
            if way.pop().is_none() {
                return 0..0;
            }
        }
    }

    /// A mistake at a path.
    pub fn mistake(&self, path: &[&str], what: impl Into<String>) -> Mistake {
        Mistake::at(&self.written, self.span(path), what)
    }

    /// Where the text is from.
    pub fn written(&self) -> &Written {
        &self.written
    }
}

/// Mistakes as they are found, at their places.
pub(super) struct Found<'a> {
    pub places: &'a Places,
    pub mistakes: Mistakes,
}

impl Found<'_> {
    /// One more, at a path.
    pub fn wrong(&mut self, path: &[&str], what: impl Into<String>) {
        self.mistakes.push(self.places.mistake(path, what));
    }

    /// One more, unless it is none.
    pub fn check(&mut self, path: &[&str], what: Result<(), String>) {
        if let Err(what) = what {
            self.wrong(path, what);
        }
    }
}

/// A mistake as `toml` words it, in the words of a person, with the name that was probably meant.
pub(in crate::lab) fn explained(written: &Written, error: &toml::de::Error) -> Mistake {
    let message = error.message().trim().to_owned();
    let span = error.span().unwrap_or(0..0);
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    // A line of a list is found by its text: the list is all that the reader knows of its place.
    let line = message.starts_with("expect: ") || message.starts_with("measure: ");
    let line = quoted.first().filter(|text| line && !text.is_empty());
    let span = match line.and_then(|text| written.text()[span.start..].find(text).map(|at| (at, text))) {
        Some((at, text)) => (span.start + at).saturating_sub(1)..span.start + at + text.len(),
        None => span,
    };
    let what = match quoted.split_first() {
        Some((wrong, allowed)) if message.starts_with("unknown") => {
            let kind = if message.starts_with("unknown variant") { "value" } else { "key" };
            match nearest(wrong, allowed.iter().copied()) {
                Some(meant) => format!("unknown {kind} `{wrong}`: did you mean `{meant}`?"),
                None => format!("unknown {kind} `{wrong}`: write one of {}", allowed.join(", ")),
            }
        }
        Some((missing, _)) if message.starts_with("missing field") => {
            format!("`{missing}` is missing: write `{missing} = …` here")
        }
        _ => typed(&message).unwrap_or(message),
    };
    Mistake::at(written, span, what)
}

/// `invalid type: string "three", expected u64` as a person says it.
fn typed(message: &str) -> Option<String> {
    let rest = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))?;
    let (found, expected) = rest.split_once(", expected ")?;
    let found = found
        .replace("integer ", "the number ")
        .replace("floating point ", "the number ")
        .replace("string ", "the text ")
        .replace("boolean ", "")
        .replace("map", "a table")
        .replace("sequence", "a list");
    let allowed = match expected {
        "u64" | "u32" | "u16" | "usize" => "a whole number of 0 or more",
        "i64" | "i32" => "a whole number",
        "f64" | "f32" => "a number",
        "a string" => "a text in quotes",
        "a boolean" => "true or false",
        "a sequence" => "a list in brackets",
        "a map" => "a table",
        other => other.strip_prefix("struct ").map_or(other, |_| "a table of keys and values"),
    };
    Some(format!("found {found}, where {allowed} belongs"))
}
