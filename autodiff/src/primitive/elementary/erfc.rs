//! The complement of the error function.

use super::erf_slope::ErfSlope;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = 1 − erf x
#[derive(Debug)]
pub struct Erfc;

impl<F: Real> Primitive<F> for Erfc {
    fn name(&self) -> &'static str {
        "erfc"
    }

    fn formula(&self) -> &'static str {
        "y = 1 − erf x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.error_function_complement())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(-at.x(0).apply(&ErfSlope))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Erfc).sampled(|generator| Sample::elementwise(&Erfc, generator, &[Domain::between(-5.0, 5.0)]))
}

impl<'t, F: Real> Var<'t, F> {
    /// 1 − erf x, elementwise, with all digits where that is small. The slope is −2/√π·e^−x².
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0);
    /// assert_eq!(x.erfc().item().unwrap(), 1.0);
    /// ```
    #[track_caller]
    pub fn erfc(self) -> Self {
        self.apply(&Erfc)
    }
}
