//! A cut: the value passes, the gradient does not.

use crate::base::real::Real;
use crate::base::shape::Layout;
use crate::base::shape::Shape;
use crate::primitive::{Cotangents, Derivative, Domain, Entry, Kernel, Primitive, RuleContext, Sample, Tangents};
use crate::tape::var::Var;
use smallvec::smallvec;

/// y = x, without a derivative
#[derive(Debug)]
pub struct StopGradient;

impl<F: Real> Primitive<F> for StopGradient {
    fn name(&self) -> &'static str {
        "stop_gradient"
    }

    fn formula(&self) -> &'static str {
        "y = x, taken as a constant"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::View
    }

    fn reverse<'t>(&self, _: &RuleContext<'_, 't, F>) -> Cotangents<'t, F> {
        [Derivative::None].into_iter().collect()
    }

    fn tangent<'t>(&self, _: &RuleContext<'_, 't, F>, _: &[Option<Var<'t, F>>]) -> Tangents<'t, F> {
        smallvec![Derivative::None]
    }

    fn view(&self, input: &Layout) -> Option<Layout> {
        Some(input.clone())
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&StopGradient).sampled(|generator| Sample::elementwise(&StopGradient, generator, &[Domain::REALS]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The same value as a constant of the derivative: nothing flows back through it.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(3.0);
    /// let y = x * x.stop_gradient(); // the second factor counts as the number 3
    /// assert_eq!(y.backward().unwrap().item(x).unwrap(), 3.0);
    /// ```
    #[track_caller]
    pub fn stop_gradient(self) -> Self {
        self.apply(&StopGradient)
    }
}
