//! The logarithm to base two.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = log₂ x
#[derive(Debug)]
pub struct Log2;

impl<F: Real> Primitive<F> for Log2 {
    fn name(&self) -> &'static str {
        "log2"
    }

    fn formula(&self) -> &'static str {
        "y = log₂ x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.log2())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        // Not 1/(x·log 2), whose square leaves the range before x² does.
        Partial::Times(std::f64::consts::LOG2_E / at.x(0))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Log2).sampled(|generator| Sample::elementwise(&Log2, generator, &[Domain::POSITIVE]))
}

impl<'t, F: Real> Var<'t, F> {
    /// log₂ x, elementwise; −∞ at 0, NaN below. The slope is 1/(x·log 2), +∞ at 0.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(8.0);
    /// assert_eq!(x.log2().item().unwrap(), 3.0);
    /// ```
    #[track_caller]
    pub fn log2(self) -> Self {
        self.apply(&Log2)
    }
}
