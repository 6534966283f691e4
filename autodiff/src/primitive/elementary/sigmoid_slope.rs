//! The slope of the logistic function.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::Elementwise;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};

/// y = sigmoid′ x = exp(−|x|)/(1 + exp(−|x|))²
///
/// Computed from x: y·(1 − y) has no digit left where the logistic function rounds to 1.
#[derive(Debug)]
pub struct SigmoidSlope;

impl<F: Real> Primitive<F> for SigmoidSlope {
    fn name(&self) -> &'static str {
        "sigmoid_slope"
    }

    fn formula(&self) -> &'static str {
        "y = sigmoid′ x = exp(−|x|)/(1 + exp(−|x|))²"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        // Rows of which no exponential comes near an end of the numbers need no care for the ends.
        Kernel::Elementwise(Elementwise::<F>::mostly(
            |x| x.exp_is_normal(),
            |x| slope((-x.abs()).exponential_if_normal()),
            |x| slope((-x.abs()).exponential()),
        ))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(-(at.y() * (at.x(0) * 0.5).tanh()))
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&SigmoidSlope)
        .sampled(|generator| Sample::elementwise(&SigmoidSlope, generator, &[Domain::between(-600.0, 600.0)]))
}

/// a/(1 + a)² with a = exp(−|x|) ≤ 1.
#[inline(always)]
fn slope<F: Real>(a: F) -> F {
    let sum = F::one() + a;
    a / (sum * sum)
}
