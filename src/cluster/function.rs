//! A function as a person deploys it, in OpenFaaS' own words.

use super::command::Refusal;
use super::quantity::{Bytes, MilliCpu};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The namespace of functions that name none.
pub const DEFAULT_NAMESPACE: &str = "openfaas-fn";

/// One deployed function, numbered in the order of deployment. Never used twice in one cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FunctionId(pub u32);

/// A function's name and namespace; prints as OpenFaaS labels its metrics: `mltest.openfaas-fn`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FunctionName {
    /// The namespace, `openfaas-fn` unless named.
    pub namespace: String,
    /// The name within the namespace: a DNS label.
    pub name: String,
}

impl FunctionName {
    /// `name` in the default namespace, or `name.namespace` when it holds a dot.
    pub fn parse(text: &str) -> Self {
        match text.split_once('.') {
            Some((name, namespace)) => FunctionName { namespace: namespace.into(), name: name.into() },
            None => FunctionName { namespace: DEFAULT_NAMESPACE.into(), name: text.into() },
        }
    }

    /// `name` in `namespace`, where an empty or absent namespace is the default one.
    pub fn within(name: &str, namespace: Option<&str>) -> Self {
        match namespace.filter(|n| !n.is_empty()) {
            Some(ns) => FunctionName { namespace: ns.into(), name: name.into() },
            None => Self::parse(name),
        }
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.name, self.namespace)
    }
}

/// CPU and memory, as a limit or as a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// CPU in thousandths of a core.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cpu: Option<MilliCpu>,
    /// Memory in bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub memory: Option<Bytes>,
}

impl Resources {
    /// Neither CPU nor memory is named.
    pub fn is_empty(&self) -> bool {
        self.cpu.is_none() && self.memory.is_none()
    }
}

/// What a function is: OpenFaaS' `FunctionDeployment`, with quantities already checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionSpec {
    /// The function's name: a DNS label.
    #[serde(rename = "service", default)]
    pub name: String,
    /// The image its pods run; for processes, a name only.
    #[serde(default)]
    pub image: String,
    /// The namespace.
    #[serde(default = "default_namespace", deserialize_with = "namespace_or_default")]
    pub namespace: String,
    /// The command that the watchdog forks (`fprocess`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub env_process: Option<String>,
    /// Environment variables of the pods.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default, deserialize_with = "null_is_default")]
    pub env_vars: BTreeMap<String, String>,
    /// Placement constraints; kept and shown, not used on one node.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "null_is_default")]
    pub constraints: Vec<String>,
    /// Names of secrets that the pods may read.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "null_is_default")]
    pub secrets: Vec<String>,
    /// Labels, among them `com.openfaas.scale.*`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default, deserialize_with = "null_is_default")]
    pub labels: BTreeMap<String, String>,
    /// Annotations; `faasim.dev/handler` is the folder a function's process runs in.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default, deserialize_with = "null_is_default")]
    pub annotations: BTreeMap<String, String>,
    /// What a pod may use at most.
    #[serde(skip_serializing_if = "Resources::is_empty", default, deserialize_with = "null_is_default")]
    pub limits: Resources,
    /// What a pod asks for; the base of an HPA's percentages.
    #[serde(skip_serializing_if = "Resources::is_empty", default, deserialize_with = "null_is_default")]
    pub requests: Resources,
    /// The pods' own file system cannot be written.
    #[serde(default, skip_serializing_if = "is_false")]
    pub read_only_root_filesystem: bool,
}

/// The folder on this machine that a function's process runs in (set by `faasim deploy` from `handler:`).
pub const HANDLER_ANNOTATION: &str = "faasim.dev/handler";
/// The project's own template folder, which the handler's files are put into (set from `lang:`).
pub const TEMPLATE_ANNOTATION: &str = "faasim.dev/template";
/// `PROJECT:FILE,FILE`: files of the project that are put beside the handler's (set from `configuration.copy`).
pub const COPY_ANNOTATION: &str = "faasim.dev/copy";
/// The image that a handler folder is put on top of (set from `build_args.BASE`).
pub const BASE_ANNOTATION: &str = "faasim.dev/base";
/// `Never`, `IfNotPresent` or `Always`, as Kubernetes' `imagePullPolicy`.
pub const PULL_POLICY_ANNOTATION: &str = "faasim.dev/image-pull-policy";

fn is_false(b: &bool) -> bool {
    !b
}

fn default_namespace() -> String {
    DEFAULT_NAMESPACE.into()
}

fn namespace_or_default<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    let ns = Option::<String>::deserialize(d)?.unwrap_or_default();
    Ok(if ns.is_empty() { default_namespace() } else { ns })
}

pub(super) fn null_is_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    d: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

impl FunctionSpec {
    /// A function of `name` and `image` with nothing else set.
    pub fn new(name: &str, image: &str) -> Self {
        FunctionSpec {
            name: name.into(),
            image: image.into(),
            namespace: default_namespace(),
            env_process: None,
            env_vars: BTreeMap::new(),
            constraints: Vec::new(),
            secrets: Vec::new(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            limits: Resources::default(),
            requests: Resources::default(),
            read_only_root_filesystem: false,
        }
    }

    /// Name and namespace together.
    pub fn full_name(&self) -> FunctionName {
        FunctionName { namespace: self.namespace.clone(), name: self.name.clone() }
    }

    /// Checks what a type cannot: names, and requests against limits.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] naming the field, what was found and what is allowed.
    pub fn validate(&self) -> Result<(), Refusal> {
        if self.name.is_empty() {
            return Err(Refusal::invalid("service: a function needs a name"));
        }
        if !is_dns_label(&self.name) {
            return Err(Refusal::invalid(format!(
                "service: `{}` is not a DNS label: use at most 63 of a-z, 0-9 and `-`, beginning and ending \
                 with a letter or digit",
                self.name
            )));
        }
        if self.image.is_empty() {
            return Err(Refusal::invalid("image: a function needs an image"));
        }
        if self.image.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(Refusal::invalid(format!("image: `{}` holds a space", self.image)));
        }
        if !is_dns_label(&self.namespace) {
            return Err(Refusal::invalid(format!("namespace: `{}` is not a DNS label", self.namespace)));
        }
        for key in self.env_vars.keys() {
            if key.is_empty() || key.contains(['=', '\0']) {
                return Err(Refusal::invalid(format!("envVars: `{key}` cannot be the name of a variable")));
            }
        }
        if let Some((key, _)) = self.env_vars.iter().find(|(_, v)| v.contains('\0')) {
            return Err(Refusal::invalid(format!("envVars: the value of `{key}` holds a zero byte")));
        }
        let both = [
            ("cpu", self.requests.cpu.map(|c| c.0), self.limits.cpu.map(|c| c.0)),
            ("memory", self.requests.memory.map(|m| m.0), self.limits.memory.map(|m| m.0)),
        ];
        for (what, request, limit) in both {
            if let (Some(request), Some(limit)) = (request, limit)
                && request > limit
            {
                return Err(Refusal::invalid(format!(
                    "requests.{what}: it must not be more than limits.{what}"
                )));
            }
            if limit == Some(0) {
                return Err(Refusal::invalid(format!("limits.{what}: it must be more than 0")));
            }
        }
        Ok(())
    }

    /// The hash in a pod's name: it changes when, and only when, something changes that a running pod
    /// carries. Labels of the scaling rules do not, as in OpenFaaS' deployments with a stable pod template.
    pub fn template_hash(&self) -> String {
        let template = FunctionSpec { labels: BTreeMap::new(), ..self.clone() };
        // serde writes fields in order of declaration and maps in order of keys: the text is canonical.
        let text = serde_json::to_string(&template).unwrap_or_default();
        let mut hash: u32 = 0x811c_9dc5;
        for byte in text.bytes() {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
        hash.to_string().bytes().map(|b| SAFE_ALPHABET[b as usize % SAFE_ALPHABET.len()] as char).collect()
    }
}

/// Kubernetes' alphabet for generated names: no vowels, so no words by accident.
pub const SAFE_ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// Whether `text` is an RFC 1123 DNS label: what Kubernetes and OpenFaaS allow as a name.
pub fn is_dns_label(text: &str) -> bool {
    let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    !text.is_empty()
        && text.len() <= 63
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dns_labels() {
        for (name, good) in [
            ("mltest", true),
            ("a-1", true),
            ("Bad_Name", false),
            ("-a", false),
            ("a-", false),
            ("", false),
            ("a.b", false),
        ] {
            assert_eq!(is_dns_label(name), good, "{name}");
        }
    }

    #[test]
    fn a_bad_field_is_named() {
        for (json, field) in [
            (r#"{"service":"Bad_Name","image":"i"}"#, "service"),
            (r#"{"image":"i"}"#, "service"),
            (r#"{"service":"a"}"#, "image"),
            (r#"{"service":"a","image":"i","envVars":{"A=B":""}}"#, "envVars"),
            (r#"{"service":"a","image":"i","requests":{"cpu":"2"},"limits":{"cpu":"1"}}"#, "requests.cpu"),
            (r#"{"service":"a","image":"i","limits":{"memory":"0"}}"#, "limits.memory"),
        ] {
            let spec: FunctionSpec = serde_json::from_str(json).unwrap();
            let Err(Refusal::Invalid(text)) = spec.validate() else { panic!("{json} was accepted") };
            assert!(text.starts_with(field), "{text}");
        }
        let bad = r#"{"service":"a","image":"i","limits":{"cpu":"lots"}}"#;
        assert!(serde_json::from_str::<FunctionSpec>(bad).unwrap_err().to_string().contains("lots"));
    }

    #[test]
    fn the_template_hash_follows_what_a_pod_carries() {
        let a = FunctionSpec::new("a", "i");
        let mut labelled = a.clone();
        labelled.labels.insert("com.openfaas.scale.max".into(), "5".into());
        let mut other = a.clone();
        other.env_vars.insert("A".into(), "1".into());
        assert_eq!(a.template_hash(), labelled.template_hash());
        assert_ne!(a.template_hash(), other.template_hash());
    }
}
