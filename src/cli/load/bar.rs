//! How the load goes, on the terminal, while it goes.

use crate::lab::load::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// Steps from nothing to all.
const STEPS: u64 = 1000;

/// One line on standard error; nothing where that is no terminal.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(hidden: bool) -> Self {
        if hidden {
            return Bar(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(STEPS);
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {percent:>3}%  {wide_msg}") {
            bar.set_style(style.progress_chars("■■ "));
        }
        Bar(bar)
    }

    pub(super) fn show(&self, progress: &Progress) {
        self.0.set_position((progress.fraction * STEPS as f64) as u64);
        self.0.set_message(line(progress));
    }

    /// Takes it off the screen.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

fn line(progress: &Progress) -> String {
    let Progress { elapsed, requests, failed, in_flight, window, .. } = progress;
    let seconds = Duration::from_secs(elapsed.as_secs());
    let mut text = format!(
        "{}  {requests} requests  {:.0}/s  p95 {:.1} ms  {in_flight} in flight",
        crate::cluster::go_duration::print(seconds),
        window.rate,
        window.latency.p95
    );
    if *failed > 0 {
        text += &format!("  {failed} failed");
    }
    text
}
