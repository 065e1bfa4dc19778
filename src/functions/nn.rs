//! A multilayer perceptron for yes-or-no questions: dense layers with ReLU, the last one with a sigmoid.
//!
//! It is trained on binary cross-entropy by [`Adam`](adam::Adam), in shuffled batches ([`fit::Trainer`]). Initial
//! weights and optimiser follow what Keras computes for `he_normal` and `Adam`, so results compare with a Keras
//! model of the same shape.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, Slice, Zip};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

pub mod adam;
pub mod fit;

/// The standard deviation of a standard normal law cut off at two standard deviations. He's initial weights are
/// drawn from the cut-off law and divided by this, so that their variance is the one wanted.
const TRUNCATED_DEVIATION: f64 = 0.879_625_661_034_239_8;

/// Where one dense layer's weights (inputs × outputs, row by row) and biases lie among the parameters.
#[derive(Debug, Clone)]
struct Layer {
    inputs: usize,
    outputs: usize,
    weights: Range<usize>,
    biases: Range<usize>,
}

/// A multilayer perceptron. All its parameters lie in one vector, so that the optimiser takes one pass over them.
#[derive(Debug, Clone)]
pub struct Mlp {
    layers: Vec<Layer>,
    parameters: Vec<f64>,
}

impl Mlp {
    /// A network of `sizes` (inputs, hidden layers …, 1) with He-normal weights and zero biases.
    ///
    /// Every layer's weights, the output's too, are normal with variance 2 / inputs, without values beyond two
    /// standard deviations (He et al., *Delving Deep into Rectifiers*, 2015, section 2.2; Keras cuts the law off).
    ///
    /// # Panics
    /// When `sizes` has fewer than two entries, has a zero, or does not end with 1.
    pub fn he_normal(sizes: &[usize], rng: &mut impl Rng) -> Self {
        assert!(sizes.len() >= 2 && !sizes.contains(&0) && sizes.ends_with(&[1]), "not a shape: {sizes:?}");
        let mut layers = Vec::with_capacity(sizes.len() - 1);
        let mut parameters = Vec::new();
        for pair in sizes.windows(2) {
            let (inputs, outputs) = (pair[0], pair[1]);
            let start = parameters.len();
            let deviation = (2.0 / inputs as f64).sqrt() / TRUNCATED_DEVIATION;
            parameters.extend((0..inputs * outputs).map(|_| deviation * truncated_normal(rng)));
            let end = parameters.len();
            parameters.resize(end + outputs, 0.0);
            layers.push(Layer { inputs, outputs, weights: start..end, biases: end..end + outputs });
        }
        Self { layers, parameters }
    }

    /// The number of weights and biases.
    pub fn parameter_count(&self) -> usize {
        self.parameters.len()
    }

    /// The probability of "yes" for each row of `records` (rows × inputs).
    ///
    /// # Panics
    /// When the rows are not as long as the first layer wants.
    pub fn predict(&self, records: ArrayView2<'_, f64>) -> Array1<f64> {
        let mut scratch = Scratch::new(self, records.nrows());
        scratch.activations[0].assign(&records);
        self.forward(&mut scratch, records.nrows());
        scratch.logits(records.nrows()).mapv(sigmoid)
    }

    /// The mean binary cross-entropy, in nats, of what the network says of `records` when `targets` (0 or 1) is true.
    ///
    /// # Panics
    /// When there are not as many targets as rows, or the rows have the wrong length.
    pub fn loss(&self, records: ArrayView2<'_, f64>, targets: ArrayView1<'_, f64>) -> f64 {
        assert_eq!(records.nrows(), targets.len(), "a target for each row");
        let mut scratch = Scratch::new(self, records.nrows());
        scratch.activations[0].assign(&records);
        self.forward(&mut scratch, records.nrows());
        let logits = scratch.logits(records.nrows());
        logits.iter().zip(targets).map(|(&z, &y)| cross_entropy(z, y)).sum::<f64>() / targets.len() as f64
    }

    /// Fills `scratch` with what each layer makes of its first `rows` input rows; the last one holds logits.
    fn forward(&self, scratch: &mut Scratch, rows: usize) {
        let last = self.layers.len() - 1;
        for (i, layer) in self.layers.iter().enumerate() {
            let (before, after) = scratch.activations.split_at_mut(i + 1);
            let input = first_rows(&before[i], rows);
            let mut output = first_rows_mut(&mut after[0], rows);
            output.assign(&ArrayView1::from(&self.parameters[layer.biases.clone()]));
            general_mat_mul(1.0, &input, &layer.weights_in(&self.parameters), 1.0, &mut output);
            if i < last {
                output.mapv_inplace(|x| x.max(0.0));
            }
        }
    }

    /// Forward, then back: leaves in `gradient` the derivative of the mean loss over the first `rows` rows of
    /// `scratch` by each parameter. Returns the summed loss and how many rows were right at a threshold of 0.5.
    fn backward(&self, scratch: &mut Scratch, targets: &[f64], gradient: &mut [f64]) -> (f64, usize) {
        let rows = targets.len();
        self.forward(scratch, rows);
        let (mut loss, mut right) = (0.0, 0);
        let last = self.layers.len() - 1;
        {
            let logits = scratch.activations[last + 1].column(0);
            let deltas = scratch.deltas[last].column_mut(0);
            // Sigmoid and cross-entropy together have the derivative p − y; the mean divides it by the rows.
            for ((delta, &z), &y) in deltas.into_iter().zip(logits).zip(targets) {
                *delta = (sigmoid(z) - y) / rows as f64;
                loss += cross_entropy(z, y);
                right += usize::from((z > 0.0) == (y > 0.5));
            }
        }
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let (below, above) = scratch.deltas.split_at_mut(i);
            let delta = first_rows(&above[0], rows);
            let input = first_rows(&scratch.activations[i], rows);
            general_mat_mul(1.0, &input.t(), &delta, 0.0, &mut layer.weights_in_mut(gradient));
            let biases = &mut gradient[layer.biases.clone()];
            biases.fill(0.0);
            for row in delta.axis_iter(Axis(0)) {
                for (bias, d) in biases.iter_mut().zip(row) {
                    *bias += d;
                }
            }
            if let Some(below) = below.last_mut() {
                let mut below = first_rows_mut(below, rows);
                general_mat_mul(1.0, &delta, &layer.weights_in(&self.parameters).t(), 0.0, &mut below);
                Zip::from(&mut below).and(&input).for_each(|d, &a| {
                    if a <= 0.0 {
                        *d = 0.0;
                    }
                });
            }
        }
        (loss, right)
    }
}

impl Layer {
    fn weights_in<'a>(&self, parameters: &'a [f64]) -> ArrayView2<'a, f64> {
        ArrayView2::from_shape((self.inputs, self.outputs), &parameters[self.weights.clone()])
            .expect("the range has inputs × outputs entries by construction")
    }

    fn weights_in_mut<'a>(&self, parameters: &'a mut [f64]) -> ArrayViewMut2<'a, f64> {
        ArrayViewMut2::from_shape((self.inputs, self.outputs), &mut parameters[self.weights.clone()])
            .expect("the range has inputs × outputs entries by construction")
    }
}

/// What a pass through the network leaves behind, for batches of up to so many rows. Made once per training.
#[derive(Debug, Clone)]
struct Scratch {
    /// `[0]` is the batch; `[i + 1]` what layer `i` makes of `[i]`.
    activations: Vec<Array2<f64>>,
    /// `[i]` is the derivative of the loss by layer `i`'s sums.
    deltas: Vec<Array2<f64>>,
}

impl Scratch {
    fn new(network: &Mlp, rows: usize) -> Self {
        let matrix = |columns| Array2::zeros((rows, columns));
        let deltas: Vec<_> = network.layers.iter().map(|layer| matrix(layer.outputs)).collect();
        let activations =
            std::iter::once(matrix(network.layers[0].inputs)).chain(deltas.iter().cloned()).collect();
        Self { activations, deltas }
    }

    fn logits(&self, rows: usize) -> ArrayView1<'_, f64> {
        self.activations[self.activations.len() - 1].column(0).split_at(Axis(0), rows).0
    }
}

/// The first rows of a matrix, as a batch that is not full has them.
fn first_rows(matrix: &Array2<f64>, rows: usize) -> ArrayView2<'_, f64> {
    matrix.slice_axis(Axis(0), Slice::from(..rows))
}

fn first_rows_mut(matrix: &mut Array2<f64>, rows: usize) -> ArrayViewMut2<'_, f64> {
    matrix.slice_axis_mut(Axis(0), Slice::from(..rows))
}

/// A standard normal number no further than 2 from zero.
fn truncated_normal(rng: &mut impl Rng) -> f64 {
    loop {
        let x: f64 = StandardNormal.sample(rng);
        if x.abs() <= 2.0 {
            return x;
        }
    }
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Binary cross-entropy of sigmoid(`z`) against `y`, in a form that neither overflows nor takes the log of zero.
fn cross_entropy(z: f64, y: f64) -> f64 {
    z.max(0.0) - z * y + (-z.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    /// A network with biases that are not zero, a batch for it, and its targets.
    fn example(sizes: &[usize], rows: usize, seed: u64) -> (Mlp, Array2<f64>, Vec<f64>) {
        let rng = &mut Pcg64::seed_from_u64(seed);
        let mut network = Mlp::he_normal(sizes, rng);
        for layer in &network.layers.clone() {
            network.parameters[layer.biases.clone()].fill_with(|| 0.3 * truncated_normal(rng));
        }
        let records = Array2::from_shape_simple_fn((rows, sizes[0]), || truncated_normal(rng));
        let targets = (0..rows).map(|_| f64::from(truncated_normal(rng) > 0.0)).collect();
        (network, records, targets)
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        for (sizes, rows) in [(&[3, 1][..], 4), (&[4, 5, 1], 7), (&[34, 10, 8, 1], 11)] {
            let (network, records, targets) = example(sizes, rows, 5);
            // More room than rows, as for the last batch of an epoch.
            let mut scratch = Scratch::new(&network, rows + 3);
            first_rows_mut(&mut scratch.activations[0], rows).assign(&records);
            let mut gradient = vec![f64::NAN; network.parameter_count()];
            let (loss, _) = network.backward(&mut scratch, &targets, &mut gradient);
            let y = ArrayView1::from(&targets);
            assert!((loss / rows as f64 - network.loss(records.view(), y)).abs() < 1e-12);
            for (i, &slope) in gradient.iter().enumerate() {
                let step = 1e-6;
                let at = |shift: f64| {
                    let mut shifted = network.clone();
                    shifted.parameters[i] += shift;
                    shifted.loss(records.view(), y)
                };
                let estimate = (at(step) - at(-step)) / (2.0 * step);
                assert!(
                    (slope - estimate).abs() < 1e-7,
                    "{sizes:?}, parameter {i}: {slope} against {estimate}"
                );
            }
        }
    }

    #[test]
    fn he_normal_weights_have_variance_two_over_inputs() {
        let network = Mlp::he_normal(&[50, 400, 1], &mut Pcg64::seed_from_u64(1));
        let layer = &network.layers[0];
        let weights = &network.parameters[layer.weights.clone()];
        let variance = weights.iter().map(|w| w * w).sum::<f64>() / weights.len() as f64;
        assert!((variance / (2.0 / 50.0) - 1.0).abs() < 0.03, "{variance}");
        let limit = 2.0 * (2.0_f64 / 50.0).sqrt() / TRUNCATED_DEVIATION;
        assert!(weights.iter().all(|w| w.abs() <= limit));
        assert!(network.parameters[layer.biases.clone()].iter().all(|&b| b == 0.0));
        assert_eq!(Mlp::he_normal(&[34, 10, 8, 1], &mut Pcg64::seed_from_u64(1)).parameter_count(), 447);
    }

    #[test]
    fn loss_and_sigmoid_stay_finite_far_out() {
        assert_eq!(cross_entropy(800.0, 0.0), 800.0);
        assert_eq!(cross_entropy(-800.0, 0.0), 0.0);
        assert!((cross_entropy(0.0, 1.0) - std::f64::consts::LN_2).abs() < 1e-15);
        assert_eq!((sigmoid(-800.0), sigmoid(0.0), sigmoid(800.0)), (0.0, 0.5, 1.0));
    }
}
