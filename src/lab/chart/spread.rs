//! Where values lie, and what they consist of.

use super::COLOURS;
use super::axis::{decades, number, span, ticks, whole_ticks};
use super::frame::{Frame, Size, apart};
use crate::lab::observations::quantile;

/// Where times lie, in seconds on a logarithmic axis: how many of each kind in each bin, one kind upon the other, and
/// the quantiles of all.
pub fn distribution(title: &str, kinds: &[(&str, Vec<f64>)]) -> String {
    let mut all: Vec<f64> =
        kinds.iter().flat_map(|(_, values)| values).copied().filter(|v| *v > 0.0).collect();
    all.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (all.first(), all.last()) else {
        let mut frame = Frame::new(title, Size::WHOLE, (0.0, 1.0), (0.0, 1.0));
        let (x, y) = (frame.size.left, frame.size.top + 20.0);
        frame.text("m", x, y, "start", "No request has been answered.");
        return frame.close();
    };
    let (from, to) = ((low.log10() * 4.0).floor() / 4.0, (high.log10() * 4.0).ceil() / 4.0 + 1e-6);
    let bins = 60;
    let place = |v: f64| (((v.log10() - from) / (to - from) * bins as f64) as usize).min(bins - 1);
    let mut counts = vec![vec![0.0; bins]; kinds.len()];
    for (kind, (_, values)) in kinds.iter().enumerate() {
        values.iter().filter(|v| **v > 0.0).for_each(|v| counts[kind][place(*v)] += 1.0);
    }
    let top = (0..bins).map(|b| counts.iter().map(|c| c[b]).sum::<f64>()).fold(1.0, f64::max);
    let rows = whole_ticks(top);
    let size = Size { height: 260.0, ..Size::WHOLE };
    let mut frame = Frame::new(title, size, (from, to), (0.0, rows.last().copied().unwrap_or(1.0)));
    frame.rows(&rows, "requests", number);
    frame.columns(&decades(from, to), |x| span(10f64.powf(x)));
    for bin in 0..bins {
        let x = |i: usize| from + (to - from) * i as f64 / bins as f64;
        let (left, right) = (frame.px(x(bin)), frame.px(x(bin + 1)));
        let mut below = 0.0;
        for (kind, counts) in counts.iter().enumerate().filter(|(_, c)| c[bin] > 0.0) {
            let (bottom, top) = (frame.py(below), frame.py(below + counts[bin]));
            let class = format!("f c{}", kind % COLOURS);
            frame.rect(&class, (left, top), ((right - left - 1.0).max(1.0), (bottom - top).max(1.0)), 0.85);
            below += counts[bin];
        }
    }
    // The quantiles as lines, their names above them, the later ones left out where there is no room.
    let mut last = f64::NEG_INFINITY;
    for (name, q) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
        let value = quantile(&all, q).unwrap_or(0.0);
        let (x, top, bottom) = (frame.px(value.log10()), frame.size.top, frame.bottom());
        frame.path("v", &format!("M{x:.1} {top}V{bottom}"));
        if x > last {
            let text = format!("{name} {}", span(value));
            frame.text("m", x + 2.0, top - 4.0, "start", &text);
            last = x + 10.0 + 6.4 * text.chars().count() as f64;
        }
    }
    let end = frame.end() + 8.0;
    for (kind, (name, _)) in kinds.iter().enumerate().filter(|(i, _)| counts[*i].iter().any(|c| *c > 0.0)) {
        let y = frame.size.top + 10.0 + 16.0 * kind as f64;
        frame.text(&format!("f c{}", kind % COLOURS), end, y, "start", &format!("■ {name}"));
    }
    frame.close()
}

/// Something that consists of parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Each part, in seconds.
    pub values: Vec<f64>,
}

/// What times consist of: a bar for each, its parts one after another.
pub fn stacked(title: &str, rows: &[Part], names: &[&str]) -> String {
    let height = 22.0;
    let size = Size {
        height: 42.0 + 34.0 + (height + 6.0) * rows.len().max(1) as f64 + 18.0,
        left: 128.0,
        right: 70.0,
        top: 44.0,
        ..Size::WHOLE
    };
    let sum = |p: &Part| p.values.iter().sum::<f64>();
    let most = rows.iter().map(sum).fold(0.0, f64::max);
    let columns = ticks(0.0, if most > 0.0 { most } else { 1.0 });
    let to = columns.last().copied().unwrap_or(1.0);
    let mut frame = Frame::new(title, size, (0.0, to), (0.0, 1.0));
    frame.columns(&columns, span);
    let mut x = size.left;
    for (i, name) in names.iter().enumerate() {
        frame.text(&format!("f c{}", i % COLOURS), x, 34.0, "start", &format!("■ {name}"));
        x += 28.0 + 6.4 * name.chars().count() as f64;
    }
    for (row, part) in rows.iter().enumerate() {
        let y = size.top + 6.0 + (height + 6.0) * row as f64;
        let mut from = 0.0;
        for (i, value) in part.values.iter().enumerate().filter(|(_, v)| **v > 0.0) {
            let (left, right) = (frame.px(from), frame.px(from + value));
            frame.rect(&format!("f c{}", i % COLOURS), (left, y), ((right - left).max(0.5), height), 0.9);
            from += value;
        }
        frame.text("m", size.left - 8.0, y + 15.0, "end", &shortened(&part.name, 19));
        let end = frame.px(from) + 6.0;
        frame.text("m", end, y + 15.0, "start", &span(from));
    }
    frame.close()
}

/// The beginning of a name that is too long.
pub(super) fn shortened(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_owned();
    }
    name.chars().take(most - 1).chain(['…']).collect()
}

/// Names at the right of a picture, none over another.
pub(super) fn names(frame: &mut Frame, wanted: Vec<(usize, f64)>, name: impl Fn(usize) -> String) {
    let (top, bottom, x) = (frame.size.top, frame.bottom(), frame.end() + 8.0);
    for (i, at) in apart(wanted, 14.0, top, bottom) {
        frame.text(&format!("f c{}", i % COLOURS), x, at + 4.0, "start", &name(i));
    }
}
