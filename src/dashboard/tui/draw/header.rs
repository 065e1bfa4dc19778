//! The first line: which cluster, how large, and whether what is shown is the present.

use super::Pen;
use crate::dashboard::tui::words::{plural, rate, width};
use ratatui::layout::Rect;
use ratatui::text::Span;

/// Letters of the state at the right, most of the time.
const STATE: usize = 8;

impl Pen<'_> {
    pub fn header(&mut self, area: Rect) {
        let theme = self.theme;
        let mut spans = vec![Span::styled(" faasim ", theme.strong())];
        if let Some(view) = self.app.view() {
            let platform = &view.platform;
            let snapshot = &view.snapshot;
            let total: f64 = view.traffic.values().map(|t| t.rate).sum();
            let provider = match platform.provider.as_str() {
                "process" => "processes",
                "docker" => "Docker",
                other => other,
            };
            let parts = [
                platform.gateway.clone(),
                plural(snapshot.functions.len(), "function"),
                format!("{} ({provider})", plural(snapshot.pods.len(), "pod")),
                format!("{} requests/s", rate(total)),
            ];
            // What does not fit is left out whole; the last letters are for the state.
            let mut room = usize::from(area.width).saturating_sub(8 + STATE);
            for part in parts {
                let Some(rest) = room.checked_sub(width(&part) + 3) else { break };
                room = rest;
                spans.push(Span::styled(" │ ", theme.faint()));
                spans.push(Span::styled(part, theme.plain()));
            }
        }
        self.spans(area, spans);
        let (words, style) = match (self.app.paused(), &self.app.stalled) {
            (true, _) => (" ‖ PAUSED (p goes on) ", theme.chosen()),
            (false, Some(_)) => (" ✗ no answer ", theme.bad()),
            (false, None) => (" ● live ", theme.good()),
        };
        let width = u16::try_from(width(words)).unwrap_or(0);
        let x = area.right().saturating_sub(width);
        self.text(Rect { x, width, ..area }, words, style);
    }
}
