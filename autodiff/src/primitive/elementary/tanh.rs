//! The hyperbolic tangent.

use super::tanh_slope::TanhSlope;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{Elementwise, Fused};
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = tanh x
#[derive(Clone, Copy, Debug)]
pub struct Tanh;

impl<F: Real> Primitive<F> for Tanh {
    fn name(&self) -> &'static str {
        "tanh"
    }

    fn formula(&self) -> &'static str {
        "y = tanh x"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::Elementwise(Elementwise::fused(Tanh))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.x(0).broadcasting(&TanhSlope, at.y()))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Tanh).sampled(|generator| Sample::elementwise(&Tanh, generator, &[Domain::REALS]))
}

impl<F: Real> Fused<F> for Tanh {
    #[inline(always)]
    fn of(self, x: F) -> F {
        x.hyperbolic_tangent()
    }
}

impl<'t, F: Real> Var<'t, F> {
    /// The hyperbolic tangent, elementwise: yᵢ = tanh xᵢ = (e^xᵢ − e^−xᵢ)/(e^xᵢ + e^−xᵢ).
    ///
    /// Source: lecture slides *Neural Networks*, "Nonlinear activation function".
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0);
    /// assert_eq!(x.tanh().item().unwrap(), 0.0);
    /// ```
    #[track_caller]
    pub fn tanh(self) -> Self {
        self.apply(&Tanh)
    }
}
