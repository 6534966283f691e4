//! The natural logarithm.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::Elementwise;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = log x
#[derive(Debug)]
pub struct Log;

impl<F: Real> Primitive<F> for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    fn formula(&self) -> &'static str {
        "y = log x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        // Rows of normal positive numbers need no care for anything else.
        Kernel::Elementwise(Elementwise::<F>::mostly(
            |x| x.is_positive_normal(),
            |x| x.logarithm_of_normal(),
            |x| x.logarithm(),
        ))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Over(at.x(0))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Log).sampled(|generator| Sample::elementwise(&Log, generator, &[Domain::POSITIVE]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The natural logarithm, elementwise: yᵢ = log xᵢ; −∞ at 0, NaN below.
    ///
    /// The slope at 0 is 1/0 = +∞.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(1.0);
    /// assert_eq!(x.log().item().unwrap(), 0.0);
    /// ```
    #[doc(alias = "ln")]
    #[track_caller]
    pub fn log(self) -> Self {
        self.apply(&Log)
    }
}
