//! YAML as a tree whose every node knows where it was written.
//!
//! The parser gives a position only with an error. So nodes are numbered in the order in which they are met, and
//! to place one the text is walked again and made to fail at that number. Only texts with a mistake pay for it.

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt;

/// The number of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) struct NodeId(u32);

/// One node.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Node {
    pub id: NodeId,
    pub value: Value,
}

/// What a node is. Every scalar is text, spelled as it was written (`1.10` stays `1.10`).
#[derive(Clone, Debug)]
pub(in crate::cli) enum Value {
    Null,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, for messages.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Text(_) => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// A text that is not YAML: line and column, both from 1, and why.
#[derive(Debug)]
pub(in crate::cli) struct NotYaml {
    pub line: usize,
    pub column: usize,
    pub why: String,
}

/// Reads one document; `None` when there is nothing in it.
pub(in crate::cli) fn parse(text: &str) -> Result<Option<Node>, NotYaml> {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(None);
    }
    // Numbers and truth values are met typed first; the second walk asks for them as they were spelled.
    let typed = RefCell::default();
    walk(text, &typed, Purpose::FindTyped).map_err(|error| not_yaml(text, &error))?;
    walk(text, &typed, Purpose::Read).map(Some).map_err(|error| not_yaml(text, &error))
}

/// Line and column, both from 1, of a node of this very text.
pub(in crate::cli) fn locate(text: &str, id: NodeId) -> (usize, usize) {
    let found = walk(text, &RefCell::default(), Purpose::StopAt(id));
    found.err().and_then(|error| error.location()).map_or((1, 1), |l| (l.line(), l.column()))
}

fn not_yaml(text: &str, error: &serde_norway::Error) -> NotYaml {
    let (line, column) = error.location().map_or((1, 1), |l| (l.line(), l.column()));
    let why = error.to_string();
    let mut why = why.split(" at line ").next().unwrap_or(&why).to_owned();
    if text.lines().nth(line.saturating_sub(1)).is_some_and(|l| l.trim_start_matches(' ').starts_with('\t')) {
        why = "a line begins with a tab: indent with spaces".into();
    }
    NotYaml { line, column, why }
}

#[derive(Clone, Copy, PartialEq)]
enum Purpose {
    FindTyped,
    Read,
    StopAt(NodeId),
}

struct Walk<'a> {
    next: Cell<u32>,
    typed: &'a RefCell<BTreeSet<NodeId>>,
    purpose: Purpose,
}

fn walk(
    text: &str,
    typed: &RefCell<BTreeSet<NodeId>>,
    purpose: Purpose,
) -> Result<Node, serde_norway::Error> {
    let walk = Walk { next: Cell::new(0), typed, purpose };
    Step { walk: &walk, id: NodeId(0) }.deserialize(serde_norway::Deserializer::from_str(text))
}

/// The walk as it meets one node.
#[derive(Clone, Copy)]
struct Step<'a> {
    walk: &'a Walk<'a>,
    id: NodeId,
}

impl Step<'_> {
    fn node<E: Error>(self, value: Value) -> Result<Node, E> {
        Ok(Node { id: self.id, value })
    }

    /// A number or a truth value; kept as it was printed only until the second walk.
    fn typed<E: Error>(self, value: impl fmt::Display) -> Result<Node, E> {
        self.arrived()?;
        if self.walk.purpose == Purpose::FindTyped {
            self.walk.typed.borrow_mut().insert(self.id);
        }
        self.node(Value::Text(value.to_string()))
    }

    fn arrived<E: Error>(self) -> Result<(), E> {
        if self.walk.purpose == Purpose::StopAt(self.id) { Err(E::custom("here")) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for Step<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(mut self, deserializer: D) -> Result<Node, D::Error> {
        self.id = NodeId(self.walk.next.get());
        self.walk.next.set(self.id.0 + 1);
        if self.walk.purpose == Purpose::Read && self.walk.typed.borrow().contains(&self.id) {
            deserializer.deserialize_str(self)
        } else {
            deserializer.deserialize_any(self)
        }
    }
}

impl<'de> Visitor<'de> for Step<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a list or a mapping")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        self.typed(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        self.typed(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        self.typed(value)
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Node, E> {
        self.typed(value)
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Node, E> {
        self.typed(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        self.typed(value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        self.arrived()?;
        self.node(Value::Text(value.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        self.arrived()?;
        self.node(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Node, E> {
        self.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        self.arrived()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(self)? {
            items.push(item);
        }
        self.node(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        self.arrived()?;
        let mut entries: Vec<(Node, Node)> = Vec::new();
        let mut merged = Vec::new();
        while let Some(key) = access.next_key_seed(self)? {
            let value = access.next_value_seed(self)?;
            match (key.text(), value.value) {
                // YAML 1.1's merge key, used with anchors for what functions share.
                (Some("<<"), Value::Map(map)) => merged.extend(map),
                (_, other) => entries.push((key, Node { id: value.id, value: other })),
            }
        }
        for (key, value) in merged {
            if !entries.iter().any(|(own, _)| own.text() == key.text()) {
                entries.push((key, value));
            }
        }
        self.node(Value::Map(entries))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Node, A::Error> {
        Err(A::Error::custom("a tag (`!…`) has no meaning here"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find<'a>(node: &'a Node, path: &[&str]) -> &'a Node {
        path.iter().fold(node, |node, name| {
            let Value::Map(entries) = &node.value else { panic!("no mapping at {name}") };
            &entries.iter().find(|(key, _)| key.text() == Some(name)).unwrap().1
        })
    }

    #[test]
    fn every_node_is_found_where_it_was_written() {
        let text =
            "# top\na:\n  b: 1.10\n  c: [x, yes, 007]\nd: &shared\n  e: true\nf:\n  <<: *shared\n  g:\n";
        let tree = parse(text).unwrap().unwrap();
        for (path, kind, place) in [
            (&["a"][..], "a mapping", (3, 3)),
            (&["a", "b"], "a single value", (3, 6)),
            (&["a", "c"], "a list", (4, 6)),
            (&["f", "e"], "a single value", (6, 6)),
            (&["f", "g"], "nothing", (9, 5)),
        ] {
            let node = find(&tree, path);
            assert_eq!((node.kind(), locate(text, node.id)), (kind, place), "{path:?}");
        }
        assert_eq!(find(&tree, &["a", "b"]).text(), Some("1.10"));
        assert_eq!(find(&tree, &["f", "e"]).text(), Some("true"));
        let Value::List(items) = &find(&tree, &["a", "c"]).value else { panic!() };
        let items: Vec<_> = items.iter().filter_map(Node::text).collect();
        assert_eq!(items, ["x", "yes", "007"]);
    }

    #[test]
    fn what_is_not_yaml_is_placed() {
        for (text, line) in [("a: [1\nb: 2\n", 2), ("a: b: c\n", 1), ("a:\n\tb: 1\n", 2), ("a: !x 1\n", 1)] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text}: {error:?}");
        }
        assert!(parse("# nothing\n\n").unwrap().is_none());
    }
}
