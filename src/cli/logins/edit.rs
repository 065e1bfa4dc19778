//! Changes one entry of `auths:` in the text of the file, so that comments and whatever else is there stay. What comes
//! out is read again and compared with what it should say; a file in a style that lines cannot be put into is written
//! anew instead.

use super::same;
use serde_norway::{Mapping, Value};
use std::ops::Range;

/// The text with this login in it.
pub(super) fn set(text: &str, gateway: &str, token: &str) -> Result<String, String> {
    let wanted = expect(text, gateway, |logins, at| {
        let at = at.unwrap_or_else(|| {
            logins.push(Value::Mapping(Mapping::new()));
            logins.len() - 1
        });
        let entry = logins.get_mut(at).and_then(Value::as_mapping_mut).ok_or("a login is no mapping")?;
        let new = entry.is_empty();
        if new {
            entry.insert("gateway".into(), gateway.into());
        }
        entry.insert("auth".into(), "basic".into());
        entry.insert("token".into(), token.into());
        if new {
            entry.insert("options".into(), Value::Sequence(Vec::new()));
        }
        Ok(())
    })?;
    let lines: Vec<&str> = text.lines().collect();
    let place = Place::find(&lines);
    let indent = place.as_ref().map_or(0, |p| p.indent);
    let pad = " ".repeat(indent);
    let entry = |gateway: &str| {
        format!("{pad}- gateway: {gateway}\n{pad}  auth: basic\n{pad}  token: {token}\n{pad}  options: []")
    };
    let drafted = match &place {
        // An entry that is there gets its token changed and nothing else.
        Some(place) => match place.entries.iter().find(|e| is_at(&lines[(*e).clone()], gateway)) {
            Some(range) => {
                let changed = lines.iter().enumerate().map(|(number, line)| {
                    let inside = range.contains(&number);
                    match line.split_once("token:") {
                        Some((before, _)) if inside => format!("{before}token: {token}"),
                        _ => (*line).to_owned(),
                    }
                });
                changed.collect()
            }
            None => with_line(&lines, place.end, &entry(gateway)),
        },
        None if lines.iter().any(|l| l.starts_with("auths:")) => Vec::new(),
        None => with_line(&with_line(&lines, lines.len(), "auths:"), lines.len() + 1, &entry(gateway)),
    };
    Ok(checked(drafted.join("\n") + "\n", &wanted))
}

/// The text without the login at this gateway.
pub(super) fn remove(text: &str, gateway: &str) -> Result<String, String> {
    let wanted = expect(text, gateway, |logins, at| {
        at.map(|at| logins.remove(at));
        Ok(())
    })?;
    let lines: Vec<&str> = text.lines().collect();
    let place = Place::find(&lines);
    let entry = place.and_then(|p| p.entries.into_iter().find(|e| is_at(&lines[e.clone()], gateway)));
    let left =
        lines.iter().enumerate().filter(|(number, _)| !entry.as_ref().is_some_and(|e| e.contains(number)));
    let left: Vec<&str> = left.map(|(_, line)| *line).collect();
    Ok(checked(left.join("\n") + "\n", &wanted))
}

/// What the file is to say: read, and changed as a value.
fn expect(
    text: &str,
    gateway: &str,
    change: impl FnOnce(&mut Vec<Value>, Option<usize>) -> Result<(), &'static str>,
) -> Result<Value, String> {
    let mut value: Value = serde_norway::from_str(text).map_err(|e| e.to_string())?;
    if value.is_null() {
        value = Value::Mapping(Mapping::new());
    }
    let top = value.as_mapping_mut().ok_or("it has no `auths:`")?;
    let logins = top.entry("auths".into()).or_insert_with(|| Value::Sequence(Vec::new()));
    if logins.is_null() {
        *logins = Value::Sequence(Vec::new());
    }
    let logins = logins.as_sequence_mut().ok_or("its `auths` is no list")?;
    let at = logins.iter().position(|l| l["gateway"].as_str().is_some_and(|g| same(g, gateway)));
    change(logins, at)?;
    Ok(value)
}

/// The draft if it says what it should, else the value written anew.
fn checked(draft: String, wanted: &Value) -> String {
    let read: Option<Value> = serde_norway::from_str(&draft).ok();
    let none =
        |value: &Value| value["auths"].is_null() || value["auths"].as_sequence().is_some_and(Vec::is_empty);
    match read {
        Some(read) if read == *wanted || (none(&read) && none(wanted)) => draft,
        _ => serde_norway::to_string(wanted).unwrap_or_default(),
    }
}

/// Where the entries of `auths:` are, in lines.
struct Place {
    indent: usize,
    entries: Vec<Range<usize>>,
    end: usize,
}

impl Place {
    fn find(lines: &[&str]) -> Option<Place> {
        let start = lines.iter().position(|line| line.trim_end() == "auths:")? + 1;
        let indent_of = |line: &str| line.len() - line.trim_start().len();
        let indent =
            lines[start..].iter().find(|l| l.trim_start().starts_with("- ")).map(|l| indent_of(l))?;
        let mut entries: Vec<Range<usize>> = Vec::new();
        for (number, line) in lines.iter().enumerate().skip(start) {
            let begins = indent_of(line) == indent && line.trim_start().starts_with("- ");
            let goes_on = indent_of(line) > indent && !line.trim().is_empty();
            if begins {
                entries.push(number..number + 1);
            } else if goes_on && let Some(last) = entries.last_mut() {
                last.end = number + 1;
            } else if !line.trim().is_empty() && !line.trim_start().starts_with('#') {
                break;
            }
        }
        let end = entries.last()?.end;
        Some(Place { indent, entries, end })
    }
}

fn is_at(entry: &[&str], gateway: &str) -> bool {
    entry.iter().any(|line| {
        let line = line.trim_start().trim_start_matches("- ").trim_start();
        line.strip_prefix("gateway:").is_some_and(|g| same(g.trim().trim_matches(['"', '\'']), gateway))
    })
}

fn with_line(lines: &[impl AsRef<str>], at: usize, line: &str) -> Vec<String> {
    let mut all: Vec<String> = lines.iter().map(|l| l.as_ref().to_owned()).collect();
    all.insert(at.min(all.len()), line.to_owned());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "http://127.0.0.1:8080";

    #[test]
    fn a_new_file_is_as_faas_cli_writes_it() {
        let text = "auths:\n- gateway: http://127.0.0.1:8080\n  auth: basic\n  token: T\n  options: []\n";
        assert_eq!(set("", OURS, "T").unwrap(), text);
        assert_eq!(set("auths: []\n", OURS, "T").unwrap(), text);
        assert_eq!(set(text, OURS, "T").unwrap(), text);
    }

    #[test]
    fn what_others_wrote_stays() {
        let text = "# mine\nauths:\n  # the cloud\n  - gateway: https://cloud.example\n    auth: oauth2\n    token: abc # secret\n    \
                    options:\n      - name: x\n        value: y\n\n  - gateway: http://localhost:8080/\n    auth: basic\n    \
                    token: old\nother: 5 # kept\n";
        assert_eq!(set(text, OURS, "new").unwrap(), text.replace("token: old", "token: new"));
    }

    #[test]
    fn an_entry_comes_after_the_others() {
        let text = "auths:\n- gateway: https://cloud.example # mine\n  auth: basic\n  token: abc\n  options: []\n# end\n";
        let changed = set(text, OURS, "T").unwrap();
        let entry = "- gateway: http://127.0.0.1:8080\n  auth: basic\n  token: T\n  options: []\n";
        assert_eq!(changed, text.replace("# end\n", &format!("{entry}# end\n")));
        assert_eq!(remove(&changed, "http://localhost:8080").unwrap(), text);
    }

    #[test]
    fn a_style_without_lines_keeps_its_meaning() {
        let text = "auths: [{gateway: 'https://cloud.example', auth: basic, token: abc, options: []}]\n";
        let changed: Value = serde_norway::from_str(&set(text, OURS, "T").unwrap()).unwrap();
        assert_eq!(changed["auths"][0]["token"], "abc");
        assert_eq!(
            (&changed["auths"][1]["gateway"], &changed["auths"][1]["token"]),
            (&OURS.into(), &"T".into())
        );
        let left: Value = serde_norway::from_str(&remove(text, "https://cloud.example").unwrap()).unwrap();
        assert_eq!(left["auths"].as_sequence().map(Vec::len), Some(0));
    }
}
