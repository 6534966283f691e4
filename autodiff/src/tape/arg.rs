//! A handle of any of the three kinds.

use super::Tape;
use crate::base::error::Mismatch;
use crate::base::ids::NodeId;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::Kind;
use crate::tape::var::{Index, Key, Var};

/// An argument of an operation: any of the three kinds of handle.
#[derive(Clone, Copy, Debug)]
pub enum Arg<'t, F: Real> {
    /// An array of reals.
    Real(Var<'t, F>),
    /// An array of indices.
    Index(Index<'t, F>),
    /// A random key.
    Key(Key<'t, F>),
}

impl<'t, F: Real> Arg<'t, F> {
    /// The handle to node `id`, which is of this kind.
    pub(crate) fn of(tape: &'t Tape<F>, id: NodeId, kind: Kind) -> Self {
        match kind {
            Kind::Real => Arg::Real(Var { tape, id }),
            Kind::Index => Arg::Index(Index { tape, id }),
            Kind::Key => Arg::Key(Key { tape, id }),
        }
    }

    /// The array of reals; an error var if it is something else.
    #[track_caller]
    pub fn var(self) -> Var<'t, F> {
        match self {
            Arg::Real(x) => x,
            other => other.refused("an array of reals"),
        }
    }

    /// The array of indices; an error if it is something else, which every use of it passes on.
    #[track_caller]
    pub fn index(self) -> Index<'t, F> {
        match self {
            Arg::Index(x) => x,
            other => {
                let Var { tape, id } = other.refused("an array of indices");
                Index { tape, id }
            }
        }
    }

    /// The random key; an error if it is something else, which every use of it passes on.
    #[track_caller]
    pub fn key(self) -> Key<'t, F> {
        match self {
            Arg::Key(x) => x,
            other => {
                let Var { tape, id } = other.refused("a random key");
                Key { tape, id }
            }
        }
    }

    #[cold]
    #[track_caller]
    fn refused(self, expected: &str) -> Var<'t, F> {
        let message = format!("{expected} was expected");
        self.parts().0.refuse("arg", &[self], Mismatch::new(message))
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        match self {
            Arg::Real(_) => Kind::Real,
            Arg::Index(_) => Kind::Index,
            Arg::Key(_) => Kind::Key,
        }
    }

    /// Its shape.
    ///
    /// # Errors
    /// The error of the operation it comes from.
    pub fn shape(&self) -> crate::base::error::Result<Shape> {
        match self {
            Arg::Real(x) => x.shape(),
            Arg::Index(x) => x.shape(),
            Arg::Key(x) => x.shape(),
        }
    }

    /// Its node.
    pub fn id(&self) -> NodeId {
        self.parts().1
    }

    #[inline]
    pub(crate) fn is_on(&self, tape: &Tape<F>) -> bool {
        std::ptr::eq(self.parts().0, tape)
    }

    #[inline]
    pub(crate) fn parts(&self) -> (&'t Tape<F>, NodeId) {
        match self {
            Arg::Real(x) => (x.tape, x.id),
            Arg::Index(x) => (x.tape, x.id),
            Arg::Key(x) => (x.tape, x.id),
        }
    }
}

impl<'t, F: Real> From<Var<'t, F>> for Arg<'t, F> {
    fn from(x: Var<'t, F>) -> Self {
        Arg::Real(x)
    }
}

impl<'t, F: Real> From<Index<'t, F>> for Arg<'t, F> {
    fn from(x: Index<'t, F>) -> Self {
        Arg::Index(x)
    }
}

impl<'t, F: Real> From<Key<'t, F>> for Arg<'t, F> {
    fn from(x: Key<'t, F>) -> Self {
        Arg::Key(x)
    }
}
