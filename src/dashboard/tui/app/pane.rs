//! The parts of the screen.

/// A part of the screen that the arrow keys can act on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
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
