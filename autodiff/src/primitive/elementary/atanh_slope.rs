//! The slope of the inverse of the hyperbolic tangent: a primitive, so that its own slope keeps its digits near 0.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};

/// y = artanh′ x = 1/(1 − x²)
#[derive(Debug)]
pub struct AtanhSlope;

impl<F: Real> Primitive<F> for AtanhSlope {
    fn name(&self) -> &'static str {
        "atanh_slope"
    }

    fn formula(&self) -> &'static str {
        "y = artanh′ x = 1/(1 − x²)"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(
            |[x]| if x.abs() > F::one() { F::nan() } else { ((F::one() - x) * (F::one() + x)).recip() },
        )
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.x(0) * at.y() * at.y() * 2.0)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&AtanhSlope)
        .sampled(|generator| Sample::elementwise(&AtanhSlope, generator, &[Domain::between(-0.999, 0.999)]))
}
