//! What happened to the chosen function, newest first, in kubectl's words.

use super::Pen;
use super::functions::inset;
use crate::cluster::snapshot::Happening;
use crate::dashboard::kubectl::age;
use crate::dashboard::tui::app::Pane;
use crate::dashboard::tui::words::{clean, fit, plural, wrap};
use ratatui::layout::Rect;
use ratatui::text::Span;

/// Letters before the message.
const INDENT: usize = 38;

impl Pen<'_> {
    pub fn events(&mut self, area: Rect, tabs: bool) {
        let app = self.app;
        let events = app.events();
        let number = plural(events.len(), "event");
        let about = match self.filtered(Pane::Events, events.len()) {
            Some(words) => [words, format!("{number} shown")],
            None => [format!("{number}, newest first"), number],
        };
        let rest = self.head(Pane::Events, area, tabs, &about.each_ref().map(String::as_str));
        if events.is_empty() {
            return self.text(inset(rest), "Nothing has happened.", self.theme.faint());
        }
        let skip = if app.pane == Pane::Events { app.scroll } else { 0 };
        let mut rows = rest.rows();
        for event in events.iter().skip(skip) {
            let Some(line) = rows.next() else { return };
            for more in self.event(line, event) {
                let Some(line) = rows.next() else { return };
                self.text(line, &more, self.theme.plain());
            }
        }
    }

    /// Draws one event; gives what did not fit, where there is room to go on below.
    fn event(&mut self, area: Rect, event: &Happening) -> Vec<String> {
        let theme = self.theme;
        let (mark, style) = if event.warning { ("!", theme.bad()) } else { (" ", theme.plain()) };
        let times = if event.count > 1 { format!(" (×{})", event.count) } else { String::new() };
        // `pod/mltest-946fbcf5d-nh5kp` and `horizontalpodautoscaler/mltest` are long, and the message says more.
        let (kind, name) = event.object.split_once('/').unwrap_or(("", &event.object));
        let object = match kind {
            "pod" => name.rsplit('-').next().map_or_else(|| name.to_owned(), |end| format!("pod …{end}")),
            "horizontalpodautoscaler" => "HPA".into(),
            kind => kind.to_owned(),
        };
        let room = usize::from(area.width).saturating_sub(INDENT);
        let message = format!("{}{times}", clean(&event.message));
        let mut lines = match self.app.zoomed {
            true => wrap(&message, room, 0),
            false => vec![fit(&message, room)],
        };
        let first = lines.remove(0);
        let spans = vec![
            Span::styled(format!("{mark}{:>6} ", age(self.app.now().since(event.last))), style),
            Span::styled(format!("{:<17} ", event.reason), style.patch(theme.strong())),
            Span::styled(format!("{object:<11} "), theme.faint()),
            Span::raw(first),
        ];
        self.spans(area, spans);
        lines.into_iter().map(|line| " ".repeat(INDENT) + &line).collect()
    }
}
