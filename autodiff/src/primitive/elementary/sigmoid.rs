//! The logistic function.

use crate::base::real::Real;
use crate::kernels::Elementwise;
use crate::primitive::{Cotangents, Derivative, Dice, Domain, Primitive, Sample, Site};
use crate::tape::var::Var;

/// y = 1/(1 + exp(−x))
#[derive(Debug)]
pub struct Sigmoid;

impl<F: Real> Primitive<F> for Sigmoid {
    fn name(&self) -> &'static str {
        "sigmoid"
    }

    fn formula(&self) -> &'static str {
        "y = 1/(1 + exp(−x))"
    }

    fn elementwise(&self) -> Option<Elementwise<F>> {
        Some(Elementwise::<F>::fused(|[x]| sigmoid(x)))
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        at.one(|| dy * (at.y() * (1.0 - at.y())))
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        at.tangent(dx, |_, dx| dx * (at.y() * (1.0 - at.y())))
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        Sample::elementwise(dice, &[Domain::REALS])
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The logistic function, elementwise: yᵢ = 1/(1 + e^−xᵢ), between 0 and 1, without overflow for any xᵢ.
    ///
    /// Source: Matt R, *Neural Networks* (June 2022), §1.1.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0);
    /// assert_eq!(x.sigmoid().item().unwrap(), 0.5);
    /// ```
    #[track_caller]
    pub fn sigmoid(self) -> Self {
        self.apply(&Sigmoid)
    }
}

/// Written with the exponential of a negative number only, which cannot overflow.
#[inline(always)]
fn sigmoid<F: Real>(x: F) -> F {
    let small = (-x.abs()).exponential();
    let numerator = if x < F::zero() { small } else { F::one() };
    numerator / (F::one() + small)
}
