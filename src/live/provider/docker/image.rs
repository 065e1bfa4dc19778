//! Which image a function's pods run: one that is here, one made here, or one that is pulled.

use super::super::PullPolicy;
use super::super::context::Context;
use super::super::keeper::StartFailure;
use super::engine::{Engine, is_missing, words};
use super::layer::{Layer, digest_file};
use crate::cluster::function::{BASE_ANNOTATION, FunctionSpec, HANDLER_ANNOTATION, PULL_POLICY_ANNOTATION};
use bollard::query_parameters::{
    CreateImageOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptionsBuilder,
};
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{Mutex, OnceCell};

/// Label of an image whose watchdog is faasim, with the hash of its layer.
pub(super) const WATCHDOG: &str = "faasim.watchdog";
/// Label of an image that `faasim build` made, with the hash of the handler's folder then.
pub(super) const HANDLER: &str = "faasim.handler";
/// The image with nothing but the watchdog, whatever tag it is named with.
const BASE: &str = "faasim/base";
/// Where a handler's files are in an image.
const HOME: &str = "/home/app";

/// An image that a pod can be made from.
#[derive(Clone, Debug)]
pub(super) struct Image {
    /// By what the engine knows it.
    pub(super) name: String,
    /// Its watchdog is faasim, and can be held.
    pub(super) managed: bool,
    /// The words that start faasim in it (`FAASIM_EXE`).
    pub(super) start: Option<String>,
}

/// The images of one engine.
pub(super) struct Images {
    engine: Engine,
    policy: PullPolicy,
    exe: PathBuf,
    layer: OnceCell<Arc<Layer>>,
    // Two pods of a new function start at once: the second waits for the first one's image.
    building: Mutex<()>,
}

impl Images {
    pub(super) fn new(engine: Engine, exe: PathBuf, policy: PullPolicy) -> Self {
        Images { engine, policy, exe, layer: OnceCell::new(), building: Mutex::new(()) }
    }

    /// The image for a function's pods, made or pulled if need be.
    pub(super) async fn of(&self, spec: &FunctionSpec) -> Result<Image, StartFailure> {
        let is_base = spec.image == BASE || spec.image.starts_with("faasim/base:");
        let handler = spec.annotations.get(HANDLER_ANNOTATION).map(PathBuf::from);
        let local = if is_base { None } else { self.local(&spec.image).await? };
        match (is_base, handler, local) {
            // What was built on this machine from the function's own files is never replaced by a stranger's of its name.
            (false, Some(_), Some(image)) => Ok(image),
            (false, None, Some(image)) if self.policy.of(spec) != PullPolicy::Always => Ok(image),
            (_, Some(handler), _) => self.with_handler(spec, handler).await,
            (true, None, _) => {
                runs_in_base(spec)?;
                self.base().await
            }
            (false, None, _) => {
                self.pull(spec, &spec.image).await?;
                let pulled = self.local(&spec.image).await?;
                pulled.ok_or_else(|| missing(spec, &spec.image, "it is not there after it was pulled"))
            }
        }
    }

    /// An image that the engine has.
    async fn local(&self, name: &str) -> Result<Option<Image>, StartFailure> {
        match self.engine.docker.inspect_image(name).await {
            Ok(found) => {
                let config = found.config.unwrap_or_default();
                let managed = config.labels.unwrap_or_default().contains_key(WATCHDOG);
                let start = managed.then(|| config.entrypoint.unwrap_or_default());
                let start = start.map(|words| words[..words.len().saturating_sub(1)].join(" "));
                Ok(Some(Image { name: name.to_owned(), managed, start }))
            }
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(StartFailure::create(format!(
                "the engine cannot look for image {name}: {}",
                words(&error)
            ))),
        }
    }

    async fn layer(&self) -> Result<Arc<Layer>, StartFailure> {
        let exe = self.exe.clone();
        let find = || async {
            let found = tokio::task::spawn_blocking(move || Layer::of(&exe)).await;
            found.map_err(io::Error::other)?.map(Arc::new)
        };
        let layer = self.layer.get_or_try_init(find).await;
        layer.cloned().map_err(|e| {
            StartFailure::create(format!(
                "no image can be made of {}: {e}; was faasim moved or replaced? Restart it",
                self.exe.display()
            ))
        })
    }

    /// The image with nothing but the watchdog and the functions it carries.
    async fn base(&self) -> Result<Image, StartFailure> {
        let layer = self.layer().await?;
        let tag = format!("{BASE}:{}", layer.hash);
        self.make(&tag, "scratch", None, layer).await
    }

    /// The handler's folder and the watchdog on top of the base that the function names.
    async fn with_handler(&self, spec: &FunctionSpec, handler: PathBuf) -> Result<Image, StartFailure> {
        needs_no_build(spec, &handler)?;
        let base = spec.annotations.get(BASE_ANNOTATION).map_or("scratch", String::as_str);
        let mut below = "scratch".to_owned();
        if base != "scratch" {
            if self.local(base).await?.is_none() {
                self.pull(spec, base).await?;
            }
            let found = self.engine.docker.inspect_image(base).await;
            below = found.ok().and_then(|image| image.id).unwrap_or_default();
        }
        let folder = handler.clone();
        let hashed = tokio::task::spawn_blocking(move || hash_folder(&folder)).await;
        let handler_hash = hashed.map_err(io::Error::other).flatten().map_err(|e| {
            StartFailure::create(format!(
                "function {}: its handler {} cannot be read: {e}; put the folder there or deploy again with the right `handler:`",
                spec.name,
                handler.display()
            ))
        })?;
        let layer = self.layer().await?;
        let all = Sha256::digest(format!("{} {below} {handler_hash}", layer.hash));
        let all: String = all.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let tag = format!("faasim/{}:{all}", spec.name);
        self.make(&tag, base, Some(handler), layer).await
    }

    /// Builds `tag`, unless it is there.
    async fn make(
        &self,
        tag: &str,
        from: &str,
        handler: Option<PathBuf>,
        layer: Arc<Layer>,
    ) -> Result<Image, StartFailure> {
        let _one = self.building.lock().await;
        let start = layer.start();
        let image = Image { name: tag.to_owned(), managed: true, start: Some(start.join(" ")) };
        if self.local(tag).await?.is_some() {
            return Ok(image);
        }
        let entry =
            serde_json::to_string(&[&start[..], &["watchdog".to_owned()]].concat()).unwrap_or_default();
        let copy =
            if handler.is_some() { format!("COPY home {HOME}\nWORKDIR {HOME}\n") } else { String::new() };
        let dockerfile =
            format!("FROM {from}\nCOPY faasim /faasim\n{copy}ENTRYPOINT {entry}\nCMD []\nEXPOSE 8080\n");
        let labels = HashMap::from([(WATCHDOG.to_owned(), layer.hash.clone())]);
        let hash = layer.hash.clone();
        let built = self.engine.build(tag, labels, dockerfile, move |tar| {
            layer.write(tar)?;
            tar.follow_symlinks(true);
            handler.map_or(Ok(()), |folder| tar.append_dir_all("home", folder))
        });
        built.await.map_err(|why| {
            StartFailure::create(format!(
                "image {tag} cannot be made: {why}; look at the engine with `docker info`"
            ))
        })?;
        self.forget_old(&hash).await;
        Ok(image)
    }

    /// Removes what earlier builds of faasim made and no container uses: each weighs as much as faasim.
    async fn forget_old(&self, hash: &str) {
        let ours = HashMap::from([("label", vec![WATCHDOG])]);
        let options = ListImagesOptionsBuilder::default().filters(&ours).build();
        let Ok(images) = self.engine.docker.list_images(Some(options)).await else { return };
        for image in images.into_iter().filter(|i| i.labels.get(WATCHDOG).is_some_and(|h| h != hash)) {
            let ours =
                !image.repo_tags.is_empty() && image.repo_tags.iter().all(|t| t.starts_with("faasim/"));
            if ours {
                let options = RemoveImageOptionsBuilder::default().build();
                for tag in image.repo_tags {
                    // In use: then it goes another time.
                    let _ = self.engine.docker.remove_image(&tag, Some(options.clone()), None).await;
                }
            }
        }
    }

    async fn pull(&self, spec: &FunctionSpec, image: &str) -> Result<(), StartFailure> {
        if self.policy.of(spec) == PullPolicy::Never {
            let message = format!(
                "Container image \"{image}\" is not present with pull policy of Never: build it here (`faasim build`, `docker build`) \
                 or load it (`docker load`), or change the policy of function {0} (`imagePullPolicy:`, or the annotation {PULL_POLICY_ANNOTATION})",
                spec.name
            );
            return Err(StartFailure { reason: "ErrImageNeverPull", message });
        }
        // A name without a tag would pull all of them.
        let last = image.rsplit('/').next().unwrap_or(image);
        let tagged = if last.contains([':', '@']) { image.to_owned() } else { format!("{image}:latest") };
        let options = CreateImageOptionsBuilder::default().from_image(&tagged).build();
        let pulled =
            self.engine.docker.create_image(Some(options), None, None).try_for_each(|_| async { Ok(()) });
        pulled.await.map_err(|error| missing(spec, image, &words(&error)))
    }
}

fn missing(spec: &FunctionSpec, image: &str, why: &str) -> StartFailure {
    let message = format!(
        "Failed to pull image \"{image}\" for function {}: {why}; build or load it here (`faasim build`, `docker build`, `docker load`), or run \
         the function without an image: --provider process",
        spec.name
    );
    StartFailure { reason: "ErrImagePull", message }
}

/// Files beside each other make a function only where nothing has to be installed or put together.
fn needs_no_build(spec: &FunctionSpec, handler: &Path) -> Result<(), StartFailure> {
    let context = Context::of(spec).unwrap_or_default();
    let requirements = std::fs::read_to_string(handler.join("requirements.txt")).unwrap_or_default();
    let packages =
        requirements.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    match packages || !context.is_plain() || handler.join("Cargo.toml").is_file() {
        false => Ok(()),
        true => Err(StartFailure {
            reason: "ErrImageNeverPull",
            message: format!(
                "Container image \"{}\" is not on this machine, and function {} needs one that is built from its template: build it \
                 with `faasim build`, which says what is missing",
                spec.image, spec.name
            ),
        }),
    }
}

/// The base image holds one program.
fn runs_in_base(spec: &FunctionSpec) -> Result<(), StartFailure> {
    let process = spec.env_process.as_deref().or_else(|| spec.env_vars.get("fprocess").map(String::as_str));
    match process.unwrap_or_default().split_whitespace().next() {
        Some("faasim") => Ok(()),
        Some(program) => Err(StartFailure::create(format!(
            "function {}: `{program}` is not in the image {}, which holds faasim's own functions only; name an image that has it, or a base in `build_args: {{ BASE: … }}`",
            spec.name, spec.image
        ))),
        None => Err(StartFailure::create(format!(
            "function {} has no command: set `fprocess:` in its stack file to the program that answers requests",
            spec.name
        ))),
    }
}

/// Names a folder's files and what is in them.
fn hash_folder(folder: &Path) -> io::Result<String> {
    let mut digest = Sha256::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let mut entries = std::fs::read_dir(&folder)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            digest.update(path.as_os_str().as_encoded_bytes());
            let about = std::fs::metadata(&path)?;
            if about.is_dir() {
                folders.push(path);
            } else {
                use std::os::unix::fs::PermissionsExt;
                digest.update(about.permissions().mode().to_le_bytes());
                digest.update(about.len().to_le_bytes());
                digest_file(&mut digest, &path)?;
            }
        }
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
