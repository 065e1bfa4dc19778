//! Charts as SVG: self-contained, readable in light and dark, each line named where it ends.

use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 120.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 40.0;

/// Colours that are told apart by people who do not see red or green (Okabe and Ito 2008).
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/// The style that every chart carries, so that it stands alone.
const STYLE: &str = "<style>svg{font:12px system-ui,sans-serif;fill:#222;background:#fff}.g{stroke:#8884;stroke-width:1}\
.t{font-weight:600;font-size:14px}.m{fill:#666}@media(prefers-color-scheme:dark){svg{fill:#ddd;background:#16181d}\
.m{fill:#999}}</style>";

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A line from point to point.
    Line,
    /// Level until the next point.
    Steps,
    /// Dots.
    Dots,
    /// Crosses, larger.
    Crosses,
}

/// One series of a chart.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// How it is drawn.
    pub mark: Mark,
    /// Its points, in order of x.
    pub points: Vec<(f64, f64)>,
}

/// A bar of a Gantt chart.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What it is of.
    pub name: String,
    /// Begins, becomes ready, ends.
    pub from: f64,
    /// When it became ready; at `until` if it never did.
    pub ready: f64,
    /// Its end.
    pub until: f64,
}

/// Text as it may stand in SVG and HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Round numbers that cover 0 or `low` to `high` in about five steps.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let span = (high - low).max(1e-9);
    let rough = span / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 2.5, 5.0, 10.0].map(|s| s * power).into_iter().find(|s| *s >= rough).unwrap_or(power);
    let first = (low / step).floor() as i64;
    (first..=((high / step).ceil() as i64)).map(|i| i as f64 * step).collect()
}

/// Moments that a clock has round numbers for.
fn moments(low: f64, high: f64) -> Vec<f64> {
    const STEPS: [f64; 13] =
        [10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0];
    let rough = (high - low) / 6.0;
    match STEPS.into_iter().find(|s| *s >= rough).filter(|_| rough > 5.0) {
        Some(step) => (0..=((high / step) as i64)).map(|i| i as f64 * step).collect(),
        None => ticks(low, high),
    }
}

/// 1, 2 and 5 of each power of ten, as logarithms.
fn decades(low: f64, high: f64) -> Vec<f64> {
    let powers = low.floor() as i32..=high.ceil() as i32;
    let all = powers.flat_map(|p| [1.0f64, 2.0, 5.0].map(|n| n.log10() + f64::from(p)));
    all.filter(|x| (low..=high).contains(x)).collect()
}

fn number(value: f64) -> String {
    let digits = if value.abs() >= 100.0 {
        0
    } else if value.abs() >= 1.0 {
        2
    } else {
        4
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Seconds as people say them.
fn clock(seconds: f64) -> String {
    if seconds < 120.0 {
        return format!("{}s", number(seconds));
    }
    let (m, s) = ((seconds / 60.0).floor(), seconds % 60.0);
    if m < 120.0 {
        return if s < 0.5 { format!("{m}m") } else { format!("{m}m{s:.0}s") };
    }
    format!("{}h", number(seconds / 3600.0))
}

struct Frame {
    svg: String,
    x: (f64, f64),
    y: (f64, f64),
    height: f64,
}

impl Frame {
    fn new(
        title: &str,
        unit: &str,
        x: (f64, f64),
        high: f64,
        columns: &[f64],
        x_label: fn(f64) -> String,
    ) -> Self {
        let rows = ticks(0.0, if high > 0.0 { high } else { 1.0 });
        let y = (0.0, rows.last().copied().unwrap_or(1.0));
        let mut frame = Frame { svg: String::new(), x, y, height: HEIGHT };
        frame.open(title);
        for row in rows {
            let at = frame.py(row);
            let _ = write!(
                frame.svg,
                "<line class=g x1={LEFT} x2={} y1={at:.1} y2={at:.1} /><text class=m x={} y={:.1} text-anchor=end>{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0,
                number(row)
            );
        }
        let _ =
            write!(frame.svg, "<text class=m x={} y=16 text-anchor=end>{}</text>", LEFT - 6.0, escape(unit));
        frame.columns(columns, x_label);
        frame
    }

    fn open(&mut self, title: &str) {
        let height = self.height;
        let _ = write!(
            self.svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=img aria-label=\"{0}\">{STYLE}\
             <text class=t x={LEFT} y=16>{0}</text>",
            escape(title)
        );
    }

    fn columns(&mut self, columns: &[f64], label: fn(f64) -> String) {
        let bottom = self.height - BOTTOM;
        for column in columns.iter().filter(|c| **c <= self.x.1 + 1e-9) {
            let (at, column) = (self.px(*column), *column);
            let _ = write!(
                self.svg,
                "<line class=g x1={at:.1} x2={at:.1} y1={TOP} y2={bottom} /><text class=m x={at:.1} y={} text-anchor=middle>{}</text>",
                bottom + 16.0,
                label(column)
            );
        }
    }

    fn px(&self, x: f64) -> f64 {
        LEFT + (x - self.x.0) / (self.x.1 - self.x.0).max(1e-9) * (WIDTH - LEFT - RIGHT)
    }

    fn py(&self, y: f64) -> f64 {
        let bottom = HEIGHT - BOTTOM;
        bottom - (y - self.y.0) / (self.y.1 - self.y.0).max(1e-9) * (bottom - TOP)
    }

    fn close(mut self) -> String {
        self.svg.push_str("</svg>");
        // Attributes without quotes are HTML; SVG on its own is XML and wants them.
        quoted(&self.svg)
    }
}

/// Puts quotes around attribute values that have none.
fn quoted(svg: &str) -> String {
    let mut out = String::with_capacity(svg.len() + svg.len() / 8);
    let (mut tag, mut text, mut bare) = (false, false, false);
    let mut before = ' ';
    for c in svg.chars() {
        if bare && (c == ' ' || c == '>' || c == '/' && tag) {
            out.push('"');
            bare = false;
        }
        match c {
            '<' if !text => tag = true,
            '>' if !text => tag = false,
            '"' if tag => text = !text,
            _ if tag && !text && before == '=' => {
                out.push('"');
                bare = true;
            }
            _ => {}
        }
        out.push(c);
        before = c;
    }
    out
}

/// A chart over time, in seconds since the start.
pub fn over_time(title: &str, unit: &str, end: f64, series: &[Series]) -> String {
    let high = series.iter().flat_map(|s| &s.points).map(|p| p.1).fold(0.0, f64::max);
    let mut frame = Frame::new(title, unit, (0.0, end.max(1e-3)), high, &moments(0.0, end.max(1e-3)), clock);
    draw(&mut frame, series, end);
    frame.close()
}

fn draw(frame: &mut Frame, series: &[Series], end: f64) {
    let mut used: Vec<f64> = Vec::new();
    for (i, s) in series.iter().enumerate().filter(|(_, s)| !s.points.is_empty()) {
        let colour = COLOURS[i % COLOURS.len()];
        match s.mark {
            Mark::Line | Mark::Steps => {
                let mut path = String::new();
                let mut last = None;
                for (x, y) in &s.points {
                    let (px, py) = (frame.px(*x), frame.py(*y));
                    match last {
                        None => _ = write!(path, "M{px:.1} {py:.1}"),
                        Some(_) if s.mark == Mark::Steps => _ = write!(path, "H{px:.1}V{py:.1}"),
                        Some(_) => _ = write!(path, "L{px:.1} {py:.1}"),
                    }
                    last = Some((px, py));
                }
                if s.mark == Mark::Steps {
                    let _ = write!(path, "H{:.1}", frame.px(end));
                }
                let dash = if i % 2 == 1 { " stroke-dasharray=\"5 3\"" } else { "" };
                let _ = write!(
                    frame.svg,
                    "<path d=\"{path}\" fill=none stroke=\"{colour}\" stroke-width=2{dash} />"
                );
            }
            Mark::Dots => {
                for (x, y) in &s.points {
                    let (px, py) = (frame.px(*x), frame.py(*y));
                    let _ = write!(
                        frame.svg,
                        "<circle cx={px:.1} cy={py:.1} r=1.6 fill=\"{colour}\" opacity=0.6 />"
                    );
                }
            }
            Mark::Crosses => {
                let mut path = String::new();
                for (x, y) in &s.points {
                    let (px, py) = (frame.px(*x), frame.py(*y));
                    let (l, r, t, b) = (px - 4.0, px + 4.0, py - 4.0, py + 4.0);
                    let _ = write!(path, "M{l:.1} {t:.1}L{r:.1} {b:.1}M{l:.1} {b:.1}L{r:.1} {t:.1}");
                }
                let _ =
                    write!(frame.svg, "<path d=\"{path}\" fill=none stroke=\"{colour}\" stroke-width=1.6 />");
            }
        }
        // The name stands at the right, where the line ends, moved down where it would cover another.
        let mut at = s.points.last().map_or(TOP, |p| frame.py(p.1)).clamp(TOP + 4.0, HEIGHT - BOTTOM);
        while used.iter().any(|u| (u - at).abs() < 14.0) {
            at += 14.0;
        }
        used.push(at);
        let sign = match s.mark {
            Mark::Crosses => "× ",
            Mark::Dots => "• ",
            _ => "",
        };
        let _ = write!(
            frame.svg,
            "<text x={} y={:.1} style=\"fill:{colour}\">{sign}{}</text>",
            WIDTH - RIGHT + 8.0,
            at + 4.0,
            escape(&s.name)
        );
    }
}

/// Where values lie: how many in each of some bins, on a logarithmic axis.
pub fn distribution(title: &str, values: &[f64]) -> String {
    let positive: Vec<f64> = values.iter().copied().filter(|v| *v > 0.0).collect();
    let (low, high) = positive.iter().fold((f64::MAX, 0.0_f64), |(l, h), v| (l.min(*v), h.max(*v)));
    if positive.is_empty() {
        return over_time(title, "requests", 1.0, &[]);
    }
    let (from, to) = ((low.log10() * 4.0).floor() / 4.0, (high.log10() * 4.0).ceil() / 4.0 + 1e-6);
    let bins = 48;
    let mut counts = vec![0.0; bins];
    for v in &positive {
        let at = (v.log10() - from) / (to - from) * bins as f64;
        counts[(at as usize).min(bins - 1)] += 1.0;
    }
    let top = counts.iter().copied().fold(0.0, f64::max);
    let label = |x: f64| format!("{}s", number(10f64.powf(x)));
    let mut frame = Frame::new(title, "requests", (from, to), top, &decades(from, to), label);
    for (i, count) in counts.iter().enumerate().filter(|(_, c)| **c > 0.0) {
        let x = |i: usize| from + (to - from) * i as f64 / bins as f64;
        let (left, right, y) = (frame.px(x(i)), frame.px(x(i + 1)), frame.py(*count));
        let bottom = HEIGHT - BOTTOM;
        let _ = write!(
            frame.svg,
            "<rect x={left:.1} y={y:.1} width={:.1} height={:.1} fill=\"{}\" />",
            (right - left - 1.0).max(1.0),
            bottom - y,
            COLOURS[0]
        );
    }
    frame.close()
}

/// Pods from creation to end: pale while they start, full while they take requests.
pub fn gantt(title: &str, end: f64, bars: &[Bar]) -> String {
    let row = if bars.len() > 40 { 6.0 } else { 16.0 };
    let shown = &bars[..bars.len().min(200)];
    let height = TOP + BOTTOM + row * shown.len().max(1) as f64;
    let mut frame = Frame { svg: String::new(), x: (0.0, end.max(1e-3)), y: (0.0, 1.0), height };
    frame.open(title);
    frame.columns(&moments(0.0, end), clock);
    for (i, bar) in shown.iter().enumerate() {
        let y = TOP + row * i as f64 + 1.0;
        let (from, ready, until) = (frame.px(bar.from), frame.px(bar.ready), frame.px(bar.until));
        let (colour, thick) = (COLOURS[0], row - 2.0);
        let _ = write!(
            frame.svg,
            "<rect x={from:.1} y={y:.1} width={:.1} height={thick} fill=\"{colour}\" opacity=0.3 />\
             <rect x={ready:.1} y={y:.1} width={:.1} height={thick} fill=\"{colour}\" />",
            (ready - from).max(0.5),
            (until - ready).max(0.0)
        );
        if row > 10.0 {
            let short = bar.name.rsplit('-').next().unwrap_or_default();
            let _ = write!(
                frame.svg,
                "<text class=m x={} y={:.1} text-anchor=end>{}</text>",
                LEFT - 6.0,
                y + thick - 3.0,
                escape(short)
            );
        }
    }
    if bars.len() > shown.len() {
        let _ = write!(
            frame.svg,
            "<text class=m x={LEFT} y={}>and {} more</text>",
            height - 6.0,
            bars.len() - shown.len()
        );
    }
    frame.close()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_cover() {
        assert_eq!(ticks(0.0, 6.0), [0.0, 2.0, 4.0, 6.0]);
        assert_eq!(ticks(0.0, 0.7), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8]);
        assert_eq!([clock(45.0), clock(90.5), clock(600.0), clock(7200.0)], ["45s", "90.5s", "10m", "2h"]);
    }

    #[test]
    fn a_chart_is_well_formed() {
        let series = [
            Series { name: "a < b".into(), mark: Mark::Steps, points: vec![(0.0, 1.0), (5.0, 3.0)] },
            Series { name: "cold".into(), mark: Mark::Crosses, points: vec![(2.0, 2.0)] },
        ];
        let bar = Bar { name: "f-x-abcde".into(), from: 0.0, ready: 1.0, until: 9.0 };
        for svg in [
            over_time("Replicas", "pods", 10.0, &series),
            distribution("Latency", &[0.1, 0.2, 0.2, 3.0]),
            distribution("Latency", &[]),
            gantt("Pods", 10.0, &[bar]),
        ] {
            assert!(
                svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.ends_with("</svg>"),
                "{svg}"
            );
            let opened = svg.matches('<').count();
            assert_eq!(opened, svg.matches('>').count());
            assert_eq!(svg.matches('"').count() % 2, 0);
            assert!(!svg.contains("NaN") && !svg.contains("a < b"), "{svg}");
            assert!(!svg.contains("x1=6"), "quotes are there: {svg}");
        }
    }
}
