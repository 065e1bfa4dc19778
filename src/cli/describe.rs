//! `faasim describe`: all about one thing.

use super::failure::{Failure, Outcome};
use super::output::{self, Format};
use super::resource::{self, Kind};
use super::{Global, with_client};
use crate::dashboard::kubectl::{describe, node, objects};

/// Show all about a function, a pod, a deployment, an autoscaler or a node
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim describe mltest\n  faasim describe pod mltest-946fbcf5d-nh5kp\n  faasim describe hpa mltest\n  faasim describe node"
)]
pub struct Args {
    /// A function's name; or what (pod, deploy, hpa, node) and its name
    #[arg(required = true, value_name = "[KIND] NAME")]
    what: Vec<String>,
    /// How it is printed
    #[arg(long, short, value_name = "FORMAT", value_parser = output::only(&[Format::Json, Format::Yaml]))]
    output: Option<Format>,
}

/// Describes.
///
/// # Errors
/// It is not there.
pub fn run(args: Args, global: &Global) -> Outcome {
    let wanted = match &args.what[..] {
        // faas-cli's way: one word is a function, unless it is a kind.
        [name] if !name.contains('/') && name.parse::<Kind>().is_err() => {
            vec![(Kind::Function, Some(name.clone()))]
        }
        words => resource::parse(words)?,
    };
    if let Some((kind, _)) = wanted.iter().find(|(kind, _)| matches!(kind, Kind::Event | Kind::All)) {
        return Err(Failure::used(format_args!(
            "{} cannot be described: name a function, or pod, deploy, hpa or node and its name",
            kind.plural()
        )));
    }
    with_client(global, async |client| {
        let view = client.view().await?;
        let snapshot = &view.snapshot;
        let now = snapshot.at;
        let mut texts = Vec::new();
        let mut values = Vec::new();
        let mut tell = |kind: Kind, name: &str| -> Outcome {
            if kind == Kind::Pod {
                let pod = resource::pod(snapshot, name)?;
                texts.push(describe::pod(&view, pod, now));
                values.push(objects::pod(snapshot, pod));
                return Ok(());
            }
            if kind == Kind::Node {
                let node = resource::node(snapshot, name)?;
                texts.push(node::describe(&view, node));
                values.push(node::object(&view, node));
                return Ok(());
            }
            let function = resource::function(snapshot, kind, name, global)?;
            match kind {
                Kind::Hpa => {
                    let text = describe::hpa(snapshot, function, now);
                    texts.push(text.ok_or_else(|| resource::not_found(kind, name, &[]))?);
                    values.extend(
                        function.hpa.as_ref().map(|hpa| super::manifest::object(&function.name(), hpa)),
                    );
                }
                Kind::Deployment => {
                    texts.push(describe::deployment(snapshot, function, now));
                    values.push(objects::deployment(function));
                }
                _ => {
                    texts.push(describe::function(&view, function));
                    values.push(serde_json::to_value(function).unwrap_or_default());
                }
            }
            Ok(())
        };
        for (kind, name) in &wanted {
            match name {
                Some(name) => tell(*kind, name)?,
                None if *kind == Kind::Pod => {
                    let pods = snapshot.pods.values().filter(|p| p.spec.namespace == global.namespace());
                    pods.map(|p| p.name.clone())
                        .collect::<Vec<_>>()
                        .iter()
                        .try_for_each(|p| tell(*kind, p))?;
                }
                None if *kind == Kind::Node => {
                    snapshot.nodes.iter().try_for_each(|node| tell(*kind, &node.name))?;
                }
                None => {
                    let all = snapshot.functions.values().filter(|f| f.spec.namespace == global.namespace());
                    let all = all.filter(|f| *kind != Kind::Hpa || f.hpa.is_some());
                    all.map(|f| f.name().to_string())
                        .collect::<Vec<_>>()
                        .iter()
                        .try_for_each(|f| tell(*kind, f))?;
                }
            }
        }
        match args.output {
            Some(Format::Json) => output::json(&objects::list(values, true)),
            Some(Format::Yaml) => output::yaml(&objects::list(values, true)),
            _ => output::print(&texts.join("\n\n")),
        }
    })
}
