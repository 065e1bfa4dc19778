//! Asynchronous calls: how far each is, the newest first, and what the last try of the chosen one said.

use super::Pen;
use super::functions::{inset, under_titles};
use super::table::{Cell, Column, Table};
use super::text::first_shown;
use crate::cluster::function::DEFAULT_NAMESPACE;
use crate::dashboard::kubectl::age;
use crate::dashboard::tui::app::{App, Pane};
use crate::dashboard::tui::calls::{CallRow, Stage};
use crate::dashboard::tui::words::{clean, count, fit, wrap};
use crate::dashboard::view::CallCounts;
use ratatui::layout::Rect;

const COLUMNS: [Column; 7] = [
    Column { title: "CALL", width: 0, right: false, from: 0 },
    Column { title: "STATE", width: 10, right: false, from: 0 },
    Column { title: "TRIES", width: 5, right: true, from: 0 },
    Column { title: "STATUS", width: 6, right: true, from: 0 },
    Column { title: "AGE", width: 6, right: true, from: 0 },
    Column { title: "NEXT TRY", width: 8, right: true, from: 0 },
    Column { title: "FUNCTION", width: 12, right: false, from: WIDE },
];

/// From this width on the function has a column of its own.
const WIDE: u16 = 72;
/// Lines that what a try said may have where the pane is alone.
const SAID: usize = 8;

impl Pen<'_> {
    pub fn calls(&mut self, area: Rect, tabs: bool) {
        let app = self.app;
        let rows = app.call_rows();
        let about = match self.filtered(Pane::Async, rows.len()) {
            Some(words) => [words, format!("{} shown", rows.len())],
            None => about(app),
        };
        let rest = self.head(Pane::Async, area, tabs, &about.each_ref().map(String::as_str));
        if rows.is_empty() {
            let words = match &app.calls {
                None => "looking …".to_owned(),
                Some(Err(why)) => why.clone(),
                Some(Ok(_)) => nothing(app),
            };
            return self.text(inset(rest), &words, self.theme.faint());
        }
        let table = Table::of(&COLUMNS, rest, 36);
        self.titles(&table, rest, self.theme.faint(), false, None);
        let (lines, foot) = places(app, rest);
        let focus = app.pane == Pane::Async;
        let chosen = app.call().and_then(|c| rows.iter().position(|o| o.id == c.id));
        let first = first_shown(chosen.unwrap_or(0), rows.len(), lines.height.into());
        for ((n, call), line) in rows.iter().enumerate().skip(first).zip(lines.rows()) {
            let mut cells = self.call_cells(call);
            if app.all_calls && rest.width < WIDE {
                // There is no column for whose it is.
                cells[0].0 = format!("{} {}", cells[6].0, cells[0].0);
            }
            self.row(&table, line, &cells, focus && Some(n) == chosen, focus);
        }
        for (words, line) in said(app, foot.width).iter().zip(foot.rows()) {
            self.text(inset(line), words, self.theme.plain());
        }
    }

    fn call_cells(&self, c: &CallRow) -> [Cell; 7] {
        let (theme, now) = (self.theme, self.app.now());
        let look = match c.stage {
            Stage::Queued => theme.plain(),
            Stage::Running | Stage::Done => theme.good(),
            Stage::Retrying => theme.warn(),
            Stage::Dead => theme.bad(),
        };
        let next = match c.stage {
            Stage::Queued => "now".into(),
            Stage::Retrying if c.due > now => format!("in {}", age(c.due.since(now))),
            Stage::Retrying => "now".into(),
            Stage::Running | Stage::Dead | Stage::Done => "–".into(),
        };
        let function = c.function.strip_suffix(&format!(".{DEFAULT_NAMESPACE}")).unwrap_or(&c.function);
        [
            (clean(&c.id), theme.plain()),
            (c.stage.words().into(), look),
            (c.tries.to_string(), theme.plain()),
            (c.status.map_or_else(|| "–".into(), |s| s.to_string()), look),
            (age(now.since(c.moment())), theme.plain()),
            (next, theme.plain()),
            (function.to_owned(), theme.plain()),
        ]
    }
}

/// Whose calls are shown, and how many are in which state; shorter, how many are not done.
fn about(app: &App) -> [String; 2] {
    let all = || {
        let all = app.view().map(|v| v.calls.values().copied().collect::<Vec<_>>());
        all.unwrap_or_default().into_iter().fold(CallCounts::default(), |a, b| CallCounts {
            queued: a.queued + b.queued,
            running: a.running + b.running,
            retrying: a.retrying + b.retrying,
            dead: a.dead + b.dead,
        })
    };
    let (whose, c) = match app.function().filter(|_| !app.all_calls) {
        Some(f) => (format!("of {}; o: of all", f.spec.name), app.calls(f).unwrap_or_default()),
        None => ("of all; o: of one".to_owned(), all()),
    };
    let open = c.queued + c.running + c.retrying;
    [
        format!("{} open, {} dead, {whose}", count(open), count(c.dead)),
        format!("{} open, {} dead", count(open), count(c.dead)),
    ]
}

/// What is said in place of an empty list.
fn nothing(app: &App) -> String {
    match app.function().filter(|_| !app.all_calls) {
        Some(f) if f.spec.namespace == DEFAULT_NAMESPACE => {
            format!("No call yet: `faasim invoke {} --async` makes one; o shows all functions'.", f.spec.name)
        }
        _ => "No call yet: `faasim invoke NAME --async` makes one.".into(),
    }
}

/// What the last try of the chosen call said: a line, or some where the pane is alone.
fn said(app: &App, columns: u16) -> Vec<String> {
    let Some(said) = app.call_said() else { return Vec::new() };
    let text = clean(&said.trim().replace('\n', " ⏎ "));
    let text = format!("last try: {text}");
    let columns = usize::from(columns).saturating_sub(2);
    match app.zoomed {
        true => wrap(&text, columns, 10).into_iter().take(SAID).collect(),
        false => vec![fit(&text, columns)],
    }
}

/// Where the calls go, and what the last try said below them.
fn places(app: &App, rest: Rect) -> (Rect, Rect) {
    let lines = under_titles(rest);
    let said = u16::try_from(said(app, rest.width).len()).unwrap_or(0).min(lines.height.saturating_sub(1));
    let height = lines.height - said;
    (Rect { height, ..lines }, Rect { y: lines.y + height, height: said, ..lines })
}

/// Lines of the pane that calls have, its head and their titles not counted.
pub(super) fn room(app: &App, area: Rect) -> usize {
    let rest = super::text::below(area);
    places(app, rest).0.height.into()
}
