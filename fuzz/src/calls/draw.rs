//! Random arguments, most of them small and right, many of them odd.

use ndarray::{ArrayD, IxDyn};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// Lengths with more elements than fit into memory, or than can be counted.
pub const HUGE: [usize; 4] = [1 << 40, 1 << 62, usize::MAX / 2 + 1, usize::MAX];

/// Numbers at which arithmetic has special cases.
const ODD: [f64; 14] = [
    0.0,
    -0.0,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MAX,
    f64::MIN_POSITIVE,
    5e-324,
    1e-200,
    -1e200,
    1.0,
    -1.0,
    0.5,
    1e20,
];

/// Where random arguments come from.
#[derive(Debug)]
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// The arguments of this case of a seed.
    pub fn new(seed: u64, case: u64) -> Self {
        Draw(ChaCha8Rng::seed_from_u64(seed ^ case.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// A number below `n`, which is not 0.
    pub fn below(&mut self, n: usize) -> usize {
        self.0.random_range(0..n)
    }

    /// Once in `n` times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of these.
    pub fn one_of<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let i = self.below(items.len().max(1));
        items.get(i)
    }

    /// A length, a count, a position: mostly small, sometimes huge.
    pub fn count(&mut self) -> usize {
        match self.below(24) {
            0 => HUGE[self.below(HUGE.len())],
            1 => 1000,
            n => n % 5,
        }
    }

    /// A small one.
    pub fn few(&mut self) -> usize {
        self.below(4)
    }

    /// An axis, from either end, or none.
    pub fn axis(&mut self) -> isize {
        match self.below(20) {
            0 => isize::MIN,
            1 => isize::MAX,
            n => n as isize % 6 - 3,
        }
    }

    /// A list of axes.
    pub fn axes(&mut self) -> Vec<isize> {
        (0..self.below(4)).map(|_| self.axis()).collect()
    }

    /// The shape of an array that is there: it has few elements, though an array without any may have a long axis. Not
    /// the first, over which loops run: so many steps would be made.
    pub fn small_shape(&mut self) -> Vec<usize> {
        let mut shape: Vec<usize> = (0..self.below(5)).map(|_| self.few()).collect();
        if shape.len() > 1 && shape.contains(&0) && self.once_in(4) {
            let axis = 1 + self.below(shape.len() - 1);
            shape[axis] = HUGE[0];
            if !shape.contains(&0) {
                shape.push(0);
            }
        }
        shape
    }

    /// A shape that is asked for.
    pub fn shape(&mut self) -> Vec<usize> {
        match self.below(40) {
            0 => vec![1; 70],
            _ => (0..self.below(5)).map(|_| self.count()).collect(),
        }
    }

    /// A number, small or odd.
    pub fn number(&mut self) -> f64 {
        match self.once_in(4) {
            true => ODD[self.below(ODD.len())],
            false => self.0.random_range(-3.0..3.0),
        }
    }

    /// An array of small numbers, sometimes with odd ones.
    pub fn array(&mut self, shape: &[usize]) -> ArrayD<f64> {
        let tame = self.once_in(2);
        ArrayD::from_shape_simple_fn(IxDyn(shape), || if tame { self.0.random_range(-2.0..2.0) } else { self.number() })
    }

    /// An array of indices, sometimes beyond everything.
    pub fn indices(&mut self, shape: &[usize]) -> ArrayD<usize> {
        let tame = !self.once_in(4);
        ArrayD::from_shape_simple_fn(IxDyn(shape), || if tame { self.few() } else { self.count() })
    }
}
