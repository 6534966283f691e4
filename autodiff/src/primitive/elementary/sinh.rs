//! The hyperbolic sine.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = sinh x
#[derive(Debug)]
pub struct Sinh;

impl<F: Real> Primitive<F> for Sinh {
    fn name(&self) -> &'static str {
        "sinh"
    }

    fn formula(&self) -> &'static str {
        "y = sinh x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.sinh())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.x(0).cosh())
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Sinh).sampled(|generator| Sample::elementwise(&Sinh, generator, &[Domain::between(-80.0, 80.0)]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The hyperbolic sine, elementwise: (eˣ − e⁻ˣ)/2. The slope is cosh x.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0);
    /// assert_eq!(x.sinh().item().unwrap(), 0.0);
    /// ```
    #[track_caller]
    pub fn sinh(self) -> Self {
        self.apply(&Sinh)
    }
}
