//! A run on the screen: virtual time at a chosen speed, with pause and step; a live run as it goes.

mod link;
mod live;

pub(super) use live::Shown;

use crate::cli::failure::Failure;
use crate::cli::signals::Signals;
use crate::dashboard::tui::app::WhenClosed;
use crate::dashboard::tui::link::Pace;
use crate::dashboard::tui::{self, terminal};
use crate::lab::observations::Observations;
use crate::lab::scenario::Variant;
use crate::lab::virtual_run::Session;
use link::Simulated;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often virtual time moves on.
const BEAT: Duration = Duration::from_millis(40);
/// How often the screen is told, at least so many beats apart.
const TOLD: u32 = 5;

/// How fast virtual time goes: `10x`, `0.5x`, `60`.
///
/// # Errors
/// It is no such number.
pub(super) fn speed(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches(['x', '×']).parse::<f64>();
    let good = number.ok().filter(|n| (0.01..=100_000.0).contains(n));
    good.ok_or_else(|| format!("`{text}` is no speed: write 10x, or 0.5x for half as fast as the clock"))
}

fn needs_terminal() -> Result<(), Failure> {
    match terminal::usable() {
        true => Ok(()),
        false => {
            Err(Failure::failed("--tui needs a terminal: without one, run it plainly and read report.html"))
        }
    }
}

/// Runs a variant in virtual time on the screen, until it is over and the screen is closed, or until the screen is
/// closed before.
pub(super) fn in_virtual_time(variant: &Variant, seed: u64, speed: f64) -> Result<Observations, Failure> {
    needs_terminal()?;
    let cannot =
        |e: &dyn std::fmt::Display| Failure::failed(format_args!("the terminal cannot be used: {e}"));
    let s = &variant.scenario;
    let session = Arc::new(Mutex::new(Session::new(variant, seed)));
    let pace = Arc::new(Mutex::new(Pace { whole: Some(s.duration.duration()), ..Pace::at(speed) }));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| cannot(&e))?;
    let (link, views) = Simulated::new(session.clone(), pace.clone());
    let left = runtime.block_on(async {
        let mut signals = Signals::listen(true)?;
        let clock = tokio::spawn(drive(session.clone(), pace.clone(), views));
        let left = tui::run(Arc::new(link), WhenClosed::GoesOn, signals.any()).await;
        clock.abort();
        left.map_err(|e| e.to_string())
    });
    left.map_err(|e| cannot(&e))?;
    drop(runtime);
    let session = Arc::try_unwrap(session).map_err(|_| cannot(&"the screen still runs"))?;
    let session = session.into_inner().unwrap_or_else(PoisonError::into_inner);
    let early = !session.is_over();
    Ok(session.finish(early))
}

/// Lets virtual time pass as fast as the person wants.
async fn drive(
    session: Arc<Mutex<Session>>,
    pace: Arc<Mutex<Pace>>,
    views: tokio::sync::watch::Sender<crate::dashboard::view::View>,
) {
    let mut tick = tokio::time::interval(BEAT);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut last = Instant::now();
    let mut beats = 0;
    loop {
        tick.tick().await;
        let now = Instant::now();
        let passed = now.duration_since(std::mem::replace(&mut last, now));
        let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
        let pace = *pace.lock().unwrap_or_else(PoisonError::into_inner);
        link::pass(pace, passed, &mut session);
        beats += 1;
        if beats >= TOLD {
            beats = 0;
            views.send_replace(link::view(&mut session));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_of_times() {
        assert_eq!([speed("10x"), speed("0.5×"), speed("60")], [Ok(10.0), Ok(0.5), Ok(60.0)]);
        assert!(speed("fast").unwrap_err().contains("write 10x"));
        assert!(speed("0x").is_err());
    }
}
