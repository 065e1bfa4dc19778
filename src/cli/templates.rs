//! The languages that a function can be written in: what each is made from, carried in the binary. A folder
//! `template/LANG` beside the stack file wins, as in an OpenFaaS project.

use rust_embed::Embed;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Embed)]
#[folder = "templates/"]
struct Carried;

/// A language's template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// What a request runs, in the handler's folder.
    pub fprocess: Option<String>,
    /// The image it stands on, unless `build_args.BASE` names one.
    pub base: Option<String>,
    /// Where the handler's files go, below the build's context.
    pub handler_folder: String,
    /// What to say to whoever has just made a function of it.
    pub welcome: Option<String>,
    /// What may be built in besides: names of options, and their packages.
    pub build_options: BTreeMap<String, Vec<String>>,
    /// The Dockerfile or Dockerfile.template; none when the handler brings its own.
    pub dockerfile: Option<String>,
    /// The project's own template folder, when that is where it is from.
    pub folder: Option<PathBuf>,
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct Yaml {
    fprocess: Option<String>,
    base: Option<String>,
    handler_folder: Option<String>,
    welcome_message: Option<String>,
    build_options: Vec<BuildOption>,
}

#[derive(serde::Deserialize)]
struct BuildOption {
    name: String,
    #[serde(default)]
    packages: Vec<String>,
}

/// The languages that are carried.
pub fn languages() -> Vec<String> {
    let names = Carried::iter().filter_map(|name| Some(name.strip_suffix("/template.yml")?.to_owned()));
    names.collect()
}

/// The template of a language: the project's own, or the one that is carried.
///
/// # Errors
/// There is none, or its `template.yml` cannot be read.
pub fn find(project: &Path, lang: &str) -> Result<Template, String> {
    let folder = project.join("template").join(lang);
    if folder.is_dir() {
        let yaml = folder.join("template.yml");
        let text = std::fs::read_to_string(&yaml).map_err(|e| format!("{}: {e}", yaml.display()))?;
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
        let dockerfile = read("Dockerfile.template").or_else(|| read("Dockerfile"));
        let template = parse(&text, dockerfile).map_err(|e| format!("{}: {e}", yaml.display()))?;
        return Ok(Template { folder: Some(folder), ..template });
    }
    let get = |name: &str| {
        let file = Carried::get(&format!("{lang}/{name}"))?;
        String::from_utf8(file.data.into_owned()).ok()
    };
    let Some(text) = get("template.yml") else {
        return Err(format!(
            "there is no template for lang `{lang}`: use {}, or put your own in {}",
            languages().join(", "),
            folder.display()
        ));
    };
    parse(&text, get("Dockerfile.template"))
}

fn parse(text: &str, dockerfile: Option<String>) -> Result<Template, String> {
    let yaml: Yaml = serde_norway::from_str(text).map_err(|e| e.to_string())?;
    Ok(Template {
        fprocess: yaml.fprocess,
        base: yaml.base,
        handler_folder: yaml.handler_folder.filter(|f| !f.is_empty()).unwrap_or_else(|| "function".into()),
        build_options: yaml.build_options.into_iter().map(|option| (option.name, option.packages)).collect(),
        welcome: yaml.welcome_message,
        dockerfile,
        folder: None,
    })
}

/// The files that a new function of a carried language begins with: name below its folder, and content.
pub fn files(lang: &str) -> Vec<(String, Vec<u8>)> {
    let prefix = format!("{lang}/function/");
    Carried::iter()
        .filter_map(|name| {
            // A manifest with its own name would make a package of our own source tree.
            let inside = name.strip_prefix(&prefix)?.replace("Cargo.toml.template", "Cargo.toml");
            Some((inside, Carried::get(&name)?.data.into_owned()))
        })
        .collect()
}

/// Every file of a carried template, by its name below the template's folder, as a project would have it.
pub fn whole(lang: &str) -> Vec<(String, Vec<u8>)> {
    let prefix = format!("{lang}/");
    Carried::iter()
        .filter_map(|name| {
            let inside = name.strip_prefix(&prefix)?.replace("Cargo.toml.template", "Cargo.toml");
            Some((inside, Carried::get(&name)?.data.into_owned()))
        })
        .collect()
}
