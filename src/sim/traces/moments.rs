//! The moments of calls: written down, or invented within the minutes that they are counted by.

use super::WithinMinute;
use crate::sim::arrivals::{Arrival, Arriving};
use crate::sim::law::Seconds;
use crate::sim::random::Stream;

/// Calls counted by the minute.
#[derive(Debug)]
pub(super) struct Counted {
    minutes: std::vec::IntoIter<(u32, u32)>,
    within: WithinMinute,
    /// What is left of the present minute, latest first.
    left: Vec<f64>,
}

impl Counted {
    pub(super) fn new(minutes: Vec<(u32, u32)>, within: WithinMinute) -> Self {
        Counted { minutes: minutes.into_iter(), within, left: Vec::new() }
    }
}

impl Arriving for Counted {
    fn next(&mut self, stream: &mut Stream) -> Option<Arrival> {
        while self.left.is_empty() {
            let (minute, calls) = self.minutes.next()?;
            let begin = 60.0 * f64::from(minute);
            match self.within {
                WithinMinute::Uniform => {
                    self.left.extend((0..calls).map(|_| begin + 60.0 * stream.uniform()))
                }
                WithinMinute::Even => {
                    let gap = 60.0 / f64::from(calls);
                    self.left.extend((0..calls).map(|i| begin + gap * (f64::from(i) + 0.5)));
                }
                WithinMinute::Poisson => {
                    let mut at = 0.0;
                    loop {
                        at += stream.exponential() * 60.0 / f64::from(calls);
                        if at >= 60.0 {
                            break;
                        }
                        self.left.push(begin + at);
                    }
                }
            }
            self.left.sort_by(|a, b| b.total_cmp(a));
        }
        let at = self.left.pop()?;
        Some(Arrival { after: Seconds(at).duration(), service: None })
    }
}

/// Calls written down one by one.
#[derive(Debug)]
pub(super) struct Called(pub(super) std::vec::IntoIter<(f64, f64)>);

impl Arriving for Called {
    fn next(&mut self, _: &mut Stream) -> Option<Arrival> {
        let (at, service) = self.0.next()?;
        Some(Arrival { after: Seconds(at).duration(), service: Some(service) })
    }
}
