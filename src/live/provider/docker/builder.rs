//! Images of functions from templates, built for whoever typed `faasim build`.

use super::engine::Engine;
use super::image::{HANDLER, WATCHDOG, hash_folder};
use super::layer::Layer;
use minijinja::{Environment, UndefinedBehavior, context};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What is to be built.
#[derive(Clone, Debug)]
pub struct Order {
    /// The image's name with its tag.
    pub image: String,
    /// The Dockerfile; `{{ base }}`, `{{ function }}`, `{{ fprocess }}`, `{{ watchdog }}` are filled in.
    pub template: String,
    /// What it stands on.
    pub base: String,
    /// What a request runs.
    pub fprocess: String,
    /// Build arguments.
    pub arguments: BTreeMap<String, String>,
    /// The handler's folder.
    pub handler: PathBuf,
    /// Where the handler's files are in the context; none puts them at its top.
    pub handler_folder: Option<String>,
    /// A project's own template folder, which is the rest of the context.
    pub template_folder: Option<PathBuf>,
}

impl Order {
    /// The Dockerfile with `watchdog` where the template wants it. One that is no template stays as it is.
    pub fn dockerfile(&self, watchdog: &str) -> String {
        let mut jinja = Environment::new();
        jinja.set_undefined_behavior(UndefinedBehavior::Strict);
        jinja.set_keep_trailing_newline(true);
        let handler = self.handler.clone();
        jinja.add_function("has", move |name: String| handler.join(name).is_file());
        let values = context! {
            base => self.base, function => self.handler_folder.as_deref().unwrap_or("."),
            fprocess => self.fprocess, watchdog => watchdog,
        };
        jinja.render_str(&self.template, values).unwrap_or_else(|_| self.template.clone())
    }
}

/// An engine that builds.
pub struct Builder {
    engine: Engine,
    layer: Layer,
}

impl Builder {
    /// Connects to the engine and finds what this program needs in an image.
    ///
    /// # Errors
    /// No engine answers, or this program's own files cannot be read.
    pub async fn connect() -> Result<Builder, String> {
        let engine = Engine::connect().await.map_err(|e| {
            format!(
                "{e}; without an engine `faasim up --provider process` runs the same folders as processes"
            )
        })?;
        let exe = std::env::current_exe().map_err(|e| format!("this program cannot be found: {e}"))?;
        let found = tokio::task::spawn_blocking(move || Layer::of(&exe)).await;
        let layer =
            found.map_err(|e| e.to_string())?.map_err(|e| format!("this program cannot be read: {e}"))?;
        Ok(Builder { engine, layer })
    }

    /// Builds, telling each line of the engine's.
    ///
    /// # Errors
    /// The step that failed, and for a base that is not here and cannot be had, what to do.
    pub async fn build(&self, order: &Order, no_cache: bool, say: impl Fn(&str)) -> Result<(), String> {
        let start = self.layer.start();
        let entry =
            serde_json::to_string(&[&start[..], &["watchdog".to_owned()]].concat()).unwrap_or_default();
        let watchdog = format!("COPY faasim /faasim\nENTRYPOINT {entry}\nCMD []\nEXPOSE 8080");
        let dockerfile = order.dockerfile(&watchdog);
        let missing = self.missing_bases(&dockerfile).await;
        // An image with another watchdog is run, and not held.
        let ours = dockerfile.contains("COPY faasim /faasim");
        let watchdog = ours.then(|| (WATCHDOG.to_owned(), self.layer.hash.clone()));
        let handler = (HANDLER.to_owned(), hash_of(&order.handler).await?);
        let labels = watchdog.into_iter().chain([handler]).collect();
        let layer = self.layer.clone();
        let (handler, own) = (order.handler.clone(), order.template_folder.clone());
        let place = order.handler_folder.clone().unwrap_or_else(|| ".".into());
        let built = self
            .engine
            .build_with(&order.image, labels, dockerfile, &order.arguments, no_cache, say, move |tar| {
                layer.write(tar)?;
                tar.follow_symlinks(true);
                if let Some(folder) = own {
                    // Its Dockerfile has been sent, rendered.
                    for entry in std::fs::read_dir(&folder)?.flatten() {
                        let name = entry.file_name();
                        if name == "Dockerfile" || name == "Dockerfile.template" || name == *place {
                            continue;
                        }
                        if entry.path().is_dir() {
                            tar.append_dir_all(&name, entry.path())?;
                        } else {
                            tar.append_path_with_name(entry.path(), &name)?;
                        }
                    }
                }
                for entry in std::fs::read_dir(&handler)?.flatten() {
                    let name = entry.file_name();
                    if place == "." && name == "Dockerfile" || compiled(&handler, &name) {
                        continue;
                    }
                    let to = PathBuf::from(&place).join(&name);
                    if entry.path().is_dir() {
                        tar.append_dir_all(to, entry.path())?;
                    } else {
                        tar.append_path_with_name(entry.path(), to)?;
                    }
                }
                Ok(())
            })
            .await;
        built.map_err(|why| match missing.first() {
            Some(base) => format!(
                "its base image `{base}` (FROM) is not on this machine and could not be pulled: {why}; bring it \
                 with `docker load` or `docker import`, or name another in `build_args: {{ BASE: … }}`"
            ),
            None => why,
        })
    }

    /// Whether the image was built from this handler's folder as it was before a change, or before faasim was
    /// replaced. One that is not here, or that others made, is not.
    ///
    /// # Errors
    /// The handler's folder cannot be read.
    pub async fn is_stale(&self, order: &Order) -> Result<bool, String> {
        let Ok(found) = self.engine.docker.inspect_image(&order.image).await else { return Ok(false) };
        let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
        let Some(built_from) = labels.get(HANDLER) else { return Ok(false) };
        let other_watchdog = labels.get(WATCHDOG).is_some_and(|hash| *hash != self.layer.hash);
        Ok(other_watchdog || *built_from != hash_of(&order.handler).await?)
    }

    /// The images behind FROM that are not here.
    async fn missing_bases(&self, dockerfile: &str) -> Vec<String> {
        let mut stages = Vec::new();
        let mut missing = Vec::new();
        for line in dockerfile.lines() {
            let mut words = line.split_whitespace().filter(|word| !word.starts_with("--"));
            if !words.next().is_some_and(|word| word.eq_ignore_ascii_case("from")) {
                continue;
            }
            let Some(base) = words.next() else { continue };
            if words.next().is_some_and(|word| word.eq_ignore_ascii_case("as")) {
                stages.extend(words.next());
            }
            if base != "scratch"
                && !base.contains('$')
                && !stages.contains(&base)
                && self.engine.docker.inspect_image(base).await.is_err()
            {
                missing.push(base.to_owned());
            }
        }
        missing
    }
}

async fn hash_of(handler: &Path) -> Result<String, String> {
    let folder = handler.to_owned();
    let hashed =
        tokio::task::spawn_blocking(move || hash_folder(&folder, |name| compiled(&folder, name))).await;
    let hashed = hashed.map_err(|e| e.to_string())?;
    hashed.map_err(|e| format!("its handler {} cannot be read: {e}", handler.display()))
}

/// What cargo made on this machine: gigabytes that the build makes anew.
fn compiled(handler: &Path, name: &OsStr) -> bool {
    name == "target" && handler.join("Cargo.toml").is_file()
}
