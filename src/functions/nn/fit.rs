//! Training, epoch by epoch.

use ndarray::{ArrayView1, ArrayView2};
use rand::Rng;
use rand::seq::SliceRandom;

use super::adam::Adam;
use super::{Mlp, Scratch};

/// Trains one network on one set of records. It allocates when it is made and not while it trains.
#[derive(Debug)]
pub struct Trainer<'a> {
    network: Mlp,
    records: ArrayView2<'a, f64>,
    targets: ArrayView1<'a, f64>,
    adam: Adam,
    batch_size: usize,
    /// The rows in the order of this epoch.
    order: Vec<usize>,
    scratch: Scratch,
    batch_targets: Vec<f64>,
    gradient: Vec<f64>,
}

/// How an epoch went: means over its records, each judged just before its batch was learnt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epoch {
    /// Mean binary cross-entropy, in nats.
    pub loss: f64,
    /// The share of records on the right side of 0.5.
    pub accuracy: f64,
    /// How many batches it took.
    pub batches: usize,
}

impl<'a> Trainer<'a> {
    /// A trainer of `network` on `records` (rows × inputs) with `targets` 0 or 1, with a fresh [`Adam`].
    ///
    /// # Panics
    /// When there are no records, not as many targets as records, or `batch_size` is zero.
    pub fn new(
        network: Mlp,
        records: ArrayView2<'a, f64>,
        targets: ArrayView1<'a, f64>,
        batch_size: usize,
    ) -> Self {
        assert!(
            batch_size > 0 && !targets.is_empty() && records.nrows() == targets.len(),
            "no such training"
        );
        Self {
            adam: Adam::new(network.parameter_count()),
            batch_size,
            order: (0..records.nrows()).collect(),
            scratch: Scratch::new(&network, batch_size),
            batch_targets: Vec::with_capacity(batch_size),
            gradient: vec![0.0; network.parameter_count()],
            network,
            records,
            targets,
        }
    }

    /// Shows the network every record once, in a new random order.
    pub fn epoch(&mut self, rng: &mut impl Rng) -> Epoch {
        self.order.shuffle(rng);
        let (mut loss, mut right) = (0.0, 0);
        for batch in self.order.chunks(self.batch_size) {
            self.batch_targets.clear();
            for (row, &record) in batch.iter().enumerate() {
                self.scratch.activations[0].row_mut(row).assign(&self.records.row(record));
                self.batch_targets.push(self.targets[record]);
            }
            let (batch_loss, batch_right) =
                self.network.backward(&mut self.scratch, &self.batch_targets, &mut self.gradient);
            self.adam.step(&mut self.network.parameters, &self.gradient);
            loss += batch_loss;
            right += batch_right;
        }
        let rows = self.order.len();
        Epoch {
            loss: loss / rows as f64,
            accuracy: right as f64 / rows as f64,
            batches: rows.div_ceil(self.batch_size),
        }
    }

    /// The network as it is now.
    pub fn network(&self) -> &Mlp {
        &self.network
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array2};
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    #[test]
    fn it_learns_what_no_single_layer_can() {
        // Exclusive or of two signs.
        let records = Array2::from_shape_fn((64, 2), |(row, column)| {
            let size = 0.5 + row as f64 / 64.0;
            if row >> column & 1 == 0 { size } else { -size }
        });
        let targets = Array1::from_shape_fn(64, |row| f64::from((row & 1) ^ (row >> 1 & 1) == 1));
        let rng = &mut Pcg64::seed_from_u64(3);
        let network = Mlp::he_normal(&[2, 16, 1], rng);
        let mut trainer = Trainer::new(network, records.view(), targets.view(), 7);
        let first = trainer.epoch(rng);
        assert_eq!(first.batches, 10);
        let last = (0..600).map(|_| trainer.epoch(rng)).last().unwrap();
        assert!(last.loss < first.loss / 4.0 && last.accuracy == 1.0, "{first:?} {last:?}");
        let said = trainer.network().predict(records.view());
        assert!(said.iter().zip(&targets).all(|(&p, &y)| (p > 0.5) == (y > 0.5)));
    }
}
