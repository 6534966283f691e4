//! The logarithm of one more.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = log(1 + x)
#[derive(Debug)]
pub struct Log1p;

impl<F: Real> Primitive<F> for Log1p {
    fn name(&self) -> &'static str {
        "log1p"
    }

    fn formula(&self) -> &'static str {
        "y = log(1 + x)"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| x.ln_1p())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Over(at.x(0) + 1.0)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Log1p).sampled(|generator| Sample::elementwise(&Log1p, generator, &[Domain::between(-0.999, 1e30)]))
}

impl<'t, F: Real> Var<'t, F> {
    /// log(1 + x), elementwise, for x > −1, with all digits near 0; −∞ at −1, NaN below.
    ///
    /// The slope is 1/(1 + x), +∞ at −1.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(1e-20);
    /// assert_eq!(x.log1p().item().unwrap(), 1e-20);
    /// ```
    #[track_caller]
    pub fn log1p(self) -> Self {
        self.apply(&Log1p)
    }
}
