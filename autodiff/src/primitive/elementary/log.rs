//! The natural logarithm.

use crate::base::real::Real;
use crate::kernels::Elementwise;
use crate::primitive::{Cotangents, Derivative, Dice, Domain, Primitive, Sample, Site};
use crate::tape::var::Var;

/// y = log x
#[derive(Debug)]
pub struct Log;

impl<F: Real> Primitive<F> for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    fn formula(&self) -> &'static str {
        "y = log x"
    }

    fn elementwise(&self) -> Option<Elementwise<F>> {
        // Rows of normal positive numbers need no care for anything else.
        Some(Elementwise::<F>::mostly(|x| x.is_positive_normal(), |x| x.logarithm_of_normal(), |x| x.logarithm()))
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        at.one(|| dy / at.x(0))
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        at.tangent(dx, |_, dx| dx / at.x(0))
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        Sample::elementwise(dice, &[Domain::POSITIVE])
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The natural logarithm, elementwise: yᵢ = log xᵢ; −∞ at 0, NaN below.
    ///
    /// The slope at 0 is 1/0 = +∞.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(1.0);
    /// assert_eq!(x.log().item().unwrap(), 0.0);
    /// ```
    #[track_caller]
    pub fn log(self) -> Self {
        self.apply(&Log)
    }
}
