//! Tables: columns of which the less important ones leave when it gets narrow.

use super::Pen;
use crate::dashboard::tui::words::{fit, fit_middle, width};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// One column.
pub(super) struct Column {
    pub title: &'static str,
    /// Its letters, the gap after it not counted. The first column takes what is left.
    pub width: u16,
    /// Numbers stand at the right.
    pub right: bool,
    /// It is shown from this width of the table on.
    pub from: u16,
}

/// What stands in a cell.
pub(super) type Cell = (String, Style);

/// The columns that are shown in a certain width, with where each begins and how wide it is.
pub(super) struct Table<'a> {
    places: Vec<(usize, &'a Column, u16, u16)>,
}

impl<'a> Table<'a> {
    /// `longest` is as wide as the first column gets.
    pub fn of(columns: &'a [Column], area: Rect, longest: u16) -> Self {
        let shown: Vec<(usize, &Column)> =
            columns.iter().enumerate().filter(|(_, c)| area.width >= c.from).collect();
        let fixed: u16 = shown.iter().skip(1).map(|(_, c)| c.width + 1).sum();
        // Two letters before the first column are for the mark of the chosen line.
        let first = area.width.saturating_sub(fixed + 2).min(longest);
        let count = shown.len();
        let mut x = area.x + 2;
        let mut places = Vec::new();
        for (n, (index, column)) in shown.into_iter().enumerate() {
            let mut width = if n == 0 { first } else { column.width };
            if n + 1 == count && !column.right {
                width = area.right().saturating_sub(x);
            }
            places.push((index, column, x, width));
            x += width + 1;
        }
        Table { places }
    }

    /// Columns before the second title, the gap before it not counted.
    pub fn before_second(&self) -> usize {
        self.places.get(1).map_or(usize::MAX, |(_, column, x, w)| {
            let free = w.saturating_sub(u16::try_from(width(column.title)).unwrap_or(0));
            usize::from(if column.right { x + free } else { *x }).saturating_sub(1)
        })
    }
}

impl Pen<'_> {
    /// The titles of the columns; on a rule, which ends where they begin, without the first one's. The one that the
    /// lines are `sorted` by is marked.
    pub fn titles(&mut self, table: &Table, area: Rect, style: Style, on_rule: bool, sorted: Option<&str>) {
        let skip = usize::from(on_rule);
        for (n, (_, column, x, w)) in table.places.iter().enumerate().skip(skip) {
            let mark = if sorted == Some(column.title) { "↓" } else { "" };
            let words = format!("{}{mark}", column.title);
            let free = w.saturating_sub(u16::try_from(width(&words)).unwrap_or(0));
            let at = if column.right { x + free } else { *x };
            if on_rule && n == skip {
                let blank = " ".repeat(usize::from(area.right().saturating_sub(at - 1)));
                self.buf.set_string(at - 1, area.y, blank, Style::new());
            }
            let title = Rect { x: at, width: area.right().saturating_sub(at), height: 1, ..area };
            self.text(title, &words, style);
        }
    }

    /// One line of the table.
    pub fn row(&mut self, table: &Table, area: Rect, cells: &[Cell], chosen: bool, focus: bool) {
        if chosen {
            self.text(area, "▶", self.theme.focus());
        }
        for (n, (index, column, x, w)) in table.places.iter().enumerate() {
            let Some((text, style)) = cells.get(*index) else { continue };
            let words = if n == 0 { fit_middle(text, (*w).into()) } else { fit(text, (*w).into()) };
            let at = if column.right { x + w.saturating_sub(width(&words) as u16) } else { *x };
            self.text(
                Rect { x: at, y: area.y, width: area.right().saturating_sub(at), height: 1 },
                &words,
                *style,
            );
        }
        if chosen && focus {
            // One bar: the colours of its cells would make a patchwork of it.
            self.buf.set_style(area, Style::reset().patch(self.theme.chosen()));
        }
    }
}
