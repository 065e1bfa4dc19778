//! `faasim build`: images of functions, made by this machine's engine.

use super::failure::{Failure, Outcome};
use super::given::Chosen;
use super::stack::{Stack, StackFunction};
use super::{Global, templates};
use crate::live::provider::docker::builder::{Builder, Order};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Build the images of a stack file's functions, with this program as their watchdog
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim build\n  faasim build -f stack.yml hello\n  faasim build --shrinkwrap     # print the Dockerfiles only"
)]
pub struct Args {
    /// The functions [default: all that have a handler]
    names: Vec<String>,
    #[command(flatten)]
    chosen: Chosen,
    /// Set a build argument, over those of the stack file
    #[arg(long = "build-arg", value_name = "NAME=VALUE", value_parser = super::given::pair)]
    build_args: Vec<(String, String)>,
    /// Use nothing of earlier builds
    #[arg(long)]
    no_cache: bool,
    /// Print each Dockerfile and build nothing
    #[arg(long)]
    shrinkwrap: bool,
}

/// Builds them.
///
/// # Errors
/// The stack file, a template, the engine, or a step of a build.
pub fn run(args: Args, global: &Global) -> Outcome {
    let (stack, functions) = args.chosen.read(&args.names, global)?;
    let mut orders = Vec::new();
    for function in &functions {
        if function.skip_build || function.handler.is_none() {
            println!("{}: nothing to build", function.spec.name);
            continue;
        }
        let order = order(&stack, function, &args.build_args);
        orders.push(order.map_err(|why| Failure::failed(format_args!("{}: {why}", function.spec.name)))?);
    }
    if args.shrinkwrap {
        for order in orders {
            println!("# {}\n{}", order.image, order.dockerfile("<faasim's watchdog>"));
        }
        return Ok(());
    }
    if orders.is_empty() {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|e| Failure::failed(format_args!("cannot start: {e}")))?;
    runtime.block_on(async {
        let builder = Builder::connect().await.map_err(Failure::failed)?;
        for order in orders {
            println!("Building {}.", order.image);
            let built = builder.build(&order, args.no_cache, |line| println!("{line}")).await;
            built.map_err(|why| Failure::failed(format_args!("{} was not built: {why}", order.image)))?;
            println!("Built {}.", order.image);
        }
        Ok(())
    })
}

/// Builds again what `faasim build` had built from a handler that has changed since; functions in `names` only.
/// Gives those whose image could not be built: what runs is better left alone.
///
/// # Errors
/// The engine.
pub(super) async fn refresh(
    stack: &Stack,
    names: &BTreeSet<&str>,
    say: impl Fn(String),
) -> Result<BTreeMap<String, String>, String> {
    let mut failed = BTreeMap::new();
    let built_here = |f: &&StackFunction| f.lang.is_some() && f.handler.is_some() && !f.skip_build;
    let functions: Vec<&StackFunction> =
        stack.functions.iter().filter(built_here).filter(|f| names.contains(&*f.spec.name)).collect();
    if functions.is_empty() {
        return Ok(failed);
    }
    let builder = Builder::connect().await?;
    for function in functions {
        let built = async {
            let order = order(stack, function, &[])?;
            if builder.is_stale(&order).await? {
                say(format!("building {}: its handler has changed", order.image));
                builder.build(&order, false, |line| tracing::debug!("{line}")).await?;
                say(format!("built {}", order.image));
            }
            Ok(())
        };
        if let Err(why) = built.await {
            failed.insert(function.spec.name.clone(), why);
        }
    }
    Ok(failed)
}

/// What the engine is to make of one function.
fn order(stack: &Stack, function: &StackFunction, given: &[(String, String)]) -> Result<Order, String> {
    let handler = function.handler.clone().unwrap_or_default();
    let project = stack.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let lang = function.lang.as_deref().unwrap_or("dockerfile");
    let own = lang.eq_ignore_ascii_case("dockerfile");
    let template = match templates::find(project, lang) {
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
    let last = function.spec.image.rsplit('/').next().unwrap_or_default();
    let image = match last.contains([':', '@']) {
        true => function.spec.image.clone(),
        false => format!("{}:latest", function.spec.image),
    };
    let base = arguments.get("BASE").cloned().or(template.base).unwrap_or_else(|| "scratch".into());
    Ok(Order {
        image,
        template: dockerfile,
        base,
        fprocess: function.spec.env_process.clone().or(template.fprocess).unwrap_or_default(),
        arguments,
        handler,
        // The handler's own Dockerfile has the handler's folder as its context.
        handler_folder: (!own).then_some(template.handler_folder),
        template_folder: template.folder,
    })
}
