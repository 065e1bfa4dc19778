//! Charts over time.

use super::COLOURS;
use super::axis::{clock, decades, moments, number, span, ticks, whole_ticks};
use super::frame::{Frame, Size, apart};
use std::fmt::Write as _;

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A line from point to point.
    Line,
    /// A thin line: one of many.
    Thin,
    /// Level until the next point.
    Steps,
    /// Level until the next point, dashed.
    Dashed,
    /// Dots.
    Dots,
    /// Crosses, larger.
    Crosses,
}

/// One series of a chart.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name; one without is not named.
    pub name: String,
    /// How it is drawn.
    pub mark: Mark,
    /// Its points, in order of x.
    pub points: Vec<(f64, f64)>,
    /// Its colour, instead of its place's.
    pub colour: Option<usize>,
}

impl Series {
    /// A series in the colour of its place.
    pub fn new(name: impl Into<String>, mark: Mark, points: Vec<(f64, f64)>) -> Self {
        Series { name: name.into(), mark, points, colour: None }
    }

    /// The same in a colour.
    pub fn coloured(self, colour: usize) -> Self {
        Series { colour: Some(colour), ..self }
    }
}

/// A part of the time with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Its name.
    pub name: String,
    /// When it begins.
    pub from: f64,
    /// When it ends; a line where it is when it begins.
    pub until: f64,
}

/// A chart over time, in seconds since the start.
#[derive(Clone, Copy, Debug, Default)]
pub struct OverTime<'a> {
    /// Its title.
    pub title: &'a str,
    /// What the numbers are: stands above them.
    pub unit: &'a str,
    /// The last moment.
    pub end: f64,
    /// What is drawn.
    pub series: &'a [Series],
    /// Phases, as bands behind it, and steps, as lines.
    pub bands: &'a [Band],
    /// Numbers are counts.
    pub whole: bool,
    /// Times on a logarithmic axis.
    pub log: bool,
    /// One of many.
    pub small: bool,
    /// The highest number at least, so that several charts can be compared.
    pub high: Option<f64>,
}

impl OverTime<'_> {
    /// The chart as SVG.
    pub fn svg(&self) -> String {
        let size = if self.small { Size::SMALL } else { Size::WHOLE };
        let end = self.end.max(1e-3);
        let values = || self.series.iter().flat_map(|s| &s.points).map(|p| p.1);
        let high = values().fold(self.high.unwrap_or(0.0), f64::max);
        let low = values().filter(|v| *v > 0.0).fold(f64::INFINITY, f64::min);
        let log = self.log && high > 0.0 && low.is_finite();
        let (rows, y) = if log {
            let (from, to) = ((low.log10() * 2.0).floor() / 2.0, (high.log10() * 2.0).ceil() / 2.0);
            let (from, to) = if to - from < 0.5 { (from - 0.5, to) } else { (from, to) };
            (decades(from, to), (from, to))
        } else {
            let high = if high > 0.0 { high } else { 1.0 };
            let rows = if self.whole { whole_ticks(high) } else { ticks(0.0, high) };
            let top = rows.last().copied().unwrap_or(1.0);
            (rows, (0.0, top))
        };
        let mut frame = Frame::new(self.title, size, (0.0, end), y);
        self.bands(&mut frame, end);
        if log {
            frame.rows(&rows, "", |y| span(10f64.powf(y)));
        } else {
            frame.rows(&rows, self.unit, number);
        }
        frame.columns(&moments(0.0, end), clock);
        let height = |y: f64| if log { y.max(1e-9).log10() } else { y };
        let mut labels = Vec::new();
        for (i, s) in self.series.iter().enumerate().filter(|(_, s)| !s.points.is_empty()) {
            let colour = s.colour.unwrap_or(i) % COLOURS;
            draw(&mut frame, s, colour, end, height);
            if !s.name.is_empty() {
                let at = s.points.last().map_or(size.top, |p| frame.py(height(p.1)));
                labels.push((i, at));
            }
        }
        // Where there are more names than room, the first ones stand for all.
        let room = ((frame.bottom() - size.top) / 14.0) as usize + 1;
        labels.truncate(room);
        for (i, at) in apart(labels, 14.0, size.top + 2.0, frame.bottom()) {
            let s = &self.series[i];
            let sign = match s.mark {
                Mark::Crosses => "× ",
                Mark::Dots => "• ",
                _ => "",
            };
            let class = format!("f c{}", s.colour.unwrap_or(i) % COLOURS);
            let x = frame.end() + 8.0;
            frame.text(&class, x, at + 4.0, "start", &format!("{sign}{}", s.name));
        }
        frame.close()
    }

    fn bands(&self, frame: &mut Frame, end: f64) {
        let (top, bottom) = (frame.size.top, frame.bottom());
        let mut last = f64::NEG_INFINITY;
        for band in self.bands.iter().filter(|b| b.from < end) {
            let (from, until) = (frame.px(band.from.max(0.0)), frame.px(band.until.min(end)));
            if band.until > band.from {
                frame.rect("b", (from, top), (until - from, bottom - top), 1.0);
            } else {
                let _ = write!(
                    frame.svg,
                    "<line class=\"v\" x1=\"{from:.1}\" x2=\"{from:.1}\" y1=\"{top}\" y2=\"{bottom}\"/>"
                );
            }
            // A name that would cover the one before it is left out.
            if !self.small && from >= last {
                frame.text("m", from + 3.0, top - 4.0, "start", &band.name);
                last = from + 8.0 + 6.2 * band.name.chars().count() as f64;
            }
        }
    }
}

fn draw(frame: &mut Frame, s: &Series, colour: usize, end: f64, height: impl Fn(f64) -> f64) {
    let at = |frame: &Frame, p: &(f64, f64)| (frame.px(p.0), frame.py(height(p.1)));
    let mut path = String::new();
    match s.mark {
        Mark::Line | Mark::Thin | Mark::Steps | Mark::Dashed => {
            let steps = matches!(s.mark, Mark::Steps | Mark::Dashed);
            let mut last: Option<(f64, f64)> = None;
            for p in &s.points {
                let (x, y) = at(frame, p);
                match last {
                    None => _ = write!(path, "M{x:.1} {y:.1}"),
                    // What does not change needs no point of its own.
                    Some((_, before)) if steps && (before - y).abs() < 0.05 => continue,
                    Some(_) if steps => _ = write!(path, "H{x:.1}V{y:.1}"),
                    Some(_) => _ = write!(path, "L{x:.1} {y:.1}"),
                }
                last = Some((x, y));
            }
            if steps {
                let _ = write!(path, "H{:.1}", frame.px(end));
            }
            let thin = if s.mark == Mark::Thin { " thin" } else { "" };
            let dash = if s.mark == Mark::Dashed { " dash" } else { "" };
            frame.path(&format!("l s c{colour}{thin}{dash}"), &path);
        }
        Mark::Dots => {
            let _ = write!(frame.svg, "<g class=\"f c{colour}\" opacity=\"0.55\">");
            for p in &s.points {
                let (x, y) = at(frame, p);
                let _ = write!(frame.svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"1.7\"/>");
            }
            frame.svg.push_str("</g>");
        }
        Mark::Crosses => {
            for p in &s.points {
                let (x, y) = at(frame, p);
                let (l, r, t, b) = (x - 4.0, x + 4.0, y - 4.0, y + 4.0);
                let _ = write!(path, "M{l:.1} {t:.1}L{r:.1} {b:.1}M{l:.1} {b:.1}L{r:.1} {t:.1}");
            }
            frame.path(&format!("l s c{colour}"), &path);
        }
    }
}
