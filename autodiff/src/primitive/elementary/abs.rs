//! The absolute value.

use crate::base::real::Real;
use crate::kernels::Elementwise;
use crate::primitive::{Cotangents, Derivative, Dice, Domain, Notation, Primitive, Sample, Site};
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

    fn elementwise(&self) -> Option<Elementwise<F>> {
        Some(Elementwise::<F>::new(|[x]| x.abs()))
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        at.one(|| dy.masked(at.x(0).gt(0.0)) - dy.masked(at.x(0).lt(0.0)))
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        at.tangent(dx, |_, dx| dx.masked(at.x(0).gt(0.0)) - dx.masked(at.x(0).lt(0.0)))
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        Sample::elementwise(dice, &[Domain::REALS])
    }
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
