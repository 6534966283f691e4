//! The slope of the arctangent.

use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::primitive::{Domain, Entry, Kernel, Partial, Primitive, RuleContext, Sample};

/// y = arctan′ x = 1/(1 + x²)
///
/// A primitive, so that its own slope is a product of factors that stay in range: (1 + x²)² would overflow.
#[derive(Debug)]
pub struct AtanSlope;

impl<F: Real> Primitive<F> for AtanSlope {
    fn name(&self) -> &'static str {
        "atan_slope"
    }

    fn formula(&self) -> &'static str {
        "y = arctan′ x = 1/(1 + x²)"
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::<F>::elementwise(|[x]| F::one() / (F::one() + x * x))
    }

    fn partial<'t>(&self, at: &RuleContext<'_, 't, F>, _: usize) -> Partial<'t, F> {
        Partial::Times(at.x(0) * at.y() * at.y() * -2.0)
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&AtanSlope).sampled(|generator| Sample::elementwise(&AtanSlope, generator, &[Domain::REALS]))
}
