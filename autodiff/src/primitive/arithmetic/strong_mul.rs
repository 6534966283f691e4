//! Multiplication in which a zero wins over infinity and NaN.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{Arithmetic, Elementwise};
use crate::primitive::{Domain, Entry, Facts, Kernel, Notation, Partial, Primitive, RuleContext, Sample, Signature};
use crate::tape::var::{Var, VarOrNumber};

/// y = a·b, and 0 where a or b is 0
#[derive(Debug)]
pub struct StrongMul;

impl<F: Real> Primitive<F> for StrongMul {
    fn name(&self) -> &'static str {
        "strong_mul"
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn formula(&self) -> &'static str {
        "y = a·b, and 0 where a or b is 0"
    }

    fn notation(&self) -> Notation {
        Notation::Infix("·", 2)
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::Elementwise(Elementwise::arithmetic(Arithmetic::StrongMul))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, i: usize) -> Partial<'t, F> {
        Partial::Times(at.x(1 - i))
    }

    fn identity(&self, inputs: &[Facts<'_, F>]) -> Option<usize> {
        super::mul::identity(inputs)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&StrongMul)
        .sampled(|generator| Sample::elementwise(&StrongMul, generator, &[Domain::REALS, Domain::REALS]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The product yᵢ = aᵢ·bᵢ with a strong zero: 0 where aᵢ or bᵢ is 0, even if the other is infinite or NaN; elsewhere that
    /// of `a * b`, bit for bit.
    ///
    /// What a derivative is multiplied with in every rule: a path on which one factor is exactly 0 contributes 0.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (a, b) = (tape.input([0.0, 2.0]), tape.input([f64::INFINITY, 3.0]));
    /// assert_eq!(a.strong_mul(b).value()?, ndarray::array![0.0, 6.0].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn strong_mul(self, other: impl VarOrNumber<'t, F>) -> Self {
        self.broadcasting(&StrongMul, other.on(self))
    }
}
