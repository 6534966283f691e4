//! The absolute value.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Cotangents, Domain, Entry, Kernel, Notation, Primitive, RuleContext, Sample, Tangents};
use crate::tape::var::Var;

/// y = |x|
#[derive(Debug)]
pub struct Abs;

impl<F: Real> Primitive<F> for Abs {
    fn name(&self) -> &'static str {
        "abs"
    }

    fn formula(&self) -> &'static str {
        "y = |x|"
    }

    fn notation(&self) -> Notation {
        Notation::Around("|", "|")
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.abs())
    }

    fn reverse<'t>(&self, at: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        at.one(|| at.dy().masked(at.x(0).gt(0.0)) - at.dy().masked(at.x(0).lt(0.0)))
    }

    fn tangent<'t>(&self, at: &RuleContext<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        at.tangent(dx, |_, dx| dx.masked(at.x(0).gt(0.0)) - dx.masked(at.x(0).lt(0.0)))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Abs).sampled(|generator| Sample::elementwise(&Abs, generator, &[Domain::REALS]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The absolute value, elementwise: yᵢ = |xᵢ|. The slope at 0 is 0, the middle of the subgradients.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(-2.0);
    /// assert_eq!(x.abs().item().unwrap(), 2.0);
    /// ```
    #[track_caller]
    pub fn abs(self) -> Self {
        self.apply(&Abs)
    }
}
