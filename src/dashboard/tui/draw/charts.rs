//! The chosen function over time: replicas, CPU per pod, latency.

use super::Pen;
use super::functions::inset;
use super::plot::{Plot, Trace};
use crate::cluster::snapshot::FunctionState;
use crate::dashboard::tui::app::Pane;
use crate::dashboard::tui::app::explain::cpu_target;
use crate::dashboard::tui::history::Sample;
use crate::dashboard::tui::words::{fit_middle, latency, plural};
use ratatui::layout::Rect;

/// Above this many milliseconds the latency chart counts in seconds.
const IN_SECONDS: f32 = 5000.0;

/// No CPU axis ends below so many millicores: what an idle process uses is not to look like work.
const IDLE: f64 = 10.0;

/// The height below which a chart says nothing.
const LEAST: u16 = 6;

impl Pen<'_> {
    pub fn charts(&mut self, area: Rect) {
        if area.height < 5 {
            return;
        }
        let Some(function) = self.app.function() else {
            let rest = self.titled(Pane::Charts, area, "Charts", &[]);
            return self.text(inset(rest), "Choose a function to see its charts.", self.theme.faint());
        };
        let several = self.app.charted();
        let (Some(view), true) = (self.app.view(), self.app.zoomed && several.len() > 1) else {
            return self.three_charts(function, thirds(area, self.app.zoomed));
        };
        // One function in each row, as many as can be read.
        let rows = usize::from(area.height / LEAST).clamp(1, several.len());
        let height = area.height / u16::try_from(rows).unwrap_or(1);
        for (id, n) in several.iter().zip(0..).take(rows) {
            let row = Rect { y: area.y + n * height, height, ..area };
            if let Some(function) = view.snapshot.functions.get(id) {
                self.three_charts(function, thirds(row, false));
            }
        }
    }

    fn three_charts(&mut self, function: &FunctionState, [replicas, cpu, latency]: [Rect; 3]) {
        self.replicas_chart(replicas, function);
        self.cpu_chart(cpu, function);
        self.latency_chart(latency, function);
    }

    fn past(
        &self,
        f: &FunctionState,
        columns: usize,
        value: impl Fn(&Sample) -> Option<f32>,
    ) -> Vec<Option<f32>> {
        let app = self.app;
        app.history.columns(f.id, app.now(), app.window, columns, value)
    }

    fn span(&self) -> String {
        match self.app.window.as_secs() {
            60 => "1 min".into(),
            seconds => format!("{} min", seconds / 60),
        }
    }

    fn replicas_chart(&mut self, area: Rect, f: &FunctionState) {
        let columns = Plot::columns(area);
        let ready = self.past(f, columns, |s| Some(s.ready as f32));
        let desired = self.past(f, columns * 2, |s| Some(s.desired as f32));
        // A long name is shortened, not what the chart is about.
        let room = usize::from(area.width).saturating_sub(": replicas".len() + 5);
        let name = fit_middle(&f.spec.name, room);
        let plot = Plot {
            title: &format!("{} {name}: replicas", Pane::Charts.number()),
            area: Trace { label: format!("ready {}", f.ready), values: &ready },
            line: Trace { label: format!("desired {}", f.replicas), values: &desired },
            target: None,
            whole: true,
            least: 4.0,
            span: &self.span(),
        };
        self.plot(area, &plot, self.app.pane == Pane::Charts);
    }

    fn cpu_chart(&mut self, area: Rect, f: &FunctionState) {
        let columns = Plot::columns(area);
        // What is printed as 0 is drawn as 0.
        let mean = self.past(f, columns, |s| s.cpu.mean().map(|m| if m < 0.5 { 0.0 } else { m }));
        let most = self.past(f, columns * 2, |s| (s.cpu.pods > 1).then_some(s.cpu.most as f32));
        let cpu = self.app.cpu_of(f.id);
        let plot = Plot {
            title: if area.width >= 30 { "CPU per pod (millicores)" } else { "CPU/pod (millicores)" },
            area: Trace {
                label: cpu.mean().map_or("no pod".into(), |m| format!("mean {m:.0}")),
                values: &mean,
            },
            line: Trace {
                label: if cpu.pods > 1 { format!("most {}", cpu.most) } else { String::new() },
                values: &most,
            },
            target: cpu_target(f).map(|t| {
                (format!("{} {}", if area.width >= 32 { "HPA target" } else { "target" }, t.0), t.0 as f64)
            }),
            whole: false,
            least: IDLE,
            span: &self.span(),
        };
        self.plot(area, &plot, self.app.pane == Pane::Charts);
    }

    fn latency_chart(&mut self, area: Rect, f: &FunctionState) {
        let columns = Plot::columns(area);
        let mut p50 = self.past(f, columns, |s| s.p50);
        let mut p95 = self.past(f, columns * 2, |s| s.p95);
        let highest = p50.iter().chain(&p95).flatten().fold(0.0f32, |a, b| a.max(*b));
        let seconds = highest > IN_SECONDS;
        if seconds {
            p50.iter_mut().chain(&mut p95).flatten().for_each(|v| *v /= 1e3);
        }
        let traffic = self.app.traffic(f.id);
        let plot = Plot {
            title: if seconds { "Latency (s)" } else { "Latency (ms)" },
            area: Trace { label: format!("p50 {}", latency(traffic.p50)), values: &p50 },
            line: Trace { label: format!("p95 {}", latency(traffic.p95)), values: &p95 },
            target: None,
            whole: false,
            least: 0.0,
            span: &self.span(),
        };
        self.plot(area, &plot, self.app.pane == Pane::Charts);
        if highest == 0.0 && area.height > 5 {
            let words = match traffic.total {
                0 if area.width >= 38 => "no request yet: press i or l".to_owned(),
                0 => "no request yet".to_owned(),
                n => plural(usize::try_from(n).unwrap_or(usize::MAX), "request") + " so far",
            };
            let at = Rect {
                x: area.x + 6,
                y: area.y + area.height / 2,
                width: area.width.saturating_sub(7),
                height: 1,
            };
            self.text(at, &words, self.theme.faint());
        }
    }
}

/// Three charts side by side, or one above the other when they have the whole screen.
fn thirds(area: Rect, stacked: bool) -> [Rect; 3] {
    if stacked && area.height >= 18 {
        let h = area.height / 3;
        let y = |n: u16| area.y + n * h;
        return [0, 1, 2].map(|n| Rect {
            y: y(n),
            height: if n == 2 { area.bottom() - y(2) } else { h },
            ..area
        });
    }
    let w = area.width / 3;
    let x = |n: u16| area.x + n * w;
    [0, 1, 2].map(|n| Rect { x: x(n), width: if n == 2 { area.right() - x(2) } else { w }, ..area })
}
