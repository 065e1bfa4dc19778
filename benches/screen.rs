//! What a frame costs. The goal with 1,000 pods: 16 ms at most for a frame, and 10 ms at most for a view with its
//! frame, which is a tenth of a core at 10 frames a second. `small` is the same screen with one pod, for comparison.
//!
//! `cargo bench --bench screen`

#[path = "../tests/it/tui/stage.rs"]
#[allow(dead_code, clippy::expect_used, missing_docs)]
mod stage;

use divan::{Bencher, black_box};
use faasim::dashboard::tui::app::WhenClosed;
use faasim::dashboard::tui::draw;
use faasim::dashboard::tui::theme::Theme;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use stage::Stage;
use std::io::{Sink, sink};
use std::time::Duration;

fn main() {
    divan::main();
}

/// One function per hundred pods, at most, and one with all of them where there are fewer.
fn world(pods: u32) -> Stage {
    let mut stage = Stage::new(WhenClosed::GoesOn);
    let functions = pods.div_ceil(100);
    for n in 0..functions {
        let name = format!("function-{n}");
        stage.deploy(&name);
        stage.scale(&name, pods / functions);
        stage.works(&name, 1500, 250.0, 12);
    }
    stage.pass(60);
    stage
}

/// A terminal that nobody looks at; what is written for it is made all the same.
fn terminal(width: u16, height: u16) -> Terminal<CrosstermBackend<Sink>> {
    let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
    Terminal::with_options(CrosstermBackend::new(sink()), TerminalOptions { viewport }).expect("a terminal")
}

fn paint(stage: &Stage, terminal: &mut Terminal<CrosstermBackend<Sink>>) {
    let theme = Theme { color: true, light: false };
    terminal.draw(|f| draw::screen(&stage.app, theme, f.area(), f.buffer_mut())).expect("a frame");
}

/// One frame of 160 × 50 letters, of which all are written anew.
#[divan::bench(args = [1, 1000])]
fn frame(bencher: Bencher, pods: u32) {
    let stage = world(pods);
    bencher.with_inputs(|| terminal(160, 50)).bench_local_refs(|terminal| paint(black_box(&stage), terminal));
}

/// A new view is taken and drawn over the one before, as happens all the time.
#[divan::bench(args = [1, 1000])]
fn view_and_frame(bencher: Bencher, pods: u32) {
    let mut stage = world(pods);
    let usage = stage.app.view().expect("a view").usage.clone();
    let mut terminal = terminal(160, 50);
    let mut seen = Duration::from_secs(60);
    bencher.with_inputs(|| ()).bench_local_values(|()| {
        seen += Duration::from_millis(100);
        let view = stage.view(usage.clone());
        stage.app.observe(seen, view);
        paint(&stage, &mut terminal);
    });
}
