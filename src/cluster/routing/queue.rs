//! Requests that wait for a pod, first come first served.

use super::Ticket;
use std::collections::VecDeque;

/// Tickets are numbered one after another, so a ticket's place is a subtraction, and giving up is O(1).
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    /// The number of the ticket at the front.
    front: u64,
    /// Whether each still waits; who gave up in the middle stays as a hole until the front reaches it.
    waiting: VecDeque<bool>,
    live: usize,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.live
    }

    pub(super) fn push(&mut self) -> Ticket {
        self.waiting.push_back(true);
        self.live += 1;
        Ticket(self.front + self.waiting.len() as u64 - 1)
    }

    pub(super) fn pop(&mut self) -> Option<Ticket> {
        while let Some(waits) = self.waiting.pop_front() {
            let ticket = Ticket(self.front);
            self.front += 1;
            if waits {
                self.live -= 1;
                return Some(ticket);
            }
        }
        None
    }

    /// Whether it was still waiting.
    pub(super) fn cancel(&mut self, ticket: Ticket) -> bool {
        let Some(index) = ticket.0.checked_sub(self.front).and_then(|i| usize::try_from(i).ok()) else {
            return false;
        };
        let Some(waits) = self.waiting.get_mut(index) else { return false };
        let waited = std::mem::replace(waits, false);
        self.live -= usize::from(waited);
        while self.waiting.front() == Some(&false) {
            self.waiting.pop_front();
            self.front += 1;
        }
        waited
    }
}
