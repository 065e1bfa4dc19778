//! The things that `get`, `describe` and `delete` know, under all the names that kubectl has for them.

use super::Global;
use super::failure::Failure;
use crate::cluster::function::FunctionName;
use crate::cluster::node::Node;
use crate::cluster::pod::Pod;
use crate::cluster::snapshot::{FunctionState, Snapshot};
use crate::mistake::nearest;
use std::sync::Arc;

/// A kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One copy of a function.
    Pod,
    /// A function, as Kubernetes sees it.
    Deployment,
    /// An autoscaler.
    Hpa,
    /// What happened.
    Event,
    /// This machine.
    Node,
    /// A function, as OpenFaaS sees it.
    Function,
    /// Pods, deployments and autoscalers.
    All,
}

const NAMES: [(&str, Kind); 23] = [
    ("pods", Kind::Pod),
    ("pod", Kind::Pod),
    ("po", Kind::Pod),
    ("deployments", Kind::Deployment),
    ("deployment", Kind::Deployment),
    ("deploy", Kind::Deployment),
    ("deployments.apps", Kind::Deployment),
    ("deployment.apps", Kind::Deployment),
    ("horizontalpodautoscalers", Kind::Hpa),
    ("horizontalpodautoscaler", Kind::Hpa),
    ("horizontalpodautoscaler.autoscaling", Kind::Hpa),
    ("hpa", Kind::Hpa),
    ("events", Kind::Event),
    ("event", Kind::Event),
    ("ev", Kind::Event),
    ("nodes", Kind::Node),
    ("node", Kind::Node),
    ("no", Kind::Node),
    ("functions", Kind::Function),
    ("function", Kind::Function),
    ("fn", Kind::Function),
    ("func", Kind::Function),
    ("all", Kind::All),
];

impl std::str::FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        if let Some((_, kind)) = NAMES.iter().find(|(name, _)| *name == lower) {
            return Ok(*kind);
        }
        let guess = nearest(&lower, NAMES.iter().map(|(name, _)| *name).filter(|name| name.len() > 2));
        let guess = guess.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
        Err(format!(
            "there is no kind of thing called `{text}`: use pods, deployments, hpa, events or nodes{guess}"
        ))
    }
}

impl Kind {
    /// As kubectl's answers name it: `deployments.apps`.
    pub fn plural(self) -> &'static str {
        match self {
            Kind::Pod => "pods",
            Kind::Deployment => "deployments.apps",
            Kind::Hpa => "horizontalpodautoscalers.autoscaling",
            Kind::Event => "events",
            Kind::Node => "nodes",
            Kind::Function => "functions",
            Kind::All => "resources",
        }
    }

    /// As kubectl's answers name one: `deployment.apps`.
    pub fn singular(self) -> &'static str {
        self.plural().strip_suffix('s').map_or_else(
            || match self {
                Kind::Deployment => "deployment.apps",
                _ => "horizontalpodautoscaler.autoscaling",
            },
            |one| match self {
                Kind::Deployment => "deployment.apps",
                _ => one,
            },
        )
    }
}

/// A kind and names, as kubectl takes them: `pods a b`, `pod/a pod/b`, `pods`.
///
/// # Errors
/// Words that name no kind.
pub fn parse(words: &[String]) -> Result<Vec<(Kind, Option<String>)>, Failure> {
    let Some(first) = words.first() else {
        return Err(Failure::used("name what: pods, deployments, hpa …"));
    };
    if words.iter().all(|word| word.contains('/')) {
        return words
            .iter()
            .map(|word| {
                let (kind, name) = word.split_once('/').unwrap_or((word, ""));
                Ok((kind.parse().map_err(Failure::used)?, Some(name.to_owned())))
            })
            .collect();
    }
    let names = &words[1..];
    let mut found = Vec::new();
    for kind in first.split(',') {
        let kind: Kind = kind.parse().map_err(Failure::used)?;
        match names {
            [] => found.push((kind, None)),
            names => found.extend(names.iter().map(|name| (kind, Some(name.clone())))),
        }
    }
    Ok(found)
}

/// The function of that name.
///
/// # Errors
/// As kubectl says that there is none, with the name that is nearest.
pub fn function<'a>(
    snapshot: &'a Snapshot,
    kind: Kind,
    name: &str,
    global: &Global,
) -> Result<&'a FunctionState, Failure> {
    let name = name.rsplit('/').next().unwrap_or(name);
    let wanted: FunctionName = super::client::function_name(name, global);
    snapshot.function(&wanted).ok_or_else(|| {
        let names: Vec<&str> = snapshot.functions.values().map(|f| f.spec.name.as_str()).collect();
        not_found(kind, name, &names)
    })
}

/// The pod of that name.
///
/// # Errors
/// As [`function`].
pub fn pod<'a>(snapshot: &'a Snapshot, name: &str) -> Result<&'a Arc<Pod>, Failure> {
    let name = name.strip_prefix("pod/").or_else(|| name.strip_prefix("pods/")).unwrap_or(name);
    snapshot.pod(name).ok_or_else(|| {
        let names: Vec<&str> = snapshot.pods.values().map(|p| p.name.as_str()).collect();
        not_found(Kind::Pod, name, &names)
    })
}

/// The node of that name.
///
/// # Errors
/// As [`function`].
pub fn node<'a>(snapshot: &'a Snapshot, name: &str) -> Result<&'a Node, Failure> {
    let found = snapshot.nodes.iter().find(|node| node.name == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = snapshot.nodes.iter().map(|node| node.name.as_str()).collect();
        not_found(Kind::Node, name, &names)
    })
}

/// Says that the namespace of `-n` is none, where nothing was found in it.
pub fn note_namespace<'a>(global: &Global, there: impl IntoIterator<Item = &'a str>) {
    let there: Vec<&str> = there.into_iter().collect();
    if !there.contains(&global.namespace()) {
        eprintln!("note: there is no namespace `{}`; there are: {}", global.namespace(), there.join(", "));
    }
}

/// `pods "x" not found`, and what may have been meant.
pub fn not_found(kind: Kind, name: &str, names: &[&str]) -> Failure {
    let guess = nearest(name, names.iter().copied())
        .or_else(|| names.iter().copied().find(|n| !name.is_empty() && n.starts_with(name)));
    let guess = guess.map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
    Failure::failed(format_args!("{} \"{name}\" not found{guess}", kind.plural()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_names_as_kubectl_takes_them() {
        let read = |words: &[&str]| parse(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        assert_eq!(read(&["po"]).unwrap(), [(Kind::Pod, None)]);
        assert_eq!(read(&["deploy,hpa"]).unwrap(), [(Kind::Deployment, None), (Kind::Hpa, None)]);
        let named = [(Kind::Pod, Some("a".into())), (Kind::Pod, Some("b".into()))];
        assert_eq!(read(&["pods", "a", "b"]).unwrap(), named);
        assert_eq!(read(&["pod/a", "pod/b"]).unwrap(), named);
        assert!(read(&["pots"]).unwrap_err().to_string().contains("did you mean `pods`"));
        assert_eq!(Kind::Pod.singular(), "pod");
        assert_eq!(Kind::Deployment.singular(), "deployment.apps");
        assert_eq!(Kind::Hpa.singular(), "horizontalpodautoscaler.autoscaling");
    }
}
