//! All keys, and what the words on the screen mean.

use super::Pen;
use super::dialogs::boxed;
use crate::dashboard::tui::words::{fit, width};
use ratatui::layout::Rect;
use ratatui::text::Span;

/// Keys with what they do; a line without a key is a heading.
const HELP: &[(&str, &str)] = &[
    ("", "Act on the chosen function"),
    ("i", "invoke: send one request and see the reply"),
    ("l", "start a load of users or of a rate; l again stops it"),
    ("+ -", "one replica more or less"),
    ("a", "give it an HPA, change it or remove it"),
    ("d", "delete the chosen pod; another takes its place"),
    ("r  d", "in Async: try the chosen call again; cancel it"),
    ("", "Look around"),
    ("↑ ↓  j k", "choose, scroll"),
    ("mouse", "click to choose, turn the wheel to scroll"),
    ("Tab  1…8", "go to the next pane, or to the one of that number"),
    ("← →", "in Why: earlier and later decisions; else: next pane"),
    ("Enter", "the pane alone, large; Esc goes back"),
    ("/", "show only what matches"),
    ("s", "sort by the next column"),
    ("v", "mark with ◆; Enter then shows all marked ones' charts"),
    ("w", "charts show 1, 2, 5 or 10 minutes"),
    ("o", "log of the pods, or of faasim; in Async: calls of all"),
    ("p  Space", "let the screen stand still"),
    ("< >", "virtual time passes slower, or faster"),
    (".", "virtual time goes on by a second, and stops"),
    ("Ctrl-L", "draw everything again"),
    ("q  Ctrl-C", "quit"),
    ("", "In a lesson"),
    ("n  b", "go on: an answer, the next page; back"),
    ("t  x", "a tip; do it for me"),
    ("PgUp PgDn", "read on; 0 Enter: the page alone, large"),
    ("", "What the words mean"),
    ("READY 2/4", "2 pods take requests, 4 are wanted"),
    ("REQ/S", "answered requests per second, over the last 5 s"),
    ("ERR/S", "of these, the ones with status 429 or from 500 on"),
    ("knn ✗25%", "this share of its requests fails"),
    ("P50, P95", "half, and 95 %, of the requests took no longer"),
    ("IN FLIGHT", "requests that are worked on or wait; of one pod: BUSY"),
    ("COLD", "requests that had to wait for a pod to start"),
    ("ASYNC 3 ✗1", "3 asynchronous calls not done, 1 given up: dead"),
    ("CPU 583m", "583 millicores: 58 % of one core, all pods together"),
    ("HPA", "Kubernetes' Horizontal Pod Autoscaler"),
    ("583%/20%", "the CPU is 583 % of what pods request; the target: 20 %"),
    ("2–6", "never fewer than 2 pods, never more than 6"),
    ("QUEUED", "in Requests: waited for its turn at a pod"),
    ("FORKED", "starting the request's process; WAY: there and back"),
    ("Why", "how the last decision came about, step by step"),
    ("", "In charts"),
    ("█", "filled: ready pods, mean CPU, median latency"),
    ("⠒", "line: desired pods, busiest pod, 95th percentile"),
    ("┈", "dotted: the CPU per pod that the HPA aims at"),
    ("⇧ mouse", "hold Shift to mark text with the mouse"),
];

impl Pen<'_> {
    pub fn help(&mut self, area: Rect, scroll: usize) {
        let lines: Vec<_> = HELP.iter().collect();
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
        let inner = boxed(self, area, 74, height, "Help");
        let scroll = scroll.min(lines.len().saturating_sub(inner.height.into()));
        let below = lines.len().saturating_sub(scroll + usize::from(inner.height));
        self.more(inner, scroll, below);
        for ((key, what), line) in lines.into_iter().skip(scroll).zip(inner.rows()) {
            if key.is_empty() {
                self.text(line, what, self.theme.strong());
                continue;
            }
            let room = usize::from(line.width).saturating_sub(14);
            let spans =
                vec![Span::styled(format!("  {key:<11} "), self.theme.key()), Span::raw(fit(what, room))];
            self.spans(line, spans);
        }
    }

    /// On the edges of the box: how much there is above and below what it shows.
    fn more(&mut self, inner: Rect, above: usize, below: usize) {
        let edges = [(inner.y.saturating_sub(1), "↑", above), (inner.bottom(), "↓", below)];
        for (y, mark, lines) in edges.into_iter().filter(|(_, _, lines)| *lines > 0) {
            let words = format!(" {mark} {lines} more ");
            let length = u16::try_from(width(&words)).unwrap_or(0).min(inner.width);
            let at = Rect { x: inner.right() - length, y, width: length, height: 1 };
            self.text(at, &words, self.theme.focus());
        }
    }
}
