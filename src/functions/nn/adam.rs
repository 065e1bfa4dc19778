//! The Adam optimiser.

/// Adam (Kingma and Ba, 2015) in the form at the end of the paper's section 2, which Keras uses too: the bias
/// corrections go into the step size, and epsilon is added to the uncorrected root.
#[derive(Debug, Clone)]
pub struct Adam {
    rate: f64,
    beta_1: f64,
    beta_2: f64,
    epsilon: f64,
    /// β₁ᵗ and β₂ᵗ after t steps.
    powers: (f64, f64),
    /// Running mean of each parameter's gradient, and of its square.
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Adam {
    /// An optimiser for so many parameters, with Keras' defaults: rate 0.001, β₁ 0.9, β₂ 0.999, ε 1e-7.
    pub fn new(parameters: usize) -> Self {
        Self {
            rate: 1e-3,
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-7,
            powers: (1.0, 1.0),
            first: vec![0.0; parameters],
            second: vec![0.0; parameters],
        }
    }

    /// Moves each parameter one step against its gradient.
    ///
    /// # Panics
    /// When the slices do not have the length that the optimiser was made for.
    pub fn step(&mut self, parameters: &mut [f64], gradient: &[f64]) {
        assert!(
            parameters.len() == self.first.len() && gradient.len() == self.first.len(),
            "another network"
        );
        let Self { beta_1, beta_2, epsilon, .. } = *self;
        self.powers = (self.powers.0 * beta_1, self.powers.1 * beta_2);
        let rate = self.rate * (1.0 - self.powers.1).sqrt() / (1.0 - self.powers.0);
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((parameter, &slope), (first, second)) in parameters.iter_mut().zip(gradient).zip(moments) {
            *first += (slope - *first) * (1.0 - beta_1);
            *second += (slope * slope - *second) * (1.0 - beta_2);
            *parameter -= rate * *first / (second.sqrt() + epsilon);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_steps_follow_the_formula() {
        let mut adam = Adam::new(2);
        let mut parameters = [1.0, -2.0];
        adam.step(&mut parameters, &[0.5, 0.0]);
        // m = 0.05, v = 0.00025; rate = 1e-3 √0.001 / 0.1.
        let first = 1e-3 * 0.001_f64.sqrt() / 0.1 * 0.05 / (0.000_25_f64.sqrt() + 1e-7);
        assert!((parameters[0] - (1.0 - first)).abs() < 1e-15);
        assert_eq!(parameters[1], -2.0);

        adam.step(&mut parameters, &[-1.0, 0.0]);
        let (m, v) = (0.9 * 0.05 - 0.1, 0.999 * 0.000_25 + 0.001);
        let rate = 1e-3 * (1.0 - 0.999_f64.powi(2)).sqrt() / (1.0 - 0.9_f64.powi(2));
        let second = rate * m / (f64::sqrt(v) + 1e-7);
        assert!((parameters[0] - (1.0 - first - second)).abs() < 1e-12);
    }
}
