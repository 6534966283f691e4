//! The logistic function.

use super::sigmoid_slope::SigmoidSlope;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{Elementwise, Fused};
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = 1/(1 + exp(−x))
#[derive(Clone, Copy, Debug)]
pub struct Sigmoid;

impl<F: Real> Primitive<F> for Sigmoid {
    fn name(&self) -> &'static str {
        "sigmoid"
    }

    fn formula(&self) -> &'static str {
        "y = 1/(1 + exp(−x))"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::Elementwise(Elementwise::fused(Sigmoid))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.x(0).broadcasting(&SigmoidSlope, at.y()))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Sigmoid).sampled(|generator| Sample::elementwise(&Sigmoid, generator, &[Domain::REALS]))
}

impl<'t, F: Real> Var<'t, F> {
    /// The logistic function, elementwise: yᵢ = 1/(1 + e^−xᵢ), between 0 and 1, without overflow for any xᵢ.
    ///
    /// Source: Matt R, *Neural Networks* (June 2022), §1.1.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input(0.0);
    /// assert_eq!(x.sigmoid().item().unwrap(), 0.5);
    /// ```
    #[track_caller]
    pub fn sigmoid(self) -> Self {
        self.apply(&Sigmoid)
    }
}

/// Written with the exponential of a negative number only, which cannot overflow.
impl<F: Real> Fused<F> for Sigmoid {
    #[inline(always)]
    fn of(self, x: F) -> F {
        let small = (-x.abs()).exponential();
        let numerator = if x < F::zero() { small } else { F::one() };
        numerator / (F::one() + small)
    }
}
