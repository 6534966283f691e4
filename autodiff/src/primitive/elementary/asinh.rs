//! The inverse of the hyperbolic sine.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = arsinh x
#[derive(Debug)]
pub struct Asinh;

impl<F: Real> Primitive<F> for Asinh {
    fn name(&self) -> &'static str {
        "asinh"
    }

    fn formula(&self) -> &'static str {
        "y = arsinh x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| F::of(libm::asinh(x.double())))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Over(at.x(0).hypot(1.0))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Asinh).sampled(|generator| Sample::elementwise(&Asinh, generator, &[Domain::REALS]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The inverse of the hyperbolic sine, elementwise: log(x + √(x² + 1)). The slope is 1/√(x² + 1).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0);
    /// assert_eq!(x.asinh().item().unwrap(), 0.0);
    /// ```
    #[track_caller]
    pub fn asinh(self) -> Self {
        self.apply(&Asinh)
    }
}
