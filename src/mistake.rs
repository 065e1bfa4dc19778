//! What is wrong with what a person wrote, and where: file, line and column, and what to write instead.
//!
//! A reader collects every mistake before it gives up, so that a file is corrected in one go.

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text that a person wrote, with the name it is shown under.
#[derive(Clone, Debug)]
pub struct Written(Arc<NamedSource<String>>);

impl Written {
    /// `name` is what messages call it: a path as the person gave it.
    pub fn new(name: impl AsRef<str>, text: impl Into<String>) -> Self {
        Written(Arc::new(NamedSource::new(name, text.into())))
    }

    /// The name it is shown under.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// The text itself.
    pub fn text(&self) -> &str {
        self.0.inner()
    }

    /// Line and column of a byte, both from 1; columns count characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let text = self.text();
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let line_start = before.rfind('\n').map_or(0, |n| n + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// The byte at a line and column, both from 1.
    pub fn offset(&self, line: usize, column: usize) -> usize {
        let text = self.text();
        let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let within = text[start..].char_indices().nth(column.saturating_sub(1)).map(|(n, _)| n);
        start + within.unwrap_or(text.len() - start)
    }
}

/// One mistake: where, what was found, and what is allowed.
#[derive(Clone, Debug)]
pub struct Mistake {
    place: String,
    what: String,
    at: Option<(Written, Range<usize>)>,
}

impl Mistake {
    /// A mistake in a text, at a range of its bytes.
    pub fn at(written: &Written, span: Range<usize>, what: impl Into<String>) -> Self {
        let (line, column) = written.position(span.start);
        Mistake {
            place: format!("{}:{line}:{column}", written.name()),
            what: what.into(),
            at: Some((written.clone(), span)),
        }
    }

    /// A mistake in something that has no lines: a variable, a flag, a file that cannot be read.
    pub fn of(place: impl Into<String>, what: impl Into<String>) -> Self {
        Mistake { place: place.into(), what: what.into(), at: None }
    }

    /// Where: `faasim.toml:3:1`, `FAASIM_HPA_TOLERANCE`, `--set hpa.tolerance`.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What was found and what is allowed.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The byte it begins at; mistakes that have no lines come first.
    fn order(&self) -> (Option<&str>, usize) {
        match &self.at {
            Some((written, span)) => (Some(written.name()), span.start),
            None => (None, 0),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl std::error::Error for Mistake {}

impl Diagnostic for Mistake {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.at.as_ref().map(|(written, _)| &*written.0 as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (_, span) = self.at.as_ref()?;
        let label = LabeledSpan::new(Some("here".into()), span.start, span.len().max(1));
        Some(Box::new(std::iter::once(label)))
    }
}

/// Every mistake that was found, in the order of the text. Prints one line each.
#[derive(Clone, Debug, Default)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more.
    pub fn push(&mut self, mistake: Mistake) {
        self.0.push(mistake);
    }

    /// All of another reader's.
    pub fn append(&mut self, other: Mistakes) {
        self.0.extend(other.0);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.0.iter()
    }

    /// `value` when there is no mistake.
    ///
    /// # Errors
    /// The mistakes, in the order of the text.
    pub fn or<T>(mut self, value: T) -> Result<T, Mistakes> {
        if self.0.is_empty() {
            return Ok(value);
        }
        self.0.sort_by(|a, b| a.order().cmp(&b.order()));
        Err(self)
    }
}

impl From<Mistake> for Mistakes {
    fn from(mistake: Mistake) -> Self {
        Mistakes(vec![mistake])
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, mistake) in self.0.iter().enumerate() {
            write!(f, "{}{mistake}", if n == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

impl Diagnostic for Mistakes {
    fn related(&self) -> Option<Box<dyn Iterator<Item = &dyn Diagnostic> + '_>> {
        Some(Box::new(self.0.iter().map(|m| m as &dyn Diagnostic)))
    }
}

/// The name that was probably meant: the nearest one, when it is near at all. A single slip of the fingers (a letter
/// too many, too few, wrong, or two swapped) is near however short the name is.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let likeness = |name: &str| {
        let slip = wrong.len() > 1 && strsim::osa_distance(&wrong, name) == 1;
        (slip, strsim::jaro_winkler(&wrong, name))
    };
    names
        .into_iter()
        .map(|name| (likeness(&name.to_lowercase()), name))
        .filter(|((slip, alike), _)| *slip || *alike > 0.8)
        .max_by(|((a_slip, a), _), ((b_slip, b), _)| a_slip.cmp(b_slip).then(a.total_cmp(b)))
        .map(|(_, name)| name)
}

/// `unknown WHAT `wrong`` with the name that was probably meant, or else all of them.
pub fn unknown<'a>(what: &str, wrong: &str, names: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(wrong, names.clone()) {
        Some(name) => format!("unknown {what} `{wrong}`: did you mean `{name}`?"),
        None => {
            let names: Vec<String> = names.into_iter().map(|n| format!("`{n}`")).collect();
            format!("unknown {what} `{wrong}`: write one of {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_line_and_column_in_characters() {
        let written = Written::new("a.toml", "é = 1\nbb = 2\n");
        for (offset, position) in [(0, (1, 1)), (2, (1, 2)), (7, (2, 1)), (9, (2, 3)), (99, (3, 1))] {
            assert_eq!(written.position(offset), position, "{offset}");
        }
        assert_eq!(written.offset(2, 3), 9);
        assert_eq!(written.offset(9, 9), written.text().len());
    }

    #[test]
    fn mistakes_print_in_the_order_of_the_text() {
        let written = Written::new("a.toml", "a\nb\n");
        let mut mistakes = Mistakes::new();
        mistakes.push(Mistake::at(&written, 2..3, "second"));
        mistakes.push(Mistake::at(&written, 0..1, "first"));
        let text = mistakes.or(()).unwrap_err().to_string();
        assert_eq!(text, "a.toml:1:1: first\na.toml:2:1: second");
    }

    #[test]
    fn a_name_that_is_near_is_suggested() {
        let names = ["sync-period", "tolerance", "dialect"];
        assert_eq!(nearest("sync-perod", names), Some("sync-period"));
        assert_eq!(nearest("Tolerance", names), Some("tolerance"));
        assert_eq!(nearest("zzz", names), None);
        assert_eq!(nearest("dve", ["dev", "ssl"]), Some("dev"));
        assert_eq!(nearest("wy", ["pods", "why"]), Some("why"));
    }
}
