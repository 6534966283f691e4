//! The rectified linear unit.

use crate::base::real::Real;
use crate::kernels::Elementwise;
use crate::primitive::{Cotangents, Derivative, Dice, Domain, Primitive, Sample, Site};
use crate::tape::var::Var;

/// y = max(0, x)
#[derive(Debug)]
pub struct Relu;

impl<F: Real> Primitive<F> for Relu {
    fn name(&self) -> &'static str {
        "relu"
    }

    fn formula(&self) -> &'static str {
        "y = max(0, x)"
    }

    fn elementwise(&self) -> Option<Elementwise<F>> {
        Some(Elementwise::<F>::new(|[x]| if x < F::zero() { F::zero() } else { x }))
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        at.one(|| dy.masked(at.x(0).ge(0.0)))
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        at.tangent(dx, |_, dx| dx.masked(at.x(0).ge(0.0)))
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        Sample::elementwise(dice, &[Domain::REALS])
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The rectified linear unit, elementwise: yᵢ = max(0, xᵢ). The slope at 0 is 1, as in the lecture notes; NaN stays NaN.
    ///
    /// Source: Matt R, *Neural Networks* (June 2022), §2.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([-1.0, 2.0]);
    /// assert_eq!(x.relu().value().unwrap(), ndarray::array![0.0, 2.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn relu(self) -> Self {
        self.apply(&Relu)
    }
}
