//! References to primitives, and what makes two of them the same.

use super::{Kernel, Output, Primitive};
use crate::base::error::Refusal;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::Operand;
use crate::tape::evaluate;
use smallvec::SmallVec;
use std::ops::Deref;
use std::sync::Arc;

/// A reference to a primitive: a static one, or one that is shared because it has attributes.
#[derive(Debug)]
pub enum PrimitiveRef<F: Real> {
    /// A primitive without attributes.
    Static(&'static dyn Primitive<F>),
    /// A primitive made at run time.
    Shared(Arc<dyn Primitive<F>>),
}

impl<F: Real> PrimitiveRef<F> {
    /// Runs the primitive on `inputs`, however it runs: the same numbers as recording it.
    ///
    /// # Errors
    /// A refusal of values, or of operands that do not fit.
    pub fn run(&self, inputs: &[Operand<'_, F>], outputs: &mut [Output<'_, F>]) -> Result<(), Refusal> {
        let shapes: SmallVec<[&Shape; 4]> = inputs.iter().map(Operand::shape).collect();
        self.run_with(&self.kernel(&shapes), inputs, outputs)
    }

    /// As [`run`](Self::run), with the kernel for operands of these shapes ([`Primitive::kernel`]): who evaluates a
    /// primitive many times makes it once.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_with(
        &self,
        kernel: &Kernel<F>,
        inputs: &[Operand<'_, F>],
        outputs: &mut [Output<'_, F>],
    ) -> Result<(), Refusal> {
        evaluate::run(&**self, kernel, inputs, outputs)
    }

    /// Whether the programs that both hold are the same.
    fn same_bodies(&self, other: &Self) -> bool {
        let (a, b) = (self.bodies(), other.bodies());
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_same(b))
    }
}

impl<F: Real> Clone for PrimitiveRef<F> {
    fn clone(&self) -> Self {
        match self {
            PrimitiveRef::Static(primitive) => PrimitiveRef::Static(*primitive),
            PrimitiveRef::Shared(primitive) => PrimitiveRef::Shared(primitive.clone()),
        }
    }
}

impl<F: Real> Deref for PrimitiveRef<F> {
    type Target = dyn Primitive<F>;
    fn deref(&self) -> &Self::Target {
        match self {
            PrimitiveRef::Static(primitive) => *primitive,
            PrimitiveRef::Shared(primitive) => &**primitive,
        }
    }
}

impl<F: Real, P: Primitive<F>> From<&'static P> for PrimitiveRef<F> {
    fn from(primitive: &'static P) -> Self {
        PrimitiveRef::Static(primitive)
    }
}

impl<F: Real, P: Primitive<F> + 'static> From<Arc<P>> for PrimitiveRef<F> {
    fn from(primitive: Arc<P>) -> Self {
        PrimitiveRef::Shared(primitive)
    }
}

impl<F: Real> PartialEq for PrimitiveRef<F> {
    /// The same name, the same attributes, and the same bodies.
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.attributes() == other.attributes() && self.same_bodies(other)
    }
}
