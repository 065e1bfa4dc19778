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

/// More bars than this share rows: a row then holds bars that came after one another.
const MOST: usize = 60;

/// The row of each bar, and how many rows there are.
fn rows(bars: &[Bar]) -> (Vec<usize>, usize) {
    if bars.len() <= MOST {
        return ((0..bars.len()).collect(), bars.len());
    }
    let mut order: Vec<usize> = (0..bars.len()).collect();
    order.sort_by(|a, b| bars[*a].from.total_cmp(&bars[*b].from));
    let (mut rows, mut ends) = (vec![0; bars.len()], Vec::<f64>::new());
    for i in order {
        let row = ends.iter().position(|end| *end <= bars[i].from).unwrap_or(ends.len());
        if row == ends.len() {
            ends.push(0.0);
        }
        (rows[i], ends[row]) = (row, bars[i].until.max(bars[i].from));
    }
    (rows, ends.len())
}

/// Whether so many bars share rows.
pub fn shares_rows(bars: usize) -> bool {
    bars > MOST
}

/// Pods from creation to end: pale while they start, full while they take requests.
pub fn gantt(title: &str, end: f64, bars: &[Bar]) -> String {
    let (places, count) = rows(bars);
    let row = match count {
        0..=25 => 20.0,
        26..=60 => 12.0,
        _ => (600.0 / count as f64).max(2.0),
    };
    let size = Size {
        top: 30.0,
        right: 24.0,
        height: 30.0 + 34.0 + row * count.max(1) as f64,
        bottom: 34.0,
        ..Size::WHOLE
    };
    let mut frame = Frame::new(title, size, (0.0, end.max(1e-3)), (0.0, 1.0));
    frame.columns(&moments(0.0, end), clock);
    let thick = if row > 6.0 { row - 3.0 } else { row * 0.7 };
    for (bar, place) in bars.iter().zip(places) {
        let y = size.top + row * place as f64 + 1.0;
        let (from, ready, until) =
            (frame.px(bar.from), frame.px(bar.ready), frame.px(bar.until.max(bar.from)));
        let class = format!("f c{}", bar.group % COLOURS);
        frame.rect(&class, (from, y), ((ready - from).max(0.5), thick), 0.3);
        frame.rect(&class, (ready, y), ((until - ready).max(0.0), thick), 0.9);
        if !shares_rows(bars.len()) && row > 10.0 {
            let short = bar.name.rsplit('-').next().unwrap_or_default();
            frame.text("m", size.left - 6.0, y + thick / 2.0 + 4.0, "end", short);
        }
    }
    if bars.is_empty() {
        frame.text("m", size.left, size.top + 14.0, "start", "There was no pod.");
    }
    frame.close()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_bars_share_rows_and_none_covers_another() {
        let bar = |from: f64| Bar { name: String::new(), group: 0, from, ready: from, until: from + 1.5 };
        let few: Vec<Bar> = (0..60).map(|i| bar(f64::from(i))).collect();
        assert_eq!(rows(&few).1, 60);
        let many: Vec<Bar> = (0..61).map(|i| bar(f64::from(i))).collect();
        let (places, count) = rows(&many);
        assert_eq!((&places[..4], count), (&[0, 1, 0, 1][..], 2));
    }
}
