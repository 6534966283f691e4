//! The hyperbolic tangent.

use crate::base::real::Real;
use crate::kernels::Elementwise;
use crate::primitive::{Cotangents, Derivative, Dice, Domain, Primitive, Sample, Site};
use crate::tape::var::Var;

/// y = tanh x
#[derive(Debug)]
pub struct Tanh;

impl<F: Real> Primitive<F> for Tanh {
    fn name(&self) -> &'static str {
        "tanh"
    }

    fn formula(&self) -> &'static str {
        "y = tanh x"
    }

    fn elementwise(&self) -> Option<Elementwise<F>> {
        Some(Elementwise::<F>::fused(|[x]| x.hyperbolic_tangent()))
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        at.one(|| dy * (1.0 - at.y() * at.y()))
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        at.tangent(dx, |_, dx| dx * (1.0 - at.y() * at.y()))
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        Sample::elementwise(dice, &[Domain::REALS])
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The hyperbolic tangent, elementwise: yᵢ = tanh xᵢ = (e^xᵢ − e^−xᵢ)/(e^xᵢ + e^−xᵢ).
    ///
    /// Source: lecture slides *Neural Networks*, "Nonlinear activation function".
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0);
    /// assert_eq!(x.tanh().item().unwrap(), 0.0);
    /// ```
    #[track_caller]
    pub fn tanh(self) -> Self {
        self.apply(&Tanh)
    }
}
