//! The last requests of the chosen function, and where the time of each went.

use super::Pen;
use super::functions::{inset, under_titles};
use super::table::{Cell, Column, Table};
use crate::dashboard::kubectl::age;
use crate::dashboard::tui::app::Pane;
use crate::dashboard::tui::words::{latency, plural};
use crate::dashboard::view::Answered;
use ratatui::layout::Rect;
use std::time::Duration;

const COLUMNS: [Column; 10] = [
    Column { title: "POD", width: 0, right: false, from: 0 },
    Column { title: "AGO", width: 6, right: true, from: 0 },
    Column { title: "STATUS", width: 6, right: true, from: 0 },
    Column { title: "TOOK", width: 6, right: true, from: 0 },
    Column { title: "COLD", width: 6, right: true, from: 0 },
    Column { title: "QUEUED", width: 6, right: true, from: 0 },
    Column { title: "FORKED", width: 6, right: true, from: 72 },
    Column { title: "WORKED", width: 6, right: true, from: 0 },
    Column { title: "WAY", width: 6, right: true, from: 72 },
    Column { title: "WHERE THE TIME WENT", width: 10, right: false, from: 100 },
];

impl Pen<'_> {
    pub fn requests(&mut self, area: Rect, tabs: bool) {
        let app = self.app;
        let all = app.requests();
        let about = match self.filtered(Pane::Requests, all.len()) {
            Some(words) => [words, format!("{} shown", all.len())],
            None => [
                format!("the last {}, newest first", plural(all.len(), "request")),
                format!("the last {}", all.len()),
            ],
        };
        let about = about.each_ref().map(String::as_str);
        let rest = self.head(Pane::Requests, area, tabs, if all.is_empty() { &[] } else { &about });
        if all.is_empty() {
            let words = "No request was answered yet: i sends one.";
            return self.text(inset(rest), words, self.theme.faint());
        }
        let table = Table::of(&COLUMNS, rest, 10);
        self.titles(&table, rest, self.theme.faint(), false, None);
        // The last line says what the titles mean, where that costs no request its place.
        let rest = match rest.height {
            0..6 => rest,
            height => {
                self.text(
                    Rect { y: rest.bottom() - 1, height: 1, ..rest },
                    legend(rest.width),
                    self.theme.faint(),
                );
                Rect { height: height - 1, ..rest }
            }
        };
        let skip = if app.pane == Pane::Requests { app.scroll } else { 0 };
        let longest = all.iter().map(|a| a.took).max().unwrap_or_default();
        for (answered, line) in all.iter().skip(skip).zip(under_titles(rest).rows()) {
            let cells = self.request_cells(answered, longest);
            self.row(&table, line, &cells, false, false);
        }
    }

    fn request_cells(&self, a: &Answered, longest: Duration) -> [Cell; 10] {
        let theme = self.theme;
        let pods = self.app.view().map(|v| &v.snapshot.pods);
        let name = a.pod.and_then(|uid| pods?.get(&uid)).map(|p| p.name.clone());
        let pod = match (name, a.pod) {
            (Some(name), _) => format!("…{}", name.rsplit('-').next().unwrap_or_default()),
            (None, Some(_)) => "(gone)".into(),
            (None, None) => "none".into(),
        };
        let part = |time: Duration| if time.is_zero() { String::new() } else { latency(time) };
        let status = if a.status >= 400 { theme.bad() } else { theme.good() };
        let ended = a.at + a.took;
        [
            (pod, theme.plain()),
            (age(self.app.now().since(ended)), theme.plain()),
            (a.status.to_string(), status),
            (latency(a.took), theme.strong()),
            (part(a.waited), theme.warn()),
            (part(a.queued), theme.warn()),
            (part(a.forked), theme.plain()),
            (part(a.worked), theme.plain()),
            (part(a.travelled()), theme.faint()),
            (bar(a, longest), theme.plain()),
        ]
    }
}

/// What the times of a request are; in the bar, which stands where there is room, each has a letter.
fn legend(columns: u16) -> &'static str {
    match columns {
        100.. => {
            " c COLD: waited for a pod, q QUEUED for its turn, f FORKED: process started, w WORKED, · WAY there and back"
        }
        0..72 => " COLD waited for a pod, QUEUED for its turn",
        _ => " COLD waited for a pod, QUEUED for its turn, FORKED process, WAY there and back",
    }
}

/// The request's time as letters, as long as its share of the longest: c for a cold start, q queued, f forked, w worked,
/// · the way.
fn bar(a: &Answered, longest: Duration) -> String {
    const LETTERS: f64 = 40.0;
    let scale = LETTERS / longest.as_secs_f64().max(1e-9);
    let parts = [(a.waited, "c"), (a.queued, "q"), (a.forked, "f"), (a.worked, "w"), (a.travelled(), "·")];
    let mut out = String::new();
    let mut until = 0.0;
    let mut drawn = 0usize;
    for (time, letter) in parts {
        until += time.as_secs_f64() * scale;
        let to = until.round() as usize;
        out.push_str(&letter.repeat(to.saturating_sub(drawn)));
        drawn = drawn.max(to);
    }
    out
}
