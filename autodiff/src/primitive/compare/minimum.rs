//! The smaller of two numbers.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Cotangents, Domain, Entry, Kernel, Primitive, RuleContext, Sample, Signature, Tangents};
use crate::tape::var::Var;
use crate::tape::var::VarOrNumber;

/// y = min(a, b)
#[derive(Debug)]
pub struct Minimum;

impl<F: Real> Primitive<F> for Minimum {
    fn name(&self) -> &'static str {
        "minimum"
    }

    fn signature(&self) -> Signature {
        Signature::BINARY
    }

    fn formula(&self) -> &'static str {
        "y = min(a, b)"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[a, b]| if a < b || a.is_nan() { a } else { b })
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.two(
            || at.dy().masked(at.x(0).lt(at.x(1))) + (at.dy() * 0.5).masked(at.x(0).eq(at.x(1))),
            || at.dy().masked(at.x(1).lt(at.x(0))) + (at.dy() * 0.5).masked(at.x(0).eq(at.x(1))),
        )
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |i, dx| dx.masked(at.x(i).lt(at.x(1 - i))) + (dx * 0.5).masked(at.x(0).eq(at.x(1))))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Minimum)
        .sampled(|generator| Sample::elementwise(&Minimum, generator, &[Domain::REALS, Domain::REALS]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The smaller of `self` and `other`, element by element; NaN if either is. Takes a var or a number.
    ///
    /// Where the two are equal each gets half of the cotangent.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 5.0]);
    /// assert_eq!(x.minimum(3.0).value().unwrap(), ndarray::array![1.0, 3.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn minimum(self, other: impl VarOrNumber<'t, F>) -> Self {
        self.broadcasting(&Minimum, other.on(self))
    }
}
