//! One chart: a filled area, a line and a dotted target over time. The three differ by their form, not only by
//! their colour.

use super::Pen;
use crate::dashboard::tui::words::{axis, width};
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

/// What a chart shows.
pub(super) struct Plot<'a> {
    /// With its unit: `Replicas (pods)`.
    pub title: &'a str,
    /// One value per column: the filled part.
    pub area: Trace<'a>,
    /// Two values per column: the line.
    pub line: Trace<'a>,
    /// A level to be aimed at.
    pub target: Option<(String, f64)>,
    /// Only whole numbers have a meaning.
    pub whole: bool,
    /// The axis ends no lower than this.
    pub least: f64,
    /// `2 min`.
    pub span: &'a str,
}

/// One thing that changes over time.
pub(super) struct Trace<'a> {
    /// Its name and its present value: `ready 4`.
    pub label: String,
    pub values: &'a [Option<f32>],
}

/// Letters for the numbers at the left.
const SCALE: u16 = 5;
/// The filled part of a cell, in eighths from below.
const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

impl Plot<'_> {
    /// Columns that the values have in a chart of this width.
    pub fn columns(area: Rect) -> usize {
        usize::from(area.width.saturating_sub(SCALE + 1))
    }

    fn highest(&self) -> f64 {
        let values = self.area.values.iter().chain(self.line.values).flatten();
        let highest = values.fold(0.0f32, |a, b| a.max(*b));
        // A target far above everything would press it flat: then only the target's number is told.
        let target = self.target.as_ref().map_or(0.0, |(_, t)| *t);
        let highest = f64::from(highest);
        let idle = highest <= self.least;
        let seen = if target <= highest * 4.0 || idle { highest.max(target) } else { highest };
        round_up(seen.max(self.least), self.whole)
    }
}

/// A number with few digits that is no less: the end of an axis. Where whole numbers count, its half is one too.
fn round_up(value: f64, whole: bool) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let magnitude = 10f64.powf(value.log10().floor());
    let steps = [1.0, 1.2, 1.6, 2.0, 2.4, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    let mut ends = steps.iter().map(|s| s * magnitude);
    let end = ends.find(|end| *end >= value && (!whole || end % 2.0 == 0.0)).unwrap_or(10.0 * magnitude);
    if end <= 0.0 { 1.0 } else { end }
}

impl Pen<'_> {
    pub fn plot(&mut self, area: Rect, plot: &Plot, focus: bool) {
        let mut rows = area.rows();
        let (Some(title), Some(legend)) = (rows.next(), rows.next()) else { return };
        self.rule(title, focus);
        let style = if focus { self.theme.focus() } else { self.theme.strong() };
        let at = Rect { x: title.x + 1, width: title.width.saturating_sub(1), ..title };
        self.text(at, &format!(" {} ", plot.title), style);
        let shown = self.legend(legend, plot);
        let height = area.height.saturating_sub(3);
        let inner =
            Rect { x: area.x + SCALE, y: area.y + 2, width: area.width.saturating_sub(SCALE + 1), height };
        if height == 0 {
            return;
        }
        let highest = plot.highest();
        self.scale(Rect { x: area.x, width: SCALE, ..inner }, highest);
        self.fill(inner, plot.area.values, highest);
        let mut dots = Dots::new(inner);
        if shown.target
            && let Some((_, target)) = &plot.target
            && *target <= highest
        {
            dots.level(*target / highest);
            self.dots(inner, &dots, self.theme.target());
        }
        if shown.line {
            let mut dots = Dots::new(inner);
            dots.trace(plot.line.values, highest);
            self.dots(inner, &dots, self.theme.line());
        }
        let foot = Rect { y: area.bottom() - 1, height: 1, ..inner };
        self.text(foot, &format!("{} ago", plot.span), self.theme.faint());
        let x = foot.right().saturating_sub(3);
        self.text(Rect { x, width: 3, ..foot }, "now", self.theme.faint());
    }

    /// The names, forms and present values. What finds no room here is not drawn.
    fn legend(&mut self, area: Rect, plot: &Plot) -> Shown {
        let theme = self.theme;
        let room = usize::from(area.width.saturating_sub(1));
        let mut spans = vec![Span::styled(" █ ", theme.area()), Span::raw(plot.area.label.clone())];
        let mut used: usize = spans.iter().map(Span::width).sum();
        let mut shown = Shown { line: false, target: false };
        let target = plot.target.as_ref().map(|(label, _)| ("┈", label, theme.target()));
        let entries = [target, Some(("⠒", &plot.line.label, theme.line()))];
        for (n, entry) in entries.into_iter().enumerate() {
            let Some((mark, label, style)) = entry else { continue };
            let more = width(label) + 4;
            if label.is_empty() || used + more > room {
                continue;
            }
            used += more;
            spans.push(Span::styled(format!("  {mark} "), style));
            spans.push(Span::raw(label.clone()));
            match n {
                0 => shown.target = true,
                _ => shown.line = true,
            }
        }
        self.spans(area, spans);
        shown
    }

    /// The numbers at the left: the highest, half of it where that can be read, and 0.
    fn scale(&mut self, area: Rect, highest: f64) {
        let last = area.height.saturating_sub(1);
        let mut numbers = vec![(0, highest), (last, 0.0)];
        if last >= 4 && last.is_multiple_of(2) {
            numbers.push((last / 2, highest / 2.0));
        }
        for (row, number) in numbers {
            let words = format!("{:>4}", axis(number));
            let at = Rect { y: area.y + row, height: 1, ..area };
            self.text(at, &words, self.theme.faint());
        }
    }

    fn fill(&mut self, area: Rect, values: &[Option<f32>], highest: f64) {
        for (value, x) in values.iter().zip(area.x..area.right()) {
            let Some(value) = value else { continue };
            let share = (f64::from(*value) / highest).clamp(0.0, 1.0);
            let mut eighths = (share * f64::from(area.height) * 8.0).round() as usize;
            if *value > 0.0 {
                // Little is not nothing.
                eighths = eighths.max(1);
            }
            for y in (area.y..area.bottom()).rev() {
                let symbol = EIGHTHS[eighths.min(8)];
                eighths = eighths.saturating_sub(8);
                if symbol == " " {
                    break;
                }
                if let Some(cell) = self.buf.cell_mut((x, y)) {
                    cell.set_symbol(symbol).set_style(self.theme.area());
                }
            }
        }
    }

    fn dots(&mut self, area: Rect, dots: &Dots, style: Style) {
        for (n, bits) in dots.cells.iter().enumerate().filter(|(_, bits)| **bits != 0) {
            let (x, y) = (n % dots.width, n / dots.width);
            let at = (area.x + u16::try_from(x).unwrap_or(0), area.y + u16::try_from(y).unwrap_or(0));
            let over = self.theme.over_area(style);
            let Some(cell) = self.buf.cell_mut(at) else { continue };
            let style = if cell.symbol() == "█" { over } else { style };
            let symbol = char::from_u32(0x2800 + u32::from(*bits)).unwrap_or(' ');
            cell.reset();
            cell.set_char(symbol).set_style(style);
        }
    }
}

struct Shown {
    line: bool,
    target: bool,
}

/// Braille dots: two across and four down in each cell.
struct Dots {
    width: usize,
    height: usize,
    cells: Vec<u8>,
}

impl Dots {
    fn new(area: Rect) -> Self {
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        Dots { width: width.max(1), height, cells: vec![0; width * height] }
    }

    fn set(&mut self, x: usize, y: usize) {
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        if let Some(cell) = self.cells.get_mut(y / 4 * self.width + x / 2) {
            *cell |= BITS[y % 4][x % 2];
        }
    }

    /// The row of dots of a share of the height.
    fn row(&self, share: f64) -> usize {
        let rows = (self.height * 4).saturating_sub(1);
        ((1.0 - share.clamp(0.0, 1.0)) * rows as f64).round() as usize
    }

    /// Dots with gaps.
    fn level(&mut self, share: f64) {
        let y = self.row(share);
        (0..self.width).for_each(|x| self.set(x * 2, y));
    }

    /// A line through values, two to a cell; it breaks off where there are none.
    fn trace(&mut self, values: &[Option<f32>], highest: f64) {
        let mut before: Option<usize> = None;
        for (x, value) in values.iter().enumerate() {
            let y = value.map(|v| self.row(f64::from(v) / highest));
            if let Some(y) = y {
                let from = before.unwrap_or(y);
                (from.min(y)..=from.max(y)).for_each(|y| self.set(x, y));
            }
            before = y;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_number_with_few_digits() {
        let ends = [0.0, 0.7, 3.0, 5.83, 13.0, 583.0, 1234.0].map(|v| round_up(v, false));
        assert_eq!(ends, [1.0, 0.8, 3.0, 6.0, 16.0, 600.0, 1600.0]);
        let ends = [1.0, 4.0, 5.0, 7.0, 11.0, 13.0, 29.0, 121.0].map(|v| round_up(v, true));
        assert_eq!(ends, [2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 30.0, 160.0]);
    }

    #[test]
    fn a_line_connects_its_values_and_breaks_where_there_are_none() {
        let mut dots = Dots::new(Rect::new(0, 0, 3, 1));
        dots.trace(&[Some(0.0), Some(4.0), None, Some(4.0), Some(4.0), None], 4.0);
        let drawn: String =
            dots.cells.iter().filter_map(|b| char::from_u32(0x2800 + u32::from(*b))).collect();
        assert_eq!(drawn, "⣸⠈⠁");
    }
}
