//! Pods with room, best first: a binary heap in which any member can be moved or taken out.

/// Lower is better.
pub(super) type Key = (u32, u64);

const ABSENT: u32 = u32::MAX;

/// Members are small slot numbers. Nothing is allocated once it has held as many members as it ever will.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranking {
    heap: Vec<(Key, u32)>,
    /// Where each slot stands in `heap`.
    place: Vec<u32>,
}

impl Ranking {
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    pub(super) fn best(&self) -> Option<u32> {
        self.heap.first().map(|&(_, slot)| slot)
    }

    /// Any member by number, in no particular order: what a random choice needs.
    pub(super) fn nth(&self, n: usize) -> Option<u32> {
        self.heap.get(n).map(|&(_, slot)| slot)
    }

    /// Puts a slot in, or moves it to where its new key belongs.
    pub(super) fn set(&mut self, slot: u32, key: Key) {
        let index = slot as usize;
        if index >= self.place.len() {
            self.place.resize(index + 1, ABSENT);
        }
        let at = if self.place[index] == ABSENT {
            self.heap.push((key, slot));
            self.place[index] = (self.heap.len() - 1) as u32;
            self.heap.len() - 1
        } else {
            let at = self.place[index] as usize;
            self.heap[at].0 = key;
            at
        };
        self.settle(at);
    }

    /// Takes a slot out, if it is in.
    pub(super) fn remove(&mut self, slot: u32) {
        let Some(at) = self.place.get(slot as usize).copied().filter(|&p| p != ABSENT) else { return };
        let at = at as usize;
        self.place[slot as usize] = ABSENT;
        self.heap.swap_remove(at);
        if at < self.heap.len() {
            self.place[self.heap[at].1 as usize] = at as u32;
            self.settle(at);
        }
    }

    fn settle(&mut self, mut at: usize) {
        while at > 0 && self.heap[at].0 < self.heap[(at - 1) / 2].0 {
            self.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
        loop {
            let left = 2 * at + 1;
            if left >= self.heap.len() {
                return;
            }
            let right = left + 1;
            let child =
                if right < self.heap.len() && self.heap[right].0 < self.heap[left].0 { right } else { left };
            if self.heap[child].0 >= self.heap[at].0 {
                return;
            }
            self.swap(at, child);
            at = child;
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        self.place[self.heap[a].1 as usize] = a as u32;
        self.place[self.heap[b].1 as usize] = b as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn always_knows_the_best(steps in proptest::collection::vec((0u32..20, 0u32..4, 0u64..9, any::<bool>()), 0..200)) {
            let mut ranking = Ranking::default();
            let mut plain: BTreeMap<u32, Key> = BTreeMap::new();
            for (slot, a, b, keep) in steps {
                if keep {
                    ranking.set(slot, (a, b));
                    plain.insert(slot, (a, b));
                } else {
                    ranking.remove(slot);
                    plain.remove(&slot);
                }
                prop_assert_eq!(ranking.len(), plain.len());
                prop_assert_eq!(ranking.best().map(|s| plain[&s]), plain.values().min().copied());
            }
        }
    }
}
