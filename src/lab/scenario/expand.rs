//! What the files say that a scenario names: a trace's functions and calls, a stack's functions, JMeter's plans, bodies.

use super::places::Places;
use super::{Calls, Function, Load, Scenario, Think};
use crate::cluster::function::FunctionSpec;
use crate::lab::jmx;
use crate::mistake::{Mistake, Mistakes, nearest};
use crate::sim::{Law, Startup, traces};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads a stack file into what is deployed.
pub type StackReader = fn(&Path) -> Result<Vec<FunctionSpec>, Mistakes>;

/// A path that is meant from where the scenario stands.
fn beside(places: &Places, path: &Path) -> PathBuf {
    Path::new(places.written().name()).parent().unwrap_or(Path::new("")).join(path)
}

/// Puts what other files say in place.
pub(super) fn expand(places: &Places, s: &mut Scenario, stack: Option<StackReader>) -> Result<(), Mistakes> {
    for (i, f) in s.function.iter_mut().enumerate() {
        stacked(places, f, &i.to_string(), stack)?;
    }
    plans(places, s)?;
    bodies(places, s)?;
    trace(places, s)
}

/// Reads the measured times that laws name a file of.
pub(super) fn read_laws(places: &Places, s: &mut Scenario) -> Result<(), Mistakes> {
    let mut all: Vec<(Vec<String>, String, &mut Law)> = Vec::new();
    for (i, f) in s.function.iter_mut().enumerate() {
        let name = f.name.clone();
        let way = |field: &str| vec!["function".into(), i.to_string(), "model".into(), field.to_owned()];
        let laws = f.model.laws_mut();
        all.extend(laws.map(|(field, law)| (way(field), format!("function `{name}`: model.{field}"), law)));
    }
    for (i, l) in s.load.iter_mut().enumerate() {
        if let Think::Law(law) = &mut l.think {
            all.push((vec!["load".into(), i.to_string(), "think".into()], "load: think".into(), law));
        }
    }
    if let Some(of) = &mut s.trace {
        let Startup { image, container, function, probe, .. } = &mut of.startup;
        let way = || vec!["trace".to_owned(), "startup".to_owned()];
        all.extend([image, container, function, probe].map(|law| (way(), "trace: startup".into(), law)));
    }
    let folder = beside(places, Path::new(""));
    for (way, field, law) in all {
        if matches!(law, Law::Csv { .. }) {
            let way: Vec<&str> = way.iter().map(String::as_str).collect();
            law.read(&folder).map_err(|why| places.mistake(&way, format!("{field}: {why}")))?;
        }
    }
    Ok(())
}

fn stacked(places: &Places, f: &mut Function, i: &str, stack: Option<StackReader>) -> Result<(), Mistakes> {
    let (Some(path), Some(read)) = (&f.stack, stack) else { return Ok(()) };
    let path = beside(places, path);
    let at = ["function", i, "stack"];
    let specs = read(&path).map_err(|found| {
        let first = found.iter().next().map(ToString::to_string).unwrap_or_default();
        places.mistake(&at, format!("stack: {first}"))
    })?;
    let names: Vec<&str> = specs.iter().map(|s| s.name.as_str()).collect();
    match specs.iter().find(|s| s.name == f.name) {
        Some(spec) => f.stacked = Some(spec.clone()),
        None => {
            let shown = path.display();
            let what = match nearest(&f.name, names.iter().copied()) {
                Some(meant) => format!("{shown} has no function `{}`: did you mean `{meant}`?", f.name),
                None => format!("{shown} has no function `{}`; it has {}", f.name, names.join(", ")),
            };
            return Err(places.mistake(&["function", i, "name"], what).into());
        }
    }
    Ok(())
}

/// Each load that names a plan of JMeter becomes one load for each of its thread groups.
fn plans(places: &Places, s: &mut Scenario) -> Result<(), Mistakes> {
    let known: Vec<String> = s.function.iter().map(|f| f.name.clone()).collect();
    let mut loads = Vec::new();
    for (i, l) in std::mem::take(&mut s.load).into_iter().enumerate() {
        let Some(path) = &l.jmx else {
            loads.push(l);
            continue;
        };
        let i = i.to_string();
        let wrong = |why: String| places.mistake(&["load", &i, "jmx"], format!("jmx: {why}"));
        let plan = jmx::read(&beside(places, path)).map_err(wrong)?;
        for group in &plan.groups {
            let mut one = group.load(&l);
            if one.function.is_empty() || !known.contains(&one.function) {
                let what = match one.function.is_empty() {
                    true => format!("`{}` does not name a function: write function = \"…\" here", group.name),
                    false => format!(
                        "`{}` calls the function `{}`, which is not here; there are {}",
                        group.name,
                        one.function,
                        known.join(", ")
                    ),
                };
                return Err(wrong(what).into());
            }
            one.jmx = None;
            loads.push(one);
        }
        for note in plan.notes {
            s.text = format!("{} (Of the plan: {note}.)", s.text);
        }
    }
    s.load = loads;
    Ok(())
}

/// Files of bodies must be there; they are read when the run begins.
fn bodies(places: &Places, s: &mut Scenario) -> Result<(), Mistakes> {
    for (i, l) in s.load.iter_mut().enumerate() {
        let i = i.to_string();
        for (key, path) in [("body-file", &mut l.body_file), ("bodies", &mut l.bodies)] {
            if let Some(path) = path {
                *path = beside(places, path);
                if let Err(e) = File::open(&*path) {
                    let what = format!("load: {key}: {} cannot be read: {e}", path.display());
                    return Err(places.mistake(&["load", &i, key], what).into());
                }
            }
        }
    }
    Ok(())
}

/// Puts the functions and calls of a trace in place.
fn trace(places: &Places, s: &mut Scenario) -> Result<(), Mistakes> {
    let Some(of) = s.trace.take() else { return Ok(()) };
    let open = |key: &'static str, path: &Path| {
        let path = beside(places, path);
        let wrong = move |why: String, shown: &Path| {
            let what = format!("trace: {}: {why}", shown.display());
            places.mistake(&["trace", key], what)
        };
        let file = File::open(&path).map_err(|e| wrong(format!("cannot be read: {e}"), &path))?;
        Ok::<_, Mistake>((BufReader::new(file), move |why: String| wrong(why, &path)))
    };
    let (file, wrong) = open("calls", &of.calls)?;
    let mut trace = traces::calls(file).map_err(wrong)?;
    if let Some(path) = &of.durations {
        let (file, wrong) = open("durations", path)?;
        traces::durations(&mut trace, file).map_err(wrong)?;
    }
    if let Some(path) = &of.memory {
        let (file, wrong) = open("memory", path)?;
        traces::memory(&mut trace, file).map_err(wrong)?;
    }
    if !trace.dropped.is_empty() {
        s.text = format!("{} (Of the trace, {}.)", s.text, trace.said());
    }
    for f in trace.functions.into_iter().take(of.functions.unwrap_or(usize::MAX)) {
        let mut model = f.model.clone();
        model.startup = of.startup.clone();
        s.function.push(Function { labels: of.labels.clone(), model, ..Function::named(&f.name) });
        let load = Load::to(&f.name);
        let calls = Calls { function: Arc::new(f), within: of.within_minute };
        s.load.push(Load { calls: Some(calls), ..load });
    }
    Ok(())
}
