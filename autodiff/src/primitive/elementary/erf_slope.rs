//! The slope of the error function: a bell curve.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};

/// y = erf′ x = 2/√π·exp(−x²)
#[derive(Debug)]
pub struct ErfSlope;

impl<F: Real> Primitive<F> for ErfSlope {
    fn name(&self) -> &'static str {
        "erf_slope"
    }

    fn formula(&self) -> &'static str {
        "y = erf′ x = 2/√π·exp(−x²)"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| bell(x))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.x(0) * at.y() * -2.0)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&ErfSlope)
        .sampled(|generator| Sample::elementwise(&ErfSlope, generator, &[Domain::between(-5.0, 5.0)]))
}

/// 2/√π·exp(−x²). The rounding error of x² is made good, which would grow with x².
#[inline(always)]
fn bell<F: Real>(x: F) -> F {
    let square = x * x;
    // Beyond the range of squares there is nothing to be made good.
    let lost = if square.is_finite() { x.mul_add(x, -square) } else { F::zero() };
    let power = (-square).exponential();
    F::of(std::f64::consts::FRAC_2_SQRT_PI) * (power - power * lost)
}
