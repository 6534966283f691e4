//! The next whole number below.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = ⌊x⌋
#[derive(Debug)]
pub struct Floor;

impl<F: Real> Primitive<F> for Floor {
    fn name(&self) -> &'static str {
        "floor"
    }

    fn formula(&self) -> &'static str {
        "y = ⌊x⌋"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.floor())
    }

    fn partial<'t>(&self, _: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Zero
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Floor).sampled(|generator| Sample::elementwise(&Floor, generator, &[Domain::between(0.1, 0.9)]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The largest whole number that is not larger, elementwise.
    ///
    /// The slope is 0 everywhere, also at the steps: it is constant around nearly every x.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(-1.5);
    /// assert_eq!(x.floor().item().unwrap(), -2.0);
    /// ```
    #[track_caller]
    pub fn floor(self) -> Self {
        self.apply(&Floor)
    }
}
