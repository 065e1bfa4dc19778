//! `faasim get`: listings as kubectl prints them.

use super::failure::{Failure, Outcome};
use super::output::{self, Format};
use super::resource::{self, Kind};
use super::{Global, with_client};
use crate::cluster::node::Node;
use crate::cluster::snapshot::{FunctionState, Snapshot};
use crate::dashboard::kubectl::table::{self, Table};
use crate::dashboard::kubectl::{node, objects, rows};
use crate::dashboard::view::View;
use futures_util::StreamExt;
use serde_json::Value;
use std::collections::BTreeMap;
use std::pin::pin;

/// List pods, deployments, autoscalers, events or nodes
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim get pods\n  faasim get pods -w\n  faasim get hpa mltest\n  faasim get deploy -o yaml\n  faasim get events"
)]
pub struct Args {
    /// What: pods, deployments, hpa, events, nodes or all; and its names
    #[arg(required = true, value_name = "KIND [NAME]")]
    what: Vec<String>,
    /// Go on and print what changes
    #[arg(long, short)]
    watch: bool,
    /// How it is printed
    #[arg(long, short, value_name = "FORMAT")]
    output: Option<Format>,
    /// Print no header
    #[arg(long)]
    no_headers: bool,
    /// Of all namespaces
    #[arg(long, short = 'A')]
    all_namespaces: bool,
}

/// Lists.
///
/// # Errors
/// Something that is named is not there.
pub fn run(args: Args, global: &Global) -> Outcome {
    let mut wanted = resource::parse(&args.what)?;
    if wanted == [(Kind::All, None)] {
        wanted = vec![(Kind::Pod, None), (Kind::Deployment, None), (Kind::Hpa, None)];
    }
    with_client(global, async |client| {
        if args.watch {
            let mut views = pin!(client.watch().await?);
            let mut seen = Watch::default();
            while let Some(view) = views.next().await {
                for part in list(&view?, &wanted, &args, global)? {
                    seen.print(&part, &args)?;
                }
            }
            return Ok(());
        }
        let view = client.view().await?;
        let parts = list(&view, &wanted, &args, global)?;
        print(&parts, &args, &wanted, global)?;
        if !args.all_namespaces && parts.iter().all(|part| part.rows.is_empty()) {
            let there = view.snapshot.namespaces.keys().map(String::as_str);
            resource::note_namespace(global, there);
        }
        Ok(())
    })
}

/// The things of one kind.
struct Part {
    kind: Kind,
    header: Vec<&'static str>,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    cells: Vec<String>,
    object: Value,
}

fn header(kind: Kind, wide: bool) -> Vec<&'static str> {
    let (always, more): (&[&str], &[&str]) = match kind {
        Kind::Pod | Kind::All => (
            &["NAME", "READY", "STATUS", "RESTARTS", "AGE"],
            &["IP", "NODE", "NOMINATED NODE", "READINESS GATES"],
        ),
        Kind::Deployment | Kind::Function => {
            (&["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"], &["CONTAINERS", "IMAGES", "SELECTOR"])
        }
        Kind::Hpa => (&["NAME", "REFERENCE", "TARGETS", "MINPODS", "MAXPODS", "REPLICAS", "AGE"], &[]),
        Kind::Event => (&["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"], &[]),
        Kind::Node => (
            &["NAME", "STATUS", "ROLES", "AGE", "VERSION"],
            &["INTERNAL-IP", "CPU", "MEMORY", "CONTAINER-RUNTIME"],
        ),
    };
    always.iter().chain(more.iter().take(if wide { more.len() } else { 0 })).copied().collect()
}

/// What there is of each kind that is wanted, in the order it was asked for.
fn list(
    view: &View,
    wanted: &[(Kind, Option<String>)],
    args: &Args,
    global: &Global,
) -> Result<Vec<Part>, Failure> {
    let wide = args.output == Some(Format::Wide);
    let mut parts: Vec<Part> = Vec::new();
    for (kind, name) in wanted {
        let rows = match name {
            Some(name) => one(view, *kind, name, wide, global)?,
            None => all(view, *kind, wide, args, global),
        };
        match parts.iter_mut().find(|part| part.kind == *kind) {
            Some(part) => part.rows.extend(rows),
            None => parts.push(Part { kind: *kind, header: header(*kind, wide), rows }),
        }
    }
    Ok(parts)
}

fn one(view: &View, kind: Kind, name: &str, wide: bool, global: &Global) -> Result<Vec<Row>, Failure> {
    let snapshot = &view.snapshot;
    Ok(match kind {
        Kind::Pod => vec![pod_row(snapshot, resource::pod(snapshot, name)?, wide)],
        Kind::Deployment | Kind::Function | Kind::Hpa => {
            let function = resource::function(snapshot, kind, name, global)?;
            let row = function_row(snapshot, kind, function, wide);
            vec![row.ok_or_else(|| resource::not_found(kind, name, &[]))?]
        }
        Kind::Node => vec![node_row(view, resource::node(snapshot, name)?, wide)],
        Kind::Event => events_of(view, name, global)?,
        Kind::All => {
            return Err(Failure::used(format_args!("name the kind of `{name}`: pod, deploy, hpa or node")));
        }
    })
}

/// The events of every object of that name, or of the one that is named with its kind: `NAME`, `pod/NAME`.
fn events_of(view: &View, text: &str, global: &Global) -> Result<Vec<Row>, Failure> {
    let (kind, name) = match text.split_once('/') {
        Some((kind, name)) => (Some(kind.parse::<Kind>().map_err(Failure::used)?), name),
        None => (None, text),
    };
    let is_it = |object: &str| {
        let (its_kind, its_name) = object.split_once('/').unwrap_or(("", object));
        its_name == name && kind.is_none_or(|kind| its_kind.parse() == Ok(kind))
    };
    let rows = all_rows(view, Kind::Event, false).into_iter();
    let ours = rows.filter(|(namespace, _)| namespace.as_deref().is_none_or(|n| n == global.namespace()));
    let found: Vec<Row> = ours.map(|(_, row)| row).filter(|row| is_it(&row.name)).collect();
    let snapshot = &view.snapshot;
    let functions = snapshot.functions.values().map(|f| f.spec.name.as_str());
    let names: Vec<&str> = functions.chain(snapshot.pods.values().map(|p| p.name.as_str())).collect();
    match found.is_empty() && !names.contains(&name) {
        true => Err(resource::not_found(kind.unwrap_or(Kind::Event), name, &names)),
        false => Ok(found),
    }
}

fn node_row(view: &View, node: &Node, wide: bool) -> Row {
    Row { name: node.name.clone(), cells: node::row(view, node, wide), object: node::object(view, node) }
}

fn all(view: &View, kind: Kind, wide: bool, args: &Args, global: &Global) -> Vec<Row> {
    let mut rows = all_rows(view, kind, wide);
    if kind != Kind::Event {
        rows.sort_by(|(a, x), (b, y)| (a, &x.name).cmp(&(b, &y.name)));
    }
    rows.into_iter()
        .filter(|(namespace, _)| {
            args.all_namespaces || namespace.as_deref().is_none_or(|n| n == global.namespace())
        })
        .map(|(namespace, mut row)| {
            if args.all_namespaces {
                row.cells.insert(0, namespace.unwrap_or_default());
            }
            row
        })
        .collect()
}

/// Rows with their namespaces.
fn all_rows(view: &View, kind: Kind, wide: bool) -> Vec<(Option<String>, Row)> {
    let snapshot = &view.snapshot;
    let of = |function: &FunctionState| Some(function.spec.namespace.clone());
    match kind {
        Kind::Pod | Kind::All => {
            let pods = snapshot.pods.values();
            pods.map(|pod| (Some(pod.spec.namespace.clone()), pod_row(snapshot, pod, wide))).collect()
        }
        Kind::Deployment | Kind::Function | Kind::Hpa => {
            let functions = snapshot.functions.values();
            functions.filter_map(|f| Some((of(f), function_row(snapshot, kind, f, wide)?))).collect()
        }
        Kind::Event => {
            let events = snapshot.events.iter();
            events
                .map(|event| {
                    let namespace = snapshot.functions.get(&event.function).and_then(of);
                    let object = objects::event(event, namespace.as_deref().unwrap_or_default());
                    let cells = rows::event(event, snapshot.at);
                    (namespace, Row { name: event.object.clone(), cells, object })
                })
                .collect()
        }
        Kind::Node => snapshot.nodes.iter().map(|node| (None, node_row(view, node, wide))).collect(),
    }
}

fn pod_row(snapshot: &Snapshot, pod: &crate::cluster::pod::Pod, wide: bool) -> Row {
    Row {
        name: pod.name.clone(),
        cells: rows::pod(snapshot, pod, snapshot.at, wide),
        object: objects::pod(snapshot, pod),
    }
}

fn function_row(snapshot: &Snapshot, kind: Kind, function: &FunctionState, wide: bool) -> Option<Row> {
    let name = function.spec.name.clone();
    if kind == Kind::Hpa {
        let object = super::manifest::object(&function.name(), function.hpa.as_ref()?);
        return Some(Row { name, cells: rows::hpa(function, snapshot.at)?, object });
    }
    let cells = rows::deployment(function, snapshot.at, wide);
    Some(Row { name, cells, object: objects::deployment(function) })
}

fn print(parts: &[Part], args: &Args, wanted: &[(Kind, Option<String>)], global: &Global) -> Outcome {
    let objects = || parts.iter().flat_map(|p| p.rows.iter().map(|r| r.object.clone())).collect();
    let one = matches!(wanted, [(_, Some(_))]);
    match args.output {
        Some(Format::Json) => return output::json(&objects::list(objects(), one)),
        Some(Format::Yaml) => return output::yaml(&objects::list(objects(), one)),
        Some(Format::Name) => {
            let lines: String =
                parts.iter().flat_map(|p| p.rows.iter().map(|r| named(p.kind, &r.name) + "\n")).collect();
            return output::print(&lines);
        }
        _ => {}
    }
    if parts.iter().all(|part| part.rows.is_empty()) {
        match args.all_namespaces {
            true => eprintln!("No resources found"),
            false => eprintln!("No resources found in {} namespace.", global.namespace()),
        }
        return Ok(());
    }
    let many = parts.len() > 1;
    for (index, part) in parts.iter().filter(|part| !part.rows.is_empty()).enumerate() {
        let mut rows: Vec<Vec<String>> = part.rows.iter().map(|row| row.cells.clone()).collect();
        if many {
            let column = usize::from(args.all_namespaces);
            rows.iter_mut()
                .zip(&part.rows)
                .for_each(|(cells, row)| cells[column] = named(part.kind, &row.name));
        }
        let mut header = part.header.clone();
        if args.all_namespaces {
            header.insert(0, "NAMESPACE");
        }
        let text = table::text(&header, &rows);
        let text = if args.no_headers { text.split_once('\n').map_or("", |(_, rest)| rest) } else { &text };
        output::print(&format!("{}{text}", if index > 0 { "\n" } else { "" }))?;
    }
    Ok(())
}

/// `pod/NAME`; events name their object so already.
fn named(kind: Kind, name: &str) -> String {
    if kind == Kind::Event { name.to_owned() } else { format!("{}/{name}", kind.singular()) }
}

/// What `-w` has printed: a row comes again when anything but its age changes.
#[derive(Default)]
struct Watch {
    tables: BTreeMap<&'static str, Table>,
    printed: BTreeMap<String, Vec<String>>,
}

impl Watch {
    fn print(&mut self, part: &Part, args: &Args) -> Outcome {
        let mut header: Vec<String> = part.header.iter().map(|h| (*h).to_owned()).collect();
        if args.all_namespaces {
            header.insert(0, "NAMESPACE".into());
        }
        let ages: Vec<usize> =
            (0..header.len()).filter(|i| ["AGE", "LAST SEEN"].contains(&header[*i].as_str())).collect();
        let mut text = String::new();
        for row in &part.rows {
            let mut lasting = row.cells.clone();
            ages.iter().for_each(|i| lasting[*i].clear());
            // One object has many events.
            let key = match part.kind {
                Kind::Event => format!("{} {}", row.name, row.cells.last().map_or("", String::as_str)),
                kind => format!("{} {}", kind.plural(), row.name),
            };
            if self.printed.get(&key) == Some(&lasting) {
                continue;
            }
            self.printed.insert(key, lasting);
            match args.output {
                Some(Format::Json) => text += &format!("{:#}\n", row.object),
                Some(Format::Yaml) => {
                    text +=
                        &format!("---\n{}", serde_norway::to_string(&row.object).map_err(Failure::failed)?);
                }
                Some(Format::Name) => text += &(named(part.kind, &row.name) + "\n"),
                _ => {
                    let first = !self.tables.contains_key(part.kind.plural());
                    let table = self.tables.entry(part.kind.plural()).or_insert_with(|| {
                        let all: Vec<_> =
                            part.rows.iter().map(|r| r.cells.clone()).chain([header.clone()]).collect();
                        Table::of(&all)
                    });
                    if first && !args.no_headers {
                        text += &(table.line(&header) + "\n");
                    }
                    text += &(table.line(&row.cells) + "\n");
                }
            }
        }
        output::print(&text)
    }
}
