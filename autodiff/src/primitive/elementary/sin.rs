//! The sine.

use crate::base::real::Real;
use crate::kernels::Elementwise;
use crate::primitive::{Cotangents, Derivative, Dice, Domain, Primitive, Sample, Site};
use crate::tape::var::Var;

/// y = sin x
#[derive(Debug)]
pub struct Sin;

impl<F: Real> Primitive<F> for Sin {
    fn name(&self) -> &'static str {
        "sin"
    }

    fn formula(&self) -> &'static str {
        "y = sin x"
    }

    fn elementwise(&self) -> Option<Elementwise<F>> {
        Some(Elementwise::<F>::new(|[x]| x.sin()))
    }

    fn reverse<'t>(&self, at: &Site<'_, 't, F>, dy: Var<'t, F>) -> Cotangents<'t, F> {
        at.one(|| dy * at.x(0).cos())
    }

    fn tangent<'t>(&self, at: &Site<'_, 't, F>, dx: &[Option<Var<'t, F>>]) -> Derivative<'t, F> {
        at.tangent(dx, |_, dx| dx * at.x(0).cos())
    }

    fn sample(&self, dice: &mut Dice) -> Sample<F> {
        Sample::elementwise(dice, &[Domain::between(-1e3, 1e3)])
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The sine, elementwise, of angles in radians: yᵢ = sin xᵢ.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0);
    /// assert_eq!(x.sin().item().unwrap(), 0.0);
    /// ```
    #[track_caller]
    pub fn sin(self) -> Self {
        self.apply(&Sin)
    }
}
