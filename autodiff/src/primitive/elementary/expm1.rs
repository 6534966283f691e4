//! The exponential less one.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = exp(x) − 1
#[derive(Debug)]
pub struct Expm1;

impl<F: Real> Primitive<F> for Expm1 {
    fn name(&self) -> &'static str {
        "expm1"
    }

    fn formula(&self) -> &'static str {
        "y = exp(x) − 1"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.exp_m1())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.x(0).exp())
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Expm1).sampled(|generator| Sample::elementwise(&Expm1, generator, &[Domain::between(-80.0, 80.0)]))
}

impl<'t, F: Real> Var<'t, F> {
    /// eˣ − 1, elementwise, with all digits near 0. The slope is eˣ.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(1e-20);
    /// assert_eq!(x.expm1().item().unwrap(), 1e-20);
    /// ```
    #[track_caller]
    pub fn expm1(self) -> Self {
        self.apply(&Expm1)
    }
}
