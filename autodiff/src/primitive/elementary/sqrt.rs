//! The square root.

use crate::base::real::Real;
use crate::kernels::Elementwise;
use crate::primitive::{Cotangents, Derivative, Dice, Domain, Notation, Primitive, Sample, Site};
use crate::tape::var::Var;

/// y = √x
#[derive(Debug)]
pub struct Sqrt;

impl<F: Real> Primitive<F> for Sqrt {
    fn name(&self) -> &'static str {
        "sqrt"
    }

    fn formula(&self) -> &'static str {
        "y = √x"
    }

    fn notation(&self) -> Notation {
        Notation::Prefix("√")
    }

    fn elementwise(&self) -> Option<Elementwise<F>> {
        Some(Elementwise::<F>::new(|[x]| x.sqrt()))
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        at.one(|| dy / (at.y() * 2.0))
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        at.tangent(dx, |_, dx| dx / (at.y() * 2.0))
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        Sample::elementwise(dice, &[Domain::POSITIVE])
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The square root, elementwise: yᵢ = √xᵢ; NaN below 0.
    ///
    /// The slope at 0 is 1/(2·0) = +∞.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(9.0);
    /// assert_eq!(x.sqrt().item().unwrap(), 3.0);
    /// ```
    #[track_caller]
    pub fn sqrt(self) -> Self {
        self.apply(&Sqrt)
    }
}
