//! Random operands for checking a primitive over its whole domain.

use super::{PrimitiveRef, Type};
use crate::base::real::Real;
use crate::base::shape::Shape;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// A generator of random choices, reproducible from its seed.
#[derive(Debug)]
pub struct Generator(ChaCha8Rng);

impl Generator {
    /// A generator that repeats itself for the same `seed`.
    pub fn new(seed: u64) -> Self {
        Generator(ChaCha8Rng::seed_from_u64(seed))
    }

    /// An integer from `low` to `high`, both included.
    pub fn integer(&mut self, low: usize, high: usize) -> usize {
        self.0.random_range(low..=high.max(low))
    }

    /// A number uniform on [0, 1).
    pub fn unit(&mut self) -> f64 {
        self.0.random()
    }

    /// A number uniform between `low` and `high`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Heads or tails.
    pub fn flip(&mut self) -> bool {
        self.0.random()
    }

    /// A shape of `low` to `high` axes, each 1 to 4 long.
    pub fn shape(&mut self, low: usize, high: usize) -> Shape {
        (0..self.integer(low, high)).map(|_| self.integer(1, 4)).collect()
    }

    /// A non-empty choice of the axes of an array of `rank` ≥ 1, ascending; empty for a scalar.
    pub fn axes(&mut self, rank: usize) -> Vec<usize> {
        let mut axes: Vec<usize> = (0..rank).filter(|_| self.flip()).collect();
        if axes.is_empty() && rank > 0 {
            axes.push(self.integer(0, rank - 1));
        }
        axes
    }
}

/// The numbers a real operand may take: log-uniform magnitudes, both signs where the bounds allow both.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Domain {
    /// The smallest number.
    pub low: f64,
    /// The largest number.
    pub high: f64,
    /// The smallest magnitude.
    pub tiny: f64,
}

impl Domain {
    /// Numbers of either sign, magnitudes 1e-30 to 1e30.
    pub const REALS: Domain = Domain { low: -1e30, high: 1e30, tiny: 1e-30 };
    /// Positive numbers from 1e-30 to 1e30.
    pub const POSITIVE: Domain = Domain { low: 1e-30, high: 1e30, tiny: 1e-30 };

    /// Numbers from `low` to `high`, magnitudes from 1e-30 (or `low`) on.
    pub const fn between(low: f64, high: f64) -> Domain {
        Domain { low, high, tiny: 1e-30 }
    }

    /// The same with magnitudes from `tiny` on. A property test that fails shrinks its numbers to this magnitude, which is
    /// 1e-30 unless said otherwise: `at_least(1e-3)` shows numbers that can be read, and keeps off a kink at 0.
    pub const fn at_least(self, tiny: f64) -> Domain {
        Domain { tiny, ..self }
    }

    /// The same domain cut to the magnitudes whose squares and products single precision can hold.
    pub fn single(self) -> Domain {
        Domain { low: self.low.clamp(-1e9, 1e9), high: self.high.clamp(-1e9, 1e9), tiny: self.tiny.max(1e-9) }
    }

    /// One number of the domain.
    pub fn draw(&self, generator: &mut Generator) -> f64 {
        let negative = self.low < 0.0 && (self.high <= 0.0 || generator.flip());
        let (near, far) = match negative {
            true => ((-self.high).max(self.tiny), -self.low),
            false => (self.low.max(self.tiny), self.high),
        };
        let magnitude = generator.uniform(near.ln(), far.max(near).ln()).exp().clamp(near, far.max(near));
        if negative { -magnitude } else { magnitude }
    }
}

/// One operand of a sample.
#[derive(Clone, PartialEq, Debug)]
pub enum SampleOperand {
    /// An array of reals with elements from a domain.
    Real(Shape, Domain),
    /// An array of indices below a bound.
    Index(Shape, usize),
    /// A random key.
    Key(u64),
}

impl SampleOperand {
    /// Its type.
    pub fn typed(&self) -> Type {
        match self {
            SampleOperand::Real(shape, _) => Type::real(shape),
            SampleOperand::Index(shape, _) => Type::index(shape),
            SampleOperand::Key(_) => Type::key(),
        }
    }
}

/// A random application of a primitive: the primitive with its attributes, and its operands.
#[derive(Clone, Debug)]
pub struct Sample<F: Real> {
    /// The primitive, with the attributes of this sample.
    pub primitive: PrimitiveRef<F>,
    /// Its operands.
    pub operands: Vec<SampleOperand>,
}

impl<F: Real> Sample<F> {
    /// An application of `primitive` to these operands.
    pub fn new(primitive: impl Into<PrimitiveRef<F>>, operands: Vec<SampleOperand>) -> Self {
        Sample { primitive: primitive.into(), operands }
    }

    /// An application of `primitive` to arrays of reals of one random shape of up to three axes, each from its own domain.
    pub fn elementwise(primitive: impl Into<PrimitiveRef<F>>, generator: &mut Generator, domains: &[Domain]) -> Self {
        let shape = generator.shape(0, 3);
        Sample::new(primitive, domains.iter().map(|domain| SampleOperand::Real(shape.clone(), *domain)).collect())
    }
}
