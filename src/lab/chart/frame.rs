//! What all charts share: the picture, its title, its grid.

use super::{STYLE, escape};
use std::fmt::Write as _;

/// Where things are in a picture, in its own units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub width: f64,
    pub height: f64,
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

impl Size {
    /// One to itself.
    pub const WHOLE: Size =
        Size { width: 780.0, height: 280.0, left: 62.0, right: 122.0, top: 42.0, bottom: 34.0 };
    /// One of many.
    pub const SMALL: Size =
        Size { width: 380.0, height: 200.0, left: 52.0, right: 72.0, top: 40.0, bottom: 32.0 };
}

/// A picture in the making.
pub(super) struct Frame {
    pub svg: String,
    pub size: Size,
    x: (f64, f64),
    y: (f64, f64),
}

impl Frame {
    /// A picture with a title whose plane goes from and to these values.
    pub fn new(title: &str, size: Size, x: (f64, f64), y: (f64, f64)) -> Self {
        let mut svg = String::new();
        let title = escape(title);
        let (w, h) = (size.width, size.height);
        let _ = write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"fc\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
             aria-label=\"{title}\">{STYLE}<text class=\"t\" x=\"{}\" y=\"16\">{title}</text>",
            size.left
        );
        Frame { svg, size, x, y }
    }

    pub fn px(&self, x: f64) -> f64 {
        let width = self.size.width - self.size.left - self.size.right;
        self.size.left + (x - self.x.0) / (self.x.1 - self.x.0).max(1e-9) * width
    }

    pub fn py(&self, y: f64) -> f64 {
        let bottom = self.bottom();
        let share = (y - self.y.0) / (self.y.1 - self.y.0).max(1e-9);
        bottom - share.clamp(-0.02, 1.02) * (bottom - self.size.top)
    }

    /// The lowest line of the plane.
    pub fn bottom(&self) -> f64 {
        self.size.height - self.size.bottom
    }

    /// The right end of the plane.
    pub fn end(&self) -> f64 {
        self.size.width - self.size.right
    }

    /// Lines across, each with its number; the unit stands above them.
    pub fn rows(&mut self, rows: &[f64], unit: &str, label: impl Fn(f64) -> String) {
        let (left, end) = (self.size.left, self.end());
        for row in rows {
            let at = self.py(*row);
            let _ = write!(
                self.svg,
                "<line class=\"g\" x1=\"{left}\" x2=\"{end}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>"
            );
            self.text("m", left - 6.0, at + 4.0, "end", &label(*row));
        }
        let top = self.size.top - 10.0;
        // Beside the numbers, or from the edge where it is longer than they are.
        match 7.2 * unit.chars().count() as f64 > left - 6.0 {
            true => self.text("m", 0.0, top, "start", unit),
            false => self.text("m", left - 6.0, top, "end", unit),
        }
    }

    /// Lines down, each with its name.
    pub fn columns(&mut self, columns: &[f64], label: impl Fn(f64) -> String) {
        let (top, bottom) = (self.size.top, self.bottom());
        let (first, last) = (self.x.0 - 1e-9, self.x.1 + (self.x.1 - self.x.0) * 1e-6);
        for column in columns.iter().filter(|c| (first..=last).contains(*c)) {
            let at = self.px(*column);
            let _ = write!(
                self.svg,
                "<line class=\"g\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{top}\" y2=\"{bottom}\"/>"
            );
            self.text("m", at, bottom + 16.0, "middle", &label(*column));
        }
    }

    pub fn text(&mut self, class: &str, x: f64, y: f64, anchor: &str, text: &str) {
        let _ = write!(
            self.svg,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
            escape(text)
        );
    }

    pub fn rect(&mut self, class: &str, (x, y): (f64, f64), (w, h): (f64, f64), opacity: f64) {
        let _ = write!(
            self.svg,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" opacity=\"{opacity}\"/>"
        );
    }

    pub fn path(&mut self, class: &str, path: &str) {
        let _ = write!(self.svg, "<path class=\"{class}\" d=\"{path}\"/>");
    }

    pub fn close(mut self) -> String {
        self.svg.push_str("</svg>");
        self.svg
    }
}

/// Puts labels at heights so that none covers another: each as near to its own as the others allow.
pub(super) fn apart(mut wanted: Vec<(usize, f64)>, least: f64, low: f64, high: f64) -> Vec<(usize, f64)> {
    wanted.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut last = f64::NEG_INFINITY;
    for (_, at) in &mut wanted {
        *at = at.max(last + least).max(low);
        last = *at;
    }
    let mut next = high + least;
    for (_, at) in wanted.iter_mut().rev() {
        *at = at.min(next - least);
        next = *at;
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_do_not_cover_each_other() {
        let placed = apart(vec![(0, 100.0), (1, 101.0), (2, 200.0), (3, 199.0)], 14.0, 0.0, 200.0);
        let heights: Vec<f64> = placed.iter().map(|p| p.1).collect();
        assert!(heights.windows(2).all(|w| w[1] - w[0] >= 14.0 - 1e-9), "{placed:?}");
        assert!(heights.iter().all(|h| *h <= 200.0));
    }
}
