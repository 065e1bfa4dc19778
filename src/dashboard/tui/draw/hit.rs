//! What is under the mouse.

use super::layout::Places;
use super::text::{first_shown, tab_label};
use super::{SMALLEST, calls};
use crate::cluster::function::FunctionId;
use crate::cluster::pod::PodUid;
use crate::dashboard::tui::app::{App, Pane};
use crate::dashboard::tui::words::width;
use ratatui::layout::{Position, Rect};

/// Something that can be pointed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hit {
    /// A pane, or its title where several share a place.
    Pane(Pane),
    /// A line of the table of functions.
    Function(FunctionId),
    /// A line of the table of pods.
    Pod(PodUid),
    /// A line of the list of asynchronous calls.
    Call(String),
}

/// What is at a place of a screen of this size.
pub fn hit(app: &App, area: Rect, at: Position) -> Option<Hit> {
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 || app.dialog.is_some() {
        return None;
    }
    let places = Places::of(app, area);
    let (pane, area) = *places.panes.iter().find(|(_, area)| area.contains(at))?;
    let row = usize::from(at.y - area.y);
    let line = |heads: usize, chosen: Option<usize>, length: usize| {
        let room = match pane {
            Pane::Async => calls::room(app, area),
            _ => usize::from(area.height).saturating_sub(heads),
        };
        let first = first_shown(chosen.unwrap_or(0), length, room);
        row.checked_sub(heads).map(|n| first + n).filter(|n| *n < length)
    };
    let found = match pane {
        _ if row == 0 && places.tabs && !app.zoomed && pane > Pane::Charts && pane != Pane::Lesson => {
            tab(area, at).map(Hit::Pane)
        }
        Pane::Functions => {
            let ids = app.functions();
            let chosen = app.function().and_then(|f| ids.iter().position(|id| *id == f.id));
            line(1, chosen, ids.len()).and_then(|n| ids.get(n).copied()).map(Hit::Function)
        }
        Pane::Pods => {
            let pods = app.pods();
            let chosen = app.pod().and_then(|p| pods.iter().position(|o| o.uid == p.uid));
            line(2, chosen, pods.len()).and_then(|n| pods.get(n)).map(|p| Hit::Pod(p.uid))
        }
        Pane::Async => {
            let calls = app.call_rows();
            let chosen = app.call().and_then(|c| calls.iter().position(|o| o.id == c.id));
            let at = line(2, chosen, calls.len()).and_then(|n| calls.get(n));
            at.map(|c| Hit::Call(c.id.clone()))
        }
        _ => None,
    };
    Some(found.unwrap_or(Hit::Pane(pane)))
}

/// The title under the mouse on a rule that several panes share.
fn tab(area: Rect, at: Position) -> Option<Pane> {
    let mut end = usize::from(area.x) + 1;
    Pane::ALL[2..].iter().copied().find(|pane| {
        end += width(&tab_label(*pane));
        usize::from(at.x) < end
    })
}
