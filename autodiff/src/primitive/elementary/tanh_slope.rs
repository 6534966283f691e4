//! The slope of the hyperbolic tangent.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::Elementwise;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};

/// y = tanh′ x = 1/cosh² x
///
/// Computed from x: 1 − tanh² x has no digit left where tanh x rounds to 1.
#[derive(Debug)]
pub struct TanhSlope;

impl<F: Real> Primitive<F> for TanhSlope {
    fn name(&self) -> &'static str {
        "tanh_slope"
    }

    fn formula(&self) -> &'static str {
        "y = tanh′ x = 1/cosh² x"
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
        Partial::Times(at.y() * at.x(0).tanh() * -2.0)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&TanhSlope)
        .sampled(|generator| Sample::elementwise(&TanhSlope, generator, &[Domain::between(-300.0, 300.0)]))
}

/// (2a/(1 + a²))² with a = exp(−|x|) ≤ 1.
#[inline(always)]
fn slope<F: Real>(a: F) -> F {
    let root = (a + a) / (F::one() + a * a);
    root * root
}
