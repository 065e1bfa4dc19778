//! The level of the water: which classes are at their cap, and what each unit of weight of the others gets.

use super::Cores;
use super::class::Class;
use crate::cluster::time::Time;

impl Cores {
    /// What each unit of weight gets, in cores per core of weight.
    pub(super) fn level(&self) -> f64 {
        self.capacity.saturating_sub(self.capped_sum) as f64 / self.weight_sum.max(1) as f64
    }

    pub(super) fn advance(&mut self, now: Time) {
        let now = now.as_nanos() as f64;
        if now > self.now {
            if self.weight_sum > 0 {
                self.level_clock += self.level() * (now - self.now);
            }
            self.now = now;
        }
    }

    /// Finds the level: classes whose cap lies below it are at their cap, all others share what is left.
    pub(super) fn rebalance(&mut self) {
        loop {
            let left = i128::from(self.capacity) - i128::from(self.capped_sum);
            let sum = i128::from(self.weight_sum);
            // cap ≤ weight × left ÷ sum, in whole numbers.
            let below = |c: &Class| i128::from(c.cap) * sum <= i128::from(c.weight) * left;
            if let Some(&(_, class)) = self.sharing.first()
                && below(&self.classes[class as usize])
            {
                self.cross(class);
            } else if let Some(&(_, class)) = self.capped.last()
                && if sum == 0 { left < 0 } else { !below(&self.classes[class as usize]) }
            {
                self.cross(class);
            } else {
                return;
            }
        }
    }

    pub(super) fn cross(&mut self, class: u32) {
        self.settle_class(class);
        self.set_head(class, None);
        let c = &mut self.classes[class as usize];
        let (entry, caps, weights) = ((c.ratio(), class), c.cap * c.pods, c.weight * c.pods);
        c.at_cap = !c.at_cap;
        if c.at_cap {
            self.sharing.remove(&entry);
            self.capped.insert(entry);
            self.capped_sum += caps;
            self.weight_sum -= weights;
            self.classes[class as usize].base = self.now;
        } else {
            self.capped.remove(&entry);
            self.sharing.insert(entry);
            self.capped_sum -= caps;
            self.weight_sum += weights;
            self.classes[class as usize].base = self.level_clock;
        }
        self.refresh_head(class);
    }
}
