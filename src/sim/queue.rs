//! What happens next: events in order of time, and of being scheduled where times are equal.

use crate::cluster::time::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Events over integer nanoseconds. Two at the same time come out in the order they went in, so a run does not
/// depend on how the heap happens to lie.
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    heap: BinaryHeap<Reverse<Entry<E>>>,
    pushed: u64,
}

#[derive(Clone, Debug)]
struct Entry<E> {
    at: Time,
    order: u64,
    event: E,
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        EventQueue { heap: BinaryHeap::new(), pushed: 0 }
    }
}

impl<E> EventQueue<E> {
    /// Schedules `event`.
    pub fn push(&mut self, at: Time, event: E) {
        self.pushed += 1;
        self.heap.push(Reverse(Entry { at, order: self.pushed, event }));
    }

    /// When the next event is due; [`Time::MAX`] when there is none.
    pub fn due(&self) -> Time {
        self.heap.peek().map_or(Time::MAX, |Reverse(entry)| entry.at)
    }

    /// The next event with its time.
    pub fn pop(&mut self) -> Option<(Time, E)> {
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.event))
    }

    /// How many were scheduled so far.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_times_keep_their_order() {
        let mut queue = EventQueue::default();
        for (at, event) in [(5, 'a'), (3, 'b'), (5, 'c'), (3, 'd'), (4, 'e')] {
            queue.push(Time::from_secs(at), event);
        }
        let order: String = std::iter::from_fn(|| queue.pop().map(|(_, event)| event)).collect();
        assert_eq!(order, "bdeac");
        assert_eq!(queue.due(), Time::MAX);
    }
}
