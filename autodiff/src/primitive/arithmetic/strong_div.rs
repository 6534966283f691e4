//! Division in which a zero above wins over zero, infinity and NaN below.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{Arithmetic, Elementwise};
use crate::primitive::{
    Cotangents, Domain, Entry, Facts, Kernel, Notation, Primitive, RuleContext, Sample, Signature, Tangents,
};
use crate::tape::var::{Var, VarOrNumber};

/// y = a/b, and 0 where a is 0
#[derive(Debug)]
pub struct StrongDiv;

impl<F: Real> Primitive<F> for StrongDiv {
    fn name(&self) -> &'static str {
        "strong_div"
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn formula(&self) -> &'static str {
        "y = a/b, and 0 where a is 0"
    }

    fn notation(&self) -> Notation {
        Notation::Infix("/", 2)
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::Elementwise(Elementwise::arithmetic(Arithmetic::StrongDiv))
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        super::div::reverse(at)
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        super::div::tangent(at, dx)
    }

    fn identity(&self, inputs: &[Facts<'_, F>]) -> Option<usize> {
        matches!(inputs, [_, b] if b.number == Some(F::one())).then_some(0)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&StrongDiv)
        .sampled(|generator| Sample::elementwise(&StrongDiv, generator, &[Domain::REALS, Domain::REALS]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The quotient yᵢ = aᵢ/bᵢ with a strong zero: 0 where aᵢ is 0, even if bᵢ is 0 or NaN; elsewhere that of `a / b`, bit for
    /// bit.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (a, b) = (tape.input([0.0, 6.0]), tape.input([0.0, 3.0]));
    /// assert_eq!(a.strong_div(b).value()?, ndarray::array![0.0, 2.0].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn strong_div(self, other: impl VarOrNumber<'t, F>) -> Self {
        self.broadcasting(&StrongDiv, other.on(self))
    }
}
