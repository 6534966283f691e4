//! The rectified linear unit.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = max(0, x)
#[derive(Debug)]
pub struct Relu;

impl<F: Real> Primitive<F> for Relu {
    fn name(&self) -> &'static str {
        "relu"
    }

    fn formula(&self) -> &'static str {
        "y = max(0, x)"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| if x < F::zero() { F::zero() } else { x })
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Where(at.x(0).ge(0.0))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Relu).sampled(|generator| Sample::elementwise(&Relu, generator, &[Domain::REALS]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The rectified linear unit, elementwise: yᵢ = max(0, xᵢ). The slope at 0 is 1, as in the lecture notes; NaN stays NaN.
    ///
    /// Source: Matt R, *Neural Networks* (June 2022), §2.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([-1.0, 2.0]);
    /// assert_eq!(x.relu().value().unwrap(), ndarray::array![0.0, 2.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn relu(self) -> Self {
        self.apply(&Relu)
    }
}
