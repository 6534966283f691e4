//! What an array is an array of.

/// The kind of an operand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// An array of reals.
    Real,
    /// An array of indices: labels, rows to gather.
    Index,
    /// A random key.
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
}
