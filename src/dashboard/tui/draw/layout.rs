//! Where things go at each size.

use super::guide;
use crate::dashboard::tui::app::{App, Pane};
use ratatui::layout::Rect;

/// From this size on every pane has a place of its own.
const ROOMY: (u16, u16) = (120, 36);

/// Where everything goes.
pub(super) struct Places {
    pub header: Rect,
    pub panes: Vec<(Pane, Rect)>,
    /// The panes below the charts share one place.
    pub tabs: bool,
    pub status: Rect,
    pub keys: Rect,
}

impl Places {
    pub fn of(app: &App, area: Rect) -> Self {
        let (header, rest) = top(area, 1);
        let (body, foot) = top(rest, rest.height - 2);
        let (status, keys) = top(foot, 1);
        let (body, lesson) = lesson(app, body);
        let roomy = body.width >= ROOMY.0 && area.height >= ROOMY.1;
        let mut panes = match (app.zoomed, roomy) {
            (true, _) => zoomed(app, body),
            (false, true) => all(app, body),
            (false, false) if lesson.is_some_and(|l| l.y > body.y) => one(app, body),
            (false, false) => shared(app, body),
        };
        panes.extend(lesson.filter(|_| !app.zoomed || app.pane != Pane::Lesson).map(|l| (Pane::Lesson, l)));
        Places { header, panes, tabs: !roomy || app.zoomed, status, keys }
    }
}

fn top(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    let rest = Rect { y: area.y + height, height: area.height - height, ..area };
    (Rect { height, ..area }, rest)
}

fn left(area: Rect, width: u16) -> (Rect, Rect) {
    let width = width.min(area.width);
    // A column between the two stays empty.
    let gap = 1.min(area.width - width);
    let rest = Rect { x: area.x + width + gap, width: area.width - width - gap, ..area };
    (Rect { width, ..area }, rest)
}

/// From this width on a lesson has a column beside the rest; else it is below.
const BESIDE: u16 = 116;
/// Lines that are left above a lesson.
const ABOVE: u16 = 9;

/// The place of a lesson, and what it leaves.
fn lesson(app: &App, body: Rect) -> (Rect, Option<Rect>) {
    let Some(guide) = &app.guide else { return (body, None) };
    if app.zoomed && app.pane == Pane::Lesson {
        return (body, None);
    }
    if body.width >= BESIDE {
        let (rest, lesson) = left(body, (body.width - 44).min(body.width * 2 / 3));
        return (rest, Some(lesson));
    }
    let needed = guide::height(guide, body.width);
    let height = needed.min(body.height.saturating_sub(ABOVE)).max(4);
    let (rest, lesson) = top(body, body.height.saturating_sub(height));
    (rest, Some(lesson))
}

/// Functions, and one more pane.
fn one(app: &App, body: Rect) -> Vec<(Pane, Rect)> {
    let functions = u16::try_from(app.functions().len().max(1)).unwrap_or(u16::MAX);
    let (above, rest) = top(body, 1 + functions.min(body.height / 3));
    vec![(Pane::Functions, above), (app.beside, rest)]
}

/// The pane that has the keys, and nothing else. From the functions, their charts.
fn zoomed(app: &App, body: Rect) -> Vec<(Pane, Rect)> {
    let pane = if app.pane == Pane::Functions { Pane::Charts } else { app.pane };
    vec![(pane, body)]
}

/// Functions, charts, and one place for everything else.
fn shared(app: &App, body: Rect) -> Vec<(Pane, Rect)> {
    let functions = u16::try_from(app.functions().len().max(1)).unwrap_or(u16::MAX);
    let charts = match body.height {
        0..=15 => 0,
        height => (height * 2 / 5).clamp(6, 14),
    };
    let most = ((body.height - charts) / 3).max(3);
    // What the list of pods would leave blank is theirs.
    let spare = body.height.saturating_sub(charts + 1).saturating_sub(needed(app));
    let (above, rest) = top(body, 1 + functions.min(most.max(spare)));
    let (middle, below) = top(rest, charts);
    vec![(Pane::Functions, above), (Pane::Charts, middle), (app.tab, below)]
}

/// Lines that the pane below the charts needs. A list of pods has as many as the largest function's, so that nothing
/// moves when another one is chosen; what is read may always become longer.
fn needed(app: &App) -> u16 {
    if app.tab != Pane::Pods {
        return u16::MAX;
    }
    let pods = app.view().map_or(0, |view| {
        let sizes = view.snapshot.functions.values().map(|f| f.replicas.max(f.ready));
        sizes.max().unwrap_or(0)
    });
    u16::try_from(pods.max(1)).unwrap_or(u16::MAX).saturating_add(2)
}

/// Everything at once.
fn all(app: &App, body: Rect) -> Vec<(Pane, Rect)> {
    let functions = u16::try_from(app.functions().len().max(3)).unwrap_or(u16::MAX);
    let (above, rest) = top(body, 1 + functions.min(body.height / 4));
    let (charts, rest) = top(rest, (rest.height * 2 / 5).clamp(10, 16));
    let (upper, lower) = top(rest, rest.height.div_ceil(2));
    let (pods, why) = left(upper, upper.width / 2);
    let (events, log) = left(lower, lower.width / 2);
    vec![
        (Pane::Functions, above),
        (Pane::Charts, charts),
        (Pane::Pods, pods),
        (Pane::Why, why),
        (Pane::Events, events),
        // The last place is for whichever of the three was looked at last.
        (if app.tab > Pane::Log { app.tab } else { Pane::Log }, log),
    ]
}
