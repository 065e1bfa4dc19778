//! What happens next: events in order of time, and of being scheduled where times are equal.

use crate::cluster::time::Time;
use dary_heap::QuaternaryHeap;
use std::cmp::Ordering;

/// Events over integer nanoseconds. Two at the same time come out in the order they went in, so a run does not
/// depend on how the heap happens to lie. (Four children to a node: half the levels of a binary heap, and the
/// children lie side by side.)
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    heap: QuaternaryHeap<Entry<E>>,
    order: u64,
}

#[derive(Clone, Debug)]
struct Entry<E> {
    at: Time,
    order: u64,
    event: E,
}

impl<E> Entry<E> {
    /// Time first, then the order of being scheduled, as one number.
    fn key(&self) -> u128 {
        u128::from(self.at.as_nanos()) << 64 | u128::from(self.order)
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    /// The other way round: the heap gives its largest, we want the earliest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        EventQueue { heap: QuaternaryHeap::new(), order: 0 }
    }
}

impl<E> EventQueue<E> {
    /// Schedules `event`.
    pub fn push(&mut self, at: Time, event: E) {
        self.order += 1;
        self.heap.push(Entry { at, order: self.order, event });
    }

    /// When the next event is due; [`Time::MAX`] when there is none.
    pub fn due(&self) -> Time {
        self.heap.peek().map_or(Time::MAX, |entry| entry.at)
    }

    /// The next event with its time.
    pub fn pop(&mut self) -> Option<(Time, E)> {
        self.heap.pop().map(|entry| (entry.at, entry.event))
    }

    /// The next event with its time, left where it is.
    pub fn peek(&self) -> Option<(Time, E)>
    where
        E: Copy,
    {
        self.heap.peek().map(|entry| (entry.at, entry.event))
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
