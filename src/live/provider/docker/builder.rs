//! Images of functions from templates, built for whoever typed `faasim build`.

use super::engine::Engine;
use super::image::{HANDLER, WATCHDOG};
use super::layer::Layer;
use crate::live::provider::context::Context;
use minijinja::{Environment, UndefinedBehavior, context};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

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
    /// The files.
    pub context: Context,
}

impl Order {
    /// The Dockerfile with `watchdog` where the template wants it. One that is no template stays as it is.
    pub fn dockerfile(&self, watchdog: &str) -> String {
        let mut jinja = Environment::new();
        jinja.set_undefined_behavior(UndefinedBehavior::Strict);
        jinja.set_keep_trailing_newline(true);
        let handler = self.context.handler.clone();
        jinja.add_function("has", move |name: String| handler.join(name).is_file());
        let values = context! {
            base => self.base, function => self.context.place.as_deref().unwrap_or("."),
            fprocess => self.fprocess, watchdog => watchdog,
        };
        jinja.render_str(&self.template, values).unwrap_or_else(|_| self.template.clone())
    }

    /// Puts all that the engine would get into a folder, which is emptied first.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn wrap(&self, folder: &Path) -> std::io::Result<()> {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::fs::create_dir_all(folder)?;
        let layer = Layer::of(&std::env::current_exe()?)?;
        let dockerfile = self.dockerfile(&watchdog(&layer));
        if holds_watchdog(&dockerfile) {
            layer.copy_to(folder)?;
        }
        std::fs::write(folder.join("Dockerfile"), dockerfile)?;
        self.context.copy_to(folder)
    }
}

/// The lines that put this program into an image and make it the entry point.
fn watchdog(layer: &Layer) -> String {
    let start = layer.start();
    let entry = serde_json::to_string(&[&start[..], &["watchdog".to_owned()]].concat()).unwrap_or_default();
    format!("COPY faasim /faasim\nENTRYPOINT {entry}\nCMD []\nEXPOSE 8080")
}

/// An image with another watchdog is run, and not held.
fn holds_watchdog(dockerfile: &str) -> bool {
    dockerfile.contains("COPY faasim /faasim")
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
        let dockerfile = order.dockerfile(&watchdog(&self.layer));
        let missing = self.missing_bases(&dockerfile).await;
        let ours = holds_watchdog(&dockerfile).then(|| (WATCHDOG.to_owned(), self.layer.hash.clone()));
        let handler = (HANDLER.to_owned(), hash_of(&order.context).await?);
        let with_watchdog = ours.is_some();
        let labels = ours.into_iter().chain([handler]).collect();
        let (layer, context) = (self.layer.clone(), order.context.clone());
        let step = Mutex::new(None);
        let say = |line: &str| {
            if line.starts_with("Step ") {
                *step.lock().unwrap_or_else(PoisonError::into_inner) = Some(line.to_owned());
            }
            say(line);
        };
        let built = self
            .engine
            .build_with(&order.image, labels, dockerfile, &order.arguments, no_cache, say, move |tar| {
                if with_watchdog {
                    layer.write(tar)?;
                }
                for (name, path) in context.files()? {
                    tar.append_path_with_name(path, name)?;
                }
                Ok(())
            })
            .await;
        let step = step.into_inner().unwrap_or_else(PoisonError::into_inner);
        built.map_err(|why| match missing.first() {
            Some(base) => format!(
                "its base image `{base}` (FROM) is not on this machine and could not be pulled: {why}; bring it \
                 with `docker load` or `docker import`, or name another in `build_args: {{ BASE: … }}`"
            ),
            None => match step {
                Some(step) => format!("{step}: {why}"),
                None => why,
            },
        })
    }

    /// Why the image is to be built, if it is: it is not here, or it was built here, and its files or faasim have
    /// changed since. One that others made is left alone.
    ///
    /// # Errors
    /// The function's files cannot be read.
    pub async fn wants(&self, order: &Order) -> Result<Option<&'static str>, String> {
        let Ok(found) = self.engine.docker.inspect_image(&order.image).await else {
            return Ok(Some("it is not there yet"));
        };
        let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
        let Some(built_from) = labels.get(HANDLER) else { return Ok(None) };
        if *built_from != hash_of(&order.context).await? {
            return Ok(Some("its files have changed"));
        }
        let other = labels.get(WATCHDOG).is_some_and(|hash| *hash != self.layer.hash);
        Ok(other.then_some("faasim has changed"))
    }

    /// Whether an image that it stands on is not on this machine.
    pub async fn lacks_base(&self, order: &Order) -> bool {
        !self.missing_bases(&order.dockerfile("")).await.is_empty()
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

async fn hash_of(context: &Context) -> Result<String, String> {
    let all = context.clone();
    let hashed = tokio::task::spawn_blocking(move || all.hash()).await.map_err(|e| e.to_string())?;
    hashed.map_err(|e| format!("the function's files cannot be read: {e}"))
}
