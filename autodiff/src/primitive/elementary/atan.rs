//! The arctangent.

use crate::base::real::Real;
use crate::kernels::Elementwise;
use crate::primitive::{Cotangents, Derivative, Dice, Domain, Primitive, Sample, Site};
use crate::tape::var::Var;

/// y = arctan x
#[derive(Debug)]
pub struct Atan;

impl<F: Real> Primitive<F> for Atan {
    fn name(&self) -> &'static str {
        "atan"
    }

    fn formula(&self) -> &'static str {
        "y = arctan x"
    }

    fn elementwise(&self) -> Option<Elementwise<F>> {
        Some(Elementwise::<F>::new(|[x]| x.atan()))
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        at.one(|| dy / (at.x(0) * at.x(0) + 1.0))
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        at.tangent(dx, |_, dx| dx / (at.x(0) * at.x(0) + 1.0))
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        Sample::elementwise(dice, &[Domain::REALS])
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The arctangent in radians, elementwise: yᵢ = arctan xᵢ, between −π/2 and π/2.
    ///
    /// With it, jkmiller, *Neural Networks* (November 2022), §2, builds the activation arctan(x)/π + ½.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(1.0);
    /// assert_eq!(x.atan().item().unwrap(), std::f64::consts::FRAC_PI_4);
    /// ```
    #[track_caller]
    pub fn atan(self) -> Self {
        self.apply(&Atan)
    }
}
