//! The smooth ramp.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{Elementwise, Fused};
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};
use crate::tape::var::Var;

/// y = log(1 + eˣ)
#[derive(Clone, Copy, Debug)]
pub struct Softplus;

impl<F: Real> Primitive<F> for Softplus {
    fn name(&self) -> &'static str {
        "softplus"
    }

    fn formula(&self) -> &'static str {
        "y = log(1 + exp(x))"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::Elementwise(Elementwise::fused(Softplus))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.x(0).sigmoid())
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&Softplus).sampled(|generator| Sample::elementwise(&Softplus, generator, &[Domain::REALS]))
}

impl<'t, F: Real> Var<'t, F> {
    /// log(1 + eˣ), element by element, without overflow; its slope is the logistic function.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([-1000.0, 0.0, 1000.0]);
    /// assert_eq!(x.softplus().value().unwrap(), ndarray::array![0.0, 2f64.ln(), 1000.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn softplus(self) -> Self {
        self.apply(&Softplus)
    }
}

/// max(x, 0) + log(1 + a) with a = exp(−|x|) ≤ 1. What is lost in u = 1 + a is put right by the quotient of a and u − 1.
///
/// Source: W. Kahan's log1p, in the Hewlett-Packard HP-15C Advanced Functions Handbook (1982), appendix.
impl<F: Real> Fused<F> for Softplus {
    #[inline(always)]
    fn of(self, x: F) -> F {
        let a = (-x.abs()).exponential();
        let u = F::one() + a;
        let d = u - F::one();
        let tail = if d == F::zero() { a } else { u.logarithm() * (a / d) };
        let ramp = if x < F::zero() { F::zero() } else { x };
        ramp + tail
    }
}
