//! Colours, each with a meaning. Every meaning is also said by a word, a mark or a weight, so that the screen
//! reads the same without them (`NO_COLOR`).

use ratatui::style::{Color, Modifier, Style};

/// How things look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Colours may be used.
    pub color: bool,
    /// The terminal's background is light: yellow and cyan would hardly be seen on it.
    pub light: bool,
}

impl Theme {
    /// With colours unless `NO_COLOR` is set to anything (<https://no-color.org>); for a light background where
    /// `COLORFGBG` says so, which Konsole, iTerm2, rxvt and others set.
    pub fn from_environment() -> Self {
        let color = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        Theme { color, light: std::env::var("COLORFGBG").is_ok_and(|said| is_light(&said)) }
    }

    fn fg(self, color: Color) -> Style {
        if self.color { Style::new().fg(self.seen(color)) } else { Style::new() }
    }

    /// The colour, or on a light background a darker one of the 256 that every terminal shows alike.
    fn seen(self, color: Color) -> Color {
        match color {
            Color::Yellow if self.light => Color::Indexed(130),
            Color::Cyan if self.light => Color::Indexed(25),
            Color::Green if self.light => Color::Indexed(28),
            Color::LightBlue if self.light => Color::Indexed(68),
            other => other,
        }
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
            let ink = if self.light { Color::White } else { Color::Black };
            line.fg(ink).bg(self.seen(Color::LightBlue))
        } else {
            Style::new().add_modifier(Modifier::REVERSED)
        }
    }
}

/// `foreground;background`, sometimes with something between: the last is a number of the 16 colours, of which 7 and those
/// from 9 on are light.
fn is_light(said: &str) -> bool {
    let background = said.rsplit(';').next().and_then(|number| number.trim().parse::<u8>().ok());
    background.is_some_and(|number| number == 7 || (9..=15).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_is_the_background() {
        for (said, light) in [
            ("0;15", true),
            ("15;0", false),
            ("0;default;15", true),
            ("0;7", true),
            ("7;8", false),
            ("12;default", false),
            ("", false),
        ] {
            assert_eq!(is_light(said), light, "{said}");
        }
    }

    #[test]
    fn a_light_background_has_no_yellow_on_it() {
        let theme = Theme { color: true, light: true };
        for style in [theme.warn(), theme.line(), theme.key(), theme.good()] {
            assert!(matches!(style.fg, Some(Color::Indexed(_))), "{style:?}");
        }
    }
}
