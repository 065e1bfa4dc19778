//! Putting words on the screen.

use super::Pen;
use crate::dashboard::tui::app::Pane;
use crate::dashboard::tui::words::{fit, fitting, width};
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

impl Pen<'_> {
    /// A line of words, cut where it does not fit.
    pub fn text(&mut self, area: Rect, words: &str, style: Style) {
        if area.height > 0 {
            self.buf.set_string(area.x, area.y, fit(words, area.width.into()), alone(style));
        }
    }

    /// A line of differently styled words.
    pub fn spans(&mut self, area: Rect, mut spans: Vec<Span<'_>>) {
        spans.iter_mut().for_each(|span| span.style = alone(span.style));
        if area.height > 0 {
            self.buf.set_line(area.x, area.y, &Line::from(spans), area.width);
        }
    }

    /// A line across, on which a section's title stands. It is heavy where the keys go.
    pub fn rule(&mut self, area: Rect, focus: bool) {
        let (line, style) = if focus { ("━", self.theme.focus()) } else { ("─", self.theme.faint()) };
        if area.height > 0 {
            self.buf.set_string(area.x, area.y, line.repeat(area.width.into()), style);
        }
    }

    /// The rule above a pane, with its number and title, and words about it at the right: the first wording that
    /// fits. Gives the rest.
    pub fn titled(&mut self, pane: Pane, area: Rect, title: &str, aside: &[&str]) -> Rect {
        let focus = self.app.pane == pane;
        self.rule(area, focus);
        let style = if focus { self.theme.focus() } else { self.theme.strong() };
        let label = format!(" {} {title} ", pane.number());
        let at = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        self.text(at, &label, style);
        self.aside(at, width(&label), aside);
        below(area)
    }

    /// The rule above a place that several panes share: all their titles, the present one marked.
    pub fn tabs(&mut self, pane: Pane, area: Rect, aside: &[&str]) -> Rect {
        let focus = self.app.pane == pane;
        self.rule(area, focus);
        let at = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        let mut spans = Vec::new();
        for other in &Pane::ALL[2..] {
            let label = tab_label(*other);
            spans.push(match (*other == pane, focus) {
                (true, true) => Span::styled(label, self.theme.chosen().patch(self.theme.focus())),
                (true, false) => Span::styled(label, self.theme.chosen()),
                (false, _) => Span::styled(label, self.theme.plain()),
            });
        }
        let used = spans.iter().map(Span::width).sum();
        self.spans(at, spans);
        self.aside(at, used, aside);
        below(area)
    }

    fn aside(&mut self, area: Rect, used: usize, wordings: &[&str]) {
        let room = usize::from(area.width).saturating_sub(used + 1);
        let words = fitting(wordings, room.saturating_sub(2));
        if words.is_empty() || room < 8 {
            return;
        }
        let words = format!(" {words} ");
        let x = area.right() - u16::try_from(width(&words)).unwrap_or(0);
        self.text(Rect { x, width: area.right() - x, ..area }, &words, self.theme.plain());
    }

    /// The head of a pane, whichever way it is shown.
    pub fn head(&mut self, pane: Pane, area: Rect, tabs: bool, aside: &[&str]) -> Rect {
        if tabs && !self.app.zoomed {
            return self.tabs(pane, area, aside);
        }
        self.titled(pane, area, pane.title(), aside)
    }

    /// What a pane is filtered by, in words.
    pub fn filtered(&self, pane: Pane, shown: usize) -> Option<String> {
        self.app.filters.get(&pane).map(|f| format!("{shown} with “{f}”"))
    }
}

/// The title of a pane among others.
pub(super) fn tab_label(pane: Pane) -> String {
    format!(" {} {} ", pane.number(), pane.title())
}

/// A style that takes nothing over from what was drawn below it.
fn alone(style: Style) -> Style {
    Style::reset().patch(style)
}

/// What is under the first line of an area.
pub(super) fn below(area: Rect) -> Rect {
    let height = area.height.saturating_sub(1);
    Rect { y: area.y + area.height.min(1), height, ..area }
}

/// The first line to show of a list so that the chosen one is seen, near the middle where it can be.
pub(super) fn first_shown(chosen: usize, length: usize, room: usize) -> usize {
    chosen.saturating_sub(room / 2).min(length.saturating_sub(room))
}
