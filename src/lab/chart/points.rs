//! How one value follows another, and how sure that is.

use super::COLOURS;
use super::axis::{number, ticks};
use super::frame::{Frame, Size};
use super::spread::{names, shortened};

/// A value with the half of its interval's width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Place on the axis.
    pub x: usize,
    /// The mean.
    pub y: f64,
    /// Half the width of its interval, if there is one.
    pub half: Option<f64>,
}

/// Points that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Their name.
    pub name: String,
    /// The points, in order of x.
    pub points: Vec<Point>,
}

/// A small chart of a measure over the values of one thing, a line for each group, with intervals. What the groups' names
/// are the values of stands above these.
pub fn points(
    title: &str,
    unit: &str,
    axis: &str,
    values: &[String],
    (named, groups): (&str, &[Group]),
) -> String {
    let names_of = groups.iter().map(|g| g.name.as_str()).chain([named]);
    let right = names_of.map(|name| name.chars().count()).max().unwrap_or(0).min(22);
    let size = Size { right: 22.0 + 6.6 * right as f64, height: 214.0, bottom: 46.0, ..Size::SMALL };
    let all = || groups.iter().flat_map(|g| &g.points);
    let high = all().map(|p| p.y + p.half.unwrap_or(0.0)).filter(|y| y.is_finite()).fold(0.0, f64::max);
    let rows = ticks(0.0, if high > 0.0 { high } else { 1.0 });
    let last = values.len().saturating_sub(1) as f64;
    let plane = (-0.3, last + 0.3);
    let mut frame = Frame::new(title, size, plane, (0.0, rows.last().copied().unwrap_or(1.0)));
    frame.rows(&rows, unit, number);
    let columns: Vec<f64> = (0..values.len()).map(|i| i as f64).collect();
    frame.columns(&columns, |x| values.get(x as usize).map_or(String::new(), |v| shortened(v, 14)));
    let middle = (frame.size.left + frame.end()) / 2.0;
    frame.text("m", middle, size.height - 6.0, "middle", axis);
    let mut labels = Vec::new();
    let n = groups.len();
    for (i, group) in groups.iter().enumerate() {
        let class = format!("l s c{}", i % COLOURS);
        // Groups stand a little apart, so that no interval hides another.
        let shift = (i as f64 - (n as f64 - 1.0) / 2.0) * 0.06;
        let mut line = String::new();
        for p in group.points.iter().filter(|p| p.y.is_finite()) {
            let (x, y) = (frame.px(p.x as f64 + shift), frame.py(p.y));
            line += &format!("{}{x:.1} {y:.1}", if line.is_empty() { "M" } else { "L" });
            if let Some(half) = p.half.filter(|h| h.is_finite() && *h > 0.0) {
                let (low, high) = (frame.py((p.y - half).max(0.0)), frame.py(p.y + half));
                let (l, r) = (x - 4.0, x + 4.0);
                frame.path(
                    &class,
                    &format!("M{l:.1} {low:.1}H{r:.1}M{x:.1} {low:.1}V{high:.1}M{l:.1} {high:.1}H{r:.1}"),
                );
            }
            frame.rect(&format!("f c{}", i % COLOURS), (x - 2.5, y - 2.5), (5.0, 5.0), 1.0);
        }
        frame.path(&format!("{class} thin"), &line);
        if let Some(end) = group.points.iter().rev().find(|p| p.y.is_finite()) {
            labels.push((i, frame.py(end.y)));
        }
    }
    if labels.len() > 1 {
        let (x, y) = (frame.end() + 8.0, size.top - 10.0);
        frame.text("m", x, y, "start", &shortened(named, 22));
    }
    names(&mut frame, labels, |i| shortened(&groups[i].name, 22));
    frame.close()
}
