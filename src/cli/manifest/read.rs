//! Documents, `metadata`, and the parts of `spec` that both versions have.

use super::Autoscaler;
use crate::cli::yaml::envsubst::Substituted;
use crate::cli::yaml::schema::{Document, Field};
use crate::cli::yaml::tree::{Node, NodeId, Value, parse};
use crate::cluster::function::FunctionName;
use crate::cluster::quantity::thousandths;
use crate::cluster::scaling::hpa::spec::{HpaSpec, MetricSpec, Resource, ResourceTarget};
use crate::mistake::{Mistake, Mistakes, Written};
use std::cell::RefCell;
use std::collections::BTreeMap;

const KIND: &str = "HorizontalPodAutoscaler";
/// What the API server itself writes into `metadata`, and what a person may.
const METADATA: &[&str] = &[
    "name",
    "namespace",
    "labels",
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Of these, what a person writes for others to read.
const PERSONS: [&str; 4] = ["labels", "annotations", "finalizers", "ownerReferences"];
/// kubectl's own copy of what was applied; nobody misses it.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What `metadata` says.
#[derive(Default)]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
    /// What is not kept.
    dropped: Vec<String>,
}

fn says_something(node: &Node) -> bool {
    match &node.value {
        Value::Map(entries) => entries.iter().any(|(key, _)| key.text() != Some(LAST_APPLIED)),
        Value::List(items) => !items.is_empty(),
        _ => false,
    }
}

/// The fields of a mapping by their names.
pub(super) type Fields<'a> = BTreeMap<&'a str, Field<'a>>;

/// Reads every document of a text.
pub(super) fn text(name: &str, text: &str, namespace: &str) -> Result<Vec<Autoscaler>, Mistakes> {
    let written = Written::new(name, text);
    let (mut all, mut mistakes) = (Vec::new(), Mistakes::new());
    let mut empty = true;
    for part in documents(text) {
        let document = Document::new(written.clone(), Substituted::untouched(&part));
        match parse(&part) {
            Ok(None) => {}
            Ok(Some(root)) => {
                empty = false;
                Reader { document: &document, namespace, places: RefCell::default() }.root(&root, &mut all);
            }
            Err(error) => {
                empty = false;
                document.wrong_at(error.line, error.column, format!("this is not YAML: {}", error.why));
            }
        }
        if let Err(more) = document.finish(()) {
            mistakes.append(more);
        }
    }
    if empty {
        return Err(Mistake::of(name, "there is no autoscaler in it").into());
    }
    mistakes.or(all)
}

/// The documents of a text, each with everything else blanked out, so that its places stay where they were.
fn documents(text: &str) -> Vec<String> {
    let blank = |line: &str| line.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect::<String>();
    let mut before = String::new();
    let mut all = vec![String::new()];
    for line in text.split_inclusive('\n') {
        let last = all.len() - 1;
        let marker = ["---", "..."].into_iter().find(|m| {
            line.strip_prefix(m).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
        });
        match marker {
            Some(marker) => all.push(format!("{before}   {}", line.trim_start_matches(marker))),
            None if line.starts_with('%') => all[last] += &blank(line),
            None => all[last] += line,
        }
        before += &blank(line);
    }
    all
}

/// One document as it is taken apart.
pub(super) struct Reader<'a> {
    pub document: &'a Document,
    namespace: &'a str,
    /// Where each field stands, for what is found wrong only once all is read.
    places: RefCell<BTreeMap<String, NodeId>>,
}

impl Reader<'_> {
    /// An autoscaler, or a list of them.
    fn root(&self, node: &Node, all: &mut Vec<Autoscaler>) {
        let Value::Map(entries) = &node.value else {
            let found = node.kind();
            return self.wrong(
                node.id,
                format!("a manifest is a mapping (`key: value` lines), and this is {found}"),
            );
        };
        let kind = entries.iter().find(|(key, _)| key.text() == Some("kind")).map(|(_, value)| value);
        match kind.and_then(Node::text) {
            Some(KIND) => all.extend(self.autoscaler(node)),
            Some("List" | "HorizontalPodAutoscalerList") => {
                let fields = self.fields(node, "", &["apiVersion", "kind", "metadata", "items"]);
                for (_, item) in fields.get("items").map(|f| self.items(*f, "items")).unwrap_or_default() {
                    self.root(item, all);
                }
            }
            Some(other) => self.wrong(
                kind.map_or(node.id, |k| k.id),
                format!(
                    "kind `{other}` is not known here: write `{KIND}` (functions come from a stack file, with \
                     `faasim deploy`)"
                ),
            ),
            None => self.wrong(node.id, format!("`kind` is missing: write `kind: {KIND}`")),
        }
    }

    fn autoscaler(&self, node: &Node) -> Option<Autoscaler> {
        let fields = self.fields(node, "", &["apiVersion", "kind", "metadata", "spec", "status"]);
        let version = self.need(&fields, "apiVersion", "", node.id);
        let version = version.and_then(|field| {
            let version = self.document.text(field, "apiVersion").unwrap_or_default();
            let known = ["autoscaling/v1", "autoscaling/v2"].contains(&version.as_str());
            if !known {
                let what =
                    format!("apiVersion cannot be `{version}`: write `autoscaling/v2` or `autoscaling/v1`");
                self.wrong(field.value.id, what);
            }
            known.then_some(version)
        });
        let Metadata { name, namespace, dropped } = self.metadata(&fields, node.id);
        let spec = self.need(&fields, "spec", "", node.id)?;
        let mut known = vec!["scaleTargetRef", "minReplicas", "maxReplicas"];
        match version.as_deref() {
            Some("autoscaling/v1") => known.push("targetCPUUtilizationPercentage"),
            Some(_) => known.extend(["metrics", "behavior"]),
            // Without a version that is known, its other fields cannot be judged.
            None => return None,
        }
        let spec_fields = self.fields(spec.value, "spec", &known);
        let target = self.target(&spec_fields, spec.key);
        let out = self.spec(&spec_fields, spec.key);
        for problem in out.iter().flat_map(HpaSpec::problems) {
            self.wrong(self.place(&problem.field).unwrap_or(spec.key), problem.to_string());
        }
        let function = FunctionName::within(&target?, Some(namespace.as_deref().unwrap_or(self.namespace)));
        let mut notes = Vec::new();
        if let Some(name) = name.filter(|name| *name != function.name) {
            notes.push(format!(
                "the autoscaler `{name}` is called `{0}` here, as the function that it scales",
                function.name
            ));
        }
        if !dropped.is_empty() {
            notes.push(format!("{}: not kept: {}", function.name, dropped.join(", ")));
        }
        Some(Autoscaler { function, spec: out?, notes })
    }

    fn metadata(&self, fields: &Fields<'_>, node: NodeId) -> Metadata {
        let Some(metadata) = self.need(fields, "metadata", "", node) else { return Metadata::default() };
        let fields = self.fields(metadata.value, "metadata", METADATA);
        let name = self.need(&fields, "name", "metadata", metadata.key);
        let name = name.and_then(|name| self.document.text(name, "metadata.name"));
        let namespace = fields.get("namespace").and_then(|f| self.document.text(*f, "metadata.namespace"));
        let dropped = PERSONS.iter().filter(|key| fields.get(**key).is_some_and(|f| says_something(f.value)));
        Metadata { name, namespace, dropped: dropped.map(|key| format!("metadata.{key}")).collect() }
    }

    /// The name of what is scaled.
    fn target(&self, fields: &Fields<'_>, spec: NodeId) -> Option<String> {
        let target = self.need(fields, "scaleTargetRef", "spec", spec)?;
        let path = "spec.scaleTargetRef";
        let fields = self.fields(target.value, path, &["apiVersion", "kind", "name"]);
        if let Some(field) = fields.get("apiVersion") {
            self.document.text(*field, &format!("{path}.apiVersion"));
        }
        if let Some(field) = self.need(&fields, "kind", path, target.key) {
            self.word(field, &format!("{path}.kind"), &[("Deployment", ())]);
        }
        let name = self.need(&fields, "name", path, target.key)?;
        self.document.text(name, &format!("{path}.name"))
    }

    fn spec(&self, fields: &Fields<'_>, spec: NodeId) -> Option<HpaSpec> {
        let number = |name: &str| fields.get(name).map(|f| self.whole(*f, &format!("spec.{name}")));
        let max = self.need(fields, "maxReplicas", "spec", spec).and_then(|_| number("maxReplicas")?);
        let min = number("minReplicas");
        if let Some(field) = fields.get("targetCPUUtilizationPercentage") {
            self.places.borrow_mut().insert("spec.metrics[0].resource.target".into(), field.value.id);
        }
        let metrics = match number("targetCPUUtilizationPercentage") {
            Some(percent) => Some(percent.into_iter().map(cpu).collect()),
            None => fields.get("metrics").map_or(Some(Vec::new()), |field| self.metrics(*field)),
        };
        let behavior = fields.get("behavior").map(|field| self.behavior(*field));
        // The API server fills the default in.
        let min_replicas = Some(min.unwrap_or(Some(1))?);
        Some(HpaSpec { min_replicas, max_replicas: max?, metrics: metrics?, behavior })
    }

    /// Says what is wrong with a node.
    pub fn wrong(&self, id: NodeId, what: impl Into<String>) {
        self.document.wrong(id, what);
    }

    /// The fields of a mapping that stands at `path`; an unknown one is a mistake.
    pub fn fields<'n>(&self, node: &'n Node, path: &str, known: &[&str]) -> Fields<'n> {
        let what = if path.is_empty() { "a manifest" } else { path };
        let fields = self.document.fields(node, what, known);
        let mut places = self.places.borrow_mut();
        for (name, field) in &fields {
            let id = if matches!(field.value.value, Value::Text(_)) { field.value.id } else { field.key };
            places.insert(join(path, name), id);
        }
        fields
    }

    /// A field that must be there.
    pub fn need<'n>(&self, fields: &Fields<'n>, name: &str, path: &str, whose: NodeId) -> Option<Field<'n>> {
        let found = fields.get(name).filter(|f| !matches!(f.value.value, Value::Null));
        if found.is_none() {
            self.wrong(whose, format!("`{}` is missing", join(path, name)));
        }
        found.copied()
    }

    /// The entries of a list, each with its path.
    pub fn items<'n>(&self, field: Field<'n>, path: &str) -> Vec<(String, &'n Node)> {
        match &field.value.value {
            Value::List(items) => {
                items.iter().enumerate().map(|(i, item)| (format!("{path}[{i}]"), item)).collect()
            }
            Value::Null => Vec::new(),
            _ => {
                let found = field.value.kind();
                self.wrong(field.value.id, format!("{path} must be a list (`- …` lines), and is {found}"));
                Vec::new()
            }
        }
    }

    /// A whole number.
    pub fn whole(&self, field: Field<'_>, path: &str) -> Option<u32> {
        let text = self.document.text(field, path)?;
        let number = text.parse().ok().filter(|n| i32::try_from(*n).is_ok());
        if number.is_none() {
            self.wrong(field.value.id, format!("{path} must be a whole number, and is `{text}`"));
        }
        number
    }

    /// A quantity, in thousandths.
    pub fn quantity(&self, field: Field<'_>, path: &str) -> Option<i64> {
        let text = self.document.text(field, path)?;
        match thousandths(&text) {
            Ok(milli) => Some(milli),
            Err(why) => {
                self.wrong(field.value.id, format!("{path}: {why}"));
                None
            }
        }
    }

    /// One of some words.
    pub fn word<T: Copy>(&self, field: Field<'_>, path: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.document.text(field, path)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let mut words: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            let last = words.pop().unwrap_or_default();
            let rest = if words.is_empty() { String::new() } else { format!("{} or ", words.join(", ")) };
            self.wrong(field.value.id, format!("{path} cannot be `{text}`: write {rest}{last}"));
        }
        found
    }

    /// Where a field stands, or else the nearest one around it that was written.
    fn place(&self, path: &str) -> Option<NodeId> {
        let places = self.places.borrow();
        let mut path = path;
        loop {
            if let Some(id) = places.get(path) {
                return Some(*id);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn cpu(percent: u32) -> MetricSpec {
    MetricSpec::Resource { name: Resource::Cpu, target: ResourceTarget::Utilization(percent) }
}
