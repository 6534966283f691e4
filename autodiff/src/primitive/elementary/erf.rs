//! The error function.

use super::erf_slope::ErfSlope;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = erf x
#[derive(Debug)]
pub struct Erf;

impl<F: Real> Primitive<F> for Erf {
    fn name(&self) -> &'static str {
        "erf"
    }

    fn formula(&self) -> &'static str {
        "y = erf x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.error_function())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.x(0).apply(&ErfSlope))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Erf).sampled(|generator| Sample::elementwise(&Erf, generator, &[Domain::between(-5.0, 5.0)]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The error function, elementwise: 2/√π·∫₀ˣ e^−t² dt, between −1 and 1. The slope is 2/√π·e^−x².
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0);
    /// assert_eq!(x.erf().item().unwrap(), 0.0);
    /// ```
    #[track_caller]
    pub fn erf(self) -> Self {
        self.apply(&Erf)
    }
}
