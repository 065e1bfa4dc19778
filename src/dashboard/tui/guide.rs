//! A lesson beside the screen: what it shows, and who leads through it.

use super::app::{Effect, Pane};
use super::link::Pace;
use crate::dashboard::view::View;

/// What a lesson's pane shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guide {
    /// The lesson.
    pub lesson: String,
    /// `page 3 of 9`.
    pub place: String,
    /// The page's heading.
    pub title: String,
    /// What there is to read, in order.
    pub parts: Vec<(Part, String)>,
    /// The keys of the moment.
    pub keys: Vec<(&'static str, &'static str)>,
    /// What counts stands at the end: a question, an answer.
    pub ends_count: bool,
}

/// What a part of the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The last thing that was to be done is done.
    Praise,
    /// Something to know.
    Text,
    /// Something to do.
    Task,
    /// What is waited for.
    Wanted,
    /// Help.
    Hint,
    /// Something to think about.
    Question,
    /// What comes out.
    Answer,
}

impl Part {
    /// What stands before it, so that it is told apart without colours.
    pub fn mark(self) -> &'static str {
        match self {
            Part::Praise => "✓ ",
            Part::Text => "",
            Part::Task => "→ ",
            Part::Wanted => "  ",
            Part::Hint => "i ",
            Part::Question => "? ",
            Part::Answer => "= ",
        }
    }
}

/// What a student wishes of a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The next thing: an answer, a page.
    GoOn,
    /// The page before.
    GoBack,
    /// Help.
    Hint,
    /// Do it for me.
    Solve,
}

/// Leads a student through a lesson. It is shown every view, and says what the screen is to do.
pub trait Tutor: Send {
    /// A view came, while the student looks at this part of the screen.
    fn observe(&mut self, view: &View, pane: Pane);
    /// The student wishes something.
    fn wish(&mut self, wish: Wish);
    /// The student did something to the cluster by a key.
    fn acted(&mut self);
    /// The student lets time pass otherwise.
    fn paced(&mut self, pace: Pace);
    /// What is to be done since this was asked last.
    fn effects(&mut self) -> Vec<Effect>;
    /// What there is to read now.
    fn guide(&self) -> Guide;
}
