//! The cosine.

use crate::base::real::Real;
use crate::kernels::Elementwise;
use crate::primitive::{Cotangents, Derivative, Dice, Domain, Primitive, Sample, Site};
use crate::tape::var::Var;

/// y = cos x
#[derive(Debug)]
pub struct Cos;

impl<F: Real> Primitive<F> for Cos {
    fn name(&self) -> &'static str {
        "cos"
    }

    fn formula(&self) -> &'static str {
        "y = cos x"
    }

    fn elementwise(&self) -> Option<Elementwise<F>> {
        Some(Elementwise::<F>::new(|[x]| x.cos()))
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        at.one(|| -(dy * at.x(0).sin()))
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        at.tangent(dx, |_, dx| -(dx * at.x(0).sin()))
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        Sample::elementwise(dice, &[Domain::between(-1e3, 1e3)])
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The cosine, elementwise, of angles in radians: yᵢ = cos xᵢ.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0);
    /// assert_eq!(x.cos().item().unwrap(), 1.0);
    /// ```
    #[track_caller]
    pub fn cos(self) -> Self {
        self.apply(&Cos)
    }
}
