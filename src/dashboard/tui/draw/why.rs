//! Why the function has the size it has: the last decision's working, or an earlier one's.

use super::Pen;
use super::functions::inset;
use crate::cluster::scaling::decision::{Decision, Scaler};
use crate::dashboard::kubectl::age;
use crate::dashboard::tui::app::Pane;
use crate::dashboard::tui::words::{plural, wrap};
use ratatui::layout::Rect;
use ratatui::style::Style;

impl Pen<'_> {
    pub fn why(&mut self, area: Rect, tabs: bool) {
        let app = self.app;
        let Some(decision) = app.decision() else {
            let rest = self.head(Pane::Why, area, tabs, &[]);
            let words = "Nobody has decided anything about this function yet.";
            return self.text(inset(rest), words, self.theme.faint());
        };
        let ago = age(app.now().since(decision.at));
        let looked = format!("looked {ago} ago");
        // There is little room beside the titles, and the status line says it in full.
        let next = app.next_look().filter(|_| app.back == 0).map(|n| n.replace("next look", "next"));
        let both = next.as_ref().map_or(looked.clone(), |next| format!("{looked}, {next}"));
        let about = [both.as_str(), next.as_deref().unwrap_or(&looked)];
        let rest = self.head(Pane::Why, area, tabs, &about);
        // What came out, and for which reason, is wanted first; then how it came about.
        let mut all = vec![(self.verdict(decision), self.theme.strong())];
        let working = decision.lines();
        let steps = working.len().saturating_sub(1);
        all.extend(working.iter().zip(1..).map(|(line, n)| match n <= steps {
            true => (format!("{n}. {line}"), self.theme.plain()),
            false => (format!("   {line}"), self.theme.strong()),
        }));
        let columns = usize::from(rest.width).saturating_sub(2);
        let wrapped =
            |(text, style): (String, Style)| wrap(&text, columns, 3).into_iter().map(move |l| (l, style));
        let lines: Vec<_> = all.into_iter().flat_map(wrapped).collect();
        let skip = app.scroll.min(lines.len().saturating_sub(rest.height.into()));
        let skip = if app.pane == Pane::Why { skip } else { 0 };
        for ((text, style), line) in lines.into_iter().skip(skip).zip(rest.rows()) {
            let at = Rect { x: line.x + 1, width: line.width.saturating_sub(1), ..line };
            self.text(at, &text, style);
        }
    }

    fn verdict(&self, decision: &Decision) -> String {
        let which = match self.app.back {
            0 => String::new(),
            1 => " (the decision before the last)".into(),
            n => format!(" ({n} decisions before the last)"),
        };
        let what = match decision.changed() {
            true => format!("{} → {} replicas", decision.from, decision.to),
            false => format!("stays at {}", plural(decision.to as usize, "replica")),
        };
        let reason = match decision.reason.as_str() {
            "" => String::new(),
            reason => format!(": {reason}"),
        };
        format!("{what}, by {}{which}{reason}", by(decision.scaler))
    }
}

/// Who decided.
fn by(scaler: Scaler) -> &'static str {
    match scaler {
        Scaler::Hpa => "the Horizontal Pod Autoscaler",
        Scaler::OpenFaasPro => "OpenFaaS Pro's autoscaler",
        Scaler::OpenFaasCe => "an alert, as in OpenFaaS CE",
        Scaler::PerRequest => "one pod per request, with a keep-alive",
        Scaler::Idle => "scale to zero, after a quiet time",
        Scaler::Wake => "a request that found no pod",
        Scaler::Person => "a person or a client",
    }
}
