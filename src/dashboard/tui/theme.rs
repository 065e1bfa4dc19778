//! Colours, each with a meaning. Every meaning is also said by a word, a mark or a weight, so that the screen
//! reads the same without them (`NO_COLOR`).

use ratatui::style::{Color, Modifier, Style};

/// How things look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Colours may be used.
    pub color: bool,
}

impl Theme {
    /// With colours unless `NO_COLOR` is set to anything (<https://no-color.org>).
    pub fn from_environment() -> Self {
        Theme { color: std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()) }
    }

    fn fg(self, color: Color) -> Style {
        if self.color { Style::new().fg(color) } else { Style::new() }
    }

    /// Plain text.
    pub fn plain(self) -> Style {
        Style::new()
    }

    /// Headings and what counts most.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What may be overlooked.
    pub fn faint(self) -> Style {
        // Not a dark grey: in some palettes that is the background.
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Where the keys go.
    pub fn focus(self) -> Style {
        self.fg(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// A key to press.
    pub fn key(self) -> Style {
        self.fg(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// What is chosen.
    pub fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// As it should be.
    pub fn good(self) -> Style {
        self.fg(Color::Green)
    }

    /// On its way, or to be looked at.
    pub fn warn(self) -> Style {
        self.fg(Color::Yellow)
    }

    /// It failed.
    pub fn bad(self) -> Style {
        self.fg(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// The filled part of a chart.
    pub fn area(self) -> Style {
        self.fg(Color::LightBlue)
    }

    /// The line of a chart.
    pub fn line(self) -> Style {
        self.fg(Color::Yellow)
    }

    /// The target in a chart.
    pub fn target(self) -> Style {
        self.fg(Color::Magenta)
    }

    /// A line's dots where they cross the filled part.
    pub fn over_area(self, line: Style) -> Style {
        if self.color {
            line.fg(Color::Black).bg(Color::LightBlue)
        } else {
            Style::new().add_modifier(Modifier::REVERSED)
        }
    }
}
