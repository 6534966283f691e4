//! The logarithm to base ten.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = log₁₀ x
#[derive(Debug)]
pub struct Log10;

impl<F: Real> Primitive<F> for Log10 {
    fn name(&self) -> &'static str {
        "log10"
    }

    fn formula(&self) -> &'static str {
        "y = log₁₀ x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.log10())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        // Not 1/(x·log 10), whose square leaves the range before x² does.
        Partial::Times(std::f64::consts::LOG10_E / at.x(0))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Log10).sampled(|generator| Sample::elementwise(&Log10, generator, &[Domain::POSITIVE]))
}

impl<'t, F: Real> Var<'t, F> {
    /// log₁₀ x, elementwise; −∞ at 0, NaN below. The slope is 1/(x·log 10), +∞ at 0.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(1000.0);
    /// assert_eq!(x.log10().item().unwrap(), 3.0);
    /// ```
    #[track_caller]
    pub fn log10(self) -> Self {
        self.apply(&Log10)
    }
}
