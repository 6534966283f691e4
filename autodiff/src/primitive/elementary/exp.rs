//! The exponential function.

use crate::base::real::Real;
use crate::kernels::Elementwise;
use crate::primitive::{Cotangents, Derivative, Dice, Domain, Primitive, Sample, Site};
use crate::tape::var::Var;

/// y = exp x
#[derive(Debug)]
pub struct Exp;

impl<F: Real> Primitive<F> for Exp {
    fn name(&self) -> &'static str {
        "exp"
    }

    fn formula(&self) -> &'static str {
        "y = exp x"
    }

    fn elementwise(&self) -> Option<Elementwise<F>> {
        // Rows of which no exponential comes near an end of the numbers need no care for the ends.
        Some(Elementwise::<F>::mostly(|x| x.is_moderate(), |x| x.exponential_of_moderate(), |x| x.exponential()))
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        at.one(|| dy * at.y())
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        at.tangent(dx, |_, dx| dx * at.y())
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        Sample::elementwise(dice, &[Domain::between(-80.0, 80.0)])
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The exponential, elementwise: yᵢ = exp xᵢ.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0);
    /// assert_eq!(x.exp().item().unwrap(), 1.0);
    /// ```
    #[track_caller]
    pub fn exp(self) -> Self {
        self.apply(&Exp)
    }
}
