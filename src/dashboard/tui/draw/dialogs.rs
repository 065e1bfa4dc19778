//! Questions, in a box above everything else.

use super::Pen;
use crate::dashboard::tui::calls::Stage;
use crate::dashboard::tui::dialog::{Dialog, Field, Form, Purpose};
use crate::dashboard::tui::link::Invocation;
use crate::dashboard::tui::words::{clean, fit, latency, plural, width, wrap};
use ratatui::layout::Rect;
use ratatui::text::Span;

/// The width of a box where there is room for it.
const WIDTH: u16 = 70;

impl Pen<'_> {
    pub fn dialog(&mut self, area: Rect) {
        match &self.app.dialog {
            Some(Dialog::Help { scroll }) => self.help(area, *scroll),
            Some(Dialog::Form(form)) => self.form(area, form),
            Some(Dialog::DeletePod { name }) => {
                let words =
                    format!("Delete {name}? Requests in flight may finish, then a new pod takes its place.");
                self.question(area, "Delete a pod", &words, &[("y", "delete it"), ("Esc", "keep it")]);
            }
            Some(Dialog::CancelCall { id, stage }) => {
                let words = match stage {
                    Stage::Running => {
                        format!("Cancel {id}? Its function is not told, but nobody waits for it any more.")
                    }
                    _ => format!("Cancel {id}? It is forgotten and never tried again."),
                };
                self.question(
                    area,
                    "Cancel a call",
                    &clean(&words),
                    &[("y", "cancel it"), ("Esc", "keep it")],
                );
            }
            Some(Dialog::Quit) => {
                let pods = self.app.view().map_or(0, |v| v.snapshot.pods.len());
                let words = format!(
                    "Stop the cluster? {} will be drained: requests in flight may finish, then no pod is left. The \
                     functions come back with the next `faasim up`.",
                    plural(pods, "pod")
                );
                let keys =
                    [("y", "stop it"), ("c", "close the screen, the cluster goes on"), ("Esc", "stay")];
                self.question(area, "Quit", &words, &keys);
            }
            Some(Dialog::Filter) | None => {}
        }
    }

    fn question(&mut self, area: Rect, title: &str, words: &str, keys: &[(&str, &str)]) {
        let lines = wrap(words, usize::from(WIDTH.min(area.width)) - 4, 0);
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(4);
        let inner = boxed(self, area, WIDTH, height, title);
        for (line, at) in lines.iter().zip(inner.rows()) {
            self.text(at, line, self.theme.plain());
        }
        self.hint_line(bottom(inner), keys);
    }

    fn hint_line(&mut self, area: Rect, keys: &[(&str, &str)]) {
        let mut spans = Vec::new();
        for (key, what) in keys {
            spans.push(Span::styled((*key).to_owned(), self.theme.key()));
            spans.push(Span::raw(format!(" {what}   ")));
        }
        self.spans(area, spans);
    }

    fn form(&mut self, area: Rect, form: &Form) {
        let answer = match &form.purpose {
            Purpose::Invoke { answer, busy } => self.answer(answer.as_ref(), *busy, area),
            _ => Vec::new(),
        };
        let fields = u16::try_from(form.fields.len()).unwrap_or(0) * 2;
        let more = u16::try_from(answer.len()).unwrap_or(0) + u16::from(form.error.is_some());
        let inner = boxed(self, area, WIDTH, fields + more + 4, &form.title());
        let mut rows = inner.rows();
        for (n, field) in form.fields.iter().enumerate() {
            let (Some(line), Some(hint)) = (rows.next(), rows.next()) else { return };
            self.field(line, hint, field, n == form.at);
        }
        if let (Some(error), Some(line)) = (&form.error, rows.next()) {
            self.text(line, &format!("✗ {error}"), self.theme.bad());
        }
        for ((words, bad), line) in answer.iter().zip(rows) {
            let style = if *bad { self.theme.bad() } else { self.theme.plain() };
            self.text(line, words, style);
        }
        self.hint_line(bottom(inner), form.keys());
    }

    fn field(&mut self, line: Rect, hint: Rect, field: &Field, here: bool) {
        let theme = self.theme;
        let label = format!("{:<6} ", field.label);
        let room = usize::from(line.width).saturating_sub(width(&label) + 2);
        // The end of a long text is where letters are added.
        let letters: Vec<char> = clean(&field.value.replace('\n', "⏎")).chars().collect();
        let value: String = letters[letters.len().saturating_sub(room)..].iter().collect();
        let mut spans = vec![
            Span::styled(if here { "▶" } else { " " }, theme.focus()),
            Span::styled(label.clone(), theme.strong()),
            Span::styled(value, if here && field.fresh { theme.chosen() } else { theme.plain() }),
        ];
        if here && !field.fresh {
            spans.push(Span::styled(" ", theme.chosen()));
        }
        self.spans(line, spans);
        let indent = u16::try_from(width(&label)).unwrap_or(0) + 1;
        let at = Rect { x: hint.x + indent, width: hint.width.saturating_sub(indent), ..hint };
        self.text(at, field.hint, theme.faint());
    }

    /// The reply to an invocation; true marks what is bad.
    fn answer(
        &self,
        answer: Option<&Result<Invocation, String>>,
        busy: bool,
        area: Rect,
    ) -> Vec<(String, bool)> {
        let columns = usize::from(WIDTH.min(area.width)) - 4;
        let mut lines = Vec::new();
        match answer {
            _ if busy => lines.push(("waiting for the reply …".into(), false)),
            None => {}
            Some(Err(why)) => {
                lines.extend(wrap(&format!("✗ {why}"), columns, 2).into_iter().map(|l| (l, true)))
            }
            Some(Ok(reply)) => {
                let bad = reply.status >= 400;
                let cold = if reply.cold { ", a cold start: it had to wait for a pod" } else { "" };
                let mark = if bad { "✗" } else { "✓" };
                let status = format!("{mark} status {} after {}{cold}", reply.status, latency(reply.took));
                lines.push((fit(&status, columns), bad));
                let most = usize::from(area.height).saturating_sub(12);
                let all: Vec<String> =
                    reply.reply.lines().flat_map(|l| wrap(&clean(l), columns, 0)).collect();
                let cut = all.len() > most;
                lines.extend(all.into_iter().take(most).map(|l| (l, false)));
                if cut {
                    lines.push(("…".into(), false));
                }
            }
        }
        lines
    }
}

/// An empty box in the middle, with a title. Gives its inside.
pub(super) fn boxed(pen: &mut Pen, area: Rect, width: u16, height: u16, title: &str) -> Rect {
    let width = width.min(area.width.saturating_sub(2));
    let height = height.min(area.height.saturating_sub(1));
    let at =
        Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    for row in at.rows() {
        for cell in row.positions() {
            if let Some(cell) = pen.buf.cell_mut(cell) {
                cell.reset();
            }
        }
    }
    let style = pen.theme.focus();
    let across = "─".repeat(usize::from(width).saturating_sub(2));
    let edge = |left: &str, right: &str| format!("{left}{across}{right}");
    for (n, row) in at.rows().enumerate() {
        let words = match n {
            0 => edge("┌", "┐"),
            n if n + 1 == usize::from(height) => edge("└", "┘"),
            _ => {
                pen.buf.set_string(row.x, row.y, "│", style);
                pen.buf.set_string(row.right() - 1, row.y, "│", style);
                continue;
            }
        };
        pen.buf.set_string(row.x, row.y, words, style);
    }
    let room = usize::from(width).saturating_sub(4);
    pen.buf.set_string(at.x + 2, at.y, fit(&format!(" {title} "), room), style);
    Rect { x: at.x + 2, y: at.y + 1, width: width.saturating_sub(4), height: height.saturating_sub(2) }
}

fn bottom(area: Rect) -> Rect {
    Rect { y: area.bottom().saturating_sub(1), height: 1, ..area }
}
