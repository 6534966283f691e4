//! The operands a primitive takes, and how an application is written.

use crate::base::kind::Kind;
use std::sync::Arc;

/// What kinds an operand may be of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Accepts {
    /// This kind only.
    Only(Kind),
    /// Reals or indices.
    RealOrIndex,
}

impl Accepts {
    /// Whether an operand of this kind may stand here.
    #[inline]
    pub fn kind(self, kind: Kind) -> bool {
        match self {
            Accepts::Only(only) => only == kind,
            Accepts::RealOrIndex => kind != Kind::Key,
        }
    }

    /// In words, for messages.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Accepts::Only(kind) => kind.words(),
            Accepts::RealOrIndex => "an array of reals or of indices",
        }
    }
}

/// The operands a primitive takes, with the names its formula and its messages use.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Signature {
    /// Exactly these.
    Fixed(&'static [(&'static str, Accepts)]),
    /// One or more of these.
    Variadic(Accepts),
    /// Exactly these, which depend on the primitive's attributes or bodies.
    Listed(Arc<[(&'static str, Accepts)]>),
}

impl Signature {
    /// Accepts an array of reals.
    pub const REAL: Accepts = Accepts::Only(Kind::Real);
    /// Accepts an array of indices.
    pub const INDEX: Accepts = Accepts::Only(Kind::Index);
    /// Accepts a random key.
    pub const KEY: Accepts = Accepts::Only(Kind::Key);

    /// One array of reals, `x`.
    pub const UNARY: Signature = Signature::Fixed(&[("x", Signature::REAL)]);
    /// Two arrays of reals, `a` and `b`.
    pub const BINARY: Signature = Signature::Fixed(&[("a", Signature::REAL), ("b", Signature::REAL)]);
    /// One array of reals or indices, `x`.
    pub const ARRAY: Signature = Signature::Fixed(&[("x", Accepts::RealOrIndex)]);
    /// Two arrays of indices, `a` and `b`.
    pub const INDICES: Signature = Signature::Fixed(&[("a", Signature::INDEX), ("b", Signature::INDEX)]);
    /// An array of reals `x` and an array of indices `i`.
    pub const INDEXED: Signature = Signature::Fixed(&[("x", Signature::REAL), ("i", Signature::INDEX)]);

    /// Whether operands of these kinds fit, in number and kind.
    pub(crate) fn fits(&self, kinds: impl ExactSizeIterator<Item = Kind>) -> bool {
        match self {
            Signature::Variadic(accepts) => kinds.len() > 0 && kinds.into_iter().all(|kind| accepts.kind(kind)),
            Signature::Fixed(operands) => fits(operands, kinds),
            Signature::Listed(operands) => fits(operands, kinds),
        }
    }

    /// The number of operands, where it is fixed.
    pub fn count(&self) -> Option<usize> {
        match self {
            Signature::Fixed(operands) => Some(operands.len()),
            Signature::Listed(operands) => Some(operands.len()),
            Signature::Variadic(_) => None,
        }
    }

    /// The name of operand `i`, and what it may be.
    pub fn operand(&self, i: usize) -> Option<(&'static str, Accepts)> {
        match self {
            Signature::Fixed(operands) => operands.get(i).copied(),
            Signature::Listed(operands) => operands.get(i).copied(),
            Signature::Variadic(accepts) => {
                let names = ["x₀", "x₁", "x₂", "x₃", "x₄", "x₅", "x₆", "x₇", "x₈", "x₉"];
                Some((names.get(i).copied().unwrap_or("xᵢ"), *accepts))
            }
        }
    }
}

fn fits(operands: &[(&'static str, Accepts)], kinds: impl ExactSizeIterator<Item = Kind>) -> bool {
    operands.len() == kinds.len() && operands.iter().zip(kinds).all(|((_, accepts), kind)| accepts.kind(kind))
}

/// How an application of a primitive is written in rules and formulas.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Notation {
    /// `name(a, b; attributes)`.
    Call,
    /// `a + b`; a larger number binds tighter (add 1, multiply 2, prefix 3, power 4).
    Infix(&'static str, u8),
    /// `−a`.
    Prefix(&'static str),
    /// `aᵀ`.
    Postfix(&'static str),
    /// `|a|`.
    Around(&'static str, &'static str),
    /// A formula in which `{0}` to `{9}` stand for the operands, with its strength: `{1}·(1 − {1})`. Printed rules name the
    /// function as in a call, so that they say what runs; where mathematics is wanted, the formula stands.
    Formula(&'static str, u8),
}
