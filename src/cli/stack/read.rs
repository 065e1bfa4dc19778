//! A stack file's keys, as faas-cli has them, into what is deployed.

use super::{Stack, StackFunction};
use crate::cli::templates;
use crate::cli::yaml::envsubst::{Substituted, substitute};
use crate::cli::yaml::schema::{Document, Field};
use crate::cli::yaml::tree::{Node, NodeId, Value, parse};
use crate::cluster::function::{
    BASE_ANNOTATION, COPY_ANNOTATION, DEFAULT_NAMESPACE, FunctionSpec, HANDLER_ANNOTATION,
    PULL_POLICY_ANNOTATION, Resources, TEMPLATE_ANNOTATION, is_dns_label,
};
use crate::cluster::scaling::openfaas::{Edition, ScaleLabels};
use crate::mistake::{Mistake, Mistakes, Written};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const TOP_KEYS: &[&str] = &["version", "provider", "functions", "configuration"];
const FUNCTION_KEYS: &[&str] = &[
    "lang",
    "handler",
    "image",
    "fprocess",
    "environment",
    "environment_file",
    "secrets",
    "labels",
    "annotations",
    "constraints",
    "limits",
    "requests",
    "readonly_root_filesystem",
    "skip_build",
    "build_args",
    "build_options",
    "build_secrets",
    "platforms",
    "namespace",
    "imagePullPolicy",
];

type Variables<'a> = Option<&'a dyn Fn(&str) -> Option<String>>;

/// Reads and checks the file.
pub(super) fn file(path: &Path, variables: Variables<'_>) -> Result<Stack, Mistakes> {
    let written = load(path)?;
    let substituted = match variables {
        Some(variable) => substitute(&written, variable)?,
        None => Substituted::untouched(written.text()),
    };
    let folder =
        std::path::absolute(path).ok().and_then(|p| p.parent().map(Path::to_owned)).unwrap_or_default();
    let mut notes = Vec::new();
    for name in &substituted.unset {
        notes.push(format!("{}: ${{{name}}} is not set, so it is empty", path.display()));
    }
    let (document, root) = open(written, substituted)?;
    if !matches!(root.value, Value::Map(_)) {
        document.wrong(
            root.id,
            format!("a stack file is a mapping (`key: value` lines), and this is {}", root.kind()),
        );
        return Err(document.finish(()).err().unwrap_or_default());
    }
    let reader = Reader { document: &document, folder: &folder };
    let fields = document.known_fields(&root, "a stack file", TOP_KEYS);
    let gateway = reader.top(&root, &fields);
    let copy = fields.get("configuration").map(|f| reader.configuration(f.value)).unwrap_or_default();
    let functions = match fields.get("functions") {
        Some(field) => reader.functions(field.value, &copy, &mut notes),
        None => {
            document.wrong(root.id, "`functions:` is missing: name at least one function below it");
            Vec::new()
        }
    };
    notes.extend(document.notes());
    document.finish(Stack { paths: vec![path.to_owned()], gateway, functions, notes })
}

fn load(path: &Path) -> Result<Written, Mistakes> {
    let name = path.display().to_string();
    match std::fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Written::new(name, text)),
            Err(_) => Err(Mistake::of(name, "this is not text in UTF-8").into()),
        },
        Err(why) => Err(Mistake::of(name, format!("cannot be read: {why}")).into()),
    }
}

/// Parses a text that must hold something.
fn open(written: Written, substituted: Substituted) -> Result<(Document, Node), Mistakes> {
    let document = Document::new(written, substituted);
    match parse(&document.substituted.text) {
        Ok(Some(root)) => return Ok((document, root)),
        Ok(None) => document.wrong_at(1, 1, "there is nothing in it"),
        Err(error) => {
            document.wrong_at(error.line, error.column, format!("this is not YAML: {}", error.why));
        }
    }
    Err(document.finish(()).err().unwrap_or_default())
}

struct Reader<'a> {
    document: &'a Document,
    folder: &'a Path,
}

impl Reader<'_> {
    /// `version` and `provider`; gives the gateway's address.
    fn top(&self, root: &Node, fields: &BTreeMap<&str, Field<'_>>) -> Option<String> {
        let d = self.document;
        if let Some(field) = fields.get("version")
            && let Some(version) = d.text(*field, "version")
            && !["1.0", "1"].contains(&version.as_str())
        {
            d.wrong(field.value.id, format!("version cannot be `{version}`: write `1.0`"));
        }
        let Some(provider) = fields.get("provider") else {
            d.wrong(root.id, "`provider:` is missing: write `provider:` and below it `name: openfaas`");
            return None;
        };
        let provider_fields = d.known_fields(provider.value, "provider", &["name", "gateway", "network"]);
        match provider_fields.get("name") {
            None => {
                d.wrong(provider.key, "provider.name is missing: write `name: openfaas` below `provider:`")
            }
            Some(field) => {
                let name = d.text(*field, "provider.name").unwrap_or_default();
                if name != "openfaas" {
                    d.wrong(field.value.id, format!("provider.name cannot be `{name}`: write `openfaas`"));
                }
            }
        }
        let gateway = provider_fields.get("gateway")?;
        let address = d.text(*gateway, "provider.gateway")?;
        let host = address.split_once("://").map_or(Some(address.as_str()), |(scheme, rest)| {
            ["http", "https"].contains(&scheme).then_some(rest)
        });
        if !host.is_some_and(|h| !h.is_empty() && !h.contains(char::is_whitespace)) {
            d.wrong(
                gateway.value.id,
                format!(
                    "provider.gateway cannot be `{address}`: write an address such as `http://127.0.0.1:8080`"
                ),
            );
        }
        Some(address)
    }

    /// Gives what is to be copied. Templates are read for their mistakes only: faas-cli fetches them.
    fn configuration(&self, node: &Node) -> Vec<String> {
        let d = self.document;
        let fields = d.known_fields(node, "configuration", &["templates", "copy"]);
        let mut copy = Vec::new();
        for (id, path) in fields.get("copy").map(|f| d.list(*f, "configuration.copy")).unwrap_or_default() {
            match self.inside(&path) {
                Ok(path) => copy.push(path),
                Err(why) => d.wrong(id, format!("configuration.copy: {why}")),
            }
        }
        if let Some(field) = fields.get("templates") {
            match &field.value.value {
                Value::List(items) => {
                    for item in items {
                        let template = d.known_fields(item, "a template", &["name", "source"]);
                        for field in template.values() {
                            d.text(*field, "a template's key");
                        }
                        if !template.contains_key("name") {
                            d.wrong(item.id, "a template needs a `name`");
                        }
                    }
                }
                Value::Null => {}
                _ => d.wrong(field.value.id, "configuration.templates must be a list (`- name: …` lines)"),
            }
        }
        copy
    }

    /// A path below the project's folder, without `./`; nothing else may get into an image.
    fn inside(&self, path: &str) -> Result<String, String> {
        use std::path::Component;
        let parts: Option<Vec<String>> = Path::new(path)
            .components()
            .filter(|part| !matches!(part, Component::CurDir))
            .map(|part| match part {
                Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
                _ => None,
            })
            .collect();
        match parts.map(|parts| parts.join("/")) {
            None => Err(format!("`{path}` is outside of the project {}", self.folder.display())),
            Some(all) if all.is_empty() => {
                Err(format!("`{path}` is the whole project: name what is needed of it"))
            }
            Some(inner) if !self.folder.join(&inner).exists() => {
                Err(format!("there is no `{}`", self.folder.join(inner).display()))
            }
            Some(inner) => Ok(inner),
        }
    }

    fn functions(&self, node: &Node, copy: &[String], notes: &mut Vec<String>) -> Vec<StackFunction> {
        let entries = self.document.entries(node, "functions");
        if entries.is_empty() && matches!(node.value, Value::Null | Value::Map(_)) {
            self.document.wrong(node.id, "`functions:` is empty: name at least one function below it");
        }
        entries.into_iter().map(|(key, name, body)| self.function(key.id, name, body, copy, notes)).collect()
    }

    fn function(
        &self,
        key: NodeId,
        name: &str,
        body: &Node,
        copy: &[String],
        notes: &mut Vec<String>,
    ) -> StackFunction {
        let d = self.document;
        let what = format!("function `{name}`");
        let fields = d.known_fields(body, &what, FUNCTION_KEYS);
        if !is_dns_label(name) {
            d.wrong(
                key,
                format!(
                    "a function cannot be called `{name}`: use at most 63 of a-z, 0-9 and `-`, beginning and \
                     ending with a letter or digit"
                ),
            );
        }
        let text =
            |key: &str| fields.get(key).and_then(|field| d.text(*field, key)).filter(|t| !t.is_empty());
        let texts = |key: &str| fields.get(key).map(|field| d.texts(*field, key)).unwrap_or_default();
        let list = |key: &str| fields.get(key).map(|field| d.list(*field, key)).unwrap_or_default();
        let flag = |key: &str| fields.get(key).is_some_and(|field| d.flag(*field, key));

        let lang = text("lang");
        // Without a `./` in its middle.
        let handler = text("handler").map(|h| self.folder.join(h).components().collect::<PathBuf>());
        let image = text("image");
        if image.is_none() && handler.is_none() {
            d.wrong(key, format!("{what} needs an `image`, or a `handler` folder to run"));
        }
        let mut spec = FunctionSpec::new(name, &image.unwrap_or_else(|| format!("{name}:latest")));
        if spec.image.contains(|c: char| c.is_whitespace() || c.is_control())
            && let Some(field) = fields.get("image")
        {
            d.wrong(field.value.id, format!("image cannot be `{}`: it holds a space", spec.image));
        }
        if let (Some(handler), Some(field)) = (&handler, fields.get("handler"))
            && !handler.is_dir()
        {
            d.wrong(field.value.id, format!("handler: there is no folder `{}`", handler.display()));
        }
        spec.namespace = text("namespace").unwrap_or_else(|| DEFAULT_NAMESPACE.into());
        if let Some(field) = fields.get("namespace").filter(|_| !is_dns_label(&spec.namespace)) {
            d.wrong(field.value.id, format!("namespace cannot be `{}`: write a DNS label", spec.namespace));
        }
        spec.env_process =
            text("fprocess").or_else(|| self.process_of(lang.as_deref()?, handler.as_deref()?));
        if spec.env_process.is_none()
            && handler.is_some()
            && let Some(field) = fields.get("lang")
            && lang.as_deref().is_some_and(|lang| !lang.eq_ignore_ascii_case("dockerfile"))
        {
            d.wrong(
                field.value.id,
                format!(
                    "it is not known how to run lang `{}`: give `fprocess`, or the template in \
                     `template/{0}/template.yml`",
                    lang.as_deref().unwrap_or_default()
                ),
            );
        }
        if let Some(field) = fields.get("environment") {
            self.check_names(field.value, "environment");
            spec.env_vars.extend(d.texts(*field, "environment"));
        }
        // As in faas-cli, what a file says wins over `environment`, and a later file over an earlier.
        for (id, file) in list("environment_file") {
            let path = self.folder.join(&file);
            if let Err(why) = std::fs::File::open(&path) {
                d.wrong(id, format!("environment_file: cannot read `{}`: {why}", path.display()));
                continue;
            }
            match environment_file(&path, &file) {
                Ok(variables) => spec.env_vars.extend(variables),
                Err(mistakes) => d.append(mistakes),
            }
        }
        spec.secrets = self.secrets(list("secrets"));
        spec.constraints = list("constraints").into_iter().map(|(_, text)| text).collect();
        spec.labels = texts("labels");
        spec.annotations = texts("annotations");
        if let Some(field) = fields.get("labels") {
            self.check_scale_labels(field, &spec.labels);
        }
        spec.limits = self.resources(fields.get("limits"), "limits");
        spec.requests = self.resources(fields.get("requests"), "requests");
        self.check_resources(&fields, &spec);
        spec.read_only_root_filesystem = flag("readonly_root_filesystem");

        let build_args = texts("build_args");
        let build_options = list("build_options").into_iter().map(|(_, text)| text).collect();
        texts("build_secrets");
        text("platforms");
        let skip_build = flag("skip_build");
        if let Some(base) = build_args.get("BASE").filter(|b| !b.is_empty()) {
            spec.annotations.insert(BASE_ANNOTATION.into(), base.clone());
        }
        if let Some(handler) = &handler {
            spec.annotations.insert(HANDLER_ANNOTATION.into(), handler.display().to_string());
            if let Some(template) = lang.as_deref().and_then(|lang| self.template(lang)) {
                spec.annotations.insert(TEMPLATE_ANNOTATION.into(), template.display().to_string());
            }
            if !copy.is_empty() {
                let all = format!("{}:{}", self.folder.display(), copy.join(","));
                spec.annotations.insert(COPY_ANNOTATION.into(), all);
            }
        }
        if let Some(policy) = text("imagePullPolicy") {
            if !["Never", "IfNotPresent", "Always"].contains(&policy.as_str())
                && let Some(field) = fields.get("imagePullPolicy")
            {
                d.wrong(
                    field.value.id,
                    format!(
                        "imagePullPolicy cannot be `{policy}`: write `Never`, `IfNotPresent` or `Always`"
                    ),
                );
            }
            spec.annotations.insert(PULL_POLICY_ANNOTATION.into(), policy);
        }
        if !spec.constraints.is_empty() {
            notes.push(format!("{what}: constraints are kept and shown; with one node they choose nothing"));
        }
        StackFunction {
            spec,
            lang,
            handler,
            build_args,
            build_options,
            skip_build,
            copy: copy.to_vec(),
            project: self.folder.to_owned(),
        }
    }

    /// The project's own template of a language, if it has one.
    fn template(&self, lang: &str) -> Option<PathBuf> {
        let folder = self.folder.join("template").join(lang);
        (!lang.eq_ignore_ascii_case("dockerfile") && folder.is_dir()).then_some(folder)
    }

    /// What a handler of this language is run with: its template says, or else the custom of the language.
    fn process_of(&self, lang: &str, handler: &Path) -> Option<String> {
        let template = self.folder.join("template").join(lang).join("template.yml");
        if let Ok(text) = std::fs::read_to_string(&template)
            && let Ok(Some(root)) = parse(&text)
            && let Value::Map(entries) = &root.value
            && let Some((_, process)) = entries.iter().find(|(key, _)| key.text() == Some("fprocess"))
        {
            return process.text().map(str::to_owned);
        }
        let carried = templates::find(self.folder, lang).ok().and_then(|template| template.fprocess);
        let file = carried.as_deref().and_then(|process| process.split_whitespace().last());
        if file.is_some_and(|file| handler.join(file).is_file()) {
            return carried;
        }
        let custom: &[(&str, &str)] = match lang.split(['-', '_']).next().unwrap_or(lang) {
            l if l.starts_with("python") => &[("index.py", "python3"), ("handler.py", "python3")],
            l if l.starts_with("node") => &[("index.js", "node"), ("handler.js", "node")],
            "bash" => &[("handler.sh", "bash"), ("index.sh", "bash")],
            "sh" | "shell" => &[("handler.sh", "sh"), ("index.sh", "sh")],
            l if l.starts_with("ruby") => &[("index.rb", "ruby"), ("handler.rb", "ruby")],
            l if l.starts_with("perl") => &[("index.pl", "perl"), ("handler.pl", "perl")],
            _ => return carried,
        };
        let (file, program) =
            custom.iter().find(|(file, _)| handler.join(file).is_file()).unwrap_or(&custom[0]);
        Some(format!("{program} {file}"))
    }

    fn check_names(&self, node: &Node, what: &str) {
        if let Value::Map(entries) = &node.value {
            for (key, _) in entries {
                if key.text().is_some_and(|name| name.is_empty() || name.contains(['=', '\0', ' '])) {
                    let name = key.text().unwrap_or_default();
                    self.document.wrong(key.id, format!("{what}: `{name}` cannot be the name of a variable"));
                }
            }
        }
    }

    fn secrets(&self, names: Vec<(NodeId, String)>) -> Vec<String> {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        for (id, name) in &names {
            if name.is_empty() || !name.chars().all(good) {
                self.document
                    .wrong(*id, format!("a secret cannot be called `{name}`: use a-z, 0-9, `-` and `.`"));
            }
        }
        names.into_iter().map(|(_, name)| name).collect()
    }

    /// Both editions' rules are asked: CE is lenient where Pro is not, and a file may be meant for either.
    fn check_scale_labels(&self, field: &Field<'_>, labels: &BTreeMap<String, String>) {
        if let Err(error) = ScaleLabels::read(labels, Edition::Pro) {
            let entries = self.document.entries(field.value, "labels");
            let place =
                entries.iter().find(|(_, name, _)| *name == error.label).map(|(_, _, value)| value.id);
            self.document.wrong(place.unwrap_or(field.key), error.to_string());
        }
    }

    fn resources(&self, field: Option<&Field<'_>>, what: &str) -> Resources {
        let d = self.document;
        let Some(field) = field else { return Resources::default() };
        let fields = d.known_fields(field.value, what, &["cpu", "memory"]);
        let mut out = Resources::default();
        if let Some(field) = fields.get("cpu")
            && let Some(text) = d.text(*field, &format!("{what}.cpu"))
        {
            match text.parse() {
                Ok(cpu) => out.cpu = Some(cpu),
                Err(why) => d.wrong(field.value.id, format!("{what}.cpu: {why}")),
            }
        }
        if let Some(field) = fields.get("memory")
            && let Some(text) = d.text(*field, &format!("{what}.memory"))
        {
            match text.parse() {
                Ok(memory) => out.memory = Some(memory),
                Err(why) => d.wrong(field.value.id, format!("{what}.memory: {why}")),
            }
        }
        out
    }

    /// Requests against limits: what only both together can have wrong.
    fn check_resources(&self, fields: &BTreeMap<&str, Field<'_>>, spec: &FunctionSpec) {
        let only = FunctionSpec {
            limits: spec.limits.clone(),
            requests: spec.requests.clone(),
            ..FunctionSpec::new("f", "i")
        };
        if let Err(why) = only.validate() {
            let why = why.to_string();
            let key = if why.starts_with("requests") { "requests" } else { "limits" };
            if let Some(field) = fields.get(key).or_else(|| fields.get("limits")) {
                self.document.wrong(field.key, why);
            }
        }
    }
}

/// A file with an `environment` mapping.
fn environment_file(path: &Path, name: &str) -> Result<BTreeMap<String, String>, Mistakes> {
    let written = match load(path) {
        Ok(written) => Written::new(name, written.text()),
        Err(mistakes) => return Err(mistakes),
    };
    let substituted = Substituted::untouched(written.text());
    let (document, root) = open(written, substituted)?;
    let fields = document.fields(&root, "an environment file", &["environment"]);
    let variables = match fields.get("environment") {
        Some(field) => document.texts(*field, "environment"),
        None => {
            document.wrong(root.id, "`environment:` is missing: put the variables below it");
            BTreeMap::new()
        }
    };
    document.finish(variables)
}
