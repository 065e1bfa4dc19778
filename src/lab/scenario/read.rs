//! Reading a scenario into the runs that it stands for: every mistake with its line and column, and what was meant.

use super::check::check as check_all;
use super::expand::{StackReader, expand, read_laws};
pub(in crate::lab) use super::path::set;
pub(in crate::lab) use super::places::explained;
use super::places::{Found, Places};
use super::{Dialect, Edition, Scenario};
use crate::live::settings::{self, Loaded, Sources};
use crate::mistake::{Mistake, Mistakes, Written};
use std::collections::BTreeMap;
use std::path::Path;

/// One of the runs that a scenario stands for.
#[derive(Clone, Debug)]
pub struct Variant {
    /// What is different in this one: path and value, as in the sweep; empty without a sweep.
    pub values: BTreeMap<String, String>,
    /// The scenario with these values.
    pub scenario: Scenario,
    /// The platform's settings.
    pub settings: settings::Settings,
    /// The scenario with these values as a file, to be kept beside the results.
    pub text: String,
}

/// How a file is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reader<'a> {
    /// Put what the file says of live runs in place.
    pub live: bool,
    /// Values that are changed: `platform.cores=8`.
    pub sets: &'a [String],
    /// Reads the stack files that it names.
    pub stack: Option<StackReader>,
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
    Reader { live, sets, stack: None }.read(path)
}

impl Reader<'_> {
    /// Reads a file.
    ///
    /// # Errors
    /// Every mistake with its place.
    pub fn read(&self, path: &Path) -> Result<Vec<Variant>, Mistakes> {
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|e| Mistake::of(&*name, format!("cannot be read: {e}")))?;
        self.parse(&Written::new(name, text))
    }

    /// Reads a text.
    ///
    /// # Errors
    /// Every mistake with its place.
    pub fn parse(&self, written: &Written) -> Result<Vec<Variant>, Mistakes> {
        let mut scenario: Scenario = toml::from_str(written.text()).map_err(|e| explained(written, &e))?;
        let mut base: toml::Table = toml::from_str(written.text()).map_err(|e| explained(written, &e))?;
        let places = Places::of(written);
        read_laws(&places, &mut scenario)?;
        checked(&places, &scenario)?;
        if self.live {
            for (path, value) in &scenario.live {
                set(&mut base, path, value.clone())
                    .map_err(|why| places.mistake(&["live", path], format!("live: {why}")))?;
            }
        }
        self.change(&mut base)?;
        // What is said of live runs may change the sweep too.
        let sweep: BTreeMap<String, Vec<toml::Value>> = match base.remove("sweep") {
            Some(sweep) => sweep
                .try_into()
                .map_err(|_| places.mistake(&["sweep"], "sweep: write a list of values behind each path"))?,
            None => BTreeMap::new(),
        };
        let mut variants = Vec::new();
        for combination in combinations(&sweep) {
            variants.push(self.variant(&places, &base, &combination)?);
        }
        Ok(variants)
    }

    /// What the command line says.
    fn change(&self, base: &mut toml::Table) -> Result<(), Mistake> {
        for given in self.sets {
            let wrong = |why: String| Mistake::of(format!("--set {given}"), why);
            let (path, value) = given.split_once('=').ok_or_else(|| wrong("write PATH=VALUE".into()))?;
            // A value that is not TOML is text: `8`, `true` and `15s` may all be written bare.
            let parsed =
                toml::from_str::<toml::Table>(&format!("v = {value}")).ok().and_then(|mut t| t.remove("v"));
            let value = parsed.unwrap_or_else(|| toml::Value::String(value.to_owned()));
            set(base, path, value).map_err(wrong)?;
        }
        Ok(())
    }

    fn variant(
        &self,
        places: &Places,
        base: &toml::Table,
        combination: &BTreeMap<String, toml::Value>,
    ) -> Result<Variant, Mistakes> {
        let mut table = base.clone();
        for (path, value) in combination {
            set(&mut table, path, value.clone())
                .map_err(|why| places.mistake(&["sweep", path], format!("sweep: {why}")))?;
        }
        table.remove("live");
        let text = toml::to_string(&table).unwrap_or_default();
        let mut scenario: Scenario = table.try_into().map_err(|e: toml::de::Error| {
            let what = format!("with {}: {}", shown(combination), e.message().trim());
            match combination.keys().next() {
                Some(path) => places.mistake(&["sweep", path], what),
                None if self.live => places.mistake(&["live"], what),
                None => Mistake::of(places.written().name(), what),
            }
        })?;
        read_laws(places, &mut scenario)?;
        checked(places, &scenario)?;
        expand(places, &mut scenario, self.stack)?;
        // What other files have added must fit too.
        checked(places, &scenario)?;
        let settings = settings(places, &scenario)?.settings;
        let values = combination.iter().map(|(k, v)| (k.clone(), plain(v))).collect();
        Ok(Variant { values, scenario, settings, text })
    }
}

fn checked(places: &Places, scenario: &Scenario) -> Result<(), Mistakes> {
    let mut found = Found { places, mistakes: Mistakes::new() };
    check_all(scenario, &mut found);
    found.mistakes.or(())
}

/// Every combination of the sweep's values; one without any if there is no sweep.
fn combinations(sweep: &BTreeMap<String, Vec<toml::Value>>) -> Vec<BTreeMap<String, toml::Value>> {
    let mut all: Vec<BTreeMap<String, toml::Value>> = vec![BTreeMap::new()];
    for (path, values) in sweep {
        let with = |c: &BTreeMap<String, toml::Value>, v: &toml::Value| {
            let mut c = c.clone();
            c.insert(path.clone(), v.clone());
            c
        };
        all = all.iter().flat_map(|c| values.iter().map(|v| with(c, v)).collect::<Vec<_>>()).collect();
    }
    all
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

/// [`Reader::parse`], without stack files.
///
/// # Errors
/// Every mistake with its place.
pub fn parse(written: &Written, live: bool, sets: &[String]) -> Result<Vec<Variant>, Mistakes> {
    Reader { live, sets, stack: None }.parse(written)
}

/// Where a text first stands in a file.
pub(in crate::lab) fn span_of(written: &Written, text: &str) -> std::ops::Range<usize> {
    let at = written.text().find(text).unwrap_or(0);
    at..at + if at == 0 { 0 } else { text.len() }
}

/// What a type cannot check, of a scenario that is part of another file.
pub(in crate::lab) fn check(written: &Written, s: &Scenario, mistakes: &mut Mistakes) {
    let places = Places::of(written);
    let mut found = Found { places: &places, mistakes: Mistakes::new() };
    check_all(s, &mut found);
    mistakes.append(found.mistakes);
}

/// The platform's settings of a scenario that is part of another file.
pub(in crate::lab) fn settings_of(written: &Written, s: &Scenario) -> Result<Loaded, Mistakes> {
    settings(&Places::of(written), s)
}

/// The platform's settings: those of a fresh `faasim.toml`, with the scenario's.
fn settings(places: &Places, s: &Scenario) -> Result<Loaded, Mistakes> {
    let given = &s.platform.settings;
    let mut sets: Vec<String> = given.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect();
    let edition =
        s.platform.edition.map(|e| ("openfaas.edition", if e == Edition::Ce { "ce" } else { "pro" }));
    let dialect =
        s.platform.dialect.map(|d| ("hpa.dialect", if d == Dialect::Legacy { "legacy" } else { "current" }));
    for (key, value) in edition.into_iter().chain(dialect) {
        if given.contains_key(key) {
            let what = format!("settings: `{key}` is said twice, here and beside `settings`");
            return Err(places.mistake(&["platform", "settings", key], what).into());
        }
        sets.push(format!("{key}={value}"));
    }
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
            let key = given.keys().find(|k| mistake.what().contains(*k)).map_or(key, String::as_str);
            let what = format!("settings: {}", mistake.what());
            found.push(places.mistake(&["platform", "settings", key], what));
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
        Reader { live, ..Reader::default() }.parse(&Written::new("x.toml", text))
    }

    #[test]
    fn a_sweep_is_every_combination() {
        let variants = of(GOOD, false).unwrap();
        let seen: Vec<(u32, f64)> =
            variants.iter().map(|v| (v.scenario.platform.cores, v.scenario.function[0].model.cpu)).collect();
        assert_eq!(seen, [(1, 0.0), (2, 0.0), (1, 1.0), (2, 1.0)]);
        assert_eq!(variants[0].settings.hpa.tolerance, 0.2);
        assert_eq!(of(GOOD, true).unwrap()[0].settings.hpa.tolerance, 0.5);
        // What is kept beside results is the very run.
        let again = of(&variants[3].text, false).unwrap();
        assert_eq!((again.len(), again[0].scenario.platform.cores), (1, 2));
    }

    #[test]
    fn the_platform_has_short_names_for_edition_and_dialect() {
        let text = GOOD.replace("cores = 4", "cores = 4\nedition = \"ce\"\ndialect = \"legacy\"");
        let settings = of(&text, false).unwrap()[0].settings.to_cluster();
        assert_eq!(format!("{:?} {:?}", settings.edition, settings.hpa.dialect), "Ce Legacy");
    }
}
