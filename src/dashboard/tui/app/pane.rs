//! The parts of the screen.

use crate::mistake::unknown;
use serde::Deserialize;

/// A part of the screen that the arrow keys can act on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pane {
    /// The table of functions.
    #[default]
    Functions,
    /// The charts of the chosen function.
    Charts,
    /// The table of its pods.
    Pods,
    /// The working of its last decision.
    Why,
    /// Its events.
    Events,
    /// What its pods, or faasim itself, write.
    Log,
    /// Its last requests.
    Requests,
    /// Asynchronous calls.
    Async,
    /// The page of a lesson, where there is one.
    #[serde(skip)]
    Lesson,
}

impl Pane {
    /// All that are always there, in the order of their keys 1 to 8.
    pub const ALL: [Pane; 8] = [
        Pane::Functions,
        Pane::Charts,
        Pane::Pods,
        Pane::Why,
        Pane::Events,
        Pane::Log,
        Pane::Requests,
        Pane::Async,
    ];

    /// The pane of that name, as a lesson names it: its title in small letters.
    ///
    /// # Errors
    /// What was probably meant.
    pub fn parse(name: &str) -> Result<Pane, String> {
        let found = Self::ALL.into_iter().find(|pane| pane.name() == name);
        let names = Self::ALL.map(Pane::name);
        found.ok_or_else(|| unknown("pane", name, names.iter().map(String::as_str)))
    }

    /// Its name in a lesson.
    pub fn name(self) -> String {
        self.title().to_lowercase()
    }

    /// The key that leads to it.
    pub fn number(self) -> usize {
        if self == Pane::Lesson { 0 } else { self as usize + 1 }
    }

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Pane::Functions => "Functions",
            Pane::Charts => "Charts",
            Pane::Pods => "Pods",
            Pane::Why => "Why",
            Pane::Events => "Events",
            Pane::Log => "Log",
            Pane::Requests => "Requests",
            Pane::Async => "Async",
            Pane::Lesson => "Lesson",
        }
    }
}
