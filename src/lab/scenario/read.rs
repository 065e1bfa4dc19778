//! Reading a scenario: every mistake with its line and column, and what was probably meant.

use super::{Calls, Function, Load, Scenario, Think};
use crate::live::settings::{self, Loaded, Sources};
use crate::mistake::{Mistake, Mistakes, Written, nearest};
use crate::sim::{Law, Startup, traces};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// One of the runs that a scenario stands for.
#[derive(Clone, Debug)]
pub struct Variant {
    /// What is different in this one: path and value, as in the sweep; empty without a sweep.
    pub values: BTreeMap<String, String>,
    /// The scenario with these values.
    pub scenario: Scenario,
    /// The platform's settings.
    pub settings: settings::Settings,
}

/// Reads a file into the runs that it stands for: one without a sweep, else one for each combination of values. With
/// `live`, what the file says of live runs is put in place first.
///
/// # Errors
/// Every mistake with its place.
pub fn read(path: &Path, live: bool) -> Result<Vec<Variant>, Mistakes> {
    read_with(path, live, &[])
}

/// [`read`], with values changed: `platform.cores=8`.
///
/// # Errors
/// Every mistake with its place.
pub fn read_with(path: &Path, live: bool, sets: &[String]) -> Result<Vec<Variant>, Mistakes> {
    let name = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|e| Mistake::of(&*name, format!("cannot be read: {e}")))?;
    parse(&Written::new(name, text), live, sets)
}

/// [`read`] of a text.
///
/// # Errors
/// Every mistake with its place.
pub fn parse(written: &Written, live: bool, sets: &[String]) -> Result<Vec<Variant>, Mistakes> {
    let mut scenario: Scenario = toml::from_str(written.text()).map_err(|e| explained(written, &e))?;
    let mut base: toml::Table = toml::from_str(written.text()).map_err(|e| explained(written, &e))?;
    read_laws(written, &mut scenario)?;
    let mut mistakes = Mistakes::new();
    check(written, &scenario, &mut mistakes);
    if !mistakes.is_empty() {
        return Err(mistakes.or(()).err().unwrap_or_default());
    }
    if live {
        for (path, value) in &scenario.live {
            set(&mut base, path, value.clone())
                .map_err(|why| Mistake::at(written, span_of(written, path), format!("live: {why}")))?;
        }
    }
    for given in sets {
        let wrong = |why: String| Mistake::of(format!("--set {given}"), why);
        let (path, value) = given.split_once('=').ok_or_else(|| wrong("write PATH=VALUE".into()))?;
        // A value that is not TOML is text: `8`, `true` and `15s` may all be written bare.
        let parsed =
            toml::from_str::<toml::Table>(&format!("v = {value}")).ok().and_then(|mut t| t.remove("v"));
        let value = parsed.unwrap_or_else(|| toml::Value::String(value.to_owned()));
        set(&mut base, path, value).map_err(wrong)?;
    }
    let mut combinations: Vec<BTreeMap<String, toml::Value>> = vec![BTreeMap::new()];
    for (path, values) in &scenario.sweep {
        combinations = combinations
            .iter()
            .flat_map(|c| {
                values.iter().map(|v| {
                    let mut c = c.clone();
                    c.insert(path.clone(), v.clone());
                    c
                })
            })
            .collect();
    }
    let mut variants = Vec::new();
    for combination in combinations {
        let mut table = base.clone();
        for (path, value) in &combination {
            set(&mut table, path, value.clone())
                .map_err(|why| Mistake::at(written, span_of(written, path), format!("sweep: {why}")))?;
        }
        let mut one = Mistakes::new();
        let mut scenario = Scenario::deserialize_table(table)
            .map_err(|e| Mistake::of(written.name(), format!("with {}: {e}", shown(&combination))))?;
        read_laws(written, &mut scenario)?;
        check(written, &scenario, &mut one);
        expand(written, &mut scenario)?;
        let scenario = one.or(scenario)?;
        let settings = settings_of(written, &scenario)?.settings;
        let values = combination.iter().map(|(k, v)| (k.clone(), plain(v))).collect();
        variants.push(Variant { values, scenario, settings });
    }
    Ok(variants)
}

impl Scenario {
    fn deserialize_table(table: toml::Table) -> Result<Self, toml::de::Error> {
        table.try_into()
    }
}

fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn shown(combination: &BTreeMap<String, toml::Value>) -> String {
    let all: Vec<String> = combination.iter().map(|(k, v)| format!("{k} = {v}")).collect();
    if all.is_empty() { "its live values".into() } else { all.join(", ") }
}

/// The keys of a path: `platform.cores`, `function.0.model.cpu`, `trace.labels."com.openfaas.scale.max"`. What follows
/// `settings` is one key, whose name has a dot.
fn keys(path: &str) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (key, after) = if keys.last().is_some_and(|k| k == "settings") {
            (rest.trim_matches('"'), "")
        } else if let Some((key, after)) = rest.strip_prefix('"').and_then(|r| r.split_once('"')) {
            (key, after.trim_start_matches('.'))
        } else {
            rest.split_once('.').unwrap_or((rest, ""))
        };
        keys.push(key.to_owned());
        rest = after;
    }
    keys
}

/// Sets the value at a path; tables on the way are made if they are not there.
pub(in crate::lab) fn set(table: &mut toml::Table, path: &str, value: toml::Value) -> Result<(), String> {
    let keys = keys(path);
    let Some((last, way)) = keys.split_last() else { return Err("a path is empty".into()) };
    let mut root = toml::Value::Table(std::mem::take(table));
    let mut at = &mut root;
    let put = || {
        for key in way {
            at = step_into(at, key, path)?;
        }
        match at {
            toml::Value::Table(inner) => {
                inner.insert(last.clone(), value);
                Ok(())
            }
            toml::Value::Array(_) => {
                *step_into(at, last, path)? = value;
                Ok(())
            }
            _ => Err(format!("`{path}`: what stands before `{last}` is a value, it has no keys")),
        }
    };
    let done = put();
    if let toml::Value::Table(whole) = root {
        *table = whole;
    }
    done
}

fn step_into<'a>(at: &'a mut toml::Value, key: &str, path: &str) -> Result<&'a mut toml::Value, String> {
    match at {
        toml::Value::Table(inner) => {
            Ok(inner.entry(key).or_insert_with(|| toml::Value::Table(toml::Table::new())))
        }
        toml::Value::Array(items) => {
            let n = items.len();
            let item = key.parse::<usize>().ok().and_then(|i| items.get_mut(i));
            item.ok_or_else(|| format!("`{path}`: write a number below {n} instead of `{key}`"))
        }
        _ => Err(format!("`{path}`: what stands before `{key}` is a value, it has no keys")),
    }
}

/// Where a text first stands in the file.
pub(in crate::lab) fn span_of(written: &Written, text: &str) -> Range<usize> {
    let at = written.text().find(text).unwrap_or(0);
    at..at + if at == 0 { 0 } else { text.len() }
}

/// A mistake as `toml` words it, with its place and the name that was probably meant.
pub(in crate::lab) fn explained(written: &Written, error: &toml::de::Error) -> Mistake {
    let message = error.message().trim().to_owned();
    let span = error.span().unwrap_or(0..0);
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let what = match quoted.split_first() {
        Some((wrong, allowed)) if message.starts_with("unknown") => {
            let kind = if message.starts_with("unknown variant") { "value" } else { "key" };
            match nearest(wrong, allowed.iter().copied()) {
                Some(meant) => format!("unknown {kind} `{wrong}`: did you mean `{meant}`?"),
                None => format!("unknown {kind} `{wrong}`: write one of {}", allowed.join(", ")),
            }
        }
        _ => message,
    };
    Mistake::at(written, span, what)
}

/// The folder that paths in a scenario count from.
fn beside(written: &Written) -> &Path {
    Path::new(written.name()).parent().unwrap_or(Path::new(""))
}

/// Reads the measured times that laws name a file of.
fn read_laws(written: &Written, s: &mut Scenario) -> Result<(), Mistakes> {
    let mut all: Vec<(String, &mut Law)> = Vec::new();
    for f in &mut s.function {
        let name = f.name.clone();
        all.extend(f.model.laws_mut().map(|(field, law)| (format!("function `{name}`: model.{field}"), law)));
    }
    for l in &mut s.load {
        if let Think::Law(law) = &mut l.think {
            all.push(("load: think".into(), law));
        }
    }
    if let Some(of) = &mut s.trace {
        let Startup { image, container, function, probe, .. } = &mut of.startup;
        all.extend([image, container, function, probe].map(|law| ("trace: startup".into(), law)));
    }
    for (field, law) in all {
        let named = match &law {
            Law::Csv { file, .. } => file.display().to_string(),
            _ => continue,
        };
        law.read(beside(written))
            .map_err(|why| Mistake::at(written, span_of(written, &named), format!("{field}: {why}")))?;
    }
    Ok(())
}

/// Puts the functions and calls of a trace in place.
fn expand(written: &Written, s: &mut Scenario) -> Result<(), Mistakes> {
    let Some(of) = s.trace.take() else { return Ok(()) };
    let beside = beside(written);
    let open = |path: &Path| {
        let path = beside.join(path);
        let wrong = |why: String| Mistake::at(written, span_of(written, "[trace]"), why);
        let file =
            File::open(&path).map_err(|e| wrong(format!("trace: {} cannot be read: {e}", path.display())))?;
        Ok::<_, Mistake>((BufReader::new(file), move |why: String| {
            Mistake::at(written, span_of(written, "[trace]"), format!("trace: {}: {why}", path.display()))
        }))
    };
    let (file, wrong) = open(&of.calls)?;
    let mut trace = traces::calls(file).map_err(wrong)?;
    if let Some(path) = &of.durations {
        let (file, wrong) = open(path)?;
        traces::durations(&mut trace, file).map_err(wrong)?;
    }
    if let Some(path) = &of.memory {
        let (file, wrong) = open(path)?;
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

/// What a type cannot check.
pub(in crate::lab) fn check(written: &Written, s: &Scenario, mistakes: &mut Mistakes) {
    let mut wrong =
        |near: &str, what: String| mistakes.push(Mistake::at(written, span_of(written, near), what));
    if s.name.is_empty() || s.name.contains(['/', '\\', '\0']) || s.name.starts_with('.') {
        wrong("name", format!("name: `{}` cannot be the name of a folder", s.name));
    }
    if s.duration.0 <= 0.0 {
        wrong("duration", "duration: it must be longer than 0".into());
    }
    if s.sample.0 < 0.001 {
        wrong("sample", "sample: it must be at least 1ms".into());
    }
    if s.repetitions == 0 {
        wrong("repetitions", "repetitions: it must be at least 1".into());
    }
    if s.platform.nodes == 0 || s.platform.cores == 0 {
        wrong("platform", "platform: there must be at least one node with one core".into());
    }
    if !["process", "docker"].contains(&s.platform.provider.as_str()) {
        wrong("provider", format!("provider: `{}` is neither `process` nor `docker`", s.platform.provider));
    }
    if s.function.is_empty() && s.trace.is_none() {
        wrong("name", "there is no [[function]]".into());
    }
    let names: Vec<&str> = s.function.iter().map(|f| f.name.as_str()).collect();
    for (i, f) in s.function.iter().enumerate() {
        if names[..i].contains(&f.name.as_str()) {
            wrong(&f.name, format!("function: there are two of the name `{}`", f.name));
        }
        if let Err(refusal) = f.spec().validate() {
            wrong(&f.name, format!("function `{}`: {refusal}", f.name));
        }
        if let Err(why) = f.model.validate() {
            wrong("model", format!("function `{}`: model.{why}", f.name));
        }
    }
    let known = |name: &str| match names.contains(&name) {
        true => None,
        false => Some(match nearest(name, names.iter().copied()) {
            Some(meant) => format!("no function `{name}`: did you mean `{meant}`?"),
            None => format!("no function `{name}`; there are {}", names.join(", ")),
        }),
    };
    for a in &s.autoscaler {
        if let Some(what) = known(&a.function) {
            wrong(&a.function, format!("autoscaler: {what}"));
        }
        if a.cpu_percent == 0 || a.max == 0 || a.min.is_some_and(|min| min > a.max) {
            wrong(
                "autoscaler",
                "autoscaler: cpu-percent and max must be at least 1, and min at most max".into(),
            );
        }
    }
    for l in &s.load {
        if let Some(what) = known(&l.function) {
            wrong(&l.function, format!("load: {what}"));
        }
        let kinds = [l.users.is_some(), l.rate.is_some(), l.times.is_some()].iter().filter(|k| **k).count();
        if kinds != 1 {
            wrong("[[load]]", "load: write exactly one of users, rate and times".into());
        }
        if let Some(Err(why)) = l.rate.as_ref().map(|r| r.rate().validate()) {
            wrong("rate", format!("load: rate: {why}"));
        }
        if let Err(why) = l.think.law().validate() {
            wrong("think", format!("load: think: {why}"));
        }
        if l.until.is_some_and(|until| until <= l.from) {
            wrong("until", "load: until: it must be later than from".into());
        }
    }
    for step in &s.step {
        if let Some(what) = step.function().and_then(known) {
            wrong(step.function().unwrap_or_default(), format!("step: {what}"));
        }
        if step.at() > s.duration && s.duration.0 > 0.0 {
            wrong("[[step]]", format!("step: at {} s is after the end of the run", step.at().0));
        }
        if let super::Step::StopNode { node, .. } | super::Step::StartNode { node, .. } = step
            && *node >= s.platform.nodes
        {
            wrong("node", format!("step: there is no node {node}; they are numbered from 0"));
        }
    }
    for p in &s.phase {
        if p.until <= p.from {
            wrong(&p.name, format!("phase `{}`: until must be later than from", p.name));
        }
    }
    let phases: Vec<&str> = s.phase.iter().map(|p| p.name.as_str()).collect();
    for e in &s.expect {
        if let Err(why) = e.check(&names, &phases) {
            wrong(e.text(), format!("expect: {why}"));
        }
    }
    for m in &s.measure {
        if let Err(why) = m.check(&names, &phases) {
            wrong(m.text(), format!("measure: {why}"));
        }
    }
    for (path, values) in &s.sweep {
        if values.is_empty() {
            wrong(path, format!("sweep: `{path}` has no values"));
        }
    }
}

/// The platform's settings: those of a fresh `faasim.toml`, with the scenario's.
pub(in crate::lab) fn settings_of(written: &Written, s: &Scenario) -> Result<Loaded, Mistakes> {
    let sets = s.platform.settings.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect();
    let sources = Sources {
        // A folder that holds no faasim.toml: a scenario says all that it needs.
        folder: Path::new("/dev/null").into(),
        sets,
        ..Sources::default()
    };
    Loaded::read(&sources).map_err(|all| {
        let mut found = Mistakes::new();
        for mistake in all.iter() {
            let place = mistake.place().trim_start_matches("--set").trim();
            let key = place.split('=').next().unwrap_or(place);
            let key =
                s.platform.settings.keys().find(|k| mistake.what().contains(*k)).map_or(key, String::as_str);
            found.push(Mistake::at(written, span_of(written, key), format!("settings: {}", mistake.what())));
        }
        found
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
name = "x"
duration = "1m"
expect = ["max(replicas) <= 3"]
[platform]
cores = 4
settings = { "hpa.tolerance" = 0.2 }
[[function]]
name = "f"
requests = { cpu = "10m" }
model = { service = { law = "exponential", mean = "100ms" } }
[[load]]
function = "f"
users = 3
think = "1s"
[sweep]
"platform.cores" = [1, 2]
"function.0.model.cpu" = [0.0, 1.0]
[live]
"platform.settings.hpa.tolerance" = 0.5
"#;

    fn of(text: &str, live: bool) -> Result<Vec<Variant>, Mistakes> {
        parse(&Written::new("x.toml", text), live, &[])
    }

    #[test]
    fn a_sweep_is_every_combination() {
        let variants = of(GOOD, false).unwrap();
        let seen: Vec<(u32, f64)> =
            variants.iter().map(|v| (v.scenario.platform.cores, v.scenario.function[0].model.cpu)).collect();
        assert_eq!(seen, [(1, 0.0), (2, 0.0), (1, 1.0), (2, 1.0)]);
        assert_eq!(variants[0].settings.hpa.tolerance, 0.2);
        assert_eq!(of(GOOD, true).unwrap()[0].settings.hpa.tolerance, 0.5);
    }

    #[test]
    fn measured_times_are_read_from_a_file_beside_the_scenario() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("times.csv"), "elapsed,code\n100,200\n300,200\n").unwrap();
        let law = r#"law = "csv", file = "times.csv", column = "elapsed", scale = 0.001"#;
        let text = GOOD.replace(r#"law = "exponential", mean = "100ms""#, law);
        let path = folder.path().join("x.toml");
        let of = |text: &str| parse(&Written::new(path.display().to_string(), text), false, &[]);
        let variants = of(&text).unwrap();
        let values = vec![crate::sim::Seconds(0.1), crate::sim::Seconds(0.3)];
        assert_eq!(variants[0].scenario.function[0].model.service, Law::Empirical { values });
        let wrong = of(&text.replace("times.csv", "time.csv")).unwrap_err().to_string();
        assert!(wrong.contains(":11:") && wrong.contains("time.csv cannot be read"), "{wrong}");
        let wrong = of(&text.replace("elapsed", "seconds")).unwrap_err().to_string();
        assert!(wrong.contains("no column `seconds`; there are elapsed, code"), "{wrong}");
    }

    #[test]
    fn a_mistake_names_its_place_and_what_was_meant() {
        for (from, to, place, words) in [
            ("duration", "durration", "x.toml:3:1", "did you mean `duration`"),
            ("\"1m\"", "\"soon\"", "x.toml:3:12", "`soon` is no duration"),
            ("cores = 4", "cores = 0", "x.toml:5:2", "at least one node"),
            ("cores = 4", "cors = 4", "x.toml:6:1", "did you mean `cores`"),
            ("hpa.tolerance\" = 0.2", "hpa.tolerence\" = 0.2", "x.toml:7:15", "hpa.tolerance"),
            ("cpu = \"10m\"", "cpu = \"lots\"", "x.toml:10:", "lots"),
            ("law = \"exponential\"", "law = \"exponental\"", "x.toml:11:", "exponential"),
            ("function = \"f\"", "function = \"g\"", "x.toml:", "no function `g`"),
            ("users = 3", "users = 3\nrate = 5", "x.toml:12:1", "exactly one of users, rate and times"),
            ("max(replicas) <= 3", "max(replicas) ~ 3", "x.toml:4:", "expect"),
            ("think = \"1s\"", "think = \"x\"", "x.toml:15:", "a time such as"),
        ] {
            assert!(GOOD.contains(from), "{from}");
            let text = of(&GOOD.replacen(from, to, 1), false).unwrap_err().to_string();
            assert!(text.starts_with(place) && text.contains(words), "{from} → {to}: {text}");
        }
    }
}
