//! `faasim build`: images of functions, made by this machine's engine.

mod bases;
mod tag;

pub use tag::{Tag, tagged};

use super::failure::{Failure, Outcome};
use super::given::Chosen;
use super::stack::StackFunction;
use super::{Global, templates};
use crate::live::provider::context::Context;
use crate::live::provider::docker::builder::{Builder, Order};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Build the images of a stack file's functions, with this program as their watchdog
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim build\n  faasim build -f stack.yml hello --tag sha\n  faasim build --build-arg BASE=debian:stable-slim --no-cache\n  faasim build --shrinkwrap && docker build build/hello"
)]
pub struct Args {
    /// The functions [default: all that have a handler]
    names: Vec<String>,
    #[command(flatten)]
    chosen: Chosen,
    /// Set a build argument, over those of the stack file
    #[arg(long = "build-arg", short = 'b', value_name = "NAME=VALUE", value_parser = super::given::pair)]
    build_args: Vec<(String, String)>,
    /// One of the build options that the template offers; may be given again
    #[arg(long = "build-option", short = 'o', value_name = "NAME")]
    build_options: Vec<String>,
    /// What the images' tags say
    #[arg(long, value_name = "WHAT", default_value = "latest")]
    tag: Tag,
    /// Use nothing of earlier builds
    #[arg(long)]
    no_cache: bool,
    /// Build so many at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = super::given::whole(1_u16))]
    parallel: u16,
    /// Only put the files together in ./build/NAME, where `docker build` finds all that it needs
    #[arg(long)]
    shrinkwrap: bool,
    /// Do not show what the engine says
    #[arg(long, short)]
    quiet: bool,
}

/// Builds them.
///
/// # Errors
/// The stack file, a template, the engine, or a step of a build.
pub fn run(args: Args, global: &Global) -> Outcome {
    let (_, functions) = args.chosen.read(&args.names, global)?;
    let mut orders = Vec::new();
    for function in &functions {
        if function.skip_build || function.handler.is_none() {
            println!("{}: nothing to build", function.spec.name);
            continue;
        }
        let order = order(function, &args.build_args, &args.build_options, args.tag);
        let order = order.map_err(|why| Failure::failed(format_args!("{}: {why}", function.spec.name)))?;
        orders.push((function.spec.name.clone(), order));
    }
    if args.shrinkwrap {
        for (name, order) in orders {
            let folder = PathBuf::from("build").join(&name);
            let wrapped = order.wrap(&folder);
            wrapped.map_err(|why| Failure::failed(format_args!("{}: {why}", folder.display())))?;
            println!("{name} shrink-wrapped to {}/ (image {})", folder.display(), order.image);
        }
        return Ok(());
    }
    if orders.is_empty() {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|e| Failure::failed(format_args!("cannot start: {e}")))?;
    runtime.block_on(all(orders, &args))
}

/// Builds them all, so many at once; one that fails does not keep the others from being built.
async fn all(orders: Vec<(String, Order)>, args: &Args) -> Outcome {
    let builder = Arc::new(Builder::connect().await.map_err(Failure::failed)?);
    let room = Arc::new(Semaphore::new(args.parallel.into()));
    let (no_cache, quiet, named) = (args.no_cache, args.quiet, args.parallel > 1);
    let mut builds = JoinSet::new();
    for (name, order) in orders {
        let (builder, room) = (builder.clone(), room.clone());
        builds.spawn(async move {
            let _one = room.acquire().await;
            println!("Building {}.", order.image);
            let say = |line: &str| match (quiet, named) {
                (true, _) => {}
                (false, true) => println!("{name}: {line}"),
                (false, false) => println!("{line}"),
            };
            let built = builder.build(&with_bases(order.clone()), no_cache, say).await;
            if built.is_ok() {
                println!("Built {}.", order.image);
            }
            built.map_err(|why| format!("{} was not built: {why}", order.image))
        });
    }
    let mut failed = Vec::new();
    while let Some(done) = builds.join_next().await {
        match done {
            Ok(Ok(())) => {}
            Ok(Err(why)) => failed.push(why),
            Err(error) => failed.push(error.to_string()),
        }
    }
    match failed.as_slice() {
        [] => Ok(()),
        [one] => Err(Failure::failed(one)),
        many => {
            many.iter().for_each(|why| eprintln!("faasim: {why}"));
            Err(Failure::Said(1))
        }
    }
}

/// With the images named that the Dockerfile stands on.
fn with_bases(mut order: Order) -> Order {
    order.template = bases::filled(&order.template, &order.arguments);
    order
}

/// What became of images.
#[derive(Default)]
pub(super) struct Refreshed {
    /// By function, why its image could not be built: what runs is better left alone.
    pub failed: BTreeMap<String, String>,
    /// By function, which base image is not here. It may be deployed all the same: its pods say it, too, until the
    /// image is there.
    pub lacking: BTreeMap<String, String>,
}

/// Whether an image of it is made on this machine.
pub(super) fn is_built_here(function: &StackFunction) -> bool {
    function.lang.is_some() && function.handler.is_some() && !function.skip_build
}

/// [`refreshed`], where a base image that is not here is said and no more.
///
/// # Errors
/// The engine.
pub(super) async fn refresh(
    functions: &[StackFunction],
    say: impl Fn(String),
) -> Result<BTreeMap<String, String>, String> {
    let Refreshed { failed, lacking } = refreshed(functions, &say).await?;
    lacking.into_iter().for_each(|(name, why)| say(format!("{name}: its image was not built: {why}")));
    Ok(failed)
}

/// Builds what is not built yet, and again what was built here from files that have changed since.
///
/// # Errors
/// The engine.
pub(super) async fn refreshed(
    functions: &[StackFunction],
    say: impl Fn(String),
) -> Result<Refreshed, String> {
    let mut done = Refreshed::default();
    let builder = Builder::connect().await?;
    for function in functions {
        let built = async {
            let order = with_bases(order(function, &[], &[], Tag::Latest)?);
            let Some(why) = builder.wants(&order).await? else { return Ok(()) };
            say(format!("building {}: {why}", order.image));
            match builder.build(&order, false, |line| tracing::debug!("{line}")).await {
                Ok(()) => say(format!("built {}", order.image)),
                Err(why) if builder.lacks_base(&order).await => {
                    done.lacking.insert(function.spec.name.clone(), why);
                }
                Err(why) => return Err(why),
            }
            Ok(())
        };
        if let Err(why) = built.await {
            done.failed.insert(function.spec.name.clone(), why);
        }
    }
    Ok(done)
}

/// What the engine is to make of one function.
fn order(
    function: &StackFunction,
    given: &[(String, String)],
    options: &[String],
    tag: Tag,
) -> Result<Order, String> {
    let handler = function.handler.clone().unwrap_or_default();
    let lang = function.lang.as_deref().unwrap_or("dockerfile");
    let own = lang.eq_ignore_ascii_case("dockerfile");
    let template = match templates::find(&function.project, lang) {
        Ok(template) => template,
        // As with faas-cli, the handler's own Dockerfile needs no template.
        Err(_) if own => templates::Template::default(),
        Err(why) => return Err(why),
    };
    let dockerfile = if own {
        let path = handler.join("Dockerfile");
        std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?
    } else {
        template.dockerfile.clone().ok_or_else(|| format!("the template `{lang}` has no Dockerfile"))?
    };
    let mut arguments: BTreeMap<String, String> = function.build_args.clone();
    arguments.extend(given.iter().cloned());
    let chosen: Vec<&String> = function.build_options.iter().chain(options).collect();
    let packages = packages(lang, &template, &chosen, arguments.remove(PACKAGES))?;
    if !packages.is_empty() {
        arguments.insert(PACKAGES.into(), packages);
    }
    // As faas-cli does it: what is behind a proxy here is so in a build, too.
    for proxy in ["http_proxy", "https_proxy", "no_proxy"] {
        if let Ok(value) = std::env::var(proxy) {
            arguments.entry(proxy.into()).or_insert(value);
        }
    }
    let base = arguments.get("BASE").cloned().or(template.base).unwrap_or_else(|| "scratch".into());
    let context = Context {
        template: if own { None } else { template.folder },
        handler,
        // The handler's own Dockerfile has the handler's folder as its context.
        place: (!own).then_some(template.handler_folder),
        copy: function.copy.iter().map(|name| (function.project.join(name), name.clone())).collect(),
    };
    let digest = || context.hash().map(|hash| hash[..32].to_owned()).map_err(|e| e.to_string());
    Ok(Order {
        image: tagged(&function.spec.image, tag, &function.project, digest)?,
        template: dockerfile,
        base,
        fprocess: function.spec.env_process.clone().or(template.fprocess).unwrap_or_default(),
        arguments,
        context,
    })
}

/// The build argument that names further packages.
const PACKAGES: &str = "ADDITIONAL_PACKAGE";

/// The packages of the build options that were chosen, and those that were named, sorted and each once.
fn packages(
    lang: &str,
    template: &templates::Template,
    chosen: &[&String],
    named: Option<String>,
) -> Result<String, String> {
    let mut all: BTreeSet<String> =
        named.iter().flat_map(|text| text.split_whitespace()).map(Into::into).collect();
    for option in chosen {
        let Some(packages) = template.build_options.get(*option) else {
            let known = template.build_options.keys().map(String::as_str);
            return Err(match template.build_options.is_empty() {
                true => format!("the template `{lang}` has no build options, and `{option}` is asked for"),
                false => crate::mistake::unknown(&format!("build option of `{lang}`"), option, known),
            });
        };
        all.extend(packages.iter().cloned());
    }
    Ok(all.into_iter().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_the_union_of_the_options_and_what_is_named() {
        let options = [("dev", vec!["make", "gcc"]), ("ssl", vec!["openssl", "gcc"])];
        let options = options.map(|(name, all)| (name.to_owned(), all.into_iter().map(Into::into).collect()));
        let template =
            templates::Template { build_options: options.into(), ..templates::Template::default() };
        let (dev, ssl, other) = ("dev".to_owned(), "ssl".to_owned(), "dve".to_owned());
        let of = |chosen: &[&String], named: Option<&str>| {
            packages("py", &template, chosen, named.map(Into::into))
        };
        assert_eq!(of(&[&dev, &ssl], Some("curl gcc")).unwrap(), "curl gcc make openssl");
        assert_eq!(of(&[], None).unwrap(), "");
        assert!(of(&[&other], None).unwrap_err().contains("did you mean `dev`"));
    }
}
