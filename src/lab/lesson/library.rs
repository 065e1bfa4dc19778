//! The lessons that the binary carries, and those of a folder.

use super::{Lesson, read};
use crate::mistake::{Mistake, Mistakes, Written};
use rust_embed::Embed;
use std::path::Path;

#[derive(Embed)]
#[folder = "lessons/"]
struct Carried;

/// The lessons that come with faasim, in their order.
///
/// # Errors
/// A mistake in one of them.
pub fn carried() -> Result<Vec<Lesson>, Mistakes> {
    let mut names: Vec<String> = Carried::iter().map(|name| name.into_owned()).collect();
    names.retain(|name| name.ends_with(".toml"));
    names.sort();
    let mut lessons = Vec::new();
    for name in names {
        let Some(file) = Carried::get(&name) else { continue };
        let text = String::from_utf8_lossy(&file.data).into_owned();
        let written = Written::new(format!("lessons/{name}"), text);
        lessons.push(read::parse(&written, &read::name_of(name.trim_end_matches(".toml")))?);
    }
    Ok(lessons)
}

/// The lessons of a folder, by the names of their files.
///
/// # Errors
/// It cannot be read, or a mistake in one of them.
pub fn of_folder(folder: &Path) -> Result<Vec<Lesson>, Mistakes> {
    let wrong = |e: std::io::Error| Mistake::of(folder.display().to_string(), format!("cannot be read: {e}"));
    let entries = std::fs::read_dir(folder).map_err(wrong)?;
    let mut paths: Vec<_> = entries.filter_map(Result::ok).map(|e| e.path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    let mut mistakes = Mistakes::new();
    let mut lessons = Vec::new();
    for path in paths {
        match read::read(&path) {
            Ok(lesson) => lessons.push(lesson),
            Err(found) => mistakes.append(found),
        }
    }
    mistakes.or(lessons)
}
