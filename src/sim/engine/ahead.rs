//! Many functions: each runs ahead for as long as nothing from outside can reach it.
//!
//! Between two things that the core or a node has to do with, a request meets nothing but its own function. In order of
//! time, the next event is nearly always another function's, and what that one knows of itself has left the processor's
//! cache since its last: with 10,000 functions a run waits for memory, not for arithmetic. So all that is due before the
//! next thing of common interest is taken out of the queue and done function by function (a conservative look-ahead, as
//! parallel simulators have it: Chandy and Misra 1979). The order within a function stays, and with it every figure.

use super::{CpuModel, Event, NONE, Simulation};
use crate::cluster::time::Time;
use crate::sim::observe::Observer;
use crate::sim::queue::EventQueue;
use std::time::Duration;

/// What so many functions know of themselves fits into a cache.
const FEW: usize = 300;

/// All that is to happen.
#[derive(Debug, Default)]
pub struct Agenda {
    all: EventQueue<Event>,
    /// Of the function that runs ahead: what it does before the horizon.
    near: EventQueue<Event>,
    /// How far it may run, exclusive; zero while none does.
    horizon: Time,
    pushed: u64,
    /// Functions' events until the horizon; empty, and kept for its memory.
    taken: Vec<(u32, Time, Event)>,
}

impl Agenda {
    /// Schedules an event.
    pub fn push(&mut self, at: Time, event: Event) {
        self.pushed += 1;
        let queue = if at < self.horizon { &mut self.near } else { &mut self.all };
        queue.push(at, event);
    }

    /// When the next event is due; [`Time::MAX`] when there is none.
    pub fn due(&self) -> Time {
        self.all.due()
    }

    /// The next event with its time.
    pub fn pop(&mut self) -> Option<(Time, Event)> {
        self.all.pop()
    }

    /// How many were scheduled so far.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// Whether a function runs ahead of the others.
    pub fn is_ahead(&self) -> bool {
        self.horizon > Time::ZERO
    }
}

impl<O: Observer> Simulation<O> {
    /// Does what is due until `end`, for as long as it is requests of functions that need nobody. False if there was
    /// nothing to gain: whoever watches wants to be told in order, or functions share what they work on.
    pub(super) fn run_ahead(&mut self, end: Time) -> bool {
        if O::IN_ORDER || self.cpu != CpuModel::Unlimited || self.functions.len() < FEW {
            return false;
        }
        let mut horizon = self.due.min(end + Duration::from_nanos(1));
        let mut taken = std::mem::take(&mut self.queue.taken);
        while let Some((at, event)) = self.queue.all.peek()
            && at < horizon
        {
            match self.alone(event) {
                Some(function) => taken.push((function, at, event)),
                None => {
                    horizon = at;
                    break;
                }
            }
            self.queue.pop();
        }
        // Stable: the events of a function stay in their order.
        taken.sort_by_key(|(function, ..)| *function);
        self.queue.horizon = horizon;
        for own in taken.chunk_by(|(a, ..), (b, ..)| a == b) {
            own.iter().for_each(|(_, at, event)| self.queue.near.push(*at, *event));
            while let Some((at, event)) = self.queue.near.pop() {
                self.now = at;
                self.handle(event);
            }
        }
        self.queue.horizon = Time::ZERO;
        let any = !taken.is_empty();
        taken.clear();
        self.queue.taken = taken;
        any
    }

    /// The function that an event is about, if that function has pods and can do without the core.
    fn alone(&self, event: Event) -> Option<u32> {
        let function = match event {
            Event::Arrival { source } | Event::User { source, .. } => self.target_ids[source as usize],
            Event::Finish { request, .. } => self.requests[request as usize].function,
            Event::Deadline { function, .. } => function,
            Event::Cores { .. } | Event::Pod { .. } | Event::Step { .. } | Event::Sample => NONE,
        };
        let f = self.functions.get(function as usize)?.as_ref()?;
        f.endpoints.is_settled().then_some(function)
    }
}
