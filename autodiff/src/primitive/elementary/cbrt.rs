//! The cube root.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = ∛x
#[derive(Debug)]
pub struct Cbrt;

impl<F: Real> Primitive<F> for Cbrt {
    fn name(&self) -> &'static str {
        "cbrt"
    }

    fn formula(&self) -> &'static str {
        "y = ∛x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.cbrt())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Over(at.y() * at.y() * 3.0)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Cbrt).sampled(|generator| Sample::elementwise(&Cbrt, generator, &[Domain::REALS]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The cube root, elementwise, of numbers of either sign. The slope is 1/(3y²), +∞ at 0.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(-27.0);
    /// assert_eq!(x.cbrt().item().unwrap(), -3.0);
    /// ```
    #[track_caller]
    pub fn cbrt(self) -> Self {
        self.apply(&Cbrt)
    }
}
