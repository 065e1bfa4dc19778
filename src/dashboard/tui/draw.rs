//! Drawing: a pure function of what the screen knows and of its size.

mod calls;
mod charts;
mod dialogs;
mod events;
mod footer;
mod functions;
mod guide;
mod header;
mod help;
mod hit;
mod layout;
mod log;
mod plot;
mod pods;
mod requests;
mod table;
mod text;
mod why;

use super::app::{App, Pane};
use super::theme::Theme;
pub use hit::{Hit, hit};
use layout::Places;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Below this many columns and lines there is no room for anything but a sentence.
pub const SMALLEST: (u16, u16) = (60, 15);

/// What is drawn on: the cells, and how things look.
struct Pen<'a> {
    app: &'a App,
    theme: Theme,
    buf: &'a mut Buffer,
}

/// Draws everything.
pub fn screen(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let mut pen = Pen { app, theme, buf };
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return pen.too_small(area);
    }
    let places = Places::of(app, area);
    pen.header(places.header);
    for (pane, area) in &places.panes {
        match pane {
            Pane::Functions => pen.functions(*area),
            Pane::Charts => pen.charts(*area),
            Pane::Lesson => pen.guide(*area),
            _ => pen.detail(*pane, *area, places.tabs),
        }
    }
    pen.status(places.status);
    pen.keys(places.keys);
    pen.dialog(area);
}

/// Whether a pane has a place on a screen of this size.
pub fn shows(app: &App, area: Rect, pane: Pane) -> bool {
    let large = area.width >= SMALLEST.0 && area.height >= SMALLEST.1;
    large && Places::of(app, area).panes.iter().any(|(shown, _)| *shown == pane)
}

impl Pen<'_> {
    fn detail(&mut self, pane: Pane, area: Rect, tabs: bool) {
        match pane {
            Pane::Pods => self.pods(area, tabs),
            Pane::Why => self.why(area, tabs),
            Pane::Events => self.events(area, tabs),
            Pane::Requests => self.requests(area, tabs),
            Pane::Async => self.calls(area, tabs),
            _ => self.log(area, tabs),
        }
    }

    fn too_small(&mut self, area: Rect) {
        let words = format!(
            "faasim needs {} × {} letters, this window has {} × {}: make it larger. q quits.",
            SMALLEST.0, SMALLEST.1, area.width, area.height
        );
        for (line, y) in super::words::wrap(&words, area.width.into(), 0).iter().zip(area.rows()) {
            self.text(y, line, self.theme.plain());
        }
    }
}
