//! The arcsine.

use super::asin_slope::AsinSlope;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = arcsin x
#[derive(Debug)]
pub struct Asin;

impl<F: Real> Primitive<F> for Asin {
    fn name(&self) -> &'static str {
        "asin"
    }

    fn formula(&self) -> &'static str {
        "y = arcsin x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.asin())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.x(0).apply(&AsinSlope))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Asin).sampled(|generator| Sample::elementwise(&Asin, generator, &[Domain::between(-0.999, 0.999)]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The arcsine in radians, elementwise, between −π/2 and π/2; NaN outside −1 … 1.
    ///
    /// The slope is 1/√(1 − x²), +∞ at ±1.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(1.0);
    /// assert_eq!(x.asin().item().unwrap(), std::f64::consts::FRAC_PI_2);
    /// ```
    #[track_caller]
    pub fn asin(self) -> Self {
        self.apply(&Asin)
    }
}
