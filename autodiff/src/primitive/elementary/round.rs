//! The nearest whole number.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = the whole number nearest to x, of two the even one
#[derive(Debug)]
pub struct Round;

impl<F: Real> Primitive<F> for Round {
    fn name(&self) -> &'static str {
        "round"
    }

    fn formula(&self) -> &'static str {
        "y = the whole number nearest to x, of two the even one"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| F::of(x.double().round_ties_even()))
    }

    fn partial<'t>(&self, _: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Zero
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Round).sampled(|generator| Sample::elementwise(&Round, generator, &[Domain::between(-0.4, 0.4)]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The nearest whole number, elementwise; of two that are as near, the even one.
    ///
    /// The slope is 0 everywhere, also at the steps: it is constant around nearly every x.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(2.5);
    /// assert_eq!(x.round().item().unwrap(), 2.0);
    /// ```
    #[track_caller]
    pub fn round(self) -> Self {
        self.apply(&Round)
    }
}
