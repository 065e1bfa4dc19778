//! What lived from when to when.

use super::COLOURS;
use super::axis::{clock, moments};
use super::frame::{Frame, Size};

/// A bar of a Gantt chart.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What it is of.
    pub name: String,
    /// Bars of one group have one colour.
    pub group: usize,
    /// When it begins.
    pub from: f64,
    /// When it became ready; at `until` if it never did.
    pub ready: f64,
    /// Its end.
    pub until: f64,
}

/// More bars than this are not drawn.
const MOST: usize = 200;

/// Pods from creation to end: pale while they start, full while they take requests.
pub fn gantt(title: &str, end: f64, bars: &[Bar]) -> String {
    let row = match bars.len() {
        0..=25 => 20.0,
        26..=60 => 12.0,
        _ => 6.0,
    };
    let shown = &bars[..bars.len().min(MOST)];
    let more = if bars.len() > shown.len() { 18.0 } else { 0.0 };
    let size = Size {
        top: 30.0,
        right: 24.0,
        height: 30.0 + 34.0 + more + row * shown.len().max(1) as f64,
        bottom: 34.0 + more,
        ..Size::WHOLE
    };
    let mut frame = Frame::new(title, size, (0.0, end.max(1e-3)), (0.0, 1.0));
    frame.columns(&moments(0.0, end), clock);
    for (i, bar) in shown.iter().enumerate() {
        let y = size.top + row * i as f64 + 1.0;
        let (from, ready, until) =
            (frame.px(bar.from), frame.px(bar.ready), frame.px(bar.until.max(bar.from)));
        let (class, thick) = (format!("f c{}", bar.group % COLOURS), row - 3.0);
        frame.rect(&class, (from, y), ((ready - from).max(0.5), thick), 0.3);
        frame.rect(&class, (ready, y), ((until - ready).max(0.0), thick), 0.9);
        if row > 10.0 {
            let short = bar.name.rsplit('-').next().unwrap_or_default();
            frame.text("m", size.left - 6.0, y + thick / 2.0 + 4.0, "end", short);
        }
    }
    if bars.is_empty() {
        frame.text("m", size.left, size.top + 14.0, "start", "There was no pod.");
    }
    if more > 0.0 {
        let text = format!("and {} more", bars.len() - shown.len());
        frame.text("m", size.left, size.height - 6.0, "start", &text);
    }
    frame.close()
}
