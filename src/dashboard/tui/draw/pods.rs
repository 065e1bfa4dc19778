//! The pods of the chosen function, as `kubectl get pods` lists them, with what they use.

use super::Pen;
use super::functions::{inset, under_titles};
use super::table::{Cell, Column, Table};
use super::text::first_shown;
use crate::cluster::pod::Pod;
use crate::dashboard::kubectl::pod_cells;
use crate::dashboard::tui::app::{Pane, PodSort};
use ratatui::layout::Rect;

const COLUMNS: [Column; 8] = [
    Column { title: "NAME", width: 0, right: false, from: 0 },
    Column { title: "READY", width: 5, right: false, from: 0 },
    Column { title: "STATUS", width: 16, right: false, from: 0 },
    Column { title: "RESTARTS", width: 8, right: false, from: 78 },
    Column { title: "AGE", width: 5, right: false, from: 68 },
    Column { title: "CPU", width: 5, right: true, from: 0 },
    Column { title: "MEM", width: 5, right: true, from: 0 },
    Column { title: "BUSY", width: 4, right: true, from: 72 },
];

impl Pen<'_> {
    pub fn pods(&mut self, area: Rect, tabs: bool) {
        let app = self.app;
        let pods = app.pods();
        // The head, and the titles of the columns.
        let room = usize::from(area.height.saturating_sub(2));
        let chosen = app.pod().and_then(|p| pods.iter().position(|o| o.uid == p.uid));
        let first = first_shown(chosen.unwrap_or(0), pods.len(), room);
        let count = match self.filtered(Pane::Pods, pods.len()) {
            Some(words) => words,
            None => part_of(first, room, pods.len()),
        };
        let word = if pods.len() == 1 { "pod" } else { "pods" };
        let by = match app.pod_sort {
            PodSort::Age => String::new(),
            sort => format!(", by {}", sort.words()),
        };
        let about = app.function().map(|f| {
            let of = format!("of {}", f.spec.name);
            [
                format!("{count} {word} {of}{by}"),
                format!("{count} {word}{by}"),
                format!("{count}{by}"),
                count.clone(),
            ]
        });
        let about = about.as_ref().map(|a| a.each_ref().map(String::as_str));
        let rest = self.head(Pane::Pods, area, tabs, about.as_ref().map_or(&[], |a| a.as_slice()));
        if pods.is_empty() {
            let words = match app.function() {
                Some(f) if f.replicas == 0 => "No pod: it is scaled to zero. A request (i) or + starts one.",
                Some(_) => "No pod to show.",
                None => "No function is chosen.",
            };
            return self.text(inset(rest), words, self.theme.faint());
        }
        let table = Table::of(&COLUMNS, rest, 46);
        self.titles(&table, rest, self.theme.faint(), false, sorted_column(app.pod_sort));
        let lines = under_titles(rest);
        let focus = app.pane == Pane::Pods;
        for ((n, pod), line) in pods.iter().enumerate().skip(first).zip(lines.rows()) {
            let cells = self.pod_cells(pod);
            self.row(&table, line, &cells, focus && Some(n) == chosen, focus);
        }
    }

    fn pod_cells(&self, pod: &Pod) -> [Cell; 8] {
        let theme = self.theme;
        let usage = self.app.usage(pod.uid);
        let [name, ready, status, restarts, age] = pod_cells(pod, self.app.now());
        let look = match (pod.ready, status.as_str()) {
            (_, "Terminating") => theme.faint(),
            (true, _) => theme.good(),
            (false, "Running" | "ContainerCreating" | "Pending" | "Completed") => theme.warn(),
            (false, _) => theme.bad(),
        };
        [
            (name, theme.plain()),
            (ready, look),
            (status, look),
            (restarts, if pod.restarts > 0 { theme.warn() } else { theme.plain() }),
            (age, theme.plain()),
            (usage.cpu.in_milli(), theme.plain()),
            (usage.memory.in_mebi(), theme.plain()),
            (usage.in_flight.to_string(), theme.plain()),
        ]
    }
}

/// The column that pods are sorted by, where another order than that of their age was chosen.
fn sorted_column(sort: PodSort) -> Option<&'static str> {
    match sort {
        PodSort::Age => None,
        PodSort::Name => Some("NAME"),
        PodSort::Cpu => Some("CPU"),
        PodSort::Memory => Some("MEM"),
        PodSort::InFlight => Some("BUSY"),
    }
}

/// `9`, or `1–5 of 9` where there is no room for all.
fn part_of(first: usize, room: usize, all: usize) -> String {
    if all <= room { all.to_string() } else { format!("{}–{} of {all}", first + 1, first + room) }
}
