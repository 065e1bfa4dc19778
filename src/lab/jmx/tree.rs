//! JMeter's tree: elements, each followed by a `hashTree` of what belongs to it.

use roxmltree::Node;
use std::collections::BTreeMap;

/// An element with its properties and what belongs to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Element {
    /// `ThreadGroup`, `HTTPSamplerProxy`, `ConstantTimer` …
    pub kind: String,
    /// As a person called it.
    pub name: String,
    /// Its properties by name, those of parts within it too.
    pub properties: BTreeMap<String, String>,
    /// Lists of texts by name: headers, arguments, what is asserted.
    pub lists: BTreeMap<String, Vec<BTreeMap<String, String>>>,
    /// What belongs to it.
    pub inner: Vec<Element>,
}

impl Element {
    /// A property that is there and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// A property that is `true`.
    pub fn is(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }
}

/// The elements of a plan that are switched on.
pub(super) fn read(root: Node<'_, '_>) -> Vec<Element> {
    root.children().filter(|n| n.has_tag_name("hashTree")).flat_map(hash_tree).collect()
}

fn hash_tree(tree: Node<'_, '_>) -> Vec<Element> {
    let mut all: Vec<(bool, Element)> = Vec::new();
    for node in tree.children().filter(Node::is_element) {
        if node.has_tag_name("hashTree") {
            if let Some((_, last)) = all.last_mut() {
                last.inner = hash_tree(node);
            }
            continue;
        }
        let mut element = Element {
            kind: node.tag_name().name().to_owned(),
            name: node.attribute("testname").unwrap_or_default().to_owned(),
            ..Element::default()
        };
        properties(node, &mut element);
        all.push((node.attribute("enabled") != Some("false"), element));
    }
    all.into_iter().filter(|(enabled, _)| *enabled).map(|(_, element)| element).collect()
}

fn properties(node: Node<'_, '_>, element: &mut Element) {
    for child in node.children().filter(Node::is_element) {
        let name = child.attribute("name").unwrap_or_default().to_owned();
        match child.tag_name().name() {
            "elementProp" => properties(child, element),
            "collectionProp" => {
                let items = child.children().filter(Node::is_element).map(|item| {
                    let own = item.children().filter(Node::is_element).map(|p| {
                        let key = p.attribute("name").unwrap_or_default().to_owned();
                        (key, p.text().unwrap_or_default().to_owned())
                    });
                    let mut map: BTreeMap<String, String> = own.collect();
                    if map.is_empty() {
                        map.insert("text".into(), item.text().unwrap_or_default().to_owned());
                    }
                    map
                });
                let items = items.collect();
                element.lists.insert(name, items);
            }
            // The one kind whose name and value are elements of their own.
            "doubleProp" | "floatProp" => {
                let part = |tag: &str| {
                    let part = child.children().find(|n| n.has_tag_name(tag));
                    part.and_then(|n| n.text()).unwrap_or_default().to_owned()
                };
                element.properties.insert(part("name"), part("value"));
            }
            _ => {
                element.properties.insert(name, child.text().unwrap_or_default().to_owned());
            }
        }
    }
}
