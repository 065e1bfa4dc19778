//! How far a run is, on the terminal, while it runs: its phase and the time that is left.

use crate::lab::runner;
use crate::lab::scenario::Scenario;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// Steps from nothing to all.
const STEPS: f64 = 1000.0;

/// One line on standard error; nothing where that is no terminal.
pub(super) struct Bar(ProgressBar);

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("■■ ")),
        Err(_) => bar,
    }
}

impl Bar {
    /// Of one run in real time.
    pub(super) fn new(s: &Scenario) -> Self {
        let bar = Bar::many(1);
        bar.0.set_message(format!("{}: waiting for its pods", s.name));
        bar
    }

    /// None.
    pub(super) fn hidden() -> Self {
        Bar(ProgressBar::hidden())
    }

    /// Of so many runs.
    pub(super) fn many(runs: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            return Bar(ProgressBar::hidden());
        }
        let bar = ProgressBar::new((runs as f64 * STEPS) as u64);
        let left = if runs > 1 { "  {eta} left" } else { "" };
        Bar(styled(bar, &format!("{{bar:24}} {{percent:>3}}%{left}  {{wide_msg}}")))
    }

    /// One run is at a moment.
    pub(super) fn show(&self, s: &Scenario, at: f64) {
        self.0.set_position((at / s.duration.0 * STEPS) as u64);
        self.0.set_message(runner::words(s, at));
    }

    /// Of many runs, so much is done; the one of this name is at work.
    pub(super) fn share(&self, runs: f64, name: &str) {
        self.0.set_position((runs * STEPS) as u64);
        self.0.set_message(name.to_owned());
    }

    /// Something else is printed meanwhile.
    pub(super) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }

    /// Takes it off the screen.
    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}
