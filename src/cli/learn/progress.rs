//! How far the student is in each lesson: a small file in the state folder.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is kept of each lesson, by its name.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    file: PathBuf,
    lessons: BTreeMap<String, Reached>,
}

/// How far one lesson is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reached {
    /// The page where it was left, from 0.
    pub(super) page: usize,
    /// It was finished once.
    #[serde(default)]
    pub(super) finished: bool,
}

impl Progress {
    /// What the state folder remembers; nothing where there is no such file, or one that cannot be read.
    pub(super) fn of(state: &Path) -> Self {
        let file = state.join("lessons.json");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        Progress { file, lessons: serde_json::from_str(&text).unwrap_or_default() }
    }

    pub(super) fn reached(&self, lesson: &str) -> Option<Reached> {
        self.lessons.get(lesson).copied()
    }

    /// Remembers a page of so many. What cannot be written is not worth a complaint in the middle of a lesson.
    pub(super) fn reach(&mut self, lesson: &str, page: usize, pages: usize) {
        let before = self.reached(lesson).unwrap_or_default();
        let over = page >= pages;
        let now = Reached { page: if over { 0 } else { page }, finished: before.finished || over };
        if self.lessons.insert(lesson.to_owned(), now) == Some(now) {
            return;
        }
        if let Some(folder) = self.file.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        let _ = std::fs::write(&self.file, serde_json::to_string(&self.lessons).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_is_left_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut progress = Progress::of(folder.path());
        progress.reach("x", 2, 5);
        assert_eq!(Progress::of(folder.path()).reached("x"), Some(Reached { page: 2, finished: false }));
        progress.reach("x", 5, 5);
        progress.reach("x", 1, 5);
        assert_eq!(Progress::of(folder.path()).reached("x"), Some(Reached { page: 1, finished: true }));
        std::fs::write(folder.path().join("lessons.json"), "no json").unwrap();
        assert_eq!(Progress::of(folder.path()).reached("x"), None);
    }
}
