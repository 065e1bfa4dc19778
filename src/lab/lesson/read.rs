//! Reading a lesson: every mistake with its line and column, and what was probably meant.

use super::{File, Lesson, Page, PageFile, Text, Where, values};
use crate::lab::scenario::Variant;
use crate::lab::scenario::read as scenario;
use crate::mistake::{Mistake, Mistakes, Written, nearest};
use std::collections::BTreeMap;
use std::path::Path;

/// Reads a lesson from its file, whose name without numbers in front is the lesson's.
///
/// # Errors
/// Every mistake with its place.
pub fn read(path: &Path) -> Result<Lesson, Mistakes> {
    let name = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|e| Mistake::of(&*name, format!("cannot be read: {e}")))?;
    let stem = path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    parse(&Written::new(name, text), &name_of(&stem))
}

/// `05-hpa-by-hand` is called `hpa-by-hand`.
pub(super) fn name_of(stem: &str) -> String {
    let name = stem.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(['-', '_']);
    if name.is_empty() { stem.to_owned() } else { name.to_owned() }
}

/// [`read`] of a text.
///
/// # Errors
/// Every mistake with its place.
pub fn parse(written: &Written, name: &str) -> Result<Lesson, Mistakes> {
    let file: File = toml::from_str(written.text()).map_err(|e| scenario::explained(written, &e))?;
    let base: toml::Table = toml::from_str(written.text()).map_err(|e| scenario::explained(written, &e))?;
    let mut mistakes = Mistakes::new();
    check(written, &file, name, &mut mistakes);
    let file = mistakes.or(file)?;

    let in_virtual_time = variant(written, &file, name)?;
    let none = BTreeMap::new();
    let live = changed(written, &base, name, "live", file.live.as_ref().unwrap_or(&none))?;
    let mut pages = Vec::new();
    for page in file.page {
        let fresh = match &page.fresh {
            Some(values) => Some(changed(written, &base, name, "fresh", values)?),
            None => None,
        };
        pages.push(page.finished(fresh));
    }
    Ok(Lesson {
        name: name.to_owned(),
        title: file.title,
        about: file.about,
        minutes: file.minutes,
        cluster: file.cluster,
        may_be_live: file.live.is_some() || file.cluster == Where::Live,
        speed: file.speed,
        in_virtual_time,
        live,
        pages,
    })
}

fn variant(written: &Written, file: &File, name: &str) -> Result<Variant, Mistakes> {
    let scenario = file.scenario(name);
    let settings = scenario::settings_of(written, &scenario)?.settings;
    Ok(Variant { values: BTreeMap::new(), scenario, settings, text: String::new() })
}

/// The cluster with some values changed.
fn changed(
    written: &Written,
    base: &toml::Table,
    name: &str,
    part: &str,
    values: &BTreeMap<String, toml::Value>,
) -> Result<Variant, Mistakes> {
    let mut table = base.clone();
    for (path, value) in values {
        let wrong =
            |why: String| Mistake::at(written, scenario::span_of(written, path), format!("{part}: {why}"));
        scenario::set(&mut table, path, value.clone()).map_err(wrong)?;
    }
    let with = |e: toml::de::Error| Mistake::of(written.name(), format!("with the values of {part}: {e}"));
    // The places of texts are lost on the way, and nobody needs them any more.
    table.remove("page");
    let file: File = table.try_into().map_err(with)?;
    let mut mistakes = Mistakes::new();
    scenario::check(written, &file.scenario(name), &mut mistakes);
    let file = mistakes.or(file)?;
    variant(written, &file, name)
}

impl PageFile {
    fn finished(self, fresh: Option<Variant>) -> Page {
        let trimmed = |text: Text| text.into_inner().trim().to_owned();
        Page {
            title: self.title,
            text: trimmed(self.text),
            task: self.task.map(trimmed),
            until: self.until.into_vec(),
            hint: self.hint.map(trimmed),
            question: self.question.map(trimmed),
            answer: self.answer.map(trimmed),
            begin: self.begin.into_vec(),
            solution: self.solution.into_vec(),
            show: self.show,
            speed: self.speed,
            fresh,
        }
    }
}

/// What a type cannot check.
fn check(written: &Written, file: &File, name: &str, mistakes: &mut Mistakes) {
    scenario::check(written, &file.scenario(name), mistakes);
    let mut wrong = |near: &str, what: String| {
        mistakes.push(Mistake::at(written, scenario::span_of(written, near), what));
    };
    let functions: Vec<String> = file.function.iter().map(|f| f.name.clone()).collect();
    let names: Vec<&str> = functions.iter().map(String::as_str).collect();
    if file.page.is_empty() {
        wrong("title", "a lesson has at least one [[page]]".into());
    }
    let speeds = std::iter::once(Some(file.speed)).chain(file.page.iter().map(|p| p.speed));
    if speeds.flatten().any(|s| !(0.1..=60.0).contains(&s)) {
        wrong("speed", "speed: write a number from 0.1 to 60".into());
    }
    for page in &file.page {
        for act in page.begin.iter().chain(page.solution.iter()) {
            if let Some(function) = act.function()
                && !names.contains(&function)
            {
                let meant = nearest(function, names.iter().copied());
                let meant = meant.map_or_else(
                    || format!("there are {}", names.join(", ")),
                    |m| format!("did you mean `{m}`?"),
                );
                let text = act.to_string();
                wrong(&text, format!("`{text}`: no function `{function}`: {meant}"));
            }
        }
        for want in page.until.iter() {
            if let Err(why) = want.check(&names) {
                wrong(want.text(), format!("until: {why}"));
            }
        }
        let title = &page.title;
        if page.until.iter().next().is_some() && page.task.is_none() {
            wrong(title, format!("page `{title}`: `until` without a `task`: say what is to be done"));
        }
        if page.answer.is_some() && page.question.is_none() {
            wrong(title, format!("page `{title}`: `answer` without a `question`"));
        }
        if page.hint.is_some() && page.task.is_none() && page.question.is_none() {
            wrong(title, format!("page `{title}`: `hint` without a `task`"));
        }
        if page.fresh.is_some() && (file.live.is_some() || file.cluster == Where::Live) {
            wrong(title, format!("page `{title}`: `fresh` is for lessons in virtual time only"));
        }
    }
    for page in &file.page {
        let texts = [&page.task, &page.hint, &page.question, &page.answer];
        for text in std::iter::once(&page.text).chain(texts.into_iter().flatten()) {
            if let Err((line, what)) = values::check(text.get_ref(), &functions) {
                let span = text.span();
                let raw = written.text().get(span.clone()).unwrap_or_default();
                // A text in three quotes begins on the next line.
                let skipped = usize::from(raw.starts_with("\"\"\"\n") || raw.starts_with("'''\n"));
                let first = written.position(span.start).0;
                let start = written.offset(first + line - 1 + skipped, 1);
                let end = start + written.text()[start..].find('\n').unwrap_or(0);
                let of_line = written.text().get(start..end).unwrap_or_default();
                let start = start + of_line.find("{{").unwrap_or(0);
                mistakes.push(Mistake::at(written, start..end.max(start), what));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
title = "T"
about = "A"
[[function]]
name = "f"
process = "faasim function echo"
[[page]]
title = "One"
text = """
Some text,
{{ replicas }} replicas.
"""
task = "Do it."
until = "replicas == 2"
solution = ["scale f 2"]
question = "How many?"
answer = "{{ replicas }}"
"#;

    fn of(text: &str) -> Result<Lesson, Mistakes> {
        parse(&Written::new("x.toml", text), "x")
    }

    #[test]
    fn a_good_lesson_is_read() {
        let lesson = of(GOOD).unwrap();
        assert_eq!((lesson.pages.len(), lesson.pages[0].until.len()), (1, 1));
        assert!(!lesson.may_be_live);
        assert_eq!(name_of("05-hpa-by-hand"), "hpa-by-hand");
    }

    #[test]
    fn a_mistake_names_its_place_and_what_was_meant() {
        for (from, to, place, words) in [
            ("about", "abuot", "x.toml:3:1", "did you mean `about`"),
            ("until", "untill", "x.toml:14:1", "did you mean `until`"),
            ("replicas == 2", "replicsa == 2", "x.toml:14:9", "did you mean `replicas`"),
            ("scale f 2", "scale g 2", "x.toml:15:", "no function `g`"),
            ("scale f 2", "scael f 2", "x.toml:15:", "did you mean `scale`"),
            ("{{ replicas }} replicas", "{{ replicsa }} replicas", "x.toml:11:1", "did you mean `replicas`"),
            ("question = \"How many?\"\n", "", "x.toml:8:", "`answer` without a `question`"),
            ("task = \"Do it.\"\n", "", "x.toml:8:", "`until` without a `task`"),
        ] {
            assert!(GOOD.contains(from), "{from}");
            let text = of(&GOOD.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(text.starts_with(place) && text.contains(words), "{from} → {to}: {text}");
        }
    }
}
