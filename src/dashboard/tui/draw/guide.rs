//! The page of a lesson.

use super::Pen;
use crate::dashboard::tui::app::Pane;
use crate::dashboard::tui::guide::{Guide, Part};
use crate::dashboard::tui::words::{width, wrap};
use ratatui::layout::Rect;

impl Pen<'_> {
    pub fn guide(&mut self, area: Rect) {
        let Some(guide) = &self.app.guide else { return };
        let lines = lines(guide, usize::from(area.width));
        let room = usize::from(area.height.saturating_sub(1));
        let first = first_line(guide, lines.len(), room, self.app.guide_scroll);
        let hidden = lines.len().saturating_sub(room);
        let aside = match hidden {
            0 => String::new(),
            _ if first == 0 => "more: PgDn ↓".into(),
            n if first >= n => "more: PgUp ↑".into(),
            _ => "more: PgUp ↑ PgDn ↓".into(),
        };
        let title = format!("{}, {}", guide.lesson, guide.place);
        let rest = self.titled(Pane::Lesson, area, &title, &[&aside]);
        for ((part, text), line) in lines.iter().skip(first).zip(rest.rows()) {
            let style = match part {
                None => self.theme.strong(),
                Some(Part::Praise) => self.theme.good(),
                Some(Part::Task) => self.theme.focus(),
                Some(Part::Question) => self.theme.strong(),
                Some(Part::Wanted) => self.theme.faint(),
                Some(Part::Hint) => self.theme.warn(),
                Some(Part::Text | Part::Answer) => self.theme.plain(),
            };
            let at = Rect { x: line.x + 1, width: line.width.saturating_sub(1), ..line };
            self.text(at, text, style);
        }
    }
}

/// The first line that is shown: where a question or an answer counts, the end is in sight.
fn first_line(guide: &Guide, lines: usize, room: usize, scroll: isize) -> usize {
    let last = lines.saturating_sub(room);
    let natural = if guide.ends_count { last } else { 0 };
    natural.saturating_add_signed(scroll).min(last)
}

/// Lines that a guide takes in so many columns.
pub(super) fn height(guide: &Guide, columns: u16) -> u16 {
    u16::try_from(lines(guide, columns.into()).len() + 1).unwrap_or(u16::MAX)
}

type Line = (Option<Part>, String);

fn lines(guide: &Guide, columns: usize) -> Vec<Line> {
    let room = columns.saturating_sub(2);
    let mut out: Vec<Line> = Vec::new();
    let praise = |(part, _): &&(Part, String)| *part == Part::Praise;
    for (part, text) in guide.parts.iter().filter(praise) {
        out.extend(wrap(text, room - 2, 0).into_iter().map(|l| (Some(*part), format!("✓ {l}"))));
    }
    out.push((None, guide.title.clone()));
    let mut before = Part::Text;
    for (part, text) in guide.parts.iter().filter(|p| !praise(p)) {
        // Parts stand apart, but what is waited for belongs to its task.
        if *part != Part::Text && *part != Part::Wanted && before != Part::Praise {
            out.push((None, String::new()));
        }
        before = *part;
        let mark = part.mark();
        let mut first = true;
        for line in text.lines() {
            let wrapped = match line.strip_prefix("    ") {
                Some(_) => vec![line.strip_prefix("  ").unwrap_or(line).to_owned()],
                None => wrap(line, room.saturating_sub(width(mark)), 0),
            };
            for line in wrapped {
                let head = if std::mem::take(&mut first) { mark.to_owned() } else { " ".repeat(width(mark)) };
                out.push((Some(*part), head + &line));
            }
        }
    }
    out
}
