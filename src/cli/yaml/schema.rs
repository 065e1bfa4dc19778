//! Taking a YAML tree apart, with a mistake at the place of everything that does not fit.

use super::envsubst::Substituted;
use super::tree::{Node, NodeId, Value, locate};
use crate::mistake::{Mistake, Mistakes, Written, unknown};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// One YAML text being read, and the mistakes so far.
pub(in crate::cli) struct Document {
    /// As the person wrote it: what places refer to.
    pub written: Written,
    /// After substitution: what was parsed.
    pub substituted: Substituted,
    parsed: Written,
    mistakes: RefCell<Mistakes>,
    notes: RefCell<Vec<String>>,
}

impl Document {
    pub fn new(written: Written, substituted: Substituted) -> Self {
        let parsed = Written::new(written.name(), substituted.text.clone());
        Document { written, substituted, parsed, mistakes: RefCell::default(), notes: RefCell::default() }
    }

    /// Says what is wrong with a node.
    pub fn wrong(&self, id: NodeId, what: impl Into<String>) {
        let (line, column) = locate(&self.substituted.text, id);
        self.wrong_at(line, column, what);
    }

    /// Says what is wrong at a line and column of the parsed text.
    pub fn wrong_at(&self, line: usize, column: usize, what: impl Into<String>) {
        let start = self.substituted.original(self.parsed.offset(line, column));
        let rest = self.written.text().get(start..).unwrap_or_default();
        let length = rest.find(|c: char| c.is_whitespace() || ":,]}#".contains(c)).unwrap_or(rest.len());
        self.mistakes.borrow_mut().push(Mistake::at(&self.written, start..start + length, what));
    }

    /// Takes over the mistakes of another text.
    pub fn append(&self, mistakes: Mistakes) {
        self.mistakes.borrow_mut().append(mistakes);
    }

    /// `value` if nothing was wrong.
    pub fn finish<T>(self, value: T) -> Result<T, Mistakes> {
        self.mistakes.into_inner().or(value)
    }

    /// The entries of a mapping whose keys are known, each key once. What is absent or empty has none.
    pub fn fields<'a>(&self, node: &'a Node, what: &str, known: &[&str]) -> BTreeMap<&'a str, Field<'a>> {
        let mut out = BTreeMap::new();
        for (key, name, value) in self.entries(node, what) {
            if !known.contains(&name) {
                self.wrong(key.id, unknown(&format!("key of {what}"), name, known.iter().copied()));
            } else {
                out.insert(name, Field { key: key.id, value });
            }
        }
        out
    }

    /// As [`Document::fields`], but a key that nobody knows is only noted: another tool may. One that is nearly a
    /// known one is a mistake.
    pub fn known_fields<'a>(
        &self,
        node: &'a Node,
        what: &str,
        known: &[&str],
    ) -> BTreeMap<&'a str, Field<'a>> {
        let mut out = BTreeMap::new();
        for (key, name, value) in self.entries(node, what) {
            if known.contains(&name) {
                out.insert(name, Field { key: key.id, value });
                continue;
            }
            let why = unknown(&format!("key of {what}"), name, known.iter().copied());
            if why.contains("did you mean") {
                self.wrong(key.id, why);
            } else {
                let (line, column) = self.place(key.id);
                let note = format!(
                    "{}:{line}:{column}: {what}: the key `{name}` means nothing here",
                    self.written.name()
                );
                self.notes.borrow_mut().push(note);
            }
        }
        out
    }

    /// What was noted so far.
    pub fn notes(&self) -> Vec<String> {
        self.notes.borrow().clone()
    }

    /// Line and column of a node in the text as it was written.
    fn place(&self, id: NodeId) -> (usize, usize) {
        let (line, column) = locate(&self.substituted.text, id);
        let start = self.substituted.original(self.parsed.offset(line, column));
        self.written.position(start)
    }

    /// The entries of a mapping with free keys, each key once.
    pub fn entries<'a>(&self, node: &'a Node, what: &str) -> Vec<(&'a Node, &'a str, &'a Node)> {
        let entries = match &node.value {
            Value::Map(entries) => entries.as_slice(),
            Value::Null => &[],
            _ => {
                self.wrong(
                    node.id,
                    format!("{what} must be a mapping (`key: value` lines), and is {}", node.kind()),
                );
                &[]
            }
        };
        let mut out: Vec<(&Node, &str, &Node)> = Vec::new();
        for (key, value) in entries {
            let Some(name) = key.text() else {
                self.wrong(key.id, format!("a key of {what} must be text, and is {}", key.kind()));
                continue;
            };
            if out.iter().any(|(_, other, _)| *other == name) {
                self.wrong(key.id, format!("`{name}` stands twice in {what}: remove one of them"));
            } else {
                out.push((key, name, value));
            }
        }
        out
    }

    /// A scalar as text; nothing at all is `None`.
    pub fn text(&self, field: Field<'_>, what: &str) -> Option<String> {
        match &field.value.value {
            Value::Text(text) => Some(text.clone()),
            Value::Null => None,
            _ => {
                self.wrong(
                    field.value.id,
                    format!("{what} must be a single value, and is {}", field.value.kind()),
                );
                None
            }
        }
    }

    /// `true` or `false`.
    pub fn flag(&self, field: Field<'_>, what: &str) -> bool {
        match self.text(field, what).as_deref() {
            Some("true") => true,
            Some("false") | None => false,
            Some(other) => {
                self.wrong(field.value.id, format!("{what} cannot be `{other}`: write `true` or `false`"));
                false
            }
        }
    }

    /// A list of scalars, each with its place.
    pub fn list(&self, field: Field<'_>, what: &str) -> Vec<(NodeId, String)> {
        match &field.value.value {
            Value::Null => Vec::new(),
            Value::List(items) => {
                let one = |item: &Node| {
                    let text = item.text();
                    if text.is_none() {
                        self.wrong(
                            item.id,
                            format!("an entry of {what} must be a single value, and is {}", item.kind()),
                        );
                    }
                    text.map(|text| (item.id, text.to_owned()))
                };
                items.iter().filter_map(one).collect()
            }
            _ => {
                self.wrong(
                    field.value.id,
                    format!("{what} must be a list (`- entry` lines), and is {}", field.value.kind()),
                );
                Vec::new()
            }
        }
    }

    /// A mapping from text to text; an empty value is empty text.
    pub fn texts(&self, field: Field<'_>, what: &str) -> BTreeMap<String, String> {
        let entries = self.entries(field.value, what).into_iter();
        entries
            .filter_map(|(key, name, value)| {
                let field = Field { key: key.id, value };
                match &value.value {
                    Value::Null => Some((name.to_owned(), String::new())),
                    _ => self.text(field, &format!("`{name}` of {what}")).map(|text| (name.to_owned(), text)),
                }
            })
            .collect()
    }
}

/// The value of a known key, and the place of the key.
#[derive(Clone, Copy)]
pub(in crate::cli) struct Field<'a> {
    pub key: NodeId,
    pub value: &'a Node,
}
