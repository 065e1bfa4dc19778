//! Randomness that can be had again: one named generator for each source of it.

use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use sha2::{Digest, Sha256};

/// A source of randomness: PCG XSL-RR 128/64 (O'Neill 2014), the same numbers on every platform.
#[derive(Clone, Debug)]
pub struct Stream(Pcg64Mcg);

impl Stream {
    /// The stream of this name in the run of this seed. Streams of different names are independent, so a part
    /// that draws more or less than before leaves all others' draws as they were.
    pub fn new(seed: u64, name: &str) -> Self {
        let digest = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(name).finalize();
        let state = digest.iter().take(16).fold(0_u128, |state, byte| state << 8 | u128::from(*byte));
        Stream(Pcg64Mcg::new(state))
    }

    /// Uniform in [0, 1), 53 bits.
    pub fn uniform(&mut self) -> f64 {
        self.0.random()
    }

    /// Uniform among `0..n`; 0 when `n` is 0.
    pub fn below(&mut self, n: u32) -> u32 {
        self.0.random_range(0..n.max(1))
    }

    /// Exponential with mean 1, by inversion: −ln(1 − U).
    pub fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.uniform())
    }

    /// Normal with mean 0 and variance 1 (Box and Muller 1958; the second number of each pair is not kept, so
    /// that every draw takes two).
    pub fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(2.0 * self.exponential());
        radius * libm::cos(2.0 * std::f64::consts::PI * self.uniform())
    }

    /// The generator, for what takes an `Rng`.
    pub fn rng(&mut self) -> &mut Pcg64Mcg {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_seed_give_the_same_numbers_again() {
        let draw = |seed, name| Stream::new(seed, name).uniform();
        assert_eq!(draw(1, "arrivals").to_bits(), draw(1, "arrivals").to_bits());
        assert_ne!(draw(1, "arrivals"), draw(2, "arrivals"));
        assert_ne!(draw(1, "arrivals"), draw(1, "service"));
    }

    /// Written down once, so that a change of generator, platform or seeding shows.
    #[test]
    fn the_numbers_are_these() {
        let mut stream = Stream::new(42, "service");
        let drawn: Vec<u64> = (0..3).map(|_| (stream.uniform() * 1e15) as u64).collect();
        assert_eq!(drawn, PINNED);
    }

    const PINNED: [u64; 3] = [871_029_877_123_728, 757_460_601_933_133, 268_764_317_353_179];
}
