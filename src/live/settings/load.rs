//! Reading settings from everywhere they may be written, remembering where each came from.

use super::key::{KEYS, Key};
use super::preset::{PRESETS, Preset};
use super::value::Given;
use super::{Settings, default_state_dir};
use crate::mistake::{Mistake, Mistakes, Written, unknown};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// The file that is read when none is named.
pub const CONFIG_FILE: &str = "faasim.toml";

/// Where settings may come from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// `--preset NAME`.
    pub preset: Option<String>,
    /// `--config FILE`; it must be there. Without one `faasim.toml` of `folder` is read, if there is one.
    pub config: Option<PathBuf>,
    /// The working folder; empty is the process' own.
    pub folder: PathBuf,
    /// The environment; only `FAASIM_…` is looked at.
    pub environment: Vec<(String, String)>,
    /// `--set section.key=value`, in order.
    pub sets: Vec<String>,
    /// Flags with a name of their own: key, value, the flag as it was typed. They win over everything.
    pub flags: Vec<(&'static str, String, String)>,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// A preset's name.
    Preset(&'static str),
    /// A file, with the line.
    File {
        /// The path as given.
        path: String,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => write!(f, "default"),
            Origin::Preset(name) => write!(f, "preset {name}"),
            Origin::File { path, line } => write!(f, "{path}:{line}"),
            Origin::Variable(name) | Origin::Flag(name) => write!(f, "{name}"),
        }
    }
}

/// Settings, and where each came from.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// What the cluster is run with.
    pub settings: Settings,
    origins: BTreeMap<&'static str, Origin>,
    /// What the person should know, though nothing is wrong with it.
    pub notes: Vec<String>,
}

impl Loaded {
    /// Reads every source; the last one that names a key wins.
    ///
    /// # Errors
    /// Every mistake in every source, each with its place.
    pub fn read(sources: &Sources) -> Result<Self, Mistakes> {
        let mut loaded = Loaded::default();
        let mut mistakes = Mistakes::new();
        if let Some(name) = &sources.preset {
            match Preset::find(name) {
                Some(preset) => loaded.apply_preset(preset, &mut mistakes),
                None => mistakes
                    .push(Mistake::of("--preset", unknown("preset", name, PRESETS.iter().map(|p| p.name)))),
            }
        }
        match &sources.config {
            Some(path) => loaded.apply_file(path, &mut mistakes),
            None => {
                let path = sources.folder.join(CONFIG_FILE);
                if path.exists() {
                    loaded.apply_file(&path, &mut mistakes);
                }
            }
        }
        loaded.apply_environment(&sources.environment, &mut mistakes);
        for set in &sources.sets {
            loaded.apply_set(set, &mut mistakes);
        }
        for (key, value, flag) in &sources.flags {
            if let Some(key) = Key::find(key) {
                let given = Given::Plain(value.clone());
                let place = |what| Mistake::of(flag.clone(), what);
                loaded.assign(key, &given, Origin::Flag(flag.clone()), &mut mistakes, place);
            }
        }
        loaded.look_over();
        mistakes.or(loaded)
    }

    /// Where the value of `key` came from.
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
    }

    /// The settings as a `faasim.toml` that gives them again, each with where it came from.
    pub fn print_config(&self) -> String {
        let mut settings = self.settings.clone();
        settings.state.dir.get_or_insert_with(default_state_dir);
        let lines: Vec<(&Key, String)> =
            KEYS.iter().map(|key| (key, format!("{} = {}", key.parts().1, (key.toml)(&settings)))).collect();
        let width = lines.iter().map(|(_, l)| l.chars().count()).filter(|n| *n <= 48).max().unwrap_or(0);
        let mut out = String::new();
        let mut section = "";
        for (key, line) in &lines {
            if key.parts().0 != section {
                out += if section.is_empty() { "" } else { "\n" };
                section = key.parts().0;
                out += &format!("[{section}]\n");
            }
            out += &format!("{line:width$}  # {}: {}\n", self.origin(key.name), key.about);
        }
        out
    }

    fn assign(
        &mut self,
        key: &'static Key,
        given: &Given,
        origin: Origin,
        mistakes: &mut Mistakes,
        mistake: impl Fn(String) -> Mistake,
    ) {
        match (key.set)(&mut self.settings, given) {
            Ok(()) => {
                self.origins.insert(key.name, origin);
            }
            Err(allowed) => {
                mistakes.push(mistake(format!("{} cannot be {}: write {allowed}", key.name, given.shown())));
            }
        }
    }

    fn apply_preset(&mut self, preset: &'static Preset, mistakes: &mut Mistakes) {
        for (name, value) in preset.values {
            if let Some(key) = Key::find(name) {
                let given = Given::Plain((*value).to_owned());
                let place = |what| Mistake::of(format!("preset {}", preset.name), what);
                self.assign(key, &given, Origin::Preset(preset.name), mistakes, place);
            }
        }
    }

    fn apply_file(&mut self, path: &Path, mistakes: &mut Mistakes) {
        match std::fs::read_to_string(path) {
            Ok(text) => self.apply_toml(&Written::new(path.display().to_string(), text), mistakes),
            Err(why) => mistakes.push(unreadable(path, &why)),
        }
    }

    fn apply_toml(&mut self, written: &Written, mistakes: &mut Mistakes) {
        let (table, errors) = DeTable::parse_recoverable(written.text());
        for error in &errors {
            let span = error.span().unwrap_or(0..0);
            mistakes.push(Mistake::at(
                written,
                span,
                format!("this is not TOML: {}", one_line(error.message())),
            ));
        }
        if !errors.is_empty() {
            // What was recovered may be anything: complaints about it would only confuse.
            return;
        }
        let sections = || {
            let mut names: Vec<&str> = KEYS.iter().map(|key| key.parts().0).collect();
            names.dedup();
            names
        };
        for (section, body) in table.get_ref() {
            let name = section.get_ref().as_ref();
            if !sections().contains(&name) {
                let what = unknown("section", name, sections());
                mistakes.push(Mistake::at(written, section.span(), what));
            } else if let DeValue::Table(body) = body.get_ref() {
                self.apply_section(name, body, written, mistakes);
            } else {
                let what =
                    format!("`{name}` is a section: write `[{name}]` and its settings in the lines below");
                mistakes.push(Mistake::at(written, section.span(), what));
            }
        }
    }

    fn apply_section(
        &mut self,
        section: &str,
        body: &DeTable<'_>,
        written: &Written,
        mistakes: &mut Mistakes,
    ) {
        for (name, value) in body {
            let Some(key) = Key::find(&format!("{section}.{}", name.get_ref())) else {
                let names: Vec<&str> = KEYS
                    .iter()
                    .map(Key::parts)
                    .filter(|(s, _)| *s == section)
                    .map(|(_, name)| name)
                    .collect();
                let what = unknown(&format!("setting of [{section}]"), name.get_ref(), names);
                mistakes.push(Mistake::at(written, name.span(), what));
                continue;
            };
            let span: Range<usize> = value.span();
            let line = written.position(name.span().start).0;
            let origin = Origin::File { path: written.name().to_owned(), line };
            let place = |what| Mistake::at(written, span.clone(), what);
            self.assign(key, &given(value.get_ref()), origin, mistakes, place);
        }
    }

    /// `FAASIM_STATE`, `FAASIM_ORACLES` and such are no settings; a name that begins with a section's is
    /// meant as one.
    fn apply_environment(&mut self, environment: &[(String, String)], mistakes: &mut Mistakes) {
        for (name, value) in environment {
            if let Some(key) = KEYS.iter().find(|key| key.variable() == *name) {
                let given = Given::Plain(value.clone());
                let place = |what| Mistake::of(name.clone(), what);
                self.assign(key, &given, Origin::Variable(name.clone()), mistakes, place);
            } else if KEYS
                .iter()
                .any(|key| name.starts_with(&format!("FAASIM_{}_", key.parts().0.to_uppercase())))
            {
                let names: Vec<String> = KEYS.iter().map(Key::variable).collect();
                let what = unknown("variable", name, names.iter().map(String::as_str));
                mistakes.push(Mistake::of("environment", what));
            }
        }
    }

    fn apply_set(&mut self, set: &str, mistakes: &mut Mistakes) {
        let place = |what| Mistake::of(format!("--set {set}"), what);
        let Some((name, value)) = set.split_once('=') else {
            mistakes.push(place("write `section.key=value`, such as `hpa.sync-period=5s`".into()));
            return;
        };
        match Key::find(name.trim()) {
            Some(key) => {
                let given = Given::Plain(value.trim().to_owned());
                self.assign(key, &given, Origin::Flag(format!("--set {}", key.name)), mistakes, place);
            }
            None => mistakes.push(place(unknown("setting", name.trim(), KEYS.iter().map(|key| key.name)))),
        }
    }

    /// Settings that are allowed, yet work against each other.
    fn look_over(&mut self) {
        let gateway = &self.settings.gateway;
        if gateway.upstream_timeout > gateway.write_timeout {
            self.notes.push(
                "gateway.upstream-timeout is longer than gateway.write-timeout: a slow call is cut off without \
                 a reply"
                    .into(),
            );
        }
        if self.settings.pods.backoff_initial > self.settings.pods.backoff_max {
            self.notes.push("pods.backoff-initial is longer than pods.backoff-max, which then holds".into());
        }
        if self.settings.metrics.interval > self.settings.hpa.sync_period {
            self.notes.push(
                "metrics.interval is longer than hpa.sync-period: the autoscaler looks at the same measurement \
                 more than once"
                    .into(),
            );
        }
    }
}

/// Reads one settings file and nothing else.
///
/// # Errors
/// Every mistake in it.
pub fn check_file(path: &Path) -> Result<Loaded, Mistakes> {
    Loaded::read(&Sources { config: Some(path.to_owned()), ..Sources::default() })
}

fn unreadable(path: &Path, why: &std::io::Error) -> Mistake {
    Mistake::of(path.display().to_string(), format!("cannot be read: {why}"))
}

fn one_line(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join(", ")
}

fn given(value: &DeValue<'_>) -> Given {
    match value {
        DeValue::String(text) => Given::Text(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Given::Whole(number),
            Err(_) => Given::Other("number that is too large"),
        },
        DeValue::Float(number) => number.as_str().parse().map_or(Given::Other("number"), Given::Decimal),
        DeValue::Boolean(flag) => Given::Flag(*flag),
        DeValue::Array(items) => {
            let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
            texts
                .collect::<Option<Vec<String>>>()
                .map_or(Given::Other("list of other things than texts"), Given::List)
        }
        DeValue::Datetime(_) => Given::Other("date"),
        DeValue::Table(_) => Given::Other("section"),
    }
}
