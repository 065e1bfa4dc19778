//! Namespaces: rooms for functions and secrets, made and removed as in OpenFaaS. `openfaas-fn` is always there.

use super::Cluster;
use super::action::Action;
use super::command::{Command, Refusal, Reply};
use super::function::{DEFAULT_NAMESPACE, FunctionName, is_dns_label};
use super::record::Record;
use super::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The label by which OpenFaaS knows that a namespace is for functions.
const LABEL: (&str, &str) = ("openfaas", "1");

/// A namespace, in OpenFaaS' own words (`FunctionNamespace`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// Its name: a DNS label.
    #[serde(default)]
    pub name: String,
    /// What tools note about it.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "super::function::null_is_default"
    )]
    pub annotations: BTreeMap<String, String>,
    /// `openfaas: "1"` among them.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "super::function::null_is_default"
    )]
    pub labels: BTreeMap<String, String>,
}

impl Namespace {
    /// One with the label that it needs and nothing else.
    pub fn new(name: &str) -> Self {
        let labels = BTreeMap::from([(LABEL.0.to_owned(), LABEL.1.to_owned())]);
        Namespace { name: name.into(), annotations: BTreeMap::new(), labels }
    }

    fn check(&self) -> Result<(), Refusal> {
        if !is_dns_label(&self.name) {
            return Err(Refusal::invalid(format!(
                "name: `{}` cannot be the name of a namespace: use at most 63 of a-z, 0-9 and `-`, beginning and ending \
                 with a letter or digit",
                self.name
            )));
        }
        if self.labels.get(LABEL.0).map(String::as_str) != Some(LABEL.1) {
            return Err(Refusal::invalid(format!(
                "labels: namespace `{}` needs the label `{}: \"{}\"`, which says that it is for functions",
                self.name, LABEL.0, LABEL.1
            )));
        }
        Ok(())
    }
}

impl Cluster {
    /// Those that are there from the beginning.
    pub(super) fn first_namespaces() -> BTreeMap<String, Namespace> {
        BTreeMap::from([(DEFAULT_NAMESPACE.to_owned(), Namespace::new(DEFAULT_NAMESPACE))])
    }

    pub(super) fn create_namespace(&mut self, namespace: Namespace) -> Result<Reply, Refusal> {
        namespace.check()?;
        if self.namespaces.contains_key(&namespace.name) {
            return Err(Refusal::Conflict(format!("namespace `{}` already exists", namespace.name)));
        }
        self.put_namespace(namespace);
        Ok(Reply::default())
    }

    pub(super) fn update_namespace(&mut self, namespace: Namespace) -> Result<Reply, Refusal> {
        if !self.namespaces.contains_key(&namespace.name) {
            return Err(no_namespace(&namespace.name));
        }
        namespace.check()?;
        self.put_namespace(namespace);
        Ok(Reply::default())
    }

    fn put_namespace(&mut self, namespace: Namespace) {
        self.actions.push_back(Action::Persist(Record::Namespace(namespace.clone())));
        self.namespaces.insert(namespace.name.clone(), namespace);
    }

    /// As Kubernetes does, with the functions in it.
    pub(super) fn remove_namespace(&mut self, now: Time, name: &str) -> Result<Reply, Refusal> {
        if name == DEFAULT_NAMESPACE {
            return Err(Refusal::invalid(format!(
                "namespace `{DEFAULT_NAMESPACE}` stays: functions that name no other are there"
            )));
        }
        if self.namespaces.remove(name).is_none() {
            return Err(no_namespace(name));
        }
        let inside: Vec<FunctionName> =
            self.names.0.keys().filter(|f| f.namespace == name).cloned().collect();
        let mut notes = Vec::new();
        for function in inside {
            notes.push(format!("`{}` was in it and is removed with it", function.name));
            self.apply(now, Command::Remove(function))?;
        }
        self.actions.push_back(Action::Persist(Record::NoNamespace(name.to_owned())));
        Ok(Reply { notes })
    }

    pub(super) fn within_namespace(&self, name: &str) -> Result<(), Refusal> {
        match self.namespaces.contains_key(name) {
            true => Ok(()),
            false => Err(Refusal::invalid(format!(
                "namespace: there is no namespace `{name}`: `faasim namespace create {name}` makes it"
            ))),
        }
    }
}

fn no_namespace(name: &str) -> Refusal {
    Refusal::NotFound(format!("no namespace `{name}`"))
}
