//! The table of functions.

use super::Pen;
use super::table::{Cell, Column, Table};
use super::text::{below, first_shown};
use crate::cluster::function::DEFAULT_NAMESPACE;
use crate::cluster::snapshot::FunctionState;
use crate::dashboard::tui::app::explain::{scaler_in_words, shape_in_words};
use crate::dashboard::tui::app::{FunctionSort, Pane};
use crate::dashboard::tui::words::{axis, count, fitting, latency, rate};
use crate::dashboard::view::Traffic;
use ratatui::layout::Rect;

const COLUMNS: [Column; 13] = [
    Column { title: "", width: 0, right: false, from: 0 },
    Column { title: "READY", width: 7, right: true, from: 0 },
    Column { title: "REQ/S", width: 6, right: true, from: 0 },
    Column { title: "ERR/S", width: 6, right: true, from: 100 },
    Column { title: "P50", width: 6, right: true, from: 0 },
    Column { title: "P95", width: 6, right: true, from: 0 },
    Column { title: "IN FLIGHT", width: 9, right: true, from: 110 },
    Column { title: "TOTAL", width: 7, right: true, from: 120 },
    Column { title: "COLD", width: 6, right: true, from: 130 },
    Column { title: "ASYNC", width: 7, right: true, from: 140 },
    Column { title: "CPU", width: 6, right: true, from: 0 },
    Column { title: "LOAD", width: 8, right: false, from: 70 },
    Column { title: "SCALED BY", width: SCALER, right: false, from: 80 },
];

/// Letters for who scales a function.
const SCALER: u16 = 17;

impl Pen<'_> {
    pub fn functions(&mut self, area: Rect) {
        let app = self.app;
        let ids = app.functions();
        let focus = app.pane == Pane::Functions;
        let room = usize::from(area.height.saturating_sub(1));
        let chosen = app.function().and_then(|f| ids.iter().position(|id| *id == f.id));
        let first = first_shown(chosen.unwrap_or(0), ids.len(), room);
        let table = Table::of(&COLUMNS, area, 40);
        let title = self.functions_title(ids.len(), room, table.before_second());
        let rest = self.titled(Pane::Functions, area, &title, &[]);
        let style = if focus { self.theme.focus() } else { self.theme.strong() };
        self.titles(&table, area, style, true, sorted_column(app.function_sort));
        let Some(view) = app.view() else {
            return self.text(inset(rest), "waiting for the cluster …", self.theme.faint());
        };
        if ids.is_empty() {
            let words = match view.snapshot.functions.is_empty() {
                true => "No function yet: deploy one with `faasim deploy` or faas-cli.",
                false => "No function's name matches the filter: Esc removes it.",
            };
            return self.text(inset(rest), words, self.theme.faint());
        }
        for ((n, id), line) in ids.iter().enumerate().skip(first).zip(rest.rows()) {
            if let Some(function) = view.snapshot.functions.get(id) {
                let cells = self.function_cells(function);
                self.row(&table, line, &cells, Some(n) == chosen, focus);
            }
        }
    }

    /// How many there are, what they are filtered by and how they are sorted, in so many columns.
    fn functions_title(&self, shown: usize, room: usize, columns: usize) -> String {
        let all = self.app.view().map_or(0, |v| v.snapshot.functions.len());
        let more = if shown > room { " ↕" } else { "" };
        let sort = self.app.function_sort;
        let (by, short) = match sort {
            FunctionSort::Deployed => (String::new(), ""),
            // The other columns bear a mark.
            FunctionSort::Name => (format!(" by {}", sort.words()), " a–z"),
            _ => (format!(" by {}", sort.words()), ""),
        };
        let wordings = match self.app.filters.get(&Pane::Functions) {
            Some(filter) => [
                format!("Functions: {shown} with “{filter}”{more}{by}"),
                format!("Functions {shown} “{filter}”{more}{short}"),
                format!("“{filter}”: {shown} of {all}{more}"),
                format!("“{filter}”: {shown}"),
            ],
            None => [
                format!("Functions {all}{more}{by}"),
                format!("Functions {all}{more}{short}"),
                format!("Functions{short}"),
                "Functions".into(),
            ],
        };
        // The pane's number, and the gaps.
        fitting(&wordings.each_ref().map(String::as_str), columns.saturating_sub(5))
    }

    fn function_cells(&self, f: &FunctionState) -> [Cell; 13] {
        let (app, theme) = (self.app, self.theme);
        let traffic = app.traffic(f.id);
        let name = match f.spec.namespace == DEFAULT_NAMESPACE {
            true => f.spec.name.clone(),
            false => f.name().to_string(),
        };
        // Marked to be compared.
        let name = if app.compared.contains(&f.id) { format!("{name} ◆") } else { name };
        let (name, look) = match failing(&traffic) {
            Some(share) => (format!("{name} ✗{share}"), theme.bad()),
            None => (name, theme.plain()),
        };
        let ready = match () {
            () if f.replicas == 0 && f.ready == 0 => theme.faint(),
            () if f.ready < f.replicas => theme.warn(),
            () => theme.good(),
        };
        let errors = if traffic.error_rate > 0.0 { theme.bad() } else { theme.plain() };
        let load = match app.loads.get(&f.name()) {
            Some(state) if state.stopping => "stopping".into(),
            Some(state) => shape_in_words(state.load.shape),
            None => String::new(),
        };
        let scaler = match &f.hpa {
            Some(hpa) => {
                let range = format!("{}–{}", hpa.spec.min(), hpa.spec.max_replicas);
                let targets = hpa.targets_column().replace("<unknown>", "?");
                // A percentage of five digits leaves no room for the word.
                let wordings = [format!("HPA {targets} {range}"), format!("{targets} {range}")];
                fitting(&wordings.each_ref().map(String::as_str), SCALER.into())
            }
            None => scaler_in_words(f.scaler).trim_start_matches("by ").into(),
        };
        // Those that are under way, and those that were given up.
        let calls = app.calls(f).map_or((String::new(), theme.plain()), |c| {
            let open = c.queued + c.running + c.retrying;
            match c.dead {
                0 => (count(open), theme.plain()),
                dead => (format!("{} ✗{}", count(open), count(dead)), theme.bad()),
            }
        });
        let cpu = app.cpu_of(f.id);
        let cpu = if cpu.pods == 0 { "–".into() } else { format!("{}m", cpu.total) };
        [
            (name, look),
            (format!("{}/{}", short(f.ready), short(f.replicas)), ready),
            (rate(traffic.rate), theme.plain()),
            (rate(traffic.error_rate), errors),
            (latency(traffic.p50), theme.plain()),
            (latency(traffic.p95), theme.plain()),
            (traffic.in_flight.to_string(), theme.plain()),
            (count(traffic.total), theme.plain()),
            (count(traffic.cold_starts), theme.plain()),
            calls,
            (cpu, theme.plain()),
            (load, theme.strong()),
            (scaler, theme.plain()),
        ]
    }
}

/// The share of requests that fail, where some do.
fn failing(traffic: &Traffic) -> Option<String> {
    let percent = traffic.error_rate / traffic.rate.max(traffic.error_rate) * 100.0;
    match percent {
        p if p >= 1.0 => Some(format!("{p:.0}%")),
        p if p > 0.0 => Some("<1%".into()),
        _ => None,
    }
}

/// The column that functions are sorted by, where it is one with a title.
fn sorted_column(sort: FunctionSort) -> Option<&'static str> {
    match sort {
        FunctionSort::Deployed | FunctionSort::Name => None,
        FunctionSort::Replicas => Some("READY"),
        FunctionSort::Rate => Some("REQ/S"),
        FunctionSort::P95 => Some("P95"),
        FunctionSort::Cpu => Some("CPU"),
    }
}

/// `950`, `1k`, `1.5k`.
fn short(n: u32) -> String {
    if n < 1000 { n.to_string() } else { axis(f64::from(n / 100) * 100.0 / 1e3) + "k" }
}

/// Where words go that stand in place of a list.
pub(super) fn inset(area: Rect) -> Rect {
    Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area }
}

/// The rest below the column titles of a table.
pub(super) fn under_titles(area: Rect) -> Rect {
    below(area)
}
