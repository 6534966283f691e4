//! Random numbers from an explicit seed.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng, seq::SliceRandom};

/// A source of random numbers that repeats itself for the same seed: ChaCha with 8 rounds.
///
/// ```
/// let draw = |seed| nn::Random::new(seed).normal();
/// assert_eq!(draw(1), draw(1));
/// assert_ne!(draw(1), draw(2));
/// ```
#[derive(Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// The source of `seed`.
    pub fn new(seed: u64) -> Self {
        Random::stream(seed, 0)
    }

    /// One of the independent sources of `seed`, so that one number can seed the split, the start and the order.
    pub fn stream(seed: u64, stream: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        Random(random)
    }

    /// A number uniform on [0, 1).
    pub fn uniform(&mut self) -> f64 {
        self.0.random()
    }

    /// A number of the standard normal distribution: that of [`Key::normal`](autodiff::Key::normal) for the next key.
    pub fn normal(&mut self) -> f64 {
        let mut y = 0.0;
        autodiff::kernels::normal(self.key(), 0, std::slice::from_mut(&mut y));
        y
    }

    /// A key for the random operations of one tape.
    pub fn key(&mut self) -> u64 {
        self.0.random()
    }

    /// The numbers 0, 1, …, n − 1 in random order, every order equally likely.
    ///
    /// ```
    /// let mut order = nn::Random::new(3).permutation(5);
    /// order.sort();
    /// assert_eq!(order, [0, 1, 2, 3, 4]);
    /// ```
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        order.shuffle(&mut self.0);
        order
    }
}
