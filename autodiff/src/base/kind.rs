//! What an array is an array of.

use super::real::Real;
use super::shape::Shape;

/// What the elements of an array are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// Reals.
    Real,
    /// Indices: labels, rows to gather.
    Index,
    /// A random key; its shape is that of a scalar.
    Key,
}

impl Kind {
    /// The kind in words, for messages.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Kind::Real => "an array of reals",
            Kind::Index => "an array of indices",
            Kind::Key => "a random key",
        }
    }

    /// `f64[2, 3]`, `index[4]`, `key`: a kind with a shape, as print-outs write it.
    pub(crate) fn of_shape<F: Real>(self, shape: &Shape) -> String {
        match self {
            Kind::Real => format!("{}{shape}", F::NAME),
            Kind::Index => format!("index{shape}"),
            Kind::Key => "key".into(),
        }
    }
}

/// The type of an operand or a result: what its elements are, and the lengths of its axes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Type {
    /// What the elements are.
    pub kind: Kind,
    /// The lengths of the axes.
    pub shape: Shape,
}

impl Type {
    /// An array of reals.
    pub fn real(shape: impl Into<Shape>) -> Self {
        Type { kind: Kind::Real, shape: shape.into() }
    }

    /// An array of indices.
    pub fn index(shape: impl Into<Shape>) -> Self {
        Type { kind: Kind::Index, shape: shape.into() }
    }

    /// A random key.
    pub fn key() -> Self {
        Type { kind: Kind::Key, shape: Shape::scalar() }
    }
}
