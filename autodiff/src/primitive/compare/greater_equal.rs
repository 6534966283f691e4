//! The comparison a ≥ b.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{
    COMPARISON, Domain, Entry, Kernel, Notation, Partial, Primitive, RuleContext, Sample, Signature,
};
use crate::tape::var::Var;
use crate::tape::var::VarOrNumber;

/// y = 1 if a ≥ b else 0
#[derive(Debug)]
pub struct GreaterEqual;

impl<F: Real> Primitive<F> for GreaterEqual {
    fn name(&self) -> &'static str {
        "greater_equal"
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn formula(&self) -> &'static str {
        "y = 1 if a ≥ b else 0"
    }

    fn notation(&self) -> Notation {
        Notation::Infix("≥", 0)
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[a, b]| if a >= b { F::one() } else { F::zero() })
    }

    fn partial<'t>(&self, _: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Refused(COMPARISON)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&GreaterEqual)
        .sampled(|generator| Sample::elementwise(&GreaterEqual, generator, &[Domain::REALS, Domain::REALS]))
}

impl<'t, F: Real> Var<'t, F> {
    /// 1 where `self ≥ other`, 0 elsewhere (also where either is NaN). Takes a var or a number.
    ///
    /// A comparison has no derivative: use it as the condition of [`Var::select`].
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0, 3.0]);
    /// assert_eq!(x.ge(2.0).value().unwrap(), ndarray::array![0.0, 1.0, 1.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn ge(self, other: impl VarOrNumber<'t, F>) -> Self {
        self.broadcasting(&GreaterEqual, other.on(self))
    }

    /// 1 where `self ≤ other`, 0 elsewhere: `other ≥ self`.
    #[track_caller]
    pub fn le(self, other: impl VarOrNumber<'t, F>) -> Self {
        other.on(self).broadcasting(&GreaterEqual, self)
    }
}
