//! What the chosen function's pods write, or faasim itself; the newest line is the last.

use super::Pen;
use super::functions::inset;
use crate::cluster::time::Time;
use crate::dashboard::tui::app::Pane;
use crate::dashboard::tui::link::LogRow;
use crate::dashboard::tui::words::{clean, fit, wrap};
use ratatui::layout::Rect;
use ratatui::text::Span;

impl Pen<'_> {
    pub fn log(&mut self, area: Rect, tabs: bool) {
        let app = self.app;
        let rows = app.log_rows();
        let [of, short] = match (app.own_log, app.function()) {
            (true, _) => ["of faasim; o: of the pods".to_owned(), "faasim; o: pods".into()],
            (false, Some(f)) => {
                [format!("of {}'s pods; o: of faasim", f.spec.name), "pods; o: faasim".into()]
            }
            (false, None) => [String::new(), String::new()],
        };
        let skip = if app.pane == Pane::Log { app.scroll } else { 0 };
        let about = match (self.filtered(Pane::Log, rows.len()), skip) {
            (Some(words), _) => [words, format!("{} shown", rows.len())],
            (None, 0) => [of, short],
            (None, skip) => [format!("{skip} lines back, {of}"), format!("{skip} lines back")],
        };
        let rest = self.head(Pane::Log, area, tabs, &about.each_ref().map(String::as_str));
        if rows.is_empty() {
            return self.text(inset(rest), "Nothing was written yet.", self.theme.faint());
        }
        let end = rows.len().saturating_sub(skip).max(usize::from(rest.height).min(rows.len()));
        // From the newest upwards, as far as there is room.
        let mut lines: Vec<(Option<&LogRow>, String)> = Vec::new();
        for row in rows[..end].iter().rev() {
            let text = self.log_text(row, rest.width);
            lines.extend(text.into_iter().enumerate().rev().map(|(n, t)| ((n == 0).then_some(*row), t)));
            if lines.len() >= usize::from(rest.height) {
                break;
            }
        }
        lines.truncate(rest.height.into());
        for ((row, text), line) in lines.into_iter().rev().zip(rest.rows()) {
            self.log_row(line, row, text);
        }
    }

    /// A line of the log; where the log has the screen to itself, all of it.
    fn log_text(&self, row: &LogRow, columns: u16) -> Vec<String> {
        let room = usize::from(columns).saturating_sub(if self.app.own_log { 10 } else { 17 });
        match self.app.zoomed {
            true => wrap(&clean(without_stamp(&row.text)), room, 0),
            false => vec![fit(&clean(without_stamp(&row.text)), room)],
        }
    }

    fn log_row(&mut self, area: Rect, row: Option<&LogRow>, text: String) {
        let theme = self.theme;
        let at = row.map_or(Time::ZERO, |r| r.at);
        // Pods of one function differ in their last five letters only.
        let who = row.and_then(|r| r.who.rsplit('-').next()).unwrap_or_default();
        let mut spans = vec![Span::styled(format!(" {} ", clock(at)), theme.faint())];
        if !self.app.own_log {
            spans.push(Span::styled(format!("{who:<6} "), theme.line()));
        }
        spans.push(Span::raw(text));
        self.spans(area, spans);
    }
}

/// A line without the time that the pod wrote before it: the pane's own says the same.
fn without_stamp(text: &str) -> &str {
    const STAMP: &[u8] = b"0000/00/00 00:00:00 ";
    let same = |(a, b): (u8, &u8)| if *b == b'0' { a.is_ascii_digit() } else { a == *b };
    let stamped = text.len() >= STAMP.len() && text.bytes().zip(STAMP).all(same);
    if stamped { &text[STAMP.len()..] } else { text }
}

/// `12:03:44` in UTC, as the pods' own lines have it.
fn clock(at: Time) -> String {
    if at == Time::ZERO {
        return " ".repeat(8);
    }
    at.rfc3339().get(11..19).unwrap_or_default().to_owned()
}
