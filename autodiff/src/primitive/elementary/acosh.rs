//! The inverse of the hyperbolic cosine.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = arcosh x
#[derive(Debug)]
pub struct Acosh;

impl<F: Real> Primitive<F> for Acosh {
    fn name(&self) -> &'static str {
        "acosh"
    }

    fn formula(&self) -> &'static str {
        "y = arcosh x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| F::of(libm::acosh(x.double())))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Over((at.x(0) - 1.0).sqrt() * (at.x(0) + 1.0).sqrt())
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Acosh).sampled(|generator| Sample::elementwise(&Acosh, generator, &[Domain::between(1.001, 1e30)]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The inverse of the hyperbolic cosine, elementwise, for x ≥ 1: log(x + √(x² − 1)); NaN below 1.
    ///
    /// The slope is 1/√(x² − 1), +∞ at 1.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(1.0);
    /// assert_eq!(x.acosh().item().unwrap(), 0.0);
    /// ```
    #[track_caller]
    pub fn acosh(self) -> Self {
        self.apply(&Acosh)
    }
}
