//! Parts of pages that are made from the code: between `<!-- generated: NAME -->` and `<!-- generated: end -->`.

use super::{accepting, pages};
use crate::cluster::Cluster;
use faasim::live::settings::{KEYS, PRESETS, Settings};
use std::collections::BTreeMap;
use std::path::Path;

const END: &str = "<!-- generated: end -->";

#[test]
fn what_is_made_from_the_code_is_as_the_code_has_it() {
    let mut stale = Vec::new();
    for path in pages() {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut new = String::new();
        let mut rest = &*text;
        while let Some((before, after)) = rest.split_once("\n<!-- generated: ") {
            let (name, after) = after.split_once(" -->").unwrap();
            let (_, after) = after.split_once(END).unwrap_or_else(|| panic!("{}: no end", path.display()));
            new += &format!("{before}\n<!-- generated: {name} -->\n{}\n{END}", make(name).trim_end());
            rest = after;
        }
        new += rest;
        if new != text {
            match accepting() {
                true => std::fs::write(&path, new).unwrap(),
                false => stale.push(path.display().to_string()),
            }
        }
    }
    assert!(stale.is_empty(), "stale: {}; FAASIM_DOCS=accept makes them anew", stale.join(", "));
}

fn make(name: &str) -> String {
    match name {
        "commands" => commands(),
        "settings" => settings(),
        "presets" => presets(),
        "metrics" => metrics(),
        "scenario" => scenario(),
        other => panic!("nothing makes `{other}`"),
    }
}

/// Each command's help as the program prints it, without what all of them have.
fn commands() -> String {
    let mut out = String::new();
    let mut line = faasim::cli::command_line().term_width(100);
    line.build();
    for command in line.get_subcommands().filter(|c| c.get_name() != "help") {
        help(command, "faasim", "##", &mut out);
    }
    out
}

fn help(command: &clap::Command, above: &str, level: &str, out: &mut String) {
    let name = format!("{above} {}", command.get_name());
    let text = command.clone().term_width(100).render_long_help().to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut kept: Vec<&str> = Vec::new();
    let mut skip = false;
    for line in lines {
        // The options of which cluster are said once, at the top of the page.
        skip = match line {
            "Cluster:" => true,
            line => skip && (line.is_empty() || line.starts_with(' ')),
        };
        let double = line.is_empty() && kept.last().is_none_or(|last| last.is_empty());
        if !skip && !double {
            kept.push(line);
        }
    }
    *out += &format!("{level} {name}\n\n```text\n{}\n```\n\n", kept.join("\n").trim_end());
    for inner in command.get_subcommands().filter(|c| c.get_name() != "help") {
        help(inner, &name, &format!("{level}#"), out);
    }
}

#[test]
fn every_command_says_in_a_line_what_it_is_for_and_has_an_example() {
    fn look(command: &clap::Command, above: &str, wrong: &mut Vec<String>) {
        let name = format!("{above} {}", command.get_name());
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        if about.is_empty() || about.lines().count() > 1 {
            wrong.push(format!("{name}: `{about}`"));
        }
        // The parts of a command may be shown where the whole is.
        let shown = |command: &clap::Command| {
            command.get_after_help().is_some_and(|text| text.to_string().contains("Example"))
        };
        let part = above.contains(' ');
        if !shown(command) && !part {
            wrong.push(format!("{name}: no example"));
        }
        for argument in command.get_arguments().filter(|a| !a.is_hide_set() && a.get_help().is_none()) {
            wrong.push(format!("{name}: {} has no help", argument.get_id()));
        }
        command
            .get_subcommands()
            .filter(|c| c.get_name() != "help")
            .for_each(|inner| look(inner, &name, wrong));
    }
    let mut wrong = Vec::new();
    let line = faasim::cli::command_line();
    line.get_subcommands().for_each(|command| look(command, "faasim", &mut wrong));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn settings() -> String {
    let mut out = String::new();
    let defaults = Settings::default();
    let mut section = "";
    for key in KEYS {
        let (now, _) = key.parts();
        if now != section {
            section = now;
            out += &format!(
                "\n### `[{section}]`\n\n| setting | default | what it is | variable |\n|---|---|---|---|\n"
            );
        }
        let value = (key.toml)(&defaults);
        let value = if value.is_empty() { "–".into() } else { format!("`{value}`") };
        out += &format!(
            "| `{}` | {value} | {} | `{}` |\n",
            key.name,
            key.about.replace('|', "\\|"),
            key.variable()
        );
    }
    out
}

fn presets() -> String {
    let mut out = String::from("| preset | what it is for | settings |\n|---|---|---|\n");
    for preset in PRESETS {
        let values: Vec<String> = preset.values.iter().map(|(k, v)| format!("`{k} = {v}`")).collect();
        out += &format!("| `{}` | {} | {} |\n", preset.name, preset.about, values.join(", "));
    }
    out
}

fn curl(arguments: &[&str]) -> String {
    let done = std::process::Command::new("curl").arg("-s").args(arguments).output().unwrap();
    String::from_utf8(done.stdout).unwrap()
}

/// The families that a running cluster has after a call, with their labels.
fn metrics() -> String {
    let cluster = Cluster::up(
        "  echo: { image: faasim/base, fprocess: faasim function echo, requests: { cpu: 10m, memory: 16Mi }, limits: { cpu: 1, memory: 64Mi } }\n",
        &[],
    );
    cluster.until_ready("echo", 1);
    cluster.says(&["invoke", "echo", "--body", "x"]);
    cluster.says(&["autoscale", "echo", "--cpu-percent", "50", "--max", "2"]);
    let password = cluster.says(&["password"]);
    let login = format!("admin:{}", password.trim());
    let view = curl(&["-u", &login, &format!("{}/system/faasim/view", cluster.gateway)]);
    let view: serde_json::Value = serde_json::from_str(&view).unwrap();
    let text = curl(&[view["platform"]["metrics"].as_str().unwrap()]);
    let mut families: BTreeMap<String, (String, String, Vec<String>)> = BTreeMap::new();
    let mut order = Vec::new();
    let label_names = regex::Regex::new(r#"([a-z_]+)=""#).unwrap();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            order.push(name.to_owned());
            families.entry(name.to_owned()).or_default().1 = help.to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            families.entry(name.to_owned()).or_default().0 = kind.to_owned();
        } else if let Some((name, rest)) = line.split_once('{') {
            let family = order.iter().filter(|f| name.starts_with(f.as_str())).max_by_key(|f| f.len());
            let family = family.unwrap_or_else(|| panic!("{line}"));
            let labels = &mut families.get_mut(family).unwrap().2;
            let inside = rest.rsplit_once('}').unwrap().0;
            for label in label_names.captures_iter(inside) {
                if !labels.contains(&label[1].to_owned()) {
                    labels.push(label[1].to_owned());
                }
            }
        }
    }
    assert!(order.len() > 30, "{text}");
    let mut out = String::from("| family | type | labels | what it is |\n|---|---|---|---|\n");
    for name in order {
        let (kind, help, labels) = &families[&name];
        out += &format!("| `{name}` | {kind} | {} | {} |\n", labels.join(", "), help.replace('|', "\\|"));
    }
    out
}

/// The keys of a scenario, from the structures that it is read into.
fn scenario() -> String {
    let read =
        |file: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let mut out = String::new();
    for (file, names) in [
        (
            "src/lab/scenario.rs",
            &[
                ("Scenario", "at the top"),
                ("Platform", "`[platform]`"),
                ("Autoscaler", "`[[autoscaler]]`"),
                ("Phase", "`[[phase]]`"),
                ("Prices", "`[prices]`"),
            ][..],
        ),
        (
            "src/lab/scenario/function.rs",
            &[("Function", "`[[function]]`"), ("Amounts", "`requests` and `limits`")][..],
        ),
        ("src/lab/scenario/load.rs", &[("Load", "`[[load]]`"), ("TraceOf", "`[trace]`")][..]),
        ("src/lab/scenario/step.rs", &[("Step", "`[[step]]`: `do =`")][..]),
        ("src/sim/model.rs", &[("Model", "`[function.model]`"), ("Startup", "`startup`")][..]),
        ("src/sim/law.rs", &[("Law", "a law: `law =`")][..]),
        ("src/sim/arrivals/rate.rs", &[("Rate", "a shape of a rate: `shape =`")][..]),
    ] {
        let text = read(file);
        for (name, title) in names {
            out += &structure(&text, name, title);
        }
    }
    out
}

/// A variant of an enum while it is read: its key, what it is, its own keys.
type Variant = (String, String, Vec<String>);

/// A table of a struct's or an enum's keys, from its doc comments.
fn structure(text: &str, name: &str, title: &str) -> String {
    let begin = |line: &str| {
        [format!("pub struct {name} {{"), format!("pub enum {name} {{")].iter().any(|b| line.starts_with(b))
    };
    let mut lines = text.lines().skip_while(|line| !begin(line));
    let first = lines.next().unwrap_or_else(|| panic!("there is no {name}"));
    let is_enum = first.starts_with("pub enum");
    let mut out = format!("\n### {title}\n\n| key | what it is |\n|---|---|\n");
    let mut about: Vec<&str> = Vec::new();
    let mut variant: Option<Variant> = None;
    let (mut renamed, mut skipped) = (None, false);
    for line in lines.take_while(|line| *line != "}") {
        let line = line.trim();
        if let Some(words) = line.strip_prefix("///") {
            about.push(words.trim());
        } else if line == "#[serde(skip)]" {
            skipped = true;
        } else if skipped && line.contains(':') {
            // Not to be written by a person.
            (skipped, about) = (false, Vec::new());
        } else if let Some(rest) = line.split("rename = \"").nth(1) {
            renamed = rest.split('"').next().map(str::to_owned);
        } else if line == "}," {
            let (key, about, fields) = variant.take().unwrap();
            out += &format!("| `{key}` | {about} Keys: {}. |\n", fields.join(", "));
        } else if line.starts_with('#') || line.starts_with(')') || line.is_empty() {
        } else if is_enum && variant.is_none() {
            let key = kebab(line.split([' ', ',', '(']).next().unwrap());
            let words = about.join(" ");
            match line.ends_with('{') {
                true => variant = Some((key, words, Vec::new())),
                false => out += &format!("| `{key}` | {words} |\n"),
            }
            about.clear();
        } else if let Some((field, _)) = line.split_once(':') {
            let key = renamed.take().unwrap_or_else(|| field.trim_start_matches("pub ").replace('_', "-"));
            let words = about.join(" ").replace('|', "\\|");
            match &mut variant {
                Some((_, _, fields)) => {
                    fields.push(format!("`{key}` ({})", uncapitalized(words.trim_end_matches('.'))));
                }
                None => out += &format!("| `{key}` | {words} |\n"),
            }
            about.clear();
        }
    }
    out
}

fn kebab(name: &str) -> String {
    let mut out = String::new();
    for (i, c) in name.chars().enumerate() {
        if c.is_uppercase() && i > 0 {
            out.push('-');
        }
        out.extend(c.to_lowercase());
    }
    out
}

fn uncapitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |c| c.to_lowercase().chain(letters).collect())
}
