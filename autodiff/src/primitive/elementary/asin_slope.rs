//! The slope of the arcsine: a primitive, so that its own slope keeps its digits near 0.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};

/// y = arcsin′ x = 1/√(1 − x²)
#[derive(Debug)]
pub struct AsinSlope;

impl<F: Real> Primitive<F> for AsinSlope {
    fn name(&self) -> &'static str {
        "asin_slope"
    }

    fn formula(&self) -> &'static str {
        "y = arcsin′ x = 1/√(1 − x²)"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| ((F::one() - x) * (F::one() + x)).sqrt().recip())
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.x(0) * at.y() * at.y() * at.y())
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&AsinSlope)
        .sampled(|generator| Sample::elementwise(&AsinSlope, generator, &[Domain::between(-0.999, 0.999)]))
}
