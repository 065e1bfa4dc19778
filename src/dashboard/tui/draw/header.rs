//! The first line: which cluster, how large, and whether what is shown is the present.

use super::Pen;
use crate::dashboard::tui::words::{plural, rate, width};
use ratatui::layout::Rect;
use ratatui::text::Span;

/// Letters of the state at the right, most of the time.
const STATE: usize = 8;
/// The same, where time may stand still.
const STILL: usize = 21;

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
                "virtual" => "virtual",
                other => other,
            };
            let parts = [
                match self.app.pace {
                    Some(pace) if platform.provider == "virtual" => {
                        let of = pace
                            .whole
                            .map_or(String::new(), |all| format!(" of {}", clock(all.as_secs_f64())));
                        format!("virtual time {}{of}", clock(self.app.now().as_secs_f64()))
                    }
                    Some(_) => {
                        format!("recording, {}", self.app.now().rfc3339().replace(['T', 'Z'], " ").trim_end())
                    }
                    None => platform.gateway.clone(),
                },
                plural(snapshot.functions.len(), "function"),
                format!("{} ({provider})", plural(snapshot.pods.len(), "pod")),
                format!("{} requests/s", rate(total)),
            ];
            // What does not fit is left out whole; the last letters are for the state.
            let mut room = usize::from(area.width)
                .saturating_sub(8 + if self.app.pace.is_some() { STILL } else { STATE });
            for part in parts {
                let Some(rest) = room.checked_sub(width(&part) + 3) else { break };
                room = rest;
                spans.push(Span::styled(" │ ", theme.faint()));
                spans.push(Span::styled(part, theme.plain()));
            }
        }
        self.spans(area, spans);
        let pace = self.app.pace.map(|pace| match pace.still {
            true => (" ‖ time stands still ".to_owned(), theme.chosen()),
            false => (format!(" ● {}× ", pace.speed), theme.good()),
        });
        let (words, style) = match (self.app.paused(), &self.app.stalled) {
            (false, None) if pace.is_some() => pace.unwrap_or_default(),
            (true, _) => (" ‖ PAUSED (p goes on) ".into(), theme.chosen()),
            (false, Some(_)) => (" ✗ no answer ".into(), theme.bad()),
            (false, None) => (" ● live ".into(), theme.good()),
        };
        let width = u16::try_from(width(&words)).unwrap_or(0);
        let x = area.right().saturating_sub(width);
        self.text(Rect { x, width, ..area }, &words, style);
    }
}

/// `12:05`, `1:02:03` since the beginning.
fn clock(seconds: f64) -> String {
    let all = seconds as u64;
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        hours => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}
