//! The next whole number above.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = ⌈x⌉
#[derive(Debug)]
pub struct Ceil;

impl<F: Real> Primitive<F> for Ceil {
    fn name(&self) -> &'static str {
        "ceil"
    }

    fn formula(&self) -> &'static str {
        "y = ⌈x⌉"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.ceil())
    }

    fn partial<'t>(&self, _: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Zero
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Ceil).sampled(|generator| Sample::elementwise(&Ceil, generator, &[Domain::between(0.1, 0.9)]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The smallest whole number that is not smaller, elementwise.
    ///
    /// The slope is 0 everywhere, also at the steps: it is constant around nearly every x.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(-1.5);
    /// assert_eq!(x.ceil().item().unwrap(), -1.0);
    /// ```
    #[track_caller]
    pub fn ceil(self) -> Self {
        self.apply(&Ceil)
    }
}
