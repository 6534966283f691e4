//! The arccosine.

use super::asin_slope::AsinSlope;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = arccos x
#[derive(Debug)]
pub struct Acos;

impl<F: Real> Primitive<F> for Acos {
    fn name(&self) -> &'static str {
        "acos"
    }

    fn formula(&self) -> &'static str {
        "y = arccos x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.acos())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(-at.x(0).apply(&AsinSlope))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Acos).sampled(|generator| Sample::elementwise(&Acos, generator, &[Domain::between(-0.999, 0.999)]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The arccosine in radians, elementwise, between 0 and π; NaN outside −1 … 1.
    ///
    /// The slope is −1/√(1 − x²), −∞ at ±1.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(1.0);
    /// assert_eq!(x.acos().item().unwrap(), 0.0);
    /// ```
    #[track_caller]
    pub fn acos(self) -> Self {
        self.apply(&Acos)
    }
}
