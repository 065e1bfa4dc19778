//! The last two lines: what is going on, and which keys help now.

use super::Pen;
use crate::dashboard::tui::app::Pane;
use crate::dashboard::tui::dialog::Dialog;
use crate::dashboard::tui::words::{clean, width, wrap};
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

/// A key and what it does.
type Hint = (&'static str, &'static str);

impl Pen<'_> {
    /// What went wrong, or the answer to the last wish, or the chosen function in a sentence.
    pub fn status(&mut self, area: Rect) {
        let (app, theme) = (self.app, self.theme);
        if app.dialog == Some(Dialog::Filter) {
            let filter = app.filters.get(&app.pane).map_or("", String::as_str);
            let spans = vec![
                Span::styled(format!(" Show {} with: ", app.pane.title().to_lowercase()), theme.strong()),
                Span::raw(clean(filter)),
                Span::styled(" ", theme.chosen()),
            ];
            return self.spans(area, spans);
        }
        let (words, style) = match (&app.message, &app.stalled) {
            (Some(m), _) if m.bad => (format!(" ✗ {}", m.text), theme.bad()),
            (Some(m), _) => (format!(" ✓ {}", m.text), theme.good()),
            (None, Some(why)) => (format!(" ✗ {why}"), theme.bad()),
            (None, None) => {
                (format!(" {}", app.sentence(usize::from(area.width).saturating_sub(1))), theme.plain())
            }
        };
        // A long sentence grows upwards over what is there, rather than lose its end.
        let lines = wrap(&clean(&words), usize::from(area.width).saturating_sub(1), 3);
        let shown = if app.message.is_some() || app.stalled.is_some() { lines.len().min(5) } else { 1 };
        if shown == 1 {
            return self.text(area, &clean(&words), style);
        }
        for (line, above) in lines[..shown].iter().rev().zip(0..) {
            let row = Rect { y: area.y.saturating_sub(above), ..area };
            let padded = format!("{line:<columns$}", columns = usize::from(area.width));
            self.buf.set_style(row, Style::reset());
            self.text(row, &padded, style);
        }
    }

    /// As many keys as fit; help and quit always do.
    pub fn keys(&mut self, area: Rect) {
        let always: &[Hint] = match self.app.dialog {
            Some(_) => &[],
            None => &[("?", "help"), ("q", "quit")],
        };
        let cost = |(key, what): &Hint| width(key) + width(what) + 3;
        let mut room = usize::from(area.width).saturating_sub(always.iter().map(cost).sum());
        let mut hints = Vec::new();
        for hint in self.hints() {
            if cost(&hint) > room {
                break;
            }
            room -= cost(&hint);
            hints.push(hint);
        }
        hints.extend(always);
        let mut spans = vec![Span::raw(" ")];
        for (key, what) in hints {
            spans.push(Span::styled(key, self.theme.key()));
            spans.push(Span::raw(format!(" {what}  ")));
        }
        self.spans(area, spans);
    }

    /// The keys of the moment, the most useful first.
    fn hints(&self) -> Vec<Hint> {
        let app = self.app;
        match &app.dialog {
            Some(Dialog::Form(form)) => return form.keys().to_vec(),
            Some(Dialog::Filter) => return vec![("Enter", "keep"), ("Esc", "show all")],
            Some(Dialog::Help { .. }) => return vec![("↑↓", "scroll"), ("Esc", "close")],
            Some(Dialog::DeletePod { .. }) => return vec![("y", "delete it"), ("Esc", "keep it")],
            Some(Dialog::CancelCall { .. }) => return vec![("y", "cancel it"), ("Esc", "keep it")],
            Some(Dialog::Quit) => {
                return vec![("y", "stop the cluster"), ("c", "only close the screen"), ("Esc", "stay")];
            }
            None => {}
        }
        let load = match app.function().is_some_and(|f| app.loads.contains_key(&f.name())) {
            true => ("l", "stop load"),
            false => ("l", "load"),
        };
        let zoom = if app.zoomed { ("Esc", "back") } else { ("Enter", "zoom") };
        let mut lesson = app.guide.as_ref().map(|g| g.keys.clone()).unwrap_or_default();
        let mut hints = match app.pane {
            Pane::Functions => vec![("↑↓", "choose"), ("i", "invoke"), load, ("+-", "scale"), ("a", "HPA")],
            Pane::Charts => vec![("w", "time span"), zoom, ("↑↓", "function"), load, ("+-", "scale")],
            Pane::Pods => vec![("↑↓", "choose"), ("d", "delete pod"), ("s", "sort"), ("/", "filter"), zoom],
            Pane::Why => vec![("←→", "earlier, later"), ("↑↓", "scroll"), ("a", "HPA"), zoom],
            Pane::Events => vec![("↑↓", "scroll"), ("/", "filter"), zoom],
            Pane::Log => vec![("o", "pods/faasim"), ("↑↓", "scroll"), ("/", "filter"), zoom],
            Pane::Requests => vec![("↑↓", "scroll"), ("/", "filter"), ("i", "invoke"), zoom],
            Pane::Async => {
                let whose = if app.all_calls { "one function" } else { "all functions" };
                vec![("↑↓", "choose"), ("r", "retry"), ("d", "cancel"), ("o", whose), ("/", "filter"), zoom]
            }
            Pane::Lesson => vec![("↑↓", "scroll"), zoom],
        };
        if !lesson.is_empty() {
            lesson.append(&mut hints);
            hints = lesson;
        }
        hints.push(("Tab", "next pane"));
        match app.pace {
            Some(pace) => hints.extend([
                ("p", if pace.still { "let time pass" } else { "stop time" }),
                ("< >", "slower, faster"),
                (".", "a second on"),
            ]),
            None => hints.push(if app.paused() { ("p", "go on") } else { ("p", "pause") }),
        }
        if app.pane == Pane::Functions {
            hints.extend([zoom, ("/", "filter"), ("s", "sort"), ("v", "compare")]);
        }
        hints
    }
}
