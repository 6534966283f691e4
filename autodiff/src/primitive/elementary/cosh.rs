//! The hyperbolic cosine.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = cosh x
#[derive(Debug)]
pub struct Cosh;

impl<F: Real> Primitive<F> for Cosh {
    fn name(&self) -> &'static str {
        "cosh"
    }

    fn formula(&self) -> &'static str {
        "y = cosh x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.cosh())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.x(0).sinh())
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Cosh).sampled(|generator| Sample::elementwise(&Cosh, generator, &[Domain::between(-80.0, 80.0)]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The hyperbolic cosine, elementwise: (eˣ + e⁻ˣ)/2. The slope is sinh x.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0);
    /// assert_eq!(x.cosh().item().unwrap(), 1.0);
    /// ```
    #[track_caller]
    pub fn cosh(self) -> Self {
        self.apply(&Cosh)
    }
}
